"""Readable configs of exported sub-networks."""
import ast
import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from mmengine.config import Config
from yapf.yapflib.yapf_api import FormatCode


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


def arch_text(arch: Any) -> str:
    """Python for the dict of an architecture, a line per branch."""
    lines = []
    for module in arch.to_dict()['modules']:
        rows = ',\n            '.join(map(_compact, module['fusion']))
        lines.append(f'    dict(\n        depth={module["depth"]},\n'
                     f'        fusion=[\n            {rows}\n        ]),')
    return 'dict(modules=[\n' + '\n'.join(lines) + '\n])'


def _compact(rows: List[List[int]]) -> str:
    return '[' + ', '.join('[' + ', '.join(map(str, row)) + ']'
                           for row in rows) + ']'


def overrides(base: Mapping[str, Any], cfg: Mapping[str,
                                                    Any]) -> Dict[str, Any]:
    """What a config has to set to turn the dict ``base`` into ``cfg``."""
    out: Dict[str, Any] = {key: None for key in base if key not in cfg}
    for key, value in cfg.items():
        if key not in base or not isinstance(value, Mapping):
            if key not in base or base[key] != value:
                out[key] = value
        elif not isinstance(base[key], Mapping) or (base[key].get('type')
                                                    != value.get('type')):
            out[key] = dict(value, _delete_=True)
        elif overrides(base[key], value):
            out[key] = overrides(base[key], value)
    return out


def inheriting_config(base: Path, folder: Path, model: Dict[str, Any],
                      arch: Any, comment: str) -> str:
    """Text of a config that sets the architecture, and what else differs.

    Args:
        base (Path): Config of the task.
        folder (Path): Where the new config will stand.
        model (dict): Config of the exported model.
        arch (Any): Its architecture.
        comment (str): Lines for the head of the file.
    """
    task = Config.fromfile(base).model.to_dict()
    text = arch_text(arch)
    if task['backbone'].pop('arch', None) is not None:
        text = text.replace('dict(', 'dict(_delete_=True, ', 1)
    backbone = {k: v for k, v in model['backbone'].items() if k != 'arch'}
    changes = overrides(task, dict(model, backbone=backbone))
    changes['backbone'] = dict(changes.get('backbone', {}), arch=Name('arch'))
    source = (f'{_commented(comment)}\n_base_ = {_reference(base, folder)!r}'
              f'\n\narch = {text}\nmodel = {_source(changes)}\n')
    return FormatCode(source, style_config='pep8')[0]


class Name(str):
    """A name in a config, written without quotes."""


def _source(value: Any) -> str:
    """Python for a value, with ``dict(...)`` for mappings."""
    if isinstance(value, Name):
        return value
    if isinstance(value, Mapping):
        return 'dict(' + ', '.join(f'{key}={_source(item)}'
                                   for key, item in value.items()) + ')'
    if isinstance(value, list):
        return '[' + ', '.join(map(_source, value)) + ']'
    return repr(value)


def _reference(base: Path, folder: Path) -> str:
    """Relative path, or absolute if the two share nothing but the root."""
    if len(Path(os.path.commonpath([base, folder])).parts) < 2:
        return base.as_posix()
    return Path(os.path.relpath(base, folder)).as_posix()


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
