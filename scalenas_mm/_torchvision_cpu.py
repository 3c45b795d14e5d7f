"""Let torchvision's CUDA build import beside a torch without CUDA.

PyPI's torchvision is linked against CUDA. Beside a torch without CUDA its
extension cannot load, and then ``import torchvision`` itself fails with
``operator torchvision::nms does not exist``, though most of the package, all
that mmpose and mmpretrain use of it included, needs no extension. Declaring
the operators' schemas is enough; calling one still raises.

``import torch`` runs :func:`define_missing_operators` by this package's entry
point in the group ``torch.backends``, so nothing is patched on disk and
nothing is imported before torch is.
"""
from importlib.util import find_spec
from pathlib import Path

_SCHEMA = '{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
# kept, because a torch.library.Library undoes its definitions when freed
_libraries: list = []


def define_missing_operators() -> None:
    """Declare the operators ``import torchvision`` expects, if they cannot be
    loaded; do nothing the second time."""
    import torch
    if torch.version.cuda is not None or _libraries or not _needs_cuda():
        return
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for name in ('nms', 'qnms'):
        library.define(_SCHEMA.format(name))
    _libraries.append(library)


def _needs_cuda() -> bool:
    """Whether the installed torchvision, if any, was built with CUDA."""
    spec = find_spec('torchvision')
    if spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name('version.py')
    return version.is_file() and '+cu' in version.read_text()
