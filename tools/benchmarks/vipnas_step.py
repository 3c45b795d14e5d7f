"""Time a step of ViPNAS's supernets beside the networks built alone.

For the smallest, a random and the largest network of each family: forward and
backward of the supernet and of the network alone, in turn; medians of the CPU
time, which other processes disturb least, and of the ratio of each turn. What
a step keeps for the backward pass, its gradients, weights that idle, the time
to cut a network out, and what its closed-form cost takes.
"""
import argparse
import statistics
import time
import warnings

FAMILIES = ('ViPNASResNet', 'ViPNASMobileNetV3', 'ViPNASHRNet')


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--batch', type=int, default=8)
    parser.add_argument(
        '--shape', type=int, nargs=2, default=(128, 96), metavar=('H', 'W'))
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument(
        '--families', nargs='+', choices=FAMILIES, default=FAMILIES)
    return parser.parse_args()


def step(net, x):
    start = time.process_time()
    sum(out.mean() for out in net(x)).backward()
    net.zero_grad(set_to_none=True)
    return time.process_time() - start


def kept(net, x):
    """MiB that a step keeps for the backward pass, weights aside."""
    import torch
    own = {p.untyped_storage()._cdata for p in net.parameters()}
    storages = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            storages[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        outputs = net(x)
    del outputs
    return sum(storages.values()) / 2**20


def gradients(net, x):
    """MiB of a step's gradients, those of sliced weights in full size."""
    sum(out.mean() for out in net(x)).backward()
    size = sum(p.grad.nbytes for p in net.parameters() if p.grad is not None)
    net.zero_grad(set_to_none=True)
    return size / 2**20


def cut(supernet, cls, arch):
    """The network alone, and the seconds to cut it out."""
    start = time.perf_counter()
    alone = cls(arch=arch.to_dict())
    weights = supernet.state_dict()
    alone.load_state_dict({
        key: weights[key][index].clone()
        for key, index in supernet.parts(arch).items()
    })
    return alone.train(), time.perf_counter() - start


def compare(name, args):
    import numpy as np
    import torch

    from scalenas_mm import backbones
    cls = getattr(backbones, name)
    supernet = cls().train()
    space, size = supernet.space, tuple(args.shape)
    x = torch.randn(args.batch, 3, *size)
    total = sum(p.numel() for p in supernet.parameters())
    print(f'{name}, {args.batch} x {size[0]} x {size[1]}')
    for label, arch in (('smallest', space.min_arch()),
                        ('random', space.sample(np.random.default_rng(0))),
                        ('largest', space.max_arch())):
        alone, seconds = cut(supernet, cls, arch)
        supernet.arch = arch
        nets = alone, supernet
        kept_mib = [kept(net, x) for net in nets]
        grad_mib = [gradients(net, x) for net in nets]  # also warms up
        times = [[step(net, x) for net in nets] for _ in range(args.repeats)]
        one, other = (statistics.median(column) for column in zip(*times))
        ratio = statistics.median(b / a for a, b in times)
        idle = total - space.complexity(arch, size).params
        print(f'  {label:<9}{one * 1e3:>6.0f} ms alone,{other * 1e3:>6.0f} ms '
              f'in the supernet, ratio {ratio:.2f}; keeps '
              f'{kept_mib[0]:.0f} and {kept_mib[1]:.0f} MiB, gradients '
              f'{grad_mib[0]:.0f} and {grad_mib[1]:.0f}, idle weights '
              f'{idle * 4 / 2**20:.0f}; cut out in {seconds * 1e3:.0f} ms')
    print_cost(space, size)


def print_cost(space, size):
    import numpy as np
    rng = np.random.default_rng(1)
    genes = space.sample_genes(rng, 200_000)
    archs = [space.decode(row) for row in genes[:2000]]
    for arch in archs[:1000]:
        space.complexity(arch, size)
    start = time.perf_counter()
    for arch in archs[1000:]:
        space.complexity(arch, size)
    single = (time.perf_counter() - start) / 1000
    start = time.perf_counter()
    space.complexity_batch(genes, size)
    batch = len(genes) / (time.perf_counter() - start)
    print(f'  cost: {single * 1e6:.0f} us one by one, {batch:,.0f} a second '
          'at once')


def main():
    args = parse_args()
    warnings.filterwarnings('ignore')
    for name in args.families:
        compare(name, args)


if __name__ == '__main__':
    main()
