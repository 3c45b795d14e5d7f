"""Write the report of a quickstart that is done: table, pictures, page."""
import argparse
import json
import os
import platform
import warnings
from pathlib import Path

from _cli import fail

IMAGES = 6


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--folder',
        type=Path,
        default=Path(__file__).resolve().parents[1],
        help='where quickstart.py made work_dirs/ (default: %(default)s)')
    return parser.parse_args()


def main():
    args = parse_args()
    from quickstart import SEARCH, WORK, Phases, three_of_the_front
    archive = WORK / SEARCH / 'archive.jsonl'
    if not (args.folder / archive).is_file():
        fail(f'{args.folder}: expected the folder of a quickstart that is '
             f'done, there is no {archive}')
    os.chdir(args.folder)
    warnings.filterwarnings('ignore')  # of mmseg, about itself
    report(Phases(), archive, *three_of_the_front(archive),
           archive.parent / 'exported')


def report(phases, archive, front, chosen, exported):
    """Print the table and write the report beside it."""
    import torch

    import scalenas_mm
    from scalenas_mm.visualization import (Report, load_records, plot_pareto,
                                           write_report)
    rows = [network(record, exported) for record in chosen]
    show_table(rows)
    folder = phases.folder
    plot_pareto(
        load_records(archive),
        folder / 'pareto.png',
        'mIoU',
        selected=[record.id for record in chosen],
        title='Search on the demo data set')
    draw(chosen, exported, folder / 'predictions.png')
    best = max(rows, key=lambda row: row.exported)
    macs = [record.cost['macs'] for record in front]
    path = write_report(
        folder,
        Report(
            title='ScaleNAS on handwritten digits',
            metric='mIoU',
            introduction='Sub-networks found by topology evolution in one '
            'supernet, exported and tested as plain models.',
            networks=rows,
            input_size=(96, 96),
            headline={
                'best mIoU, exported':
                f'{best.exported:.2f}',
                'networks on the front':
                str(len(front)),
                'MACs of the front, largest / smallest':
                f'{max(macs) / min(macs):.2f}',
            },
            plots=[('All candidates of the search', folder / 'pareto.png'),
                   ('Best so far', archive.parent / 'progress.png')],
            predictions=[('Validation images', folder / 'predictions.png')],
            commands={
                'Look at the candidates':
                'python -c "import pandas; print(pandas.read_json('
                f"'{archive}', lines=True))\"",
            },
            seconds=phases.seconds,
            versions={
                'scalenas_mm':
                scalenas_mm.__version__,
                'torch':
                torch.__version__,
                'python':
                platform.python_version(),
                'machine':
                f'{platform.machine()}, '
                f'{torch.get_num_threads()} threads'
            }))
    print(f'The report is {path.resolve()}')


def network(record, exported):
    """A row of the table: what search and test say of one network."""
    from scalenas_mm.visualization import ExportedNetwork
    name = exported / f'scalenet_{record.id:04d}'
    metrics = json.loads(name.with_suffix('.metrics.json').read_text())
    return ExportedNetwork(
        name=f'#{record.id}',
        params=record.cost['params'],
        macs=record.cost['macs'],
        supernet=record.metrics['mIoU'],
        exported=metrics['mIoU'],
        drawing=name.with_suffix('.png'),
        files={
            'config': f'{name}.py',
            'checkpoint': f'{name}.pth'
        },
        commands={'Test': f'python tools/test.py {name}.py {name}.pth'})


def show_table(rows):
    from rich.console import Console
    from rich.table import Table
    table = Table(title='Exported sub-networks (whole model, 96 x 96)')
    for column in ('network', 'params (M)', 'GMACs', 'mIoU in the supernet',
                   'mIoU exported'):
        table.add_column(column, justify='right')
    for row in rows:
        table.add_row(row.name, f'{row.params / 1e6:.3f}',
                      f'{row.macs / 1e9:.4f}', f'{row.supernet:.2f}',
                      f'{row.exported:.2f}')
    Console().print(table)


def predict(config, checkpoint, indices):
    """Images, truths and predictions of one plain model."""
    import torch
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import init_default_scope
    from mmengine.runner import load_checkpoint
    from mmseg.registry import DATASETS

    from scalenas_mm.registry import MODELS
    init_default_scope('mmseg')
    model = MODELS.build(config.model).eval()
    load_checkpoint(
        model,
        str(checkpoint),
        map_location='cpu',
        strict=True,
        logger='silent')
    dataset = DATASETS.build(config.val_dataloader.dataset)
    batch = pseudo_collate([dataset[i] for i in indices])
    images = [x.permute(1, 2, 0).numpy()[..., ::-1] for x in batch['inputs']]
    truths = [
        sample.gt_sem_seg.data[0].numpy() for sample in batch['data_samples']
    ]
    with torch.no_grad():
        results = model.val_step(batch)
    return images, truths, [
        sample.pred_sem_seg.data[0].cpu().numpy() for sample in results
    ], dataset.metainfo


def draw(chosen, exported, path):
    """Validation images and what each network says about them."""
    import numpy as np
    from mmengine.config import Config

    from scalenas_mm.visualization import draw_predictions
    columns = {}
    for record in chosen:
        name = exported / f'scalenet_{record.id:04d}'
        config = Config.fromfile(name.with_suffix('.py'))
        indices = np.linspace(0, 63, IMAGES).astype(int).tolist()
        images, truths, maps, meta = predict(config, name.with_suffix('.pth'),
                                             indices)
        macs = record.cost['macs'] / 1e9
        columns[f'#{record.id}\n{macs:.4f} GMACs'] = maps
    draw_predictions(images, truths, columns, meta['palette'], meta['classes'],
                     path)


if __name__ == '__main__':
    main()
