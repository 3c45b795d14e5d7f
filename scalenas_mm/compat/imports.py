"""Act when a module is imported, so that nothing is imported to be mended."""
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, spec_from_file_location
from types import ModuleType
from typing import Any, Callable, Dict, Optional

Fix = Callable[[ModuleType], None]
Finder = Callable[[Any], Optional[ModuleSpec]]


class Watcher:
    """A finder that looks after the modules given to it, and no others."""

    def __init__(self) -> None:
        self.finders: Dict[str, Finder] = {}

    def find_spec(self,
                  name: str,
                  path: Any = None,
                  target: Any = None) -> Optional[ModuleSpec]:
        finder = self.finders.get(name)
        return None if finder is None else finder(path)

    def watch(self, name: str, finder: Finder) -> None:
        """Ask ``finder`` for the spec of module ``name`` from now on."""
        self.finders[name] = finder
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)


_watcher = Watcher()


def after_import(name: str, fix: Fix) -> None:
    """Call ``fix`` with module ``name`` when it has been imported; at once if
    it is already."""
    if name in sys.modules:
        fix(sys.modules[name])
        return

    def find(path: Any) -> Optional[ModuleSpec]:
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            _run_after(spec.loader, fix)
        return spec

    _watcher.watch(name, find)


def _run_after(loader: Any, fix: Fix) -> None:
    execute = loader.exec_module

    def execute_and_fix(module: ModuleType) -> None:
        execute(module)
        fix(module)

    loader.exec_module = execute_and_fix


def replace_import(name: str, other: str, needed: Callable[[], bool]) -> None:
    """Import the file of module ``other`` as module ``name`` if ``needed`` at
    that time."""

    def find(path: Any) -> Optional[ModuleSpec]:
        if not needed():
            return None
        spec = find_spec(other)
        assert spec is not None and spec.origin is not None
        return spec_from_file_location(name, spec.origin)

    _watcher.watch(name, find)
