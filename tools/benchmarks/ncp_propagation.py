"""Time network coding propagation: 70 iterations, one start and many.

The baseline is what the released code does besides the gradient: in each
iteration it builds the network of the rounded code and counts it. One thread;
medians, and ratios to the baseline for one start.
"""
import argparse
import os
import statistics
import time
import warnings

os.environ.update(OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1')

SIZE = (128, 128)
ITERATIONS = 70
COUNTED = 5  # iterations of the baseline that are really run


def median_seconds(function, repeats=5):
    """Median wall time of a call, after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def build_and_count(space, codes):
    """What the baseline does in an iteration, for each code."""
    import torch
    from mmengine.analysis import get_model_complexity_info

    from scalenas_mm.backbones import NCPNet
    for code in codes:
        network = NCPNet(arch=space.decode(code)).eval()
        get_model_complexity_info(
            network, inputs=(torch.zeros(1, 3, *SIZE), ), show_table=False)


def main():
    argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    import numpy as np
    import torch
    from mmengine.logging import MMLogger

    from scalenas_mm.predictors import (NetworkCodingPropagation, Task,
                                        efficiency_targets, fit_predictor)
    from scalenas_mm.spaces import CostModel, NCPSpace
    warnings.simplefilter('ignore')
    MMLogger.get_current_instance().setLevel('ERROR')
    torch.set_num_threads(1)
    space = NCPSpace()
    costs = CostModel(space, SIZE)
    rng = np.random.default_rng(0)
    codes = space.sample_genes(rng, 1000)
    gmacs = costs.batch(codes)['macs'] / 1e9
    metrics = dict(mIoU=50 + 5 * np.log(gmacs), flops=gmacs)
    task = Task(fit_predictor(codes, metrics, 20), efficiency_targets('mIoU'))
    start = space.encode(space.resolve('initial'))
    baseline = ITERATIONS / COUNTED * median_seconds(
        lambda: build_and_count(space, [start] * COUNTED), 3)
    print(f'{"build and count in every step (baseline)":<44}'
          f'{baseline:>9.3f} s')
    limits = dict(macs=1e9, params=4e6)
    for name, options in (('continuous', {}), ('continuous with limits',
                                               dict(limits=limits)),
                          ('winner-takes-all',
                           dict(strategy='winner-takes-all'))):
        rule = NetworkCodingPropagation(
            space, task, iterations=ITERATIONS, costs=costs, **options)
        for starts in (start, codes):
            seconds = median_seconds(lambda: rule.run(starts), 3)
            num = len(np.atleast_2d(starts))
            print(f'{f"{name}, {num} start(s)":<44}{seconds:>9.3f} s'
                  f'{baseline / seconds * num:>10,.0f} x faster a start')


if __name__ == '__main__':
    main()
