"""Time of networks that are measured together, beside one by one.

Forward passes of a ScaleNet supernet on one batch: random architectures, and
offspring of a few as in topology evolution. The two ways take turns; printed
are medians, their ratio, and the bound: the ratio if stem and stage 1 took no
time but once. Outputs are compared bit for bit.
"""
import argparse
import statistics
import time


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--width', type=int, default=32)
    parser.add_argument('--stem-width', type=int, default=64)
    parser.add_argument(
        '--shape', type=int, nargs=2, default=[256, 192], metavar=('H', 'W'))
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--networks', type=int, default=16)
    parser.add_argument('--repeats', type=int, default=5)
    return parser.parse_args()


def offspring(space, rng, num):
    """Of a few parents: crossover, then mutation."""
    parents = [space.live(space.sample(rng)) for _ in range(4)]
    out = []
    while len(out) < num:
        first, second = (parents[i] for i in rng.integers(4, size=2))
        child = space.crossover(first, second, rng, p_c=0.25)
        out.append(space.live(space.mutate(child, rng, p_m=0.5)))
    return out


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    args = parse_args()
    import numpy as np
    import torch

    from scalenas_mm.backbones import ScaleNet
    from scalenas_mm.evaluation.reuse import NormStatistics, Reuse

    torch.manual_seed(0)
    net = ScaleNet(width=args.width, stem_width=args.stem_width).eval()
    x = torch.randn(args.batch, 3, *args.shape)
    rng, space = np.random.default_rng(0), net.space

    def one_by_one(archs):
        for arch in archs:
            net.arch = arch
            yield net(x)

    def together(archs):
        reuse = Reuse(net, net.steps, NormStatistics([]))
        for arch in archs:
            net.arch = arch
            reuse.begin(forget=False)
            yield reuse(x)

    print(f'W{args.width}, {args.batch} x {args.shape[0]}x{args.shape[1]}, '
          f'{args.networks} networks, {torch.get_num_threads()} threads')
    print(f'{"networks":<12}{"one by one":>12}{"together":>12}{"ratio":>8}'
          f'{"bound":>8}')
    for name, archs in (('random', [
            space.live(space.sample(rng)) for _ in range(args.networks)
    ]), ('offspring', offspring(space, rng, args.networks))):
        archs = sorted(archs, key=lambda arch: tuple(space.encode(arch)))
        rows = []
        with torch.no_grad():
            for a, b in zip(one_by_one(archs), together(archs)):
                assert all(map(torch.equal, a, b))
            for _ in range(args.repeats):
                rows.append((seconds(lambda: list(one_by_one(archs))),
                             seconds(lambda: list(together(archs))),
                             seconds(lambda: net._run_stem((x, )))))
        plain, shared, stem = map(statistics.median, zip(*rows))
        bound = plain / (plain - (args.networks - 1) * stem)
        ratio = statistics.median(row[0] / row[1] for row in rows)
        print(f'{name:<12}{plain:>10.2f} s{shared:>10.2f} s{ratio:>8.2f}'
              f'{bound:>8.2f}')


if __name__ == '__main__':
    main()
