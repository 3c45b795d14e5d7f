"""Time a training step of a supernet beside the sub-network built alone.

Nothing is copied to switch architectures, so the ratio should be near one.
The two are timed in turn; prints medians and the ratio.
"""
import argparse
import statistics
import time

SETTINGS = dict(width=8, stem_width=16, stage1_blocks=1, num_modules=(1, 2, 1))
REPEATS = 15


def step(net, x):
    start = time.perf_counter()
    sum(out.mean() for out in net(x)).backward()
    net.zero_grad(set_to_none=True)
    return time.perf_counter() - start


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    import numpy as np
    import torch

    from scalenas_mm.backbones import ScaleNet
    supernet = ScaleNet(**SETTINGS).train()
    rng = np.random.default_rng(0)
    x = torch.randn(8, 3, 96, 96)
    print(f'{"architecture":<14}{"alone":>10}{"supernet":>10}{"ratio":>8}')
    space = supernet.space
    for name, arch in (('smallest', space.min_arch()),
                       ('random', space.sample(rng)), ('largest',
                                                       space.max_arch())):
        alone = ScaleNet(arch=arch, **SETTINGS).train()
        supernet.arch = arch
        times = [(step(alone, x), step(supernet, x)) for _ in range(REPEATS)]
        one, other = (statistics.median(column) for column in zip(*times))
        print(f'{name:<14}{one * 1e3:>7.1f} ms{other * 1e3:>7.1f} ms'
              f'{other / one:>8.2f}')


if __name__ == '__main__':
    main()
