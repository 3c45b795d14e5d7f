"""Several processes without a GPU."""
import subprocess
import sys
from pathlib import Path

import pytest

from scalenas_mm.compat import distributed, without_accelerator

TOY_RUN = Path(__file__).parents[1] / 'toy_run.py'

pytestmark = pytest.mark.skipif(
    not without_accelerator(), reason='acts without an accelerator only')


@pytest.mark.slow
def test_two_processes_train_on_the_cpu(tmp_path):
    result = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node', '2',
        str(TOY_RUN),
        str(tmp_path)
    ],
                            capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.count('equal weights in 2 processes') == 2
    assert (tmp_path / 'epoch_2.pth').is_file()


def test_other_init_backends_are_refused():
    with pytest.raises(ValueError, match="'torch', got 'deepspeed'"):
        distributed.init_process_group_on_cpu('nccl', init_backend='deepspeed')
