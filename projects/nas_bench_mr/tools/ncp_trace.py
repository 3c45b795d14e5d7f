"""How network coding propagation edits a code (NCP, figure 3).

Draws all 27 numbers of the code and the predicted metrics over the
iterations, for the continuous strategy (left) and winner-takes-all (right).
"""
from _command import new_console, run, training_bars
from nas_bench_mr.options import (STRATEGIES, add_lambda, add_picture,
                                  add_search_arguments, goal, make_parser,
                                  search_settings)


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        '--setting',
        type=goal,
        default='seg',
        metavar='NAME',
        help='what to search for; NAME+NAME jointly (default: seg)')
    add_lambda(parser)
    parser.add_argument(
        '--strategies',
        nargs='+',
        choices=STRATEGIES,
        default=STRATEGIES,
        help='default: both')
    add_picture(parser, 'work_dirs/ncp_trace.png')
    add_search_arguments(parser)
    return parser.parse_args()


def trace_of(search, goal, result, name):
    """What is drawn of a propagation."""
    from nas_bench_mr.figures import CodeTrace
    mains = [search.found[s].table.main for s in goal.settings]
    # several settings may have metrics of one name
    names = mains if len(mains) == 1 else [
        f'{setting} {main}' for setting, main in zip(goal.settings, mains)
    ]
    metrics = {
        label: predicted[main][:, 0]
        for label, main, predicted in zip(names, mains, result.predicted)
    }
    return CodeTrace(name, result.trace[:, 0], result.codes[0], metrics,
                     result.predicted[0]['flops'][:, 0])


def describe(search, trace):
    """First and last predictions, and the network."""
    from scalenas_mm.spaces import NCPArch
    words = [
        f'{name} {values[0]:.2f} → {values[-1]:.2f}' for name, values in {
            **trace.metrics, 'GFLOPs': trace.cost
        }.items()
    ]
    params, gmacs = search.exact(trace.final)
    return '\n'.join([
        f'{trace.name}: predicted {", ".join(words)}',
        f'  {NCPArch.from_code(trace.final)}',
        f'  {params:.2f} M parameters, {gmacs:.2f} GMACs'
    ])


def main(args):
    from nas_bench_mr.figures import draw_code_traces
    from nas_bench_mr.fitted import fitted
    from nas_bench_mr.search import Search
    console = new_console()
    with training_bars() as shown:
        found = fitted(args.data, args.setting.settings, args.predictors,
                       **shown)
    search = Search(found, **search_settings(args))
    traces = [
        trace_of(search, args.setting, search(args.setting, args.lambda_,
                                              name), name)
        for name in dict.fromkeys(args.strategies)
    ]
    for trace in traces:
        console.print(describe(search, trace), soft_wrap=True)
    draw_code_traces(
        traces,
        path=args.out,
        title=f'Network coding propagation for {args.setting.name}',
        below=f'λ = {args.lambda_:g} · {search.settings} · '
        'dots: the network after rounding')
    console.print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main, parse_args())
