"""Time of a ScaleNet at HRNet's point, beside the task library's HRNet.

Both have the same weights; their outputs are compared bit for bit, or to
rounding with --channels-last, which changes ours alone. They take turns, first
one, then the other ahead. Printed are medians and the median of the ratios of
neighbours.
"""
import argparse
import statistics
import time


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--library', choices=('mmseg', 'mmpose'), default='mmpose')
    parser.add_argument('--width', type=int, default=32)
    parser.add_argument(
        '--shape', type=int, nargs=2, default=[256, 192], metavar=('H', 'W'))
    parser.add_argument('--batch', type=int, default=1)
    parser.add_argument(
        '--train', action='store_true', help='a step forward and backward')
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--repeats', type=int, default=20)
    return parser.parse_args()


def hrnet(library, width):
    """The library's network with random weights and statistics."""
    import importlib

    import torch
    backbones = importlib.import_module(f'{library}.models.backbones')
    extra = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(4, ),
            num_channels=(64, )))
    for stage, num in ((2, 1), (3, 4), (4, 3)):
        extra[f'stage{stage}'] = dict(
            num_modules=num,
            num_branches=stage,
            block='BASIC',
            num_blocks=(4, ) * stage,
            num_channels=tuple(width * 2**i for i in range(stage)))
    extra['stage4']['multiscale_output'] = True
    net = backbones.HRNet(extra, norm_cfg=dict(type='BN'))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, .5, 1.)
            torch.nn.init.uniform_(module.running_var, .5, 2.)
    return net


def forward(net, x):
    import torch
    with torch.no_grad():
        return net(x)


def train(net, x):
    sum(out.mean() for out in net(x)).backward()
    net.zero_grad(set_to_none=True)


def compare(theirs, ours, exact):
    """Fail unless outputs are equal, or nearly so."""
    import torch
    for a, b in zip(theirs, ours):
        torch.testing.assert_close(b, a,
                                   **(dict(rtol=0, atol=0) if exact else {}))


def seconds(run, *args):
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def main():
    args = parse_args()
    import torch

    from scalenas_mm.backbones import ScaleNet
    torch.manual_seed(0)
    theirs = hrnet(args.library, args.width)
    ours = ScaleNet(
        width=args.width,
        arch='hrnet',
        channels_last=args.channels_last,
        upsample='nearest' if args.library == 'mmpose' else 'bilinear')
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(args.batch, 3, *args.shape)
    for net in (theirs, ours):
        net.train(args.train)
    run = train if args.train else forward
    with torch.no_grad():
        compare(theirs(x), ours(x), not args.channels_last)
    for net in (theirs, ours):
        run(net, x)
    rows = []
    for turn in range(args.repeats):
        pair = (theirs, ours) if turn % 2 else (ours, theirs)
        times = [seconds(run, net, x) for net in pair]
        rows.append(times if turn % 2 else times[::-1])
    theirs, ours = map(statistics.median, zip(*rows))
    ratio = statistics.median(b / a for a, b in rows)
    print(f'W{args.width}, {args.batch} x 3x{args.shape[0]}x{args.shape[1]}, '
          f'{torch.get_num_threads()} threads, '
          f'{"training step" if args.train else "forward"}: '
          f'{args.library} {theirs * 1e3:.1f} ms, '
          f'ScaleNet {ours * 1e3:.1f} ms, ratio {ratio:.3f}')


if __name__ == '__main__':
    main()
