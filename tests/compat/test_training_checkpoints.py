"""MMEngine's training checkpoints load, and nothing else does."""
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner, load_checkpoint
from toy_run import toy_config

from scalenas_mm.compat import checkpoints


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
        return getattr, (checkpoints.HistoryBuffer, '__init__')


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
        item[1] for item in checkpoints.checkpoint_globals()
        if isinstance(item, tuple)
    ]
    assert f'numpy.{core}.multiarray.scalar' in names
    assert f'numpy.{core}.multiarray._reconstruct' in names
