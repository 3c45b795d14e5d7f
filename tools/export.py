"""Turn candidates of a search into ordinary OpenMMLab models.

For each one: a config, a checkpoint with recalibrated batch norm, the
architecture as JSON and, where its space has one, a drawing. Outputs are
compared with the supernet's before anything is written. With --onnx, and
without --archive, CONFIG and CHECKPOINT are of an ordinary model, such as one
that was exported and trained further, and ONNX files of it are written.
"""
import argparse
import re
from pathlib import Path

from _cli import (add_cfg_options, check_checkpoint, fail, read_config,
                  readable_errors)
from _onnx import (add_onnx_options, check_onnx_options, export_trained,
                   options_of, show_files)
from _onnx_run import built, read_model_config

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
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='the supernet that was searched; of a run in which a network '
        'shrinks, the folder of its networks (default: shrunk/ beside the '
        'archive)')
    parser.add_argument('--archive', help='its archive.jsonl')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--id', type=int, nargs='+', help='ids of candidates')
    which.add_argument(
        '--best',
        metavar='METRIC',
        help='the best one by this metric, or the one of least cost; more is '
        'better of a metric unless an objective of the search says otherwise')
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
        '--task',
        metavar='NAME',
        help='of the archive of a joint search: for which task')
    parser.add_argument(
        '--backbone-only',
        action='store_true',
        help='write weights and architecture of the backbone alone, for '
        'init_cfg and arch in the config of another task')
    parser.add_argument(
        '--for',
        dest='target',
        metavar='CONFIG',
        help='with --backbone-only: that config; the architecture is made to '
        'fit its space (one output or several)')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    add_onnx_options(parser)
    parser.add_argument(
        '--input-size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='without --archive: of the ONNX files (default: that of the '
        'test images)')
    add_cfg_options(parser)
    args = parser.parse_args()
    check_onnx_options(parser, args)
    check_source(parser, args)
    if args.input_size and min(args.input_size) < 32:
        parser.error('--input-size: expected sides of at least 32, got '
                     f'{args.input_size}')
    if args.target and not args.backbone_only:
        parser.error('--for needs --backbone-only')
    if args.standalone and args.backbone_only:
        parser.error('--backbone-only writes no config: no --standalone')
    if args.onnx and args.backbone_only:
        parser.error('--backbone-only writes no model: no --onnx')
    return args


def check_source(parser, args):
    """Either candidates of an archive, or an ordinary model for --onnx."""
    chosen = args.id is not None or args.best or args.pareto
    if args.archive:
        if not chosen:
            parser.error('one of the arguments --id --best --pareto is '
                         'required')
        if args.input_size:
            parser.error('--input-size: with --archive it is that of the '
                         'search')
        return
    if not args.onnx:
        parser.error('the following arguments are required: --archive')
    if chosen or args.task or args.standalone:
        parser.error('--id, --best, --pareto, --task and --standalone need '
                     '--archive')
    if args.checkpoint is None:
        parser.error('--onnx without --archive needs the checkpoint of the '
                     'model')


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
    kind = objectives.directions.get(
        args.best, 'min' if args.best in fits[0].cost else 'max')
    sign = -1 if kind == 'min' else 1
    try:
        return [max(fits, key=lambda record: sign * record.value(args.best))]
    except KeyError as error:
        fail(f'--best: {error.args[0]}')


def comment(record, archive, objectives):
    """What the head of an exported config says."""
    results = ', '.join(f'{key} {record.value(key):g}'
                        for key in objectives.directions
                        if key in record.metrics)
    where = 'in the supernet' if record.step is None else (
        f'after {record.step} iterations')
    return (f'Candidate {record.id} of {archive.name}, '
            f'architecture {record.digest}.\n'
            f'{results} {where}, '
            f'{record.cost["macs"] / 1e9:.4g} GMACs and '
            f'{record.cost["params"] / 1e6:.4g} M parameters (model).')


def export(args):
    from scalenas_mm.search import (Objectives, of_task, read_archive,
                                    read_meta, task_meta)
    archive = Path(args.archive)
    records, meta = read_archive(archive), read_meta(archive)
    objectives = Objectives(meta['searcher']['objectives'])
    chosen = choose(records, objectives, args)
    folder = Path(args.out or archive.parent / 'exported' / (args.task or ''))
    folder = folder.resolve()
    if args.task or 'tasks' in meta:
        meta = task_meta(meta, args.task)
        objectives = Objectives(meta['searcher']['objectives'])
        chosen = [of_task(record, args.task) for record in chosen]

    config = read_config(args.config, args.cfg_options)
    from mmengine.registry import init_default_scope

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    from scalenas_mm.export import backbone_name, check_onnx
    if args.onnx:
        check_onnx()
    init_default_scope(config.get('default_scope', 'mmengine'))
    source = opened(args, config, meta)
    for record in chosen:
        name = source.name(record)
        if args.backbone_only:
            name = backbone_name(source, record)
        for path in sorted(folder.glob(f'{name}.*')):
            if not args.force:
                fail(f'{path} exists; --force overwrites it')
    folder.mkdir(parents=True, exist_ok=True)
    target = read_config(args.target) if args.target else None
    for record in chosen:
        if args.backbone_only:
            export_backbone(source, record, folder, target)
        else:
            text = comment(record, archive, objectives)
            export_whole(source, record, folder, text, args)
    show_baselines(archive, objectives, args)


def show_baselines(archive, objectives, args):
    """Print what the search is compared with, measured as its candidates."""
    from scalenas_mm.search import read_baselines
    if args.task or args.backbone_only:
        return
    for record in read_baselines(archive):
        if record.ok:
            line = comment(record, archive, objectives).splitlines()[-1]
            print(f'compared with {record.name}: {line}')


def opened(args, config, meta):
    """The weights of the archive's candidates."""
    from scalenas_mm.export import open_shrunk, open_source
    if meta.get('kind') != 'shrinking':
        if args.checkpoint is None:
            fail('expected the checkpoint of the supernet that was searched')
        check_checkpoint(args.checkpoint)
        return open_source(Path(args.config), config, args.checkpoint, meta)
    folder = Path(args.checkpoint or Path(args.archive).parent / 'shrunk')
    if not folder.is_dir():
        fail(f'the networks of a shrinking run are in a folder; {folder} is '
             'none')
    return open_shrunk(Path(args.config), config, folder, meta)


def export_whole(source, record, folder, text, args):
    """Write a candidate as a model and say what it costs."""
    from scalenas_mm.export import export_candidate
    from scalenas_mm.visualization import draw_arch
    files = export_candidate(source, record, folder, text, args.standalone,
                             draw_arch, options_of(args))
    name = folder / source.name(record)
    print(f'exported {name}.py  ' + text.splitlines()[-1])
    if files:
        config = read_model_config(f'{name}.py')
        show_files(config, built(config, f'{name}.pth'), f'{name}.pth', folder,
                   files, args.int8)
    before, after = source.costs(record)
    if before != after:
        print(f'  without layers that reach no output: backbone '
              f'{before.params / 1e6:.3f} -> {after.params / 1e6:.3f} M '
              f'parameters, {before.macs / 1e9:.4f} -> '
              f'{after.macs / 1e9:.4f} GMACs; outputs are equal')


def export_backbone(source, record, folder, target):
    """Write the backbone of a candidate and say how to use it."""
    from scalenas_mm.export import backbone_name, export_backbone
    arch = export_backbone(source, record, folder, target)
    path = folder / backbone_name(source, record)
    if arch.digest != record.digest:
        before, after = (', '.join(f'{num} {key}'
                                   for key, num in space_facts.items())
                         for space_facts in map(source.space.facts, (
                             source.arch(record), arch)))
        print(f'architecture {record.digest} ({before}) becomes {arch.digest} '
              f'({after})')
    print(f"exported {path}.pth; in the config of another task:\n"
          f"  model = dict(backbone=dict(arch='{path}.json', init_cfg=dict("
          f"type='Pretrained', checkpoint='{path}.pth')))")


def export_ordinary(args):
    """ONNX files of a model that is no candidate of an archive."""
    from scalenas_mm.export import check_onnx
    check_onnx()
    export_trained(args)


def main():
    args = parse_args()
    if not Path(args.config).is_file():
        fail(f'config not found: {args.config}')
    if args.checkpoint and not Path(args.checkpoint).is_dir():
        check_checkpoint(args.checkpoint)
    with readable_errors():
        export(args) if args.archive else export_ordinary(args)


if __name__ == '__main__':
    main()
