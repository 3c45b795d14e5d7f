"""The versions that are stored beside results."""
import subprocess
import sys

import mmengine
import numpy as np
import torch

import scalenas_mm
from scalenas_mm.version import versions


def test_versions_are_what_is_imported():
    found = versions()
    # some builds of torch add to their version what they were built for
    assert torch.__version__.startswith(found.pop('torch'))
    assert found == dict(
        python=sys.version.split()[0],
        scalenas_mm=scalenas_mm.__version__,
        numpy=np.__version__,
        mmengine=mmengine.__version__)


def test_versions_import_nothing():
    code = ('import sys\nfrom scalenas_mm.version import versions\n'
            "assert 'torch' in versions()\n"
            "assert not {'torch', 'numpy', 'mmengine'} & set(sys.modules)")
    subprocess.run([sys.executable, '-c', code], check=True)


def test_what_is_not_installed_is_left_out(tmp_path):
    """With -S Python does not see the packages of the environment."""
    code = ('from scalenas_mm.version import versions\n'
            "assert set(versions()) == {'python', 'scalenas_mm'}, versions()")
    subprocess.run([sys.executable, '-S', '-c', code],
                   cwd=scalenas_mm.__path__[0] + '/..',
                   env={},
                   check=True)
