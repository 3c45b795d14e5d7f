"""ONNX files in tools/export.py: options, and what is said of the files."""
import argparse
from glob import escape
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from _cli import fail
from _onnx_run import (built, calls_of, interleaved, main_metric, metrics,
                       read_model_config, torch_threads)

OPSETS = range(13, 21)
DEFAULT_OPSET = 17


def add_onnx_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--onnx`` and what belongs to it."""
    group = parser.add_argument_group('ONNX')
    group.add_argument(
        '--onnx',
        action='store_true',
        help='write ONNX files, too: NAME.network.onnx (backbone and neck) '
        'and, where one head gives all outputs, NAME.onnx (the whole model); '
        'of a video model NAME.key.onnx, NAME.frame_1.onnx, ...')
    group.add_argument(
        '--opset',
        type=int,
        choices=OPSETS,
        metavar=f'{OPSETS[0]}..{OPSETS[-1]}',
        help=f'version of ONNX\'s operators (default: {DEFAULT_OPSET})')
    group.add_argument(
        '--dynamic-batch',
        action='store_true',
        help='files take any number of images, not one')
    group.add_argument(
        '--dynamic-size',
        action='store_true',
        help='files take images of any size, not that of the search')
    group.add_argument(
        '--int8',
        action='store_true',
        help='write INT8 copies, NAME.int8.onnx, and test them beside the '
        'others on the test data')
    group.add_argument(
        '--calibration-images',
        type=int,
        metavar='N',
        help='training images that INT8 is calibrated with (default: 64)')


def check_onnx_options(parser: argparse.ArgumentParser,
                       args: argparse.Namespace) -> None:
    """Refuse options without what they belong to."""
    for name in ('opset', 'dynamic_batch', 'dynamic_size', 'int8'):
        if getattr(args, name) and not args.onnx:
            parser.error(f'--{name.replace("_", "-")} needs --onnx')
    if args.calibration_images is not None and not args.int8:
        parser.error('--calibration-images needs --int8')
    if args.calibration_images is not None and args.calibration_images < 1:
        parser.error('--calibration-images: expected a positive number, got '
                     f'{args.calibration_images}')


def options_of(args: argparse.Namespace) -> Any:
    """The ``OnnxOptions`` of the arguments; None without ``--onnx``."""
    from scalenas_mm.export import OnnxOptions
    if not args.onnx:
        return None
    return OnnxOptions(args.opset or DEFAULT_OPSET, args.dynamic_batch,
                       args.dynamic_size,
                       (args.calibration_images or 64) if args.int8 else 0)


def export_trained(args: argparse.Namespace) -> None:
    """ONNX files of an ordinary model and its checkpoint, such as one that
    was exported and then trained."""
    from _cli import merge_options

    from scalenas_mm.export import CHECKED_IMAGES, images_of, write_onnx_files
    from scalenas_mm.export.candidates import written_together
    checkpoint = Path(args.checkpoint)
    folder = Path(args.out) if args.out else checkpoint.parent
    existing = [
        path for path in sorted(folder.glob(f'{escape(checkpoint.stem)}.*'))
        if path.suffix == '.onnx'
    ]
    if existing and not args.force:
        fail(f'{existing[0]} exists; --force overwrites it')
    config = read_model_config(args.config)
    merge_options(config, args.cfg_options)
    model, options = built(config, args.checkpoint), options_of(args)
    images = _images(config, model, CHECKED_IMAGES, images_of)
    size = args.input_size or (images and images[0].shape[-2:])
    if not size:
        fail('there are no test data to take a size from; give --input-size')
    folder.mkdir(parents=True, exist_ok=True)
    with written_together(folder, checkpoint.stem) as path:
        files = write_onnx_files(
            model, path, size, images, options, lambda: images_of(
                config, model, options.calibration_images, 'train'),
            metainfo(args.checkpoint))
    print(f'exported {len(files)} files of {checkpoint} to {folder}')
    show_files(config, model, args.checkpoint, folder, files, args.int8)


def _images(config: Any, model: Any, num: int, images_of: Any) -> List[Any]:
    """Test images; none, and a word about it, if they are not there."""
    from scalenas_mm.spaces import SettingError
    try:
        return images_of(config, model, num)
    except (FileNotFoundError, SettingError) as error:
        print(f'no images of the data ({error}); files are checked on noise')
        return []


def metainfo(checkpoint: str) -> Dict[str, Any]:
    """Of the data set, as a checkpoint has it."""
    from scalenas_mm.evaluation import read_checkpoint
    return read_checkpoint(checkpoint).get('meta', {}).get('dataset_meta', {})


def show_files(config: Any, model: Any, checkpoint: str, folder: Path,
               files: Dict[str, Any], test: bool) -> None:
    """Print what was written: how near it is, how large, how fast.

    Args:
        config (Config): Of the model.
        model (nn.Module): The model, on the CPU.
        checkpoint (str): Its weights.
        folder (Path): Where the files are.
        files (dict[str, OnnxFile]): By name.
        test (bool): Also test them, beside the checkpoint.
    """
    from scalenas_mm.export import without_head
    times = latencies(model, folder, files)
    rows = [('file', 'part', 'MB', 'nodes', 'difference', 'same argmax',
             'ms torch', 'ms onnxruntime')]
    for name, one in files.items():
        share = one.check.agreement
        rows.append(
            (name, '+'.join(one.info.modules), f'{one.bytes / 2**20:.2f}',
             f'{one.nodes[0]} -> {one.nodes[1]}',
             f'{one.check.difference:.1e}',
             '-' if share is None else f'{share:.2%}',
             f'{times[one.info.part, None]:.2f}',
             f'{times[one.info.part, name]:.2f}'))
    print_table(rows)
    first = next(iter(files.values()))
    size = 'x'.join(map(str, first.info.input_size))
    print(f'  checked on {first.images}, {size}; difference: of outputs by '
          'onnxruntime from those of torch, as a part of the largest')
    if first.others is not None:
        shapes = ' and '.join('x'.join(map(str, shape))
                              for shape in first.others.shapes)
        worst = max(one.others.difference for one in files.values()
                    if one.info.precision == 'fp32')
        print(f'  with other batches or sizes ({shapes}, noise): difference '
              f'{worst:.1e}')
    if without_head(model):
        print(f'  no file of the whole model: {without_head(model)}')
    if test:
        show_metrics(config, checkpoint, folder, files)


def latencies(model: Any, folder: Path, files: Dict[str, Any]) -> Dict:
    """Milliseconds for one image, one thread, by part and file; None is
    torch. A first idea: tools/analysis_tools/benchmark_exported.py measures.
    """
    from scalenas_mm.export import onnx_parts, random_images
    size = next(iter(files.values())).info.input_size
    parts = {
        part.name: part
        for part in onnx_parts(model, random_images(model, size))
    }
    with torch_threads(1):
        calls: Dict[Any, Any] = {
            (name, None): calls_of(part, None, 1)
            for name, part in parts.items()
        }
        for name, one in files.items():
            calls[one.info.part, name] = calls_of(parts[one.info.part],
                                                  folder / name, 1)
        times: Dict[Any, List[float]] = {key: [] for key in calls}
        for _, key, value in interleaved(calls, range(3), 1):
            times[key].append(value)
    return {key: sorted(values)[1] for key, values in times.items()}


def show_metrics(config: Any, checkpoint: str, folder: Path,
                 files: Dict[str, Any]) -> None:
    """Print the metric of the checkpoint and of each file, by the task
    library's evaluator."""
    from scalenas_mm.export import ExportError
    if any('frame' in one.info.part for one in files.values()):
        print('  not tested: files of a video model are run one after the '
              'other by tools/video_pose.py --onnx')
        return
    if config.get('test_dataloader') is None:
        print('  not tested: the config has no test data')
        return
    kinds = [
        one.info.part for one in files.values() if one.info.precision == 'int8'
    ]
    chosen: List[Optional[str]] = [None] + [
        name for name, one in files.items() if one.info.part in kinds
    ]
    for name in chosen:
        try:
            found = metrics(config, checkpoint,
                            None if name is None else folder / name)
        except (ExportError, FileNotFoundError) as error:
            print(f'  not tested: {error}')
            return
        key = main_metric(found)
        value = f'{key} {found[key]:.4g}' if key else 'no metric'
        print(f'  {value}  {name or "by torch"}')


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; all but the first are flushed right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print('  ' + '  '.join(
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths))).rstrip())
