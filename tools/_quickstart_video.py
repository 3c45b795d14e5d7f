"""What a quickstart on videos does after its search."""
from pathlib import Path

from _cli import read_config
from _quickstart_phases import WORK, config_path, train


def after_search(phases, task, args, chosen, path):
    """Compare with single frames, draw, annotate a video.

    Args:
        chosen (list): Records of the exported networks.
        path (Path): Files of the last of them, without their suffix.

    Returns:
        list: Captions and files of pictures for the report.
    """
    from scalenas_mm.visualization import draw_frame_costs
    start = WORK / task.teacher / f'iter_{args.teacher_iters}.pth'
    show_comparison(compare(phases, task, args, start, chosen))
    out = film(phases, task, path)
    print(f'The annotated video is in {out.resolve()}')
    picture = phases.folder / 'macs_per_frame.png'
    draw_frame_costs(chosen, picture, 'posetrack/AP')
    return [('MACs of each frame', picture)]


def compare(phases, task, args, start, chosen):
    """Search single-frame networks under the same average limit; returns the
    rows of a table."""
    from scalenas_mm.search import read_archive
    supernet, search = task.baseline
    weights = train(
        phases, 'baseline_supernet', supernet,
        round(args.supernet_iters * iterations(supernet) /
              iterations(task.supernet)),
        f'model.architecture.init_cfg.checkpoint={start}')
    archive = WORK / search / 'archive.jsonl'
    searcher = read_config(config_path(search)).train_cfg.searcher
    num = min(searcher.N, args.candidates)
    phases.run('baseline_search', 'search.py', config_path(search), weights,
               '--resume', '--cfg-options', f'train_cfg.searcher.N={num}',
               f'train_cfg.searcher.n0={min(searcher.n0, num)}')
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
