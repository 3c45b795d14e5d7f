"""Accuracy and latency of exported networks, with HRNet beside them.

Both are of the same artifact at the same precision: the checkpoint by torch,
NAME.onnx and NAME.int8.onnx by onnxruntime. Accuracy is by the task library's
evaluator on the test data. For latency all artifacts run in turn, with a
pause before each. Every row is on disk before the next one is measured, and
what is there is not measured again. docs/deploy.md has the protocol.
"""
import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import check_config, fail, goes_on, readable_errors
from _onnx import print_table
from _onnx_artifacts import baseline, exported
from _onnx_rows import Rows
from _onnx_run import (calls_of, interleaved, main_metric, metrics,
                       torch_threads, versions)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'exported',
        nargs='+',
        metavar='EXPORTED',
        help='configs of exported networks, NAME.py; NAME.pth and, if they '
        'are there, NAME.onnx and NAME.int8.onnx are beside them')
    parser.add_argument(
        '--baseline',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='a trained network to compare with (default: HRNet in the same '
        'model with random weights, of which only the latency is measured)')
    parser.add_argument(
        '--rows',
        metavar='FILE',
        help='where rows are (default: benchmark.jsonl beside the first '
        'network)')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument(
        '--turns', type=int, default=9, help='each times all of them once')
    parser.add_argument(
        '--runs', type=int, default=5, help='of a network in a turn')
    parser.add_argument(
        '--pause',
        type=float,
        default=0.5,
        metavar='SECONDS',
        help='before each, in which the CPU cools down')
    parser.add_argument(
        '--metric', help='that the table shows (default: that of the task)')
    parser.add_argument(
        '--no-accuracy', action='store_true', help='measure latency only')
    parser.add_argument(
        '--calibration-images',
        type=int,
        default=64,
        help='of the INT8 file of the baseline')
    args = parser.parse_args()
    for name in ('threads', 'turns', 'runs', 'calibration_images'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")}: expected a positive '
                         f'number, got {getattr(args, name)}')
    if not 0 <= args.pause < float('inf'):
        parser.error(f'--pause: expected seconds, got {args.pause}')
    return args


def digest_of(*parts):
    text = '\n'.join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def named(one):
    return dict(
        name=one.name,
        runtime=one.runtime,
        precision=one.precision,
        part='+'.join(one.part.modules),
        digest=one.digest,
        megabytes=round(one.megabytes, 3))


def accuracy(rows, one, machine):
    """The row of an artifact's metrics; None with random weights."""
    if one.checkpoint is None:
        return None
    config = one.config
    key = digest_of(one.digest, one.runtime, one.precision,
                    config.test_dataloader, config.test_evaluator,
                    config.model, machine['versions'])
    row = rows.find(kind='accuracy', key=key)
    if row is None:
        start = time.perf_counter()
        found = metrics(config, one.checkpoint, one.file)
        row = rows.add(
            kind='accuracy',
            key=key,
            **named(one),
            metrics=found,
            seconds=round(time.perf_counter() - start, 1),
            machine=machine)
        name = main_metric(found)
        print(
            f'{one.name} by {one.runtime}, {one.precision}: {name} '
            f'{found.get(name, "none found")}',
            flush=True)
    return row


def latency(rows, artifacts, args, machine):
    """Milliseconds of every artifact in every turn."""
    key = digest_of([(one.digest, one.runtime, one.part.name,
                      [tuple(x.shape) for x in one.part.inputs.values()])
                     for one in artifacts], args.threads, args.runs,
                    args.pause, machine)
    known = [
        all(
            rows.find(kind='latency', key=key, turn=turn, number=i)
            for i in range(len(artifacts))) for turn in range(args.turns)
    ]
    done = known.index(False) if False in known else args.turns
    if done < args.turns:
        with torch_threads(args.threads):
            calls = {
                i: calls_of(one.part, one.file, args.threads)
                for i, one in enumerate(artifacts)
            }
            for turn, i, value in interleaved(calls, range(done, args.turns),
                                              args.runs, args.pause):
                rows.add(
                    kind='latency',
                    key=key,
                    **named(artifacts[i]),
                    turn=turn,
                    number=i,
                    milliseconds=value,
                    load=os.getloadavg()[0],
                    machine=machine)
    found = {}
    for row in rows.rows:  # of a turn that was cut off, the last ones
        if (row['kind'], row['key']) == ('latency', key):
            found[row['number'], row['turn']] = row['milliseconds']
    return [[found[i, turn] for turn in range(args.turns)]
            for i in range(len(artifacts))]


def size_of(one):
    """Of its images, as 1x3x96x96."""
    return 'x'.join(map(str, one.part.inputs['image'].shape))


def like(one):
    """What two artifacts have in common whose times are compared."""
    return one.runtime, one.precision, size_of(one), tuple(one.part.modules)


def table(artifacts, scores, times, compared, args):
    """Print all that was measured; ``compared`` is the baseline."""
    bases = {
        like(one): values
        for one, values in zip(artifacts, times)
        if any(one is base for base in compared)
    }
    first = next((score for score in scores if score), None)
    metric = args.metric or (first and main_metric(first['metrics'])) or ''
    rows = [('network', 'part', 'runtime', 'precision', metric or 'accuracy',
             'ms', 'from', 'to', 'baseline / own', 'MB', 'input')]
    for one, score, values in zip(artifacts, scores, times):
        base = bases.get(like(one))
        ratio = base and statistics.median(b / own
                                           for b, own in zip(base, values))
        got = score and score['metrics'].get(metric)
        rows.append(
            (one.name, '+'.join(one.part.modules), one.runtime, one.precision,
             '-' if got is None else f'{got:.4g}',
             f'{statistics.median(values):.2f}', f'{min(values):.2f}',
             f'{max(values):.2f}', '-' if ratio is None else f'{ratio:.2f}',
             f'{one.megabytes:.2f}', size_of(one)))
    print_table(rows)


def measure(args):
    from scalenas_mm.export import check_onnx
    check_onnx()
    artifacts = [one for path in args.exported for one in exported(path)]
    from scalenas_mm.evaluation.latency import device_name
    machine = dict(
        cpu=device_name('cpu'), cores=os.cpu_count(), versions=versions())
    rows = Rows(
        Path(args.rows or Path(args.exported[0]).parent / 'benchmark.jsonl'))
    with tempfile.TemporaryDirectory() as folder:
        compared = baseline(args.baseline, artifacts, Path(folder),
                            args.calibration_images)
        artifacts += compared
        scores = [
            None if args.no_accuracy else accuracy(rows, one, machine)
            for one in artifacts
        ]
        times = latency(rows, artifacts, args, machine)
    if args.metric and not any(score and args.metric in score['metrics']
                               for score in scores):
        known = sorted(
            {name
             for score in scores if score for name in score['metrics']})
        fail(f'--metric: expected one of {", ".join(known)}, got '
             f'{args.metric}')
    print(f'{machine["cpu"]}, {args.threads} of {machine["cores"]} cores; ' +
          ', '.join(f'{key} {value}'
                    for key, value in machine['versions'].items()))
    print(f'medians of {args.turns} turns of {args.runs} '
          f'runs each, {args.pause:g} s of pause before each; rows in '
          f'{rows.path}')
    table(artifacts, scores, times, compared, args)


def main():
    args = parse_args()
    for path in args.exported + (args.baseline or [])[:1]:
        check_config(path)
    with goes_on(), readable_errors():
        measure(args)


if __name__ == '__main__':
    main()
