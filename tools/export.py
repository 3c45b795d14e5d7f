"""Turn candidates of a search into ordinary OpenMMLab models.

For each one: a config, a checkpoint with recalibrated batch norm, the
architecture as JSON and a drawing. Outputs are compared with the supernet's
before anything is written.
"""
import argparse
import json
import re
import tempfile
from pathlib import Path
from pickle import UnpicklingError

import torch
from _cli import check_checkpoint, fail, readable_errors
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint, save_checkpoint
from mmengine.utils import mkdir_or_exist

from scalenas_mm.backbones import find_searchable
from scalenas_mm.engine.identity import weights_digest
from scalenas_mm.evaluation import calibration_batches
from scalenas_mm.export import (cut, inheriting_config, standalone_config,
                                task_config)
from scalenas_mm.registry import MODELS
from scalenas_mm.search import (Objectives, pareto_front, read_archive,
                                read_meta)
from scalenas_mm.visualization import draw_arch

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
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that override the config')
    return parser.parse_args()


def choose(records, objectives, args):
    """The records that the arguments name."""
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


def check_targets(folder, records, force):
    """Names of the files; exits if one exists."""
    names = {record.id: f'scalenet_{record.id:04d}' for record in records}
    for name in names.values():
        for path in sorted(folder.glob(f'{name}.*')):
            if not force:
                fail(f'{path} exists; --force overwrites it')
    return names


def load_supernet(config, checkpoint):
    """The model of the config with the weights of the checkpoint."""
    cfg = config.model.to_dict()
    cfg.pop('distillation', None)
    for part in (cfg, cfg.get('architecture', {})):
        part.pop('init_cfg', None)
    model = MODELS.build(cfg)
    try:
        load_checkpoint(
            model,
            checkpoint,
            map_location='cpu',
            strict=True,
            logger='silent')
    except (RuntimeError, OSError, EOFError, KeyError, ValueError,
            UnpicklingError) as error:
        first = ' '.join(str(error).split())[:160]
        fail(f'{checkpoint} does not hold the weights of the model in the '
             f'config: {first}')
    return model.to('cuda' if torch.cuda.is_available() else 'cpu'), cfg


def check_supernet(meta, model, checkpoint):
    """Exit unless the archive was found with these weights and space."""
    found = dict(
        space=find_searchable(model).space.to_dict(),
        supernet=weights_digest(model))
    for key, value in found.items():
        if meta.get(key) != json.loads(json.dumps(value)):
            fail(f'the archive belongs to another {key} than {checkpoint}: '
                 f'expected {meta.get(key)}, got {value}')


def read_batches(config, meta):
    """Training batches as in the search, and two of validation."""
    how = meta['evaluation']
    train = Runner.build_dataloader(config.train_dataloader)
    val = Runner.build_dataloader(config.val_dataloader)
    return (calibration_batches(train,
                                how['num_calibration_batches'], how['seed']),
            calibration_batches(val, 2, 0), val.dataset.metainfo)


def comment(record, args, objectives):
    """What the head of an exported config says."""
    results = ', '.join(f'{key} {record.value(key):g}'
                        for key in objectives.directions
                        if key in record.metrics)
    return (f'Candidate {record.id} of {Path(args.archive).name}, '
            f'architecture {record.digest}.\n'
            f'{results} in the supernet, '
            f'{record.cost["macs"] / 1e9:.4g} GMACs and '
            f'{record.cost["params"] / 1e6:.4g} M parameters (model).')


def write(record, subnet, metainfo, name, folder, base, config, args,
          objectives, input_size):
    """All files of one candidate, moved into place together."""
    text = comment(record, args, objectives)
    if base is None or args.standalone:
        source = standalone_config(config, base, subnet.cfg, text)
    else:
        source = inheriting_config(base, folder, subnet.cfg, subnet.arch, text)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = Path(scratch)
        (scratch / f'{name}.py').write_text(source)
        (scratch / f'{name}.json').write_text(subnet.arch.to_json() + '\n')
        plain = {
            key: value.tolist() if hasattr(value, 'tolist') else value
            for key, value in metainfo.items()
        }
        save_checkpoint(
            dict(
                state_dict=subnet.model.state_dict(),
                meta=dict(dataset_meta=plain, digest=record.digest)),
            str(scratch / f'{name}.pth'))
        space = find_searchable(subnet.model).space
        draw_arch(space, subnet.arch, scratch / f'{name}.png', input_size)
        for path in sorted(scratch.iterdir()):
            path.replace(folder / path.name)


def main():
    args = parse_args()
    if not Path(args.config).is_file():
        fail(f'config not found: {args.config}')
    check_checkpoint(args.checkpoint)
    with readable_errors():
        export(args)


def export(args):
    archive = Path(args.archive)
    records = read_archive(archive)
    meta = read_meta(archive)
    objectives = Objectives(meta['searcher']['objectives'])
    folder = Path(args.out or archive.parent / 'exported').resolve()
    chosen = choose(records, objectives, args)
    names = check_targets(folder, chosen, args.force)

    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options or {})
    init_default_scope(config.get('default_scope', 'mmengine'))
    model, cfg = load_supernet(config, args.checkpoint)
    check_supernet(meta, model, args.checkpoint)
    calibration, batches, metainfo = read_batches(config, meta)
    base = task_config(Path(args.config).resolve())
    mkdir_or_exist(folder)
    for record in chosen:
        arch = find_searchable(model).space.from_dict(record.arch)
        subnet = cut(model, cfg, arch, calibration, batches)
        write(record, subnet, metainfo, names[record.id], folder, base, config,
              args, objectives, meta['evaluation']['input_size'])
        print(f'exported {folder / names[record.id]}.py  ' +
              comment(record, args, objectives).splitlines()[-1])


if __name__ == '__main__':
    main()
