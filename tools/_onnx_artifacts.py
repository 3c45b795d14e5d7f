"""What benchmark_exported.py measures: the same network by torch, as an ONNX
file and as an INT8 file, and HRNet beside it.

Standard library only at the top, as in ``_cli``.
"""
import copy
import hashlib
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

from _cli import check_checkpoint, fail
from _onnx import metainfo
from _onnx_run import built, read_model_config

HRNET = 'HRNet'


class Artifact(NamedTuple):
    """A checkpoint or a file, of which both accuracy and latency are.

    Attributes:
        name: Of the network.
        runtime: ``torch`` or ``onnxruntime``.
        precision: ``fp32`` or ``int8``.
        part: The ``OnnxPart`` that is timed.
        file: The ONNX file; None by torch.
        checkpoint: Of the model; None if it has random weights.
        config: Of the model.
        digest: Of what is measured.
        megabytes: Of the ONNX file, or of the weights.
    """
    name: str
    runtime: str
    precision: str
    part: Any
    file: Optional[Path]
    checkpoint: Optional[str]
    config: Any
    digest: str
    megabytes: float


def exported(config_path: str,
             checkpoint: Optional[str] = None,
             name: Optional[str] = None) -> Iterator[Artifact]:
    """A config, its checkpoint and the ONNX files beside it.

    Args:
        config_path: ``NAME.py``.
        checkpoint: Default: ``NAME.pth``.
        name: Default: ``NAME``.
    """
    path = Path(config_path)
    weights = Path(checkpoint or path.with_suffix('.pth'))
    config = read_model_config(config_path)
    check_checkpoint(str(weights))
    model = built(config, str(weights))
    refuse_videos(model, config_path)
    files = _files(weights)
    size = _size(config, model, files)
    yield from _artifacts(name or path.stem, config, model, str(weights), size,
                          files)


def refuse_videos(model: Any, path: str) -> None:
    """Exit with code 2 if each frame has a network of its own."""
    from scalenas_mm.export import is_video
    if is_video(model):
        fail(f'{path} is of a video model, whose frames have networks of '
             'their own: tools/benchmarks/video_stream.py times such ones')


def _files(weights: Path) -> List[Path]:
    """The files of the whole model, or else those of the network."""
    for stem in (weights.with_suffix(''), weights.with_suffix('.network')):
        found = [
            path for path in (Path(f'{stem}.onnx'), Path(f'{stem}.int8.onnx'))
            if path.is_file()
        ]
        if found:
            return found
    return []


def _size(config: Any, model: Any, files: Sequence[Path]) -> Sequence[int]:
    from scalenas_mm.export import images_of, read_info
    if files:
        return read_info(files[0]).input_size
    return list(images_of(config, model, 1)[0].shape[-2:])


def _artifacts(name: str,
               config: Any,
               model: Any,
               checkpoint: Optional[str],
               size: Sequence[int],
               files: Sequence[Path],
               same: str = '') -> Iterator[Artifact]:
    from scalenas_mm.evaluation import weights_digest
    from scalenas_mm.export import (ExportError, onnx_parts, random_images,
                                    read_info)
    part = onnx_parts(model, random_images(model, size))[-1]
    own = weights_digest(model)
    weights = sum(value.numel() * value.element_size()
                  for value in model.state_dict().values())
    yield Artifact(name, 'torch', 'fp32', part, None, checkpoint, config, own,
                   weights / 2**20)
    for file in files:
        info = read_info(file)
        if info.weights != own:
            raise ExportError(f'{file} is of other weights than {checkpoint}')
        digest = f'{same}{own}' if same else hashlib.sha256(
            file.read_bytes()).hexdigest()[:16]
        yield Artifact(name, 'onnxruntime', info.precision, part, file,
                       checkpoint, config, digest,
                       file.stat().st_size / 2**20)


def baseline(given: Optional[Sequence[str]], like: Sequence[Artifact],
             folder: Path, calibration_images: int) -> List[Artifact]:
    """HRNet, or what ``--baseline`` names, in the forms of the others.

    Args:
        given: Config and checkpoint.
        like: What it stands beside.
        folder: For its ONNX files, which are made anew.
        calibration_images: Of its INT8 file.
    """
    first = like[0]
    if given is not None:
        config = read_model_config(given[0])
        check_checkpoint(given[1])
        model = built(config, given[1])
        name, checkpoint = Path(given[0]).stem, given[1]
        refuse_videos(model, given[0])
    else:
        config, checkpoint, name = hrnet_config(first.config), None, HRNET
        if config is None:
            print('no HRNet in the space of these networks: --baseline CONFIG '
                  'CHECKPOINT names another network to compare with')
            return []
        model = built(config)
    return list(
        _artifacts(
            name, config, model, checkpoint,
            first.part.inputs['image'].shape[-2:],
            _made(config, model, checkpoint, first, like, folder,
                  calibration_images), f'made{calibration_images}-'))


def hrnet_config(config: Any) -> Any:
    """The same model with HRNet's architecture; None if its space has none.
    """
    import torch

    from scalenas_mm.backbones import searchable_cfg
    from scalenas_mm.spaces import ArchError
    torch.manual_seed(0)
    config = copy.deepcopy(config)
    backbone = searchable_cfg(config.model)
    backbone.pop('arch', None)
    backbone['arch'] = 'hrnet'
    try:
        built(config)
    except ArchError:
        return None
    torch.manual_seed(0)
    return config


def _made(config: Any, model: Any, checkpoint: Optional[str], first: Artifact,
          like: Sequence[Artifact], folder: Path, num: int) -> List[Path]:
    """ONNX files of the baseline, of the precisions that others have."""
    from scalenas_mm.export import (CHECKED_IMAGES, OnnxOptions, images_of,
                                    read_info, write_onnx_files)
    infos = [read_info(one.file) for one in like if one.file is not None]
    if not infos:
        return []
    wanted = {info.precision for info in infos}
    size = first.part.inputs['image'].shape[-2:]
    files = write_onnx_files(
        model, folder / 'baseline', size,
        images_of(config, model, CHECKED_IMAGES),
        OnnxOptions(
            dynamic_batch=all('batch' in info.dynamic for info in infos),
            dynamic_size=all('size' in info.dynamic for info in infos),
            calibration_images=num if 'int8' in wanted else 0),
        lambda: images_of(config, model, num, 'train'),
        metainfo(checkpoint) if checkpoint else None)
    return [
        folder / name for name, one in files.items()
        if one.info.part == first.part.name and one.info.precision in wanted
    ]
