"""Optimal networks of several tasks as pictures of their codes (NCP, fig. 8).

A row for each task: the 27 numbers as bars, with the predicted metrics and
the exact costs.
"""
from _command import new_console, run, training_bars
from nas_bench_mr.options import (MAIN_STRATEGY, STRATEGIES, add_lambda,
                                  add_picture, add_search_arguments,
                                  all_settings, goal, make_parser,
                                  search_settings)

TASKS = ('cls-50-1000', 'seg', 'video', '3ddet')  # of figure 8


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        '--settings',
        type=goal,
        nargs='+',
        metavar='NAME',
        help='what to search for; NAME+NAME jointly (default: those of '
        f'{", ".join(TASKS)} that are here, or all)')
    add_lambda(parser)
    parser.add_argument(
        '--strategy', choices=STRATEGIES, default=MAIN_STRATEGY)
    add_picture(parser, 'work_dirs/ncp_codes.png')
    add_search_arguments(parser)
    return parser.parse_args()


def goals_of(args):
    """Those asked for, or the tasks of the figure that are in the data."""
    from scalenas_mm.benchmarks import NASBenchMR
    here = NASBenchMR(args.data).settings
    names = [name for name in TASKS if name in here] or here
    return args.settings or [goal(name) for name in names]


def notes(search, goal, result):
    """Predicted main metrics, and exact costs."""
    lines = []
    for name, predicted in zip(goal.settings, result.predicted):
        main = search.found[name].table.main
        value = search.found[name].predictor.predict(result.codes)[main][0]
        label = main if len(goal.settings) == 1 else f'{name} {main}'
        lines.append(f'{label} {value:.2f} predicted')
    params, gmacs = search.exact(result.codes[0])
    return [*lines, f'{params:.2f} M, {gmacs:.2f} GMACs']


def main(args):
    from nas_bench_mr.figures import draw_codes
    from nas_bench_mr.fitted import fitted
    from nas_bench_mr.search import Search

    from scalenas_mm.spaces import NCPArch
    console = new_console()
    goals = goals_of(args)
    with training_bars() as shown:
        found = fitted(args.data, all_settings(goals), args.predictors,
                       **shown)
    search = Search(found, **search_settings(args))
    results = {
        goal.name: (goal, search(goal, args.lambda_, args.strategy))
        for goal in goals
    }
    texts = {
        name: notes(search, goal, result)
        for name, (goal, result) in results.items()
    }
    codes = {name: result.codes[0] for name, (_, result) in results.items()}
    for name, lines in texts.items():
        console.print(
            f'{name}: {", ".join(lines)}\n  {NCPArch.from_code(codes[name])}',
            soft_wrap=True)
    draw_codes(
        codes,
        texts,
        args.out,
        title=f'Networks found by NCP, λ = {args.lambda_:g}',
        below=f'{args.strategy} · {search.settings}')
    console.print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main, parse_args())
