"""Make a benchmark: train many networks by a config and record them all."""
import math
import os
import time
import traceback
from pathlib import Path
from shutil import rmtree
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from numpy.random import SeedSequence

from scalenas_mm.backbones.base import SearchableBackbone
from scalenas_mm.benchmarks import Rows, draw, main_first, narrowed
from scalenas_mm.registry import MODELS
from scalenas_mm.search import FAILED, Record
from scalenas_mm.spaces import SettingError, Space, as_size
from scalenas_mm.version import versions
from .network_training import train_network, training_identity

# rank, number of processes, rank on this machine
LAUNCHERS = {
    'none': (),
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE',
            'OMPI_COMM_WORLD_LOCAL_RANK'),
}
NEEDED = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'val_dataloader',
          'val_cfg', 'val_evaluator')
SEARCHABLE = 'a searchable one, such as scalenas_mm.NCPNet'


class DeviceLost(RuntimeError):
    """The GPU no longer answers; only a new process can go on."""


def place(launcher: str) -> Tuple[int, int]:
    """Rank and number of processes; takes the GPU of this process.

    Raises:
        SettingError: The launcher did not say them.
    """
    names = LAUNCHERS[launcher]
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise SettingError(f'--launcher {launcher}: expected the environment '
                           f'variable {missing[0]}')
    rank, world, local = [int(os.environ[name]) for name in names] or (0, 1, 0)
    if torch.cuda.is_available():
        torch.cuda.set_device(local % torch.cuda.device_count())
    return rank, world


def open_rows(config: Config,
              name: str,
              num: int,
              seed: int = 0,
              spread: bool = False,
              part: Optional[Mapping[str, Any]] = None,
              shape: Any = None,
              launcher: str = 'none',
              resume: bool = False) -> Rows:
    """Draw the architectures and open the rows of this process.

    Args:
        config (Config): Of a training, with ``work_dir``. It may say
            ``output_channels_keys``, settings that become the number of
            channels of the backbone's output, and ``main_metric``.
        name (str): Of the table.
        num (int): How many architectures.
        seed (int): Of the draw and of the trainings.
        spread (bool): As :func:`~scalenas_mm.benchmarks.draw`.
        part (Mapping[str, Any], optional): Narrows the space, as
            :func:`~scalenas_mm.benchmarks.narrowed`.
        shape (Sequence[int], optional): Height and width at which costs are
            counted; by default ``input_size`` or ``crop_size`` of the config.
        launcher (str): What started this process: ``none``, ``pytorch``,
            ``slurm`` or ``mpi``.
        resume (bool): Go on with rows that are there.

    Raises:
        SettingError: The config cannot train networks, or a setting is wrong.
        ArchiveError: As :class:`~scalenas_mm.benchmarks.Rows`.
    """
    check_config(config)
    size = input_size_of(config, shape)
    rank, world = place(launcher)
    init_default_scope(config.get('default_scope', 'mmengine'))
    whole = space_of(config)
    space = narrowed(whole, part or {})
    archs = draw(space, num, seed, spread)
    for arch in archs:
        whole.check(arch)
    meta = dict(
        space=space.to_dict(),
        sampling=dict(seed=seed, spread=spread),
        input_size=list(size),
        config=training_identity(config),
        versions=versions())
    return Rows(config.work_dir, name, meta, archs, rank, world, resume,
                config.get('main_metric'))


def check_config(config: Config) -> None:
    """Raise :class:`SettingError` if the config cannot train networks."""
    for key in NEEDED:
        if config.get(key) is None:
            raise SettingError(f'config: expected {key}, to train and to '
                               'measure networks')
    main = config.get('main_metric')
    if not (main is None or isinstance(main, str)):
        raise SettingError('main_metric', 'a name', main)
    for key in config.get('output_channels_keys') or []:
        if not _has_key(config, key):
            raise SettingError('output_channels_keys', 'keys of the config',
                               key)


def _has_key(config: Any, dotted: str) -> bool:
    """Whether the config has ``a.0.b``."""
    for part in dotted.split('.'):
        try:
            config = config[int(part) if isinstance(config, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


def input_size_of(config: Config, shape: Any = None) -> Tuple[int, int]:
    """Height and width at which costs are counted.

    Raises:
        SettingError: They are not given and the config does not say them.
    """
    size = shape or config.train_cfg.get('input_size') or config.get(
        'crop_size')
    if not size:
        raise SettingError('config: it has no crop_size; say --shape H W, the '
                           'input size at which costs are counted')
    return as_size(size)


def space_of(config: Config) -> Space:
    """The space of the config's backbone.

    Raises:
        SettingError: There is no backbone, or it has no space.
    """
    cfg = (config.get('model') or {}).get('backbone')
    if cfg is None:
        raise SettingError('model.backbone: expected a config that has it, to '
                           'train networks of')
    kind = cfg.get('type')
    try:
        backbone = MODELS.build(dict(cfg.to_dict(), arch='min', init_cfg=None))
    except KeyError:
        backbone = None
    except TypeError as error:
        raise SettingError(
            f'model.backbone: expected {SEARCHABLE}, and its settings, got '
            f'{kind}: {" ".join(str(error).split())}') from None
    if not isinstance(backbone, SearchableBackbone):
        raise SettingError('model.backbone', SEARCHABLE, kind)
    return backbone.space


def train_missing(
        rows: Rows,
        config: Config,
        retry_failed: bool = False,
        keep_checkpoints: bool = False) -> Iterator[Tuple[int, Record]]:
    """Train the networks of this process one by one.

    Yields:
        tuple[int, Record]: Index of the architecture and its row, which is
        on disk.

    Raises:
        SettingError: The main metric was not measured. The row is stored.
        DeviceLost: A failure made the GPU unusable.
    """
    for index, arch in rows.missing(retry_failed):
        begin = time.time()
        fields = measure(
            config,
            arch,
            rows.folder / 'networks' / arch.digest,
            input_size=rows.meta['input_size'],
            seed=seed_of(rows.meta['sampling']['seed'], index),
            keep_checkpoints=keep_checkpoints)
        record = Record(
            id=len(rows),
            digest=arch.digest,
            arch=arch.to_dict(),
            seconds=round(time.time() - begin, 3),
            **fields)
        rows.append(record)
        yield index, record
        rows.check_main(record)
        if not record.ok and not device_works():
            raise DeviceLost('the GPU no longer answers')


def seed_of(seed: int, index: int) -> int:
    """Seed of a network, whichever process trains it; 31 bits, so that data
    loaders can add to it."""
    return int(SeedSequence([seed, index]).generate_state(1)[0] >> 1)


def measure(config: Config, arch: Any, folder: Path,
            **options: Any) -> Dict[str, Any]:
    """Train and judge a network; returns fields of a Record.

    One that cannot be trained or measured is a known failure; its traceback
    is in ``folder/error.txt``.

    Args:
        config (Config): Of the training.
        arch (Arch): The network.
        folder (Path): For its files; what is there is deleted.
        **options: As :func:`train_network`.
    """
    rmtree(folder, ignore_errors=True)  # of a training that was interrupted
    try:
        result = train_network(config, arch, work_dir=folder, **options)
    except Exception as error:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'error.txt').write_text(traceback.format_exc())
        return dict(
            status=FAILED, error=f'{type(error).__name__}: {error}'[:1000])
    metrics = main_first(result.metrics, config.get('main_metric'))
    good = {k: v for k, v in metrics.items() if math.isfinite(v)}
    fields = dict(metrics=good, curves=result.curves, cost=result.cost)
    bad = [key for key in metrics if key not in good]
    if bad or not good:
        what = f'{bad[0]} is not finite' if bad else 'nothing was measured'
        fields.update(status=FAILED, error=what)
    return fields


def device_works() -> bool:
    """Some errors leave a GPU unusable for the rest of the process."""
    if not torch.cuda.is_available():
        return True
    try:
        return torch.zeros(1, device='cuda').item() == 0
    except RuntimeError:
        return False
