"""The fixes of scalenas_mm.compat, each where it is needed."""
import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import Runner, load_checkpoint
from toy_run import toy_config

from scalenas_mm import _torchvision_cpu, compat
from scalenas_mm._rotate_iou_cpu import rotate_iou_gpu_eval

TESTS = Path(__file__).parent
on_cpu_only = pytest.mark.skipif(
    compat.get_device() != 'cpu', reason='acts without an accelerator only')


def test_apply_acts_once():
    before = list(sys.meta_path), MMDistributedDataParallel.__init__
    compat.apply()
    assert before == (sys.meta_path, MMDistributedDataParallel.__init__)


def test_long_is_there():
    assert np.array([1, 2]).astype(np.long).dtype.itemsize == 8


# --- Checkpoints ---


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The work directory of a finished run of two epochs."""
    work_dir = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(toy_config(work_dir)).train()
    return work_dir


def test_training_checkpoint_resumes(trained):
    runner = Runner.from_cfg(toy_config(trained, max_epochs=3, resume=True))
    runner.train()
    assert runner.epoch == 3
    assert runner.message_hub.get_info('best_score') >= 2
    history, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(history) == 3 * 4  # of the earlier run, too


def test_best_checkpoint_loads(trained):
    best, = trained.glob('best_acc_epoch_*.pth')
    checkpoint = torch.load(best, weights_only=True)
    meta = checkpoint['meta']['dataset_meta']
    assert meta['classes'] == ('a', 'b')
    np.testing.assert_array_equal(meta['flip_indices'], [1, 0])


class Malicious:

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path, )


def test_code_in_a_checkpoint_is_refused(tmp_path):
    checkpoint = dict(state_dict={}, message_hub=Malicious(tmp_path / 'ran'))
    torch.save(checkpoint, tmp_path / 'checkpoint.pth')
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(torch.nn.Linear(1, 1), f'{tmp_path}/checkpoint.pth')
    assert not (tmp_path / 'ran').exists()


class ReachesFar:

    def __reduce__(self):
        return getattr, (compat.HistoryBuffer, '__init__')


def test_getattr_in_a_checkpoint_reaches_statistics_only(tmp_path):
    torch.save(dict(value=ReachesFar()), tmp_path / 'checkpoint.pth')
    with pytest.raises(pickle.UnpicklingError, match='not allowed'):
        torch.load(tmp_path / 'checkpoint.pth', weights_only=True)


def test_arrays_of_objects_are_refused(tmp_path):
    array = np.array([dict()], dtype=object)
    torch.save(dict(array=array), tmp_path / 'checkpoint.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'checkpoint.pth', weights_only=True)


@pytest.mark.parametrize('core', ['core', '_core'])
def test_arrays_of_both_numpy_generations_load(tmp_path, core):
    names = [
        item[1] for item in compat.checkpoint_globals()
        if isinstance(item, tuple)
    ]
    assert f'numpy.{core}.multiarray.scalar' in names
    assert f'numpy.{core}.multiarray._reconstruct' in names


# --- Several processes without a GPU ---


@on_cpu_only
@pytest.mark.slow
def test_two_processes_train_on_the_cpu(tmp_path):
    result = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node', '2',
        str(TESTS / 'toy_run.py'),
        str(tmp_path)
    ],
                            capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.count('equal weights in 2 processes') == 2
    assert (tmp_path / 'epoch_2.pth').is_file()


@on_cpu_only
def test_other_init_backends_are_refused():
    with pytest.raises(ValueError, match="'torch', got 'deepspeed'"):
        compat.init_process_group_on_cpu('nccl', init_backend='deepspeed')


# --- Overlap of rotated boxes ---

SQUARE = np.array([[0, 0, 2, 2, 0]], np.float32)


@pytest.mark.parametrize('criterion, expected', [(-1, 2 / 10), (0, 2 / 8),
                                                 (1, 2 / 4), (2, 2)])
def test_overlap_of_shifted_boxes(criterion, expected):
    queries = np.array([[2, 0, 4, 2, 0], [9, 9, 1, 1, 0]], np.float32)
    queries[0, 0] = 2.  # from 0 to 4; the square reaches 1
    overlap = rotate_iou_gpu_eval(SQUARE, queries, criterion)
    np.testing.assert_allclose(overlap, [[expected, 0]], rtol=1e-5)


def test_overlap_of_turned_boxes():
    turned = SQUARE + np.float32([0, 0, 0, 0, np.pi / 4])
    octagon = 8 * (np.sqrt(2) - 1)
    np.testing.assert_allclose(
        rotate_iou_gpu_eval(SQUARE, turned, 2), [[octagon]], rtol=1e-5)


@pytest.mark.parametrize('n, k', [(0, 3), (3, 0), (0, 0)])
def test_overlap_of_no_boxes(n, k):
    overlap = rotate_iou_gpu_eval(np.zeros((n, 5)), np.zeros((k, 5)))
    assert overlap.shape == (n, k) and overlap.dtype == np.float32


@on_cpu_only
@pytest.mark.slow
def test_mmdet3d_uses_the_stand_in():
    pytest.importorskip('mmdet3d')
    upstream = importlib.import_module(compat.ROTATE_IOU)
    assert Path(upstream.__file__).name == '_rotate_iou_cpu.py'
    evaluation = importlib.import_module(
        'mmdet3d.evaluation.functional.kitti_utils.eval')
    overlap = evaluation.bev_box_overlap(SQUARE, SQUARE)
    np.testing.assert_allclose(overlap, [[1]], rtol=1e-5)


UPSTREAM = '''
import runpy, sys, types
import numpy as np
import numba.cuda
boxes, queries, path = np.load(sys.argv[2]), np.load(sys.argv[3]), sys.argv[1]
upstream = runpy.run_path(path)
for criterion in (-1, 0, 1, 2):
    np.save(sys.argv[4] + str(criterion),
            upstream['rotate_iou_gpu_eval'](boxes, queries, criterion))
'''


def random_boxes(generator, number):
    boxes = generator.uniform(-3, 3, (number, 5))
    boxes[:, 2:4] = np.abs(boxes[:, 2:4]) + .3
    return boxes.astype(np.float32)


@pytest.mark.slow
def test_overlap_equals_upstream_in_simulation(tmp_path):
    """numba can interpret the CUDA kernel that cannot be compiled here."""
    mmdet3d = pytest.importorskip('mmdet3d')
    path = Path(
        mmdet3d.__file__).parent.joinpath(*compat.ROTATE_IOU.split('.')[1:])
    generator = np.random.default_rng(0)
    boxes, queries = (random_boxes(generator, number) for number in (5, 7))
    np.save(tmp_path / 'boxes.npy', boxes)
    np.save(tmp_path / 'queries.npy', queries)
    subprocess.run([
        sys.executable, '-c', UPSTREAM, f'{path}.py', tmp_path / 'boxes.npy',
        tmp_path / 'queries.npy',
        str(tmp_path / 'result')
    ],
                   env=dict(os.environ, NUMBA_ENABLE_CUDASIM='1'),
                   check=True)
    for criterion in (-1, 0, 1, 2):
        np.testing.assert_allclose(
            rotate_iou_gpu_eval(boxes, queries, criterion),
            np.load(tmp_path / f'result{criterion}.npy'),
            rtol=1e-4,
            atol=1e-5)


# --- torchvision ---


def test_torchvision_imports():
    pytest.importorskip('torchvision')
    code = 'import torchvision.transforms, torchvision.models'
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize('version, expected', [('0.28.0+cu130', True),
                                               ('0.28.0+cpu', False),
                                               ('0.28.0', False)])
def test_cuda_builds_of_torchvision_are_recognised(tmp_path, monkeypatch,
                                                   version, expected):
    package = tmp_path / 'torchvision'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'version.py').write_text(f"__version__ = '{version}'\n")
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    monkeypatch.delitem(sys.modules, 'torchvision', raising=False)
    assert _torchvision_cpu._needs_cuda() is expected


def test_no_torchvision_needs_nothing(monkeypatch):
    monkeypatch.setattr(_torchvision_cpu, 'find_spec', lambda name: None)
    assert not _torchvision_cpu._needs_cuda()
