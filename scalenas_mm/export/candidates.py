"""From candidates of an archive to files of ordinary models."""
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import (Any, Callable, Dict, Iterator, List, Mapping, Optional,
                    Sequence, Set, Tuple)

import torch
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner, save_checkpoint
from torch import nn

from scalenas_mm._files import whole_file
from scalenas_mm.backbones.base import (find_searchable, followers,
                                        with_preprocessor)
from scalenas_mm.evaluation import (calibration_batches, evaluation_identity,
                                    load_strictly, local_norms,
                                    read_checkpoint, weights_digest)
from scalenas_mm.registry import MODELS
from scalenas_mm.search import Record, differences
from scalenas_mm.spaces import Complexity
from .config import inheriting_config, standalone_config, task_config
from .onnx_files import CHECKED_IMAGES, OnnxFile, OnnxOptions, write_onnx_files
from .onnx_images import images_of, network_inputs
from .subnet import ExportError, Subnet, cut

# space, architecture, file, height and width
Draw = Callable[[Any, Any, Path, Sequence[int]], Any]


@dataclass(frozen=True)
class Source:
    """A supernet and what its candidates were measured with.

    Attributes:
        model: The supernet.
        cfg: Its config.
        calibration: Batches for batch norm, as in the search.
        batches: Validation batches on which outputs are compared.
        metainfo: Of the validation data.
        evaluation: The settings in the archive.
        config: Of the search.
        base: Config of the task, None if there is none.
    """
    model: nn.Module
    cfg: Dict[str, Any]
    calibration: Sequence[Any]
    batches: Sequence[Any]
    metainfo: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    config: Config
    base: Optional[Path]

    @property
    def space(self) -> Any:
        return find_searchable(self.model).space

    def at(self, record: Record) -> 'Source':
        """The source of a candidate's weights; here one for all."""
        return self

    def arch(self, record: Record) -> Any:
        """The architecture of a candidate.

        Raises:
            ExportError: It is not the one that was measured.
        """
        arch = self.space.from_dict(record.arch)
        if arch.digest != record.digest:
            raise ExportError(
                f'candidate {record.id} was measured as {record.digest}, its '
                f'architecture in the archive is {arch.digest}')
        return arch

    def cut(self, arch: Any) -> Subnet:
        """A sub-network with the statistics of the search, verified."""
        return cut(self.model, self.cfg, arch, self.calibration, self.batches,
                   self.evaluation['seed'])

    def costs(self, record: Record) -> Tuple[Complexity, Complexity]:
        """Of the backbone, with and without layers that reach no output.

        A search drops those before it measures; they can be in an archive
        of another origin.
        """
        arch, size = self.arch(record), self.evaluation['input_size']
        return (self.space.complexity(arch, size, drop_dead=False),
                self.space.complexity(arch, size, drop_dead=True))

    def name(self, record: Record) -> str:
        """Stem of the files of a candidate."""
        kind = type(find_searchable(self.model)).__name__.lower()
        return f'{kind}_{record.id:04d}'


def open_source(path: Path, config: Config, checkpoint: str,
                meta: Mapping[str, Any]) -> Source:
    """Load the supernet of an archive, with its data.

    Args:
        path (Path): File of the config of the search.
        config (Config): Its content, with overrides.
        checkpoint (str): Weights of the supernet.
        meta (Mapping[str, Any]): What the archive depends on.

    Raises:
        SettingError: The checkpoint does not fit the config.
        ExportError: The archive is of another space, supernet or evaluation.
    """
    cfg = bare_cfg(config)
    model = MODELS.build(ConfigDict(cfg))
    load_strictly(model, read_checkpoint(checkpoint), checkpoint)
    local_norms(model)
    how = meta.get('evaluation') or {}
    check_same(meta, config, model, checkpoint)
    train, val = (
        Runner.build_dataloader(loader)
        for loader in (config.train_dataloader, config.val_dataloader))
    return Source(
        model=on_device(model),
        cfg=cfg,
        calibration=calibration_batches(train, how['num_calibration_batches'],
                                        how['seed']),
        batches=calibration_batches(val, 2, 0),
        metainfo=getattr(val.dataset, 'metainfo', {}),
        evaluation=how,
        config=config,
        base=task_config(path.resolve()))


def bare_cfg(config: Config) -> Dict[str, Any]:
    """The model of a config as it is, whatever it started from."""
    cfg = with_preprocessor(config.model.to_dict(),
                            config.get('data_preprocessor'))
    cfg.pop('distillation', None)
    for part in (cfg, cfg.get('architecture', {})):
        part.pop('init_cfg', None)
    return cfg


def on_device(model: nn.Module) -> nn.Module:
    """``model`` on the GPU, if there is one."""
    return model.to('cuda' if torch.cuda.is_available() else 'cpu')


SETTINGS = ('input_size', 'num_calibration_batches', 'seed', 'fp16',
            'deterministic')


def check_same(meta: Mapping[str, Any], config: Config, model: nn.Module,
               checkpoint: str) -> None:
    """Raise :class:`ExportError` unless the archive was found with these
    weights, on these data; names what differs."""
    check_evaluation(
        meta,
        config,
        model,
        f'{checkpoint} and the config',
        supernet=weights_digest(model))


def check_evaluation(meta: Mapping[str, Any], config: Config, model: nn.Module,
                     given: str, **others: Any) -> None:
    """Raise :class:`ExportError` unless the archive is of this space, these
    data and ``others``; names what differs."""
    how = meta.get('evaluation') or {}
    missing = [key for key in SETTINGS if key not in how]
    if missing:
        raise ExportError('the archive does not say its evaluation.'
                          f'{missing[0]}: it is of an older version')
    found = dict(
        space=find_searchable(model).space.to_dict(),
        evaluation=evaluation_identity(config,
                                       **{key: how[key]
                                          for key in SETTINGS}),
        **others)
    stored = {key: meta.get(key) for key in found}
    for difference in differences(stored, json.loads(json.dumps(found))):
        if not difference.allowed:
            raise ExportError(
                'the archive belongs to another '
                f'{difference.key.split(".")[0]} than {given}: {difference}')


def export_candidate(
        source: Source,
        record: Record,
        folder: Path,
        comment: str,
        standalone: bool = False,
        draw: Optional[Draw] = None,
        onnx: Optional[OnnxOptions] = None) -> Dict[str, OnnxFile]:
    """Cut a candidate out, verify it and write its files, all or none.

    A config, a checkpoint, the architecture as JSON and, where its space has
    one, a drawing.

    Args:
        source (Source): From :func:`open_source`.
        record (Record): The candidate.
        folder (Path): It must exist.
        comment (str): Lines for the head of the config.
        standalone (bool): The config needs no other file.
        draw (Callable, optional): Draws an architecture, such as
            :func:`~scalenas_mm.visualization.draw_arch`.
        onnx (OnnxOptions, optional): Write its networks as ONNX files, too;
            how they are to be.

    Returns:
        dict[str, OnnxFile]: The ONNX files, by name: see
        :func:`.onnx_files.write_onnx_files`.

    Raises:
        ExportError: Its outputs are not those of the supernet, its
            architecture is not the one that was measured, or there is no
            ONNX file of it.
    """
    found: Dict[str, OnnxFile] = {}
    source = source.at(record)
    subnet = source.cut(source.arch(record))
    with written_together(folder, source.name(record)) as path:
        path.with_suffix('.py').write_text(
            _config_text(source, subnet, folder, comment, standalone))
        path.with_suffix('.json').write_text(subnet.arch.to_json() + '\n')
        _save(source, subnet, record, path.with_suffix('.pth'))
        if draw is not None:
            draw(source.space, subnet.arch, path.with_suffix('.png'),
                 source.evaluation['input_size'])
        if onnx is not None:
            found = _write_onnx(source, subnet, path, onnx)
    return found


def _write_onnx(source: Source, subnet: Subnet, path: Path,
                options: OnnxOptions) -> Dict[str, OnnxFile]:
    model, size = subnet.model, source.evaluation['input_size']
    return write_onnx_files(
        model, path, size,
        network_inputs(model, source.batches)[:CHECKED_IMAGES], options,
        lambda: images_of(source.config, model, options.calibration_images,
                          'train', source.evaluation['seed']), source.metainfo)


@contextmanager
def written_together(folder: Path, name: str) -> Iterator[Path]:
    """Files of one name, with suffixes: all of them are written, or none.

    Gives the path, without a suffix, where to write them at first.
    """
    with TemporaryDirectory(dir=folder) as scratch:
        yield Path(scratch) / name
        for file in sorted(Path(scratch).iterdir()):
            with whole_file(folder / file.name) as part:
                file.replace(part)


def _config_text(source: Source, subnet: Subnet, folder: Path, comment: str,
                 standalone: bool) -> str:
    config = source.config.to_dict()
    if 'custom_imports' in config:
        config['custom_imports']['imports'] = _imports(source, subnet)
    if source.base is None or standalone:
        return standalone_config(
            Config(config), source.base, subnet.cfg, comment)
    return inheriting_config(source.base, folder, subnet.cfg, subnet.arch,
                             comment, config)


def _imports(source: Source, subnet: Subnet) -> List[str]:
    """What a config imports, without the homes of modules that follow the
    architecture, where ordinary ones stand in their place."""
    names = source.config.custom_imports.imports
    unused = {type(m).__module__ for m in followers(source.model)}
    used = {type(m).__module__ for m in subnet.model.modules()}
    return [
        name for name in ([names] if isinstance(names, str) else names)
        if _holds(name, used) or not _holds(name, unused)
    ]


def _holds(name: str, modules: Set[str]) -> bool:
    """Whether one of these modules is ``name``, or lies in it."""
    return any(f'{module}.'.startswith(f'{name}.') for module in modules)


def _save(source: Source, subnet: Subnet, record: Record, path: Path) -> None:
    plain = {
        key: value.tolist() if hasattr(value, 'tolist') else value
        for key, value in source.metainfo.items()
    }
    save_checkpoint(
        dict(
            state_dict=subnet.model.state_dict(),
            meta=dict(dataset_meta=plain, digest=record.digest)), str(path))
