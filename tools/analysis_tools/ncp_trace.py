"""How network coding propagation edits a code (NCP, figure 3).

Draws all 27 numbers of the code and the predicted metrics over the
iterations, for the continuous strategy (left) and winner-takes-all (right).
"""
from _ncp import figure_file, fitted, make_parser, new_console, run
from _ncp_search import STRATEGIES, Search, add_search_arguments, goal, weight

from scalenas_mm.spaces import NCPArch
from scalenas_mm.visualization import CodeTrace, draw_code_traces


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        '--setting',
        type=goal,
        default='seg',
        metavar='NAME',
        help='what to search for; NAME+NAME jointly (default: seg)')
    parser.add_argument(
        '--lambda',
        dest='lambda_',
        type=weight,
        default=0.5,
        help='weight of the FLOPs (default: 0.5)')
    parser.add_argument(
        '--strategies',
        nargs='+',
        choices=STRATEGIES,
        default=STRATEGIES,
        help='default: both')
    parser.add_argument(
        '--out',
        type=figure_file,
        default='work_dirs/ncp_trace.png',
        help='picture (.png, .svg, .pdf; default: %(default)s)')
    add_search_arguments(parser)
    return parser.parse_args()


def trace_of(search, goal, result, name):
    """What is drawn of a propagation."""
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
    console = new_console()
    found = fitted(args.data, args.setting.settings, args.predictors)
    search = Search(args, found)
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
        below=f'λ = {args.lambda_:g} · {search.words()} · '
        'dots: the network after rounding')
    console.print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main, parse_args())
