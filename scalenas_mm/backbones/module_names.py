"""Find sub-modules by their dotted names."""
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Dict, List, Sequence, Union

from torch import nn

from scalenas_mm.spaces import SettingError


def find_modules(root: nn.Module,
                 names: Union[str, Sequence[str]],
                 field: str = 'places') -> Dict[str, nn.Module]:
    """Sub-modules by name, in the order in which ``root`` has them.

    Args:
        root (nn.Module): Where to look.
        names (str | Sequence[str]): Dotted names. A part between dots may be
            a shell pattern: ``layers.[01].*`` are all blocks of two stages,
            but nothing inside them.
        field (str): What errors call the names.

    Raises:
        SettingError: There is none of a name; the text has similar ones.
    """
    patterns = [names] if isinstance(names, str) else names
    if not isinstance(patterns, (list, tuple)) or not patterns:
        raise SettingError(field, 'names of modules', names)
    modules = {name: module for name, module in root.named_modules() if name}
    found = set()
    for i, pattern in enumerate(patterns):
        matches = [name for name in modules if _matches(name, pattern)]
        if not matches:
            raise SettingError(
                field if isinstance(names, str) else f'{field}[{i}]',
                f'modules of {type(root).__name__}, such as '
                f'{", ".join(_near(pattern, modules))}', pattern)
        found.update(matches)
    return {name: modules[name] for name in modules if name in found}


def _matches(name: str, pattern: str) -> bool:
    parts, patterns = name.split('.'), str(pattern).split('.')
    return len(parts) == len(patterns) and all(
        map(fnmatchcase, parts, patterns))


def _near(pattern: str, modules: Dict[str, nn.Module]) -> List[str]:
    names = list(modules)
    return get_close_matches(str(pattern), names, 5, 0.5) or names[:5]
