"""Time the closed-form cost of a space beside MMEngine's model counter.

One thread. Prints medians, and ratios against building the network and
counting it, which is what a search would do without the formula.
"""
import argparse
import os
import statistics
import time
import warnings

SIZE = (256, 256)
MANY = 200_000


def median_seconds(function, repeats):
    """Median wall time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def build_and_count(network, arch):
    import torch
    from mmengine.analysis import get_model_complexity_info
    net = network(arch=arch).eval()
    return get_model_complexity_info(
        net, inputs=(torch.zeros(1, 3, *SIZE), ), show_table=False)


def compare(network, space):
    """Print the times of one space, and ratios to its own baseline."""
    import numpy as np
    genes = space.sample_genes(np.random.default_rng(0), MANY)
    archs = [space.decode(g) for g in genes[:500]]
    space.complexity_batch(genes[:10], SIZE)

    batch = median_seconds(lambda: space.complexity_batch(genes, SIZE), 7)
    single = median_seconds(
        lambda: [space.complexity(arch, SIZE)
                 for arch in archs], 7) / len(archs)
    baseline = median_seconds(lambda: build_and_count(network, archs[0]), 3)

    rows = [('complexity_batch, per architecture', batch / MANY),
            ('complexity, one architecture', single),
            ("build and mmengine's counter (baseline)", baseline)]
    for name, seconds in rows:
        print(f'{name:<42}{seconds * 1e6:>14,.2f} us'
              f'{baseline / seconds:>14,.0f} x faster'
              f'{1 / seconds:>14,.0f} / s')


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    # before numpy and torch are loaded
    os.environ.update(OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1')
    import torch
    from mmengine.logging import MMLogger

    from scalenas_mm.backbones import NCPNet, ScaleNet
    from scalenas_mm.spaces import NCPSpace, ScaleNetSpace
    torch.set_num_threads(1)
    warnings.filterwarnings('ignore')
    MMLogger.get_instance('benchmark', log_level='ERROR')
    ScaleNet(num_modules=(1, ), width=1)  # warm up imports
    for name, network, space in [
        ('ScaleNet W32', ScaleNet, ScaleNetSpace()),
        ('NCP', NCPNet, NCPSpace()),
    ]:
        print(f'{name} at {SIZE[0]} x {SIZE[1]}, one thread')
        compare(network, space)


if __name__ == '__main__':
    main()
