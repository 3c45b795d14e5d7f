"""How long the report of a search takes to write, and how large it is.

Archives are of random ScaleNets-W32 with made-up metrics. "again" is the time
of a further report of the same search, as a search writes after each
generation: what is known of earlier candidates is not computed again.
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import _cli  # noqa: F401  (puts the repository on the path)

GENERATION = 50  # candidates


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--candidates', type=int, nargs='+', default=[100, 1000, 10_000])
    parser.add_argument('--keep', help='folder to leave archives and pages in')
    return parser.parse_args()


def records(num):
    """Candidates of a search that measured nothing."""
    import numpy as np

    from scalenas_mm.search import Record
    from scalenas_mm.spaces import ScaleNetSpace
    space, rng = ScaleNetSpace(), np.random.default_rng(0)
    genes = space.spread_genes(rng, num)
    costs = space.complexity_batch(genes, (512, 1024))
    for i, row in enumerate(genes):
        arch = space.decode(row)
        before = i // GENERATION * GENERATION
        parents = rng.integers(before, size=2).tolist() if before else []
        macs, params = int(costs.macs[i]), int(costs.params[i])
        yield Record(
            id=i,
            digest=arch.digest,
            arch=arch.to_dict(),
            metrics=dict(
                mIoU=float(60 + 1e-10 * macs + rng.normal(0, 1)),
                aAcc=float(rng.normal(90, 1))),
            cost=dict(
                macs=macs,
                params=params,
                backbone_macs=macs,
                backbone_params=params),
            parents=parents,
            generation=i // GENERATION,
            seconds=float(rng.uniform(20, 40)))


def make(folder, num):
    """An archive; one that is there already is taken."""
    from scalenas_mm.search import Archive
    from scalenas_mm.spaces import ScaleNetSpace
    meta = dict(
        space=ScaleNetSpace().to_dict(),
        searcher=dict(objectives=dict(mIoU='max', macs='min')),
        evaluation=dict(input_size=[512, 1024]))
    path = folder / f'{num}' / 'archive.jsonl'
    if path.is_file():
        return path
    Archive(path, meta).close()
    rows = list(records(num))
    path.write_text(''.join(row.to_json() + '\n' for row in rows))
    return path


def timed(function, *args):
    begin = time.perf_counter()
    value = function(*args)
    return value, time.perf_counter() - begin


def main():
    args = parse_args()
    from scalenas_mm.visualization.search_report import (read_source,
                                                         render_page,
                                                         write_page)
    print('candidates  read (s)  page (s)  again (s)  size (MB)')
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.keep or temporary)
        for num in args.candidates:
            path, cache = make(folder, num), {}
            source, read = timed(read_source, path)
            text, first = timed(render_page, [source], None, False, cache)
            _, again = timed(render_page, [source], None, False, cache)
            write_page(path.with_name('report.html'), text)
            print(f'{num:>10}  {read:>8.2f}  {first:>8.2f}  {again:>9.2f}  '
                  f'{len(text) / 1e6:>9.2f}')


if __name__ == '__main__':
    main()
