"""The distribution tools/install.sh adds where torchvision does not fit."""
import runpy
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / 'requirements' / 'torchvision_cpu'
PROGRAM = FOLDER / 'torchvision_cpu_schemas.py'
TORCH = "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = {!r}\n"
TORCHVISION = "__version__ = '{}'\nfrom torchvision import extension\n"


def install_fakes(folder, **packages):
    for name, text in packages.items():
        (folder / name).mkdir()
        (folder / name / '__init__.py').write_text('raise AssertionError')
        (folder / name / 'version.py').write_text(text)


@pytest.mark.parametrize('torchvision, cuda, needed', [
    ('0.28.0+cu130', None, True),
    ('0.28.0+cu130', '13.0', False),
    ('0.28.0+cpu', None, False),
    ('0.28.0', None, False),
])
def test_where_it_is_needed(tmp_path, torchvision, cuda, needed):
    install_fakes(
        tmp_path,
        torch=TORCH.format(cuda),
        torchvision=TORCHVISION.format(torchvision))
    result = subprocess.run([sys.executable, PROGRAM],
                            env=dict(PYTHONPATH=str(tmp_path)))
    assert result.returncode == (0 if needed else 1)


@pytest.mark.parametrize('packages', [{}, dict(torch=TORCH.format(None))])
def test_not_needed_without_torchvision(tmp_path, packages):
    install_fakes(tmp_path, **packages)
    result = subprocess.run([sys.executable, '-S', PROGRAM],
                            env=dict(PYTHONPATH=str(tmp_path)))
    assert result.returncode == 1


def test_torchvision_imports():
    pytest.importorskip('torchvision')
    code = 'import torchvision.transforms, torchvision.models'
    subprocess.run([sys.executable, '-c', code], check=True)


def test_install_has_added_it_exactly_where_it_is_needed():
    points = entry_points(group='torch.backends')
    added = 'torchvision_cpu_schemas' in {point.name for point in points}
    assert added == runpy.run_path(str(PROGRAM))['is_needed']()


def test_this_package_runs_nothing_at_import_of_torch():
    groups = entry_points(group='torch.backends')
    assert not [point for point in groups if 'scalenas' in point.value]
    code = "import sys, torch; assert 'scalenas_mm' not in sys.modules"
    subprocess.run([sys.executable, '-c', code], check=True)
