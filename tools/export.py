"""Turn candidates of a search into ordinary OpenMMLab models.

For each one: a config, a checkpoint with recalibrated batch norm, the
architecture as JSON and, where its space has one, a drawing. Outputs are
compared with the supernet's before anything is written.
"""
import argparse
import re
from pathlib import Path

from _cli import (add_cfg_options, check_checkpoint, fail, read_config,
                  readable_errors)

UNITS = {'': 1, 'K': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12}


def number(text):
    """A number with an optional unit: 300G is 300e9."""
    match = re.fullmatch(r'([0-9.]+(?:e[0-9]+)?)([KMGT]?)', text)
    if not match:
        raise argparse.ArgumentTypeError(
            f'expected a number such as 300G, got {text!r}')
    return float(match[1]) * UNITS[match[2]]


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of the search')
    parser.add_argument('checkpoint', help='the supernet that was searched')
    parser.add_argument('--archive', required=True, help='its archive.jsonl')
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument('--id', type=int, nargs='+', help='ids of candidates')
    which.add_argument(
        '--best', metavar='METRIC', help='the best one by this metric')
    which.add_argument(
        '--pareto', action='store_true', help='all of the Pareto front')
    parser.add_argument(
        '--max-macs',
        type=number,
        default=float('inf'),
        help='only models up to so many MACs, e.g. 300G')
    parser.add_argument(
        '--max-params', type=number, default=float('inf'), help='likewise')
    parser.add_argument(
        '--out', help='folder (default: exported/ beside the archive)')
    parser.add_argument(
        '--standalone',
        action='store_true',
        help='write configs that need no other file')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    add_cfg_options(parser)
    return parser.parse_args()


def choose(records, objectives, args):
    """The records that the arguments name."""
    from scalenas_mm.search import pareto_front
    by_id = {record.id: record for record in records}
    if args.id is not None:
        missing = [i for i in args.id if i not in by_id]
        if missing:
            fail(f'--id: expected 0 to {len(records) - 1}, got {missing[0]}')
        failed = [i for i in args.id if not by_id[i].ok]
        if failed:
            fail(f'--id: candidate {failed[0]} failed '
                 f'({by_id[failed[0]].error})')
        return [by_id[i] for i in args.id]
    fits = [
        record for record in records
        if record.ok and record.cost['macs'] <= args.max_macs
        and record.cost['params'] <= args.max_params
    ]
    if not fits:
        least = min((r.cost['macs'] for r in records if r.ok), default=0)
        fail('no candidate is within --max-macs and --max-params; the '
             f'cheapest has {least / 1e9:.4g} GMACs')
    if args.pareto:
        return [fits[i] for i in pareto_front(objectives.values(fits))]
    sign = -1 if objectives.directions.get(args.best) == 'min' else 1
    try:
        return [max(fits, key=lambda record: sign * record.value(args.best))]
    except KeyError as error:
        fail(f'--best: {error.args[0]}')


def comment(record, archive, objectives):
    """What the head of an exported config says."""
    results = ', '.join(f'{key} {record.value(key):g}'
                        for key in objectives.directions
                        if key in record.metrics)
    return (f'Candidate {record.id} of {archive.name}, '
            f'architecture {record.digest}.\n'
            f'{results} in the supernet, '
            f'{record.cost["macs"] / 1e9:.4g} GMACs and '
            f'{record.cost["params"] / 1e6:.4g} M parameters (model).')


def export(args):
    from scalenas_mm.search import Objectives, read_archive, read_meta
    archive = Path(args.archive)
    records, meta = read_archive(archive), read_meta(archive)
    objectives = Objectives(meta['searcher']['objectives'])
    chosen = choose(records, objectives, args)
    folder = Path(args.out or archive.parent / 'exported').resolve()

    config = read_config(args.config, args.cfg_options)
    from mmengine.registry import init_default_scope

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    from scalenas_mm.export import export_candidate, open_source
    from scalenas_mm.visualization import draw_arch
    init_default_scope(config.get('default_scope', 'mmengine'))
    source = open_source(Path(args.config), config, args.checkpoint, meta)
    for record in chosen:
        for path in sorted(folder.glob(f'{source.name(record)}.*')):
            if not args.force:
                fail(f'{path} exists; --force overwrites it')
    folder.mkdir(parents=True, exist_ok=True)
    for record in chosen:
        text = comment(record, archive, objectives)
        export_candidate(source, record, folder, text, args.standalone,
                         draw_arch)
        print(f'exported {folder / source.name(record)}.py  ' +
              text.splitlines()[-1])


def main():
    args = parse_args()
    if not Path(args.config).is_file():
        fail(f'config not found: {args.config}')
    check_checkpoint(args.checkpoint)
    with readable_errors():
        export(args)


if __name__ == '__main__':
    main()
