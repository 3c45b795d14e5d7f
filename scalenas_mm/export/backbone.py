"""A found backbone alone, for other tasks."""
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config, ConfigDict
from mmengine.runner import save_checkpoint
from torch import nn

from scalenas_mm.backbones import find_searchable, plain_cfg, searchable_cfg
from scalenas_mm.evaluation import local_norms
from scalenas_mm.registry import MODELS
from scalenas_mm.search import Record
from .candidates import Source, written_together
from .subnet import ExportError


def export_backbone(source: Source,
                    record: Record,
                    folder: Path,
                    target: Optional[Config] = None) -> Any:
    """Write the weights of a candidate's backbone and its architecture.

    ``<name>.pth`` has the keys of the backbone, as ``init_cfg`` of one takes
    them; ``<name>.json`` is what to give as its ``arch``.

    A network with one output and one with several have spaces of their own.
    Where ``target`` has the other kind, the architecture becomes the member of
    its space that differs in nothing but what that space fixes, and the
    weights, the supernet's, are those of this architecture.

    Args:
        source (Source): From :func:`open_source`.
        record (Record): The candidate.
        folder (Path): It must exist.
        target (Config, optional): Of the task that is to take it.

    Returns:
        Arch: What was written.

    Raises:
        ArchError: The space of ``target`` has no such architecture.
        ExportError: Its backbone does not take the weights, or outputs are
            not those of the supernet.
    """
    source = source.at(record)
    arch = source.arch(record)
    if target is not None:
        space = _backbone(target, 'min').space
        arch = space.live(space.canonical(arch))
    subnet = source.cut(arch)
    weights = find_searchable(subnet.model).state_dict()
    if target is not None:
        try:
            _backbone(target, subnet.arch.to_dict()).load_state_dict(weights)
        except RuntimeError as error:
            reason = ' '.join(str(error).split())
            raise ExportError(f'the backbone of {target.filename} does not '
                              f'take the weights: {reason:.300}') from None
    with written_together(folder, backbone_name(source, record)) as path:
        path.with_suffix('.json').write_text(subnet.arch.to_json() + '\n')
        save_checkpoint(
            dict(state_dict=weights, meta=dict(digest=subnet.arch.digest)),
            str(path.with_suffix('.pth')))
    return subnet.arch


def backbone_name(source: Source, record: Record) -> str:
    """Stem of the files of a candidate's backbone."""
    return f'{source.name(record)}_backbone'


def _backbone(config: Config, arch: Any) -> nn.Module:
    """The searchable backbone of a config with another architecture."""
    cfg = searchable_cfg(plain_cfg(config.model.to_dict()))
    backbone = MODELS.build(ConfigDict(cfg, arch=arch, init_cfg=None))
    local_norms(backbone)
    return backbone
