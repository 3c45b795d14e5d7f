"""Let torchvision's CUDA build import beside a torch without CUDA.

PyPI's torchvision is linked against CUDA. Beside a torch without CUDA its
extension cannot load, and then ``import torchvision`` itself fails with
``operator torchvision::nms does not exist``, though most of the package, all
that mmpose and mmpretrain use of it included, needs no extension. Declaring
the operators' schemas is enough; calling one still raises.

``tools/install.sh`` asks this file as a program whether the environment needs
that, and only then installs it there as a distribution of its own. From then
on ``import torch`` runs :func:`define_missing_operators` by the entry point in
the group ``torch.backends`` (torch >= 2.5): nothing is patched on disk and
nothing is imported before torch is. Where torch and torchvision fit, remove
it with ``pip uninstall torchvision-cpu-schemas``.
"""
import re
import sys
from importlib.util import find_spec
from pathlib import Path

SCHEMA = '{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
# kept, because a torch.library.Library undoes its definitions when freed
_libraries: list = []


def define_missing_operators() -> None:
    """Declare the operators ``import torchvision`` expects, if they cannot be
    loaded; do nothing the second time."""
    import torch
    if _libraries or not is_needed():
        return
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for name in ('nms', 'qnms'):
        library.define(SCHEMA.format(name))
    _libraries.append(library)


def is_needed() -> bool:
    """Whether torchvision here was built with CUDA and torch was not."""
    return ('+cu' in _stated('torchvision', '__version__')
            and _stated('torch', 'cuda') == 'None')


def _stated(package: str, name: str) -> str:
    """The value of a name in a package's ``version.py``, as written there;
    empty if there is none. The package is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return ''
    version = Path(spec.origin).with_name('version.py')
    text = version.read_text() if version.is_file() else ''
    value = re.search(rf'^{name}\b[^=\n]*=\s*(.+)', text, re.MULTILINE)
    return value[1].strip() if value else ''


if __name__ == '__main__':
    sys.exit(not is_needed())
