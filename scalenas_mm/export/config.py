"""Readable configs of exported sub-networks."""
import ast
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from mmengine.config import Config


def task_config(path: Path) -> Optional[Path]:
    """The first config in the chain of bases that trains a plain model.

    Search and supernet configs inherit from the config of the teacher, which
    is an ordinary config of the task.

    Args:
        path (Path): Config of a search or of a supernet.

    Returns:
        Path | None: None if every config in the chain is of a supernet.
    """
    cfg = Config.fromfile(path)
    model = cfg.get('model', {})
    if 'backbone' in model and 'train_cfg' in cfg and 'searcher' not in (
            cfg.train_cfg or {}):
        return path
    for base in _bases(path):
        found = task_config(base)
        if found is not None:
            return found
    return None


def _bases(path: Path) -> List[Path]:
    """Existing files that a config names as ``_base_``."""
    for node in ast.parse(path.read_text()).body:
        names = [getattr(t, 'id', '') for t in getattr(node, 'targets', [])]
        if '_base_' in names:
            value = ast.literal_eval(node.value)
            files = [value] if isinstance(value, str) else value
            paths = [(path.parent / name).resolve() for name in files]
            return [p for p in paths if p.is_file()]
    return []


def arch_text(arch: Any, indent: int = 12) -> str:
    """The dict of an architecture, a short line per part."""
    pad = ' ' * indent
    lines = []
    for module in arch.to_dict()['modules']:
        rows = f',\n{pad}            '.join(map(_compact, module['fusion']))
        lines.append(f'{pad}    dict(\n{pad}        depth={module["depth"]},\n'
                     f'{pad}        fusion=[\n{pad}            {rows}\n'
                     f'{pad}        ]),')
    return 'dict(modules=[\n' + '\n'.join(lines) + f'\n{pad}])'


def _compact(rows: List[List[int]]) -> str:
    return '[' + ', '.join('[' + ', '.join(map(str, row)) + ']'
                           for row in rows) + ']'


def inheriting_config(base: Path, folder: Path, arch: Any,
                      comment: str) -> str:
    """Text of a config that only sets the architecture.

    Args:
        base (Path): Config of the task.
        folder (Path): Where the new config will stand.
        arch (ScaleNetArch or another): The architecture.
        comment (str): Lines for the head of the file.
    """
    model = Config.fromfile(base).model
    text = arch_text(arch)
    if 'arch' in model.backbone:
        text = text.replace('dict(', 'dict(_delete_=True, ', 1)
    # pretrained weights of the base are of no use beside a checkpoint
    none = 'init_cfg=None,\n'
    outer = ' ' * 4 + none if model.get('init_cfg') else ''
    inner = ' ' * 8 + none if model.backbone.get('init_cfg') else ''
    relative = Path(os.path.relpath(base, folder)).as_posix()
    return (f'{_commented(comment)}\n_base_ = {relative!r}\n\n'
            f'model = dict(\n{outer}    backbone=dict(\n{inner}        '
            f'arch={text}))\n')


def _commented(text: str) -> str:
    return '\n'.join(f'# {line}'.rstrip() for line in text.splitlines())


def standalone_config(cfg: Config, base: Optional[Path], model: Dict[str, Any],
                      comment: str) -> str:
    """Text of a config that needs no other file.

    Args:
        cfg (Config): Used for everything but the model if there is no task
            config.
        base (Path | None): Config of the task.
        model (dict): Config of the exported model.
        comment (str): Lines for the head of the file.
    """
    full = Config.fromfile(base) if base is not None else cfg.copy()
    full.model = model
    return _commented(comment) + '\n' + full.pretty_text
