"""Time what the search costs HR-NAS: steps, shrinks, mixed convolutions.

The two sides of each row are timed in turn, on one thread; prints medians and
the median ratio. Seconds are those of the process, so that other processes
disturb less.
"""
import argparse
import copy
import os
import statistics
import time
import warnings

DEMO = dict(
    stem=(16, 16),
    blocks=((1, ), (2, 2), (2, 2, 2), (2, 2, 2, 2)),
    widths=((8, ), (8, 16), (8, 16, 32), (8, 16, 32, 64)),
    expansion=2,
    tokens=16,
    transformer=dict(size=4),
    head='none',
    channels_last=True)
SIZE = (96, 96)


def compare(name, first, second, repeats):
    """Time two functions in turn and print a row."""
    first(), second()
    times = [(seconds(first), seconds(second)) for _ in range(repeats)]
    one, other = (statistics.median(column) for column in zip(*times))
    ratio = statistics.median(b / a for a, b in times)
    print(
        f'{name:<44}{one * 1e3:>10.1f} ms{other * 1e3:>10.1f} ms'
        f'{ratio:>8.3f}',
        flush=True)


def seconds(function):
    start = time.process_time()
    function()
    return time.process_time() - start


def toy(backbone):
    """The smallest OpenMMLab model around a backbone."""
    from mmengine.model import BaseModel

    from scalenas_mm.registry import MODELS

    @MODELS.register_module(force=True)
    class Toy(BaseModel):

        def __init__(self, backbone):
            super().__init__()
            self.backbone = MODELS.build(backbone)

        def forward(self, inputs, data_samples=None, mode='tensor'):
            out = sum(out.square().mean() for out in self.backbone(inputs))
            return dict(loss=out) if mode == 'loss' else out

    return dict(type='scalenas_mm.Toy', backbone=backbone)


def trainer(model, inputs):
    """A whole training step of a model, optimiser included."""
    import torch
    from mmengine.optim import OptimWrapper
    model.train()
    wrapper = OptimWrapper(
        torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9))
    data = dict(inputs=inputs)
    return lambda: model.train_step(data, wrapper)


def smaller(backbone, share):
    """The network of the largest importance factors, all of another random
    size."""
    import torch
    scores = {
        key: torch.rand(gamma.shape)
        for key, gamma in backbone.gammas().items()
    }
    return backbone.surviving(scores, 1 - share), scores


def time_steps(settings, batch, size, repeats):
    """With and without the search, shrunk and fixed."""
    import torch

    from scalenas_mm.registry import MODELS
    inputs = torch.randn(batch, 3, *size)
    architecture = toy(dict(type='scalenas_mm.HRNAS', **settings))
    supernet = MODELS.build(
        dict(
            type='scalenas_mm.ShrinkingSupernet',
            architecture=architecture,
            penalty=dict(weight=1e-4, cost='macs', input_size=size)))
    supernet.init_weights()
    alone = copy.deepcopy(supernet.architecture)
    compare('step: network alone, with the search', trainer(alone, inputs),
            trainer(supernet, inputs), repeats)
    arch, scores = smaller(supernet.backbone, 0.4)
    supernet.backbone.shrink(arch, scores)
    fixed = MODELS.build(
        toy(dict(type='scalenas_mm.HRNAS', arch=arch, **settings)))
    compare('step: fixed network, network that has shrunk',
            trainer(fixed, inputs), trainer(supernet.architecture, inputs),
            repeats)


def time_shrink(repeats):
    """Of the network of the paper's Cityscapes supernet with the state of an
    optimiser and an average."""
    import torch
    from mmengine.model import ExponentialMovingAverage

    from scalenas_mm.backbones import HRNAS
    from scalenas_mm.engine.surgery import planned_optimizer, refreshed_average
    found = []
    for _ in range(repeats):
        network = HRNAS()
        optimizer = torch.optim.AdamW(network.parameters())
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        average = ExponentialMovingAverage(network, update_buffers=True)
        arch, scores = smaller(network, 0.9)
        start = time.process_time()
        planned_optimizer(optimizer, network.shrink(arch, scores))[1]()
        average.module.shrink(arch, scores)
        refreshed_average(average)()
        found.append(time.process_time() - start)
    print(f'{"shrink: network, AdamW and average":<44}'
          f'{statistics.median(found):>10.2f} s')


def time_mix_conv(repeats):
    """Against an expansion and a projection for each kernel size."""
    import torch
    from torch import nn

    from scalenas_mm.ops import MixConv

    class Naive(nn.Module):

        def __init__(self):
            super().__init__()
            self.paths = nn.ModuleList(
                MixConv(24, [96 if i == k else 0 for i in (3, 5, 7)], 24)
                for k in (3, 5, 7))

        def forward(self, x):
            return sum(path(x) for path in self.paths)

    def step(module, x):

        def run():
            module(x).mean().backward()
            module.zero_grad(set_to_none=True)

        return run

    x = torch.randn(8, 24, 24,
                    24).contiguous(memory_format=torch.channels_last)
    compare('MixConv: three expansions, one', step(Naive(), x),
            step(MixConv(24, [96, 96, 96], 24), x), repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--repeats',
        type=int,
        default=15,
        help='timings of each side (default: 15)')
    repeats = parser.parse_args().repeats
    if repeats < 1:
        parser.error(f'--repeats: expected at least 1, got {repeats}')
    os.environ.update(OMP_NUM_THREADS='1')  # before torch is loaded
    warnings.filterwarnings('ignore')
    import torch
    from mmengine.logging import MMLogger

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    MMLogger.get_instance('benchmark', log_level='ERROR')
    print('demo, 8 images of 96 x 96')
    time_steps(DEMO, 8, SIZE, repeats)
    print('largest network of the paper, 1 image of 128 x 256')
    time_steps({}, 1, (128, 256), repeats)
    time_shrink(max(1, repeats // 5))
    time_mix_conv(5 * repeats)


if __name__ == '__main__':
    main()
