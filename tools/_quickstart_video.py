"""What a quickstart on videos does beside and after its search."""
from pathlib import Path

from _cli import read_config
from _quickstart_phases import WORK, config_path, search, train


def after_search(phases, task, chosen, path):
    """Compare with single frames, draw, annotate a video.

    Args:
        chosen (list): Records of the exported networks.
        path (Path): Files of the last of them, without their suffix.

    Returns:
        list: Captions and files of pictures for the report.
    """
    from scalenas_mm.visualization import draw_frame_costs
    show_comparison(compare(task, chosen))
    out = film(phases, task, path)
    print(f'The annotated video is in {out.resolve()}')
    picture = phases.folder / 'macs_per_frame.png'
    draw_frame_costs(chosen, picture, 'posetrack/AP')
    return [('MACs of each frame', picture)]


def search_single_frames(phases, task, args, teacher):
    """Train and search single-frame networks, within the same limit on
    average; what a video's networks are compared with."""
    supernet, found = task.baseline
    iters = args.supernet_iters * iterations(supernet) / iterations(
        task.supernet)
    weights = train(phases, 'baseline_supernet', supernet, round(iters),
                    f'model.architecture.init_cfg.checkpoint={teacher}')
    most = read_config(config_path(found)).train_cfg.searcher.N
    search(phases, found, weights, min(most, args.candidates),
           'baseline_search')


def compare(task, chosen):
    """Rows of a table: exported networks, and the best for single frames."""
    from scalenas_mm.search import read_archive
    archive = WORK / task.baseline[1] / 'archive.jsonl'
    alone = max((r for r in read_archive(archive) if r.ok),
                key=lambda record: record.metrics['posetrack/AP'])
    rows = [row(f'#{record.id}', record) for record in chosen]
    return rows + [row('one network for every frame', alone)]


def iterations(name):
    """How long a config trains."""
    return read_config(config_path(name)).train_cfg.max_iters


def row(name, record):
    """Name, MACs of a frame on average, AP, and AP of each frame."""
    metrics, cost = record.metrics, record.cost
    return (name, cost.get('frame_macs',
                           cost['macs']), metrics['posetrack/AP'], [
                               metrics[f'posetrack/AP_{t}'] for t in range(9)
                               if f'posetrack/AP_{t}' in metrics
                           ], metrics.get('posetrack/jitter'))


def show_comparison(rows):
    """Print what :func:`compare` gives."""
    from rich.console import Console
    from rich.table import Table
    table = Table(title='All frames, key frames among them')
    for column in ('network', 'MMACs a frame', 'AP', 'AP of each frame',
                   'jitter'):
        table.add_column(column, justify='right')
    for name, macs, total, each, jitter in rows:
        table.add_row(name, f'{macs / 1e6:.1f}', f'{total:.1f}',
                      ' '.join(f'{value:.1f}' for value in each) or '-',
                      '-' if jitter is None else f'{jitter:.3f}')
    Console().print(table)


def film(phases, task, path):
    """Annotate a video with an exported model; returns the folder."""
    video = next(Path(task.data).glob('videos/val/*.mp4'))
    out = phases.folder / 'video'
    phases.run('video', 'video_pose.py', video,
               f'{path}.py', f'{path}.pth', '--boxes',
               video.with_suffix('.boxes.json'), '--out', out, '--force')
    return out
