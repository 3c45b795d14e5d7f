"""Write the report of a quickstart that is done: table, pictures, page."""
import argparse
import json
import os
import platform
import warnings

from _cli import fail

IMAGES = 6


def parse_args():
    from quickstart import add_task, task_of
    parser = argparse.ArgumentParser(description=__doc__)
    add_task(parser)
    args = parser.parse_args()
    return *task_of(parser, args), args


def main():
    task, folder, args = parse_args()
    from quickstart import WORK, Phases, three_of_the_front
    archive = WORK / task.search / 'archive.jsonl'
    if not (args.folder / archive).is_file():
        fail(f'{args.folder}: expected the folder of a quickstart that is '
             f'done, there is no {archive}')
    os.chdir(args.folder)
    warnings.filterwarnings('ignore')  # of task libraries, about themselves
    report(task, Phases(folder, task.metric), archive,
           *three_of_the_front(archive, task.metric))


def report(task, phases, archive, front, chosen, more=()):
    """Print the table and write the report beside it, with more pictures:
    their captions and files."""
    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    from scalenas_mm.search import read_baselines, read_meta
    from scalenas_mm.visualization import (Report, load_records, plot_pareto,
                                           references, write_report)
    size = read_meta(archive)['evaluation']['input_size']
    rows = [network(task, archive, record) for record in chosen]
    show_table(task, rows, size)
    folder = phases.folder
    plot_pareto(
        load_records(archive),
        folder / 'pareto.png',
        task.metric,
        selected=[record.id for record in chosen],
        references=references(read_baselines(archive), task.metric, 'macs'),
        title='Search on the demo data set')
    draw(task, archive, chosen, folder / 'predictions.png')
    best = max(row.exported for row in rows)
    macs = [record.cost['macs'] for record in front]
    path = write_report(
        folder,
        Report(
            title=task.title,
            metric=task.metric,
            digits=task.digits,
            measured=measured(task),
            introduction=task.introduction,
            networks=rows,
            input_size=tuple(size),
            headline={
                f'best {task.metric}, exported':
                f'{best:.{task.digits}f}',
                'networks on the front':
                str(len(front)),
                'MACs of the front, largest / smallest':
                f'{max(macs) / min(macs):.2f}',
            },
            plots=[('All candidates of the search', folder / 'pareto.png'),
                   history(task, archive, folder), *more],
            predictions=[('Validation images', folder / 'predictions.png')],
            commands={
                'Look at the candidates':
                'python -c "import pandas; print(pandas.read_json('
                f"'{archive}', lines=True))\"",
            },
            seconds=phases.seconds,
            versions=versions()))
    print(f'The report is {path.resolve()}')


def history(task, archive, folder):
    """Caption and file of the plot of how the search went."""
    if not task.shrinks:
        return 'Best so far', archive.parent / 'progress.png'
    from scalenas_mm.benchmarks import space_from_dict
    from scalenas_mm.search import read_meta
    from scalenas_mm.visualization import load_records, plot_trajectory
    path = folder / 'trajectory.png'
    plot_trajectory(
        load_records(archive),
        path,
        space_from_dict(read_meta(archive)['space']),
        metric=task.metric)
    return 'Shrinking', path


def versions():
    import torch

    import scalenas_mm
    return {
        'scalenas_mm': scalenas_mm.__version__,
        'torch': torch.__version__,
        'python': platform.python_version(),
        'machine': f'{platform.machine()}, {torch.get_num_threads()} threads'
    }


def network(task, archive, record):
    """A row of the table: what search and test say of one network."""
    from quickstart import stem

    from scalenas_mm.visualization import ExportedNetwork
    name = stem(task, archive, record)
    metrics = json.loads(name.with_suffix('.metrics.json').read_text())
    return ExportedNetwork(
        name=f'#{record.id}',
        params=record.cost['params'],
        macs=record.cost['macs'],
        supernet=record.metrics[task.metric],
        exported=metrics[task.metric],
        drawing=name.with_suffix('.png'),
        files={
            'config': f'{name}.py',
            'checkpoint': f'{name}.pth'
        },
        commands={'Test': f'python tools/test.py {name}.py {name}.pth'})


def measured(task):
    """Where the networks were measured before they were exported."""
    return 'in the run' if task.shrinks else 'in the supernet'


def show_table(task, rows, size):
    from rich.console import Console
    from rich.table import Table
    height, width = size
    table = Table(
        title=f'Exported sub-networks (whole model, {height} x {width})')
    for column in ('network', 'params (M)', 'GMACs',
                   f'{task.metric} {measured(task)}',
                   f'{task.metric} exported'):
        table.add_column(column, justify='right')
    for row in rows:
        table.add_row(row.name, f'{row.params / 1e6:.3f}',
                      f'{row.macs / 1e9:.4f}',
                      f'{row.supernet:.{task.digits}f}',
                      f'{row.exported:.{task.digits}f}')
    Console().print(table)


def draw(task, archive, chosen, path):
    """Validation images, and what the truth and each network say of them."""
    from quickstart import stem

    from scalenas_mm.visualization import draw_sheet
    columns = {}
    for record in chosen:
        name = stem(task, archive, record)
        drawn = drawn_by(name.with_suffix('.py'), name.with_suffix('.pth'))
        images, truths, predictions, legend = drawn
        columns.update({
            'image':
            images,
            'ground truth':
            truths,
            f'#{record.id}\n{record.cost["macs"] / 1e9:.4f} GMACs':
            predictions
        })
    draw_sheet(columns, path, legend)


def drawn_by(path, checkpoint):
    """Images alone, with their truth, with a network's predictions (RGB), and
    the colour of each class, if the data set has such."""
    import numpy as np
    import torch
    from mmcv import imread
    from mmengine.config import Config
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import DATASETS, init_default_scope
    from mmengine.runner import load_checkpoint

    from scalenas_mm.registry import MODELS
    config = Config.fromfile(path)
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model).eval()
    load_checkpoint(
        model,
        str(checkpoint),
        map_location='cpu',
        strict=True,
        logger='silent')
    dataset = DATASETS.build(config.val_dataloader.dataset)
    paint = painter(config.visualizer, dataset.metainfo)
    files = files_of(dataset)
    images, truths, predictions = [], [], []
    for i in np.linspace(0, len(files) - 1, IMAGES).astype(int):
        file = list(files)[i]
        batch = pseudo_collate([dataset[index] for index, _ in files[file]])
        with torch.no_grad():
            samples = model.val_step(batch)
        samples = [
            sample if frame is None else sample.frames[frame]
            for sample, (_, frame) in zip(samples, files[file])
        ]
        images.append(imread(file, channel_order='rgb'))
        truths.append(paint(images[-1], samples, draw_pred=False))
        predictions.append(paint(images[-1], samples, draw_gt=False))
    meta = dataset.metainfo
    legend = dict(zip(meta.get('classes', ()), meta.get('palette', ())))
    return images, truths, predictions, legend


def files_of(dataset):
    """What to look at: places in the data set by the file of the image, and
    the frame of a clip, None if there are none. Of top-down pose, an image has
    a sample for each person; of clips, last frames are looked at."""
    files = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        frame = None
        if 'frames' in info:
            frame = max(t for t, one in enumerate(info['frames'])
                        if not one['padded'])
            info = info['frames'][frame]
        files.setdefault(info['img_path'], []).append((index, frame))
    return files


def painter(visualizer, metainfo):
    """A function that draws samples of one image on it, by the visualizer of
    a config."""
    import inspect
    from tempfile import TemporaryDirectory

    from mmcv import imread
    from mmengine.registry import VISUALIZERS
    drawer = VISUALIZERS.build(
        dict(visualizer, vis_backends=None, save_dir=None))
    drawer.dataset_meta = metainfo
    more = getattr(drawer, 'set_dataset_meta', None)
    if more and 'dataset_meta' in inspect.signature(more).parameters:
        more(metainfo)  # mmpose's: skeleton and colours
    known = inspect.signature(drawer.add_datasample).parameters
    # the sheet has a legend
    options = {'with_labels': False} if 'with_labels' in known else {}

    def paint(image, samples, **which):
        with TemporaryDirectory() as folder:
            file = f'{folder}/drawn.png'
            for sample in samples:
                drawer.add_datasample(
                    'image', image, sample, out_file=file, **which, **options)
                image = imread(file, channel_order='rgb')
        return image

    return paint


if __name__ == '__main__':
    main()
