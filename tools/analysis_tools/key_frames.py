"""What key frames cost and gain: fixed and adaptive schedules side by side.

Streams the annotated videos of the test data with true boxes, once for each
schedule: a key frame every P frames, and besides, with a threshold, wherever
heatmaps are weaker than that (ours). An adaptive schedule is worth its cost if
it lies above the line between fixed ones.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import (add_cfg_options, check_checkpoint, check_config, fail,
                  readable_errors)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of an exported video model')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument(
        '--periods',
        type=int,
        nargs='+',
        default=[1, 2, 3, 4, 8],
        help='a key frame every so many frames (default: 1 2 3 4 8)')
    parser.add_argument(
        '--rekey-below',
        type=float,
        nargs='*',
        default=[0.2, 0.3, 0.4],
        help='thresholds, each tried with the longest period (default: 0.2 '
        '0.3 0.4)')
    parser.add_argument('--out', help='JSON file for the numbers')
    add_cfg_options(parser)
    args = parser.parse_args()
    if min(args.periods) < 1:
        parser.error('--periods: expected whole numbers >= 1')
    if not all(0 <= x <= 1 for x in args.rekey_below):
        parser.error('--rekey-below: expected numbers from 0 to 1')
    return args


def schedules_of(args):
    """Fixed ones, then the longest period with each threshold."""
    from projects.vipnas_video.vipnas_video.streaming.schedules import Schedule
    longest = max(args.periods)
    return [Schedule(period) for period in args.periods
            ] + [Schedule(longest, x) for x in args.rekey_below]


def at_cost(fixed, macs):
    """AP of fixed schedules at some MACs, by the line between the two beside
    it; None outside."""
    import numpy as np
    points = sorted((one.macs, one.metrics['posetrack/AP']) for one in fixed)
    costs, aps = zip(*points)
    if not costs[0] <= macs <= costs[-1]:
        return None
    return float(np.interp(macs, costs, aps))


def show(schedules, tried, fixed):
    """Print a table."""
    from rich.console import Console
    from rich.table import Table
    table = Table(title='Key frames')
    for column in ('every', 'and below', 'key poses', 'MMACs a frame', 'AP',
                   'fixed at this cost', 'jitter'):
        table.add_column(column, justify='right')
    for schedule, one in zip(schedules, tried):
        line = at_cost(fixed, one.macs) if schedule.rekey_below else None
        jitter = one.metrics.get('posetrack/jitter')
        table.add_row(
            str(schedule.period), '-' if schedule.rekey_below is None else
            f'{schedule.rekey_below:g}', f'{one.keys:.0%}',
            f'{one.macs / 1e6:.1f}', f'{one.metrics["posetrack/AP"]:.1f}',
            '-' if line is None else f'{line:.1f}',
            '-' if jitter is None else f'{jitter:.3f}')
    Console().print(table)


def main():
    args = parse_args()
    check_config(args.config)
    check_checkpoint(args.checkpoint)
    if args.out and Path(args.out).exists():
        fail(f'--out: {args.out} exists')
    with readable_errors(OSError):
        from video_pose import read_model
        model, dataset = read_model(args, 'cpu')
        from projects.vipnas_video.vipnas_video.streaming.schedules import (
            try_schedule, videos_of)
        videos, tried = videos_of(dataset), []
        schedules = schedules_of(args)
        for i, schedule in enumerate(schedules):
            tried.append(try_schedule(model, dataset, videos, schedule))
            print(f'{i + 1} of {len(schedules)} schedules', flush=True)
        show(schedules, tried, tried[:len(args.periods)])
        if args.out:
            from scalenas_mm._files import write_atomic
            write_atomic(
                Path(args.out),
                json.dumps([
                    dict(s._asdict(), **t._asdict())
                    for s, t in zip(schedules, tried)
                ],
                           indent=2))


if __name__ == '__main__':
    main()
