"""Readable configs of exported sub-networks."""
import ast
import os
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config
from yapf.yapflib.yapf_api import FormatCode

from scalenas_mm.backbones import plain_cfg, searchable_cfg, searchable_path
from scalenas_mm.spaces import SettingError

# What says how a network is judged, and where its modules are
JUDGED = ('custom_imports', 'val_dataloader', 'val_evaluator',
          'test_dataloader', 'test_evaluator')


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
    if 'architecture' not in model and _trains(cfg) and _searchable(model):
        return path
    for base in _bases(path):
        found = task_config(base)
        if found is not None:
            return found
    return None


def _trains(cfg: Config) -> bool:
    train = cfg.get('train_cfg') or {}
    return bool(train) and 'searcher' not in train


def _searchable(model: Mapping[str, Any]) -> bool:
    try:
        return bool(searchable_cfg(model))
    except SettingError:
        return False


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


def arch_text(value: Any, indent: int = 0, used: int = 7) -> str:
    """Python for an architecture's dict: what fits into a line is one.

    Args:
        value (Any): Of plain dicts, lists and scalars.
        indent (int): Blanks before a line.
        used (int): Columns of the first line that are taken.
    """
    line = _source(value)
    if used + len(line) < 78 or not isinstance(value, (dict, list)):
        return line
    inner = ' ' * (indent + 4)
    if isinstance(value, dict):
        items = [
            f'{key}={arch_text(item, indent + 4, indent + 5 + len(key))}'
            for key, item in value.items()
        ]
        start, end = 'dict(', ')'
    else:
        items = [arch_text(item, indent + 4, indent + 4) for item in value]
        start, end = '[', ']'
    flat = isinstance(value, list) and not any(
        isinstance(item, (dict, list)) for item in value)
    if flat:
        body = textwrap.fill(
            ', '.join(items),
            78,
            initial_indent=inner,
            subsequent_indent=inner)
    else:
        body = ',\n'.join(inner + item for item in items)
    return f'{start}\n{body}\n{" " * indent}{end}'


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


def inheriting_config(base: Path,
                      folder: Path,
                      model: Dict[str, Any],
                      arch: Any,
                      comment: str,
                      cfg: Optional[Mapping[str, Any]] = None) -> str:
    """Text of a config that sets the architecture, and what else differs.

    Args:
        base (Path): Config of the task.
        folder (Path): Where the new config will stand.
        model (dict): Config of the exported model.
        arch (Any): Its architecture.
        comment (str): Lines for the head of the file.
        cfg (Mapping, optional): By which candidates were measured; where it
            has other validation or test data or metrics, so has the new one.
    """
    whole = Config.fromfile(base).to_dict()
    task = whole['model']
    value = arch.to_dict()
    if searchable_cfg(task).pop('arch', None) is not None:
        value = dict(_delete_=True, **value)
    model = plain_cfg(model)
    searchable_cfg(model).pop('arch')
    changes = overrides(task, model)
    at_path(changes, searchable_path(model))['arch'] = Name('arch')
    judged = overrides(_judged(whole), _judged(cfg)) if cfg else {}
    judged.update(_data_mode(cfg or whole, whole))
    body = FormatCode(
        ''.join(f'{key} = {_source(part)}\n'
                for key, part in dict(model=changes, **judged).items()),
        style_config='pep8')[0]
    return (f'{_commented(comment)}\n_base_ = {_reference(base, folder)!r}\n\n'
            f'arch = {arch_text(value)}\n{body}')


def model_config(model: Dict[str, Any], arch: Any, scope: str,
                 comment: str) -> str:
    """Text of a config that has a model only.

    Args:
        model (dict): Config of the model.
        arch (Any): The architecture of its backbone.
        scope (str): Default scope.
        comment (str): Lines for the head of the file.
    """
    model = plain_cfg(model)
    searchable_cfg(model)['arch'] = Name('arch')
    body = FormatCode(f'model = {_source(model)}\n', style_config='pep8')[0]
    return (f'{_commented(comment)}\n'
            "custom_imports = dict(imports=['scalenas_mm.registry'])\n"
            f'default_scope = {scope!r}\n\n'
            f'arch = {arch_text(arch.to_dict())}\n{body}')


def _data_mode(cfg: Mapping[str, Any], told: Mapping[str,
                                                     Any]) -> Dict[str, Any]:
    """What mmpose's Inferencers read at the top of a config, unless ``told``
    says it: whether a sample is a person or an image."""
    data = cfg.get('test_dataloader') or {}
    while 'dataset' in data:
        data = data['dataset']
    found = 'data_mode' in data and 'data_mode' not in told
    return dict(data_mode=data['data_mode']) if found else {}


def _judged(cfg: Mapping[str, Any]) -> Dict[str, Any]:
    return {key: cfg[key] for key in JUDGED if key in cfg}


def at_path(changes: Dict[str, Any], path: Sequence[str]) -> Dict[str, Any]:
    """The dict at these keys; those missing on the way are made."""
    for key in path:
        changes = changes.setdefault(key, {})
    return changes


class Name(str):
    """A name in a config, written without quotes."""


def _source(value: Any) -> str:
    """Python for a value, with ``dict(...)`` for mappings."""
    if isinstance(value, Name):
        return value
    if isinstance(value, Mapping):
        return 'dict(' + ', '.join(f'{key}={_source(item)}'
                                   for key, item in value.items()) + ')'
    if isinstance(value, tuple):
        comma = ',' * (len(value) == 1)
        return '(' + ', '.join(map(_source, value)) + comma + ')'
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
        cfg (Config): By which candidates were measured. Used for everything
            but the model if there is no task config, else for data and
            metrics of validation and test.
        base (Path | None): Config of the task.
        model (dict): Config of the exported model.
        comment (str): Lines for the head of the file.
    """
    full = Config.fromfile(base) if base is not None else cfg.copy()
    full.model = model
    full.update(_judged(cfg))
    full.update(_data_mode(full, full))
    return _commented(comment) + '\n' + full.pretty_text
