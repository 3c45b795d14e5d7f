"""Compare searches of one space at an equal budget.

    compare_searches.py random=A.jsonl random=B.jsonl NCP=C.jsonl NCP=D.jsonl

Archives of one name are one method with several seeds. Cost and metric are
scaled to [0, 1] over all archives. The hypervolume is a share of the whole
square; IGD and IGD+ are distances to the front of all archives together.
Ratios and p-values are against the first name. Archives must be of one space
and input size, as far as the .meta.json files beside them say.

    compare_searches.py --run CONFIG --out FOLDER --seeds 0 1 2 --N 120 \\
        --searcher Topology=TopologyEvolution \\
        --searcher 'NSGA-II={"type": "NSGA2", "n0": 30}'

runs the searches first, with all other settings of the config that a searcher
has, too. The same command goes on where it ended; what is done is not run
again. --supernet compares supernets, with the config's searcher or each of
those named.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import named_file, readable_errors
from _comparison import means, medians, notes
from _searches import named_searcher, plain_name, plan, run_all


def number(least):
    """A whole number of at least so many."""

    def parse(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f'expected a whole number >= {least}, got {text!r}')
        return int(text)

    return parse


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'archives', nargs='*', type=named_file, metavar='NAME=ARCHIVE')
    parser.add_argument('--metric', default='mIoU', help='default: mIoU')
    parser.add_argument(
        '--lower-is-better',
        action='store_true',
        help='the metric is an error (default: higher is better)')
    parser.add_argument('--cost', default='macs', help='default: macs')
    parser.add_argument(
        '--budget',
        type=int,
        help='candidates of each archive to count (default: as many as the '
        'shortest one has)')
    parser.add_argument(
        '--plot',
        metavar='FILE',
        help='a picture of the hypervolume over the candidates, by its suffix')
    parser.add_argument('--title', help='heading of the picture')
    parser.add_argument('--json', metavar='FILE', help='all numbers')
    add_run_arguments(parser.add_argument_group('searches to run'))
    args = parser.parse_intermixed_args()
    if not (args.archives or args.run):
        parser.error('expected archives, or --run')
    if args.run and not args.out:
        parser.error('--run: expected --out, a folder for the searches')
    if not args.run and (args.searcher or args.supernet):
        parser.error('--searcher and --supernet: expected --run')
    return args


def add_run_arguments(group):
    group.add_argument('--run', metavar='CONFIG', help='config of a search')
    group.add_argument(
        '--searcher',
        action='append',
        default=[],
        type=named_searcher,
        metavar='NAME=TYPE',
        help='or NAME={"type": TYPE, ...} as JSON; for each method')
    group.add_argument(
        '--supernet',
        action='append',
        default=[],
        type=plain_name,
        metavar='NAME=CHECKPOINT',
        help='several of one name are trainings of one method (default: '
        'load_from of the config)')
    group.add_argument(
        '--seeds',
        nargs='+',
        type=number(0),
        default=[0, 1, 2],
        help='of the searchers (default: 0 1 2)')
    group.add_argument(
        '--N',
        type=number(1),
        help='candidates of each search (default: as the config says)')
    group.add_argument(
        '--out', metavar='FOLDER', help='for configs, archives and logs')


def run_searches(args):
    """Names and archives of the searches, which are all done."""
    from scalenas_mm.search import check_evaluation
    runs, num = plan(args.run, args.searcher, args.supernet, args.seeds,
                     args.out)
    run_all(runs, args.N or num or 2000)
    check_evaluation([run.archive for run in runs])
    return [(run.method, str(run.archive)) for run in runs]


def save(methods, budget, args, archives):
    if args.json:
        import json

        from scalenas_mm._files import write_atomic
        from scalenas_mm.search import comparison_dict
        numbers = comparison_dict(
            budget,
            methods,
            metric=args.metric,
            cost=args.cost,
            archives=[list(pair) for pair in archives])
        write_atomic(args.json, json.dumps(numbers, indent=1) + '\n')
    if args.plot:
        from scalenas_mm.visualization import plot_comparison
        plot_comparison(methods, args.plot, args.metric, args.cost, args.title)


def main():
    args = parse_args()
    from scalenas_mm.search import compare_searches
    with readable_errors():
        archives = args.archives + (run_searches(args) if args.run else [])
        budget, methods = compare_searches(archives, args.metric, args.cost,
                                           args.lower_is_better, args.budget)
        save(methods, budget, args, archives)
    from rich.console import Console
    console = Console(
        width=None if sys.stdout.isatty() else 100, highlight=False)
    title = f'{budget} candidates each; {args.metric} and {args.cost}'
    console.print(medians(methods, title, args.metric), means(methods))
    print('\n'.join(notes(methods)))


if __name__ == '__main__':
    main()
