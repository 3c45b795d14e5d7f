"""The demo data set: what is drawn, how it is stored, what it refuses."""
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scalenas_mm.datasets import (CLASSES, PALETTE, DemoDigits, make_demo,
                                  make_demo_digits)
from scalenas_mm.datasets.demo_digits import DIGITS
from scalenas_mm.datasets.demo_folder import MANIFEST, read_parameters
from scalenas_mm.datasets.digit_scenes import draw_scenes, load_digits
from scalenas_mm.datasets.photographs import load_photos

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/dataset_converters/make_demo.py'
CONFIG = ROOT / 'configs/_base_/datasets/digits_96x96.py'
TINY = DemoDigits(train=3, val=2, size=(48, 64))


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp('made') / 'demo'
    assert make_demo_digits(out, TINY)
    return out


def content(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob('*') if path.is_file()
    }


def tool(*arguments):
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)],
                          env=dict(PYTHONPATH=str(ROOT)),
                          capture_output=True,
                          text=True)


def refusal(*arguments):
    """The tool's one-line error."""
    result = tool(*arguments)
    assert result.returncode == 2
    assert 'Traceback' not in result.stderr
    return result.stderr.strip().splitlines()[-1]


def build_dataset(part, root):
    """The train or val data set of the config, with its pipeline."""
    pytest.importorskip('mmseg')
    from mmengine.config import Config
    from mmengine.registry import DATASETS, DefaultScope
    settings = Config.fromfile(CONFIG)[f'{part}_dataloader'].dataset
    settings.data_root = str(root)
    with DefaultScope.overwrite_default_scope('mmseg'):
        return DATASETS.build(settings)


def test_same_seed_same_bytes(made, tmp_path):
    make_demo_digits(tmp_path / 'again', TINY)
    make_demo_digits(tmp_path / 'other', replace(TINY, seed=1))
    assert content(tmp_path / 'again') == content(made)
    assert content(tmp_path / 'other') != content(made)


def test_more_images_keep_the_first():
    few = list(draw_scenes(TINY, 'train'))
    more = list(draw_scenes(replace(TINY, train=5), 'train'))
    for one, other in zip(few, more):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.label, other.label)


def test_stored_as_drawn(made):
    scene = next(draw_scenes(TINY, 'val'))
    name = f'val/{scene.city}/{scene.city}_000000_000000'
    image = cv2.imread(str(made / f'leftImg8bit/{name}_leftImg8bit.png'))
    label = cv2.imread(
        str(made / f'gtFine/{name}_gtFine_labelTrainIds.png'), -1)
    assert np.array_equal(image[..., ::-1], scene.image)
    assert np.array_equal(label, scene.label)


def test_manifest(made):
    manifest = json.loads((made / MANIFEST).read_text())
    assert tuple(manifest['classes']) == CLASSES
    assert len(manifest['palette']) == len(PALETTE) == 11
    assert manifest['parameters']['size'] == [48, 64]
    shown = [scene.digits for scene in draw_scenes(TINY, 'train')]
    assert manifest['counts']['train']['images'] == 3
    assert sum(manifest['counts']['train']['digits'].values()) == sum(
        map(len, shown))


def test_classes_and_heights():
    spec = DemoDigits(train=30)
    scenes = list(draw_scenes(spec, 'train'))
    labels = np.unique([scene.label for scene in scenes])
    assert labels.tolist() == list(range(11))
    heights = [height for scene in scenes for _, height in scene.digits]
    assert 8 <= min(heights) < 10 and 50 < max(heights) <= 64
    assert np.mean([len(scene.digits) for scene in scenes]) > 3


def test_every_digit_is_labelled():
    for scene in draw_scenes(TINY, 'val'):
        shown = {digit + 1 for digit, _ in scene.digits}
        assert set(np.unique(scene.label)) == shown | {0}


def test_height_is_the_height():
    spec = DemoDigits(train=20, digits=(1, 1), digit_px=(32, 32))
    for scene in draw_scenes(spec, 'train'):
        rows = np.flatnonzero(scene.label.any(1))
        assert 0.7 * 32 < rows[-1] - rows[0] + 1 < 1.3 * 32


def test_splits_share_nothing():
    train, val = (load_digits(split)[0] for split in ('train', 'val'))
    assert len(train) + len(val) == 1797
    assert not {x.tobytes() for x in train} & {x.tobytes() for x in val}
    for one, other in zip(load_photos('train'), load_photos('val')):
        assert one.shape[1] + other.shape[1] == 640


def test_dataset_config_reads_it(made):
    for part, length in (('train', 3), ('val', 2)):
        dataset = build_dataset(part, made)
        assert len(dataset) == length
        assert tuple(dataset.metainfo['classes']) == CLASSES
        assert tuple(map(tuple, dataset.metainfo['palette'])) == PALETTE


def test_pipelines_never_pad(tmp_path):
    make_demo_digits(tmp_path / 'demo', DemoDigits(train=2, val=1))
    for part in ('train', 'val'):
        for sample in build_dataset(part, tmp_path / 'demo'):
            label = sample['data_samples'].gt_sem_seg.data
            assert tuple(sample['inputs'].shape[1:]) == (96, 96)
            assert tuple(label.shape[1:]) == (96, 96)
            assert label.max() <= 10


@pytest.mark.parametrize('values, message', [
    (dict(train=0), 'number of train images must be at least 1, got 0'),
    (dict(val=-1), 'number of val images must be at least 1, got -1'),
    (dict(size=(0, 96)), 'must be 16 to 4096 pixels, got 0 and 96'),
    (dict(seed=-1), 'seed must not be negative, got -1'),
])
def test_parameters_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        DemoDigits(**values)


def test_half_made_folder_is_made_anew(made, tmp_path):
    out = tmp_path / 'demo'
    make_demo_digits(out, TINY)
    (out / MANIFEST).unlink()
    assert read_parameters(out, DIGITS) is None
    assert make_demo_digits(out, TINY)
    next(out.rglob('*leftImg8bit.png')).unlink()
    assert make_demo_digits(out, TINY)
    assert not make_demo_digits(out, TINY)
    assert content(out) == content(made)
    assert [path.name for path in tmp_path.iterdir()] == ['demo']


def test_failure_leaves_nothing(tmp_path, monkeypatch):

    def full(*arguments):
        raise OSError('no space left on device')

    monkeypatch.setattr(Path, 'write_text', full)
    with pytest.raises(OSError, match='no space'):
        make_demo_digits(tmp_path / 'demo', TINY)
    assert not list(tmp_path.iterdir())


def test_other_files_are_never_lost(tmp_path):
    out = tmp_path / 'demo'
    real = out / 'leftImg8bit/train/aachen/aachen_000000_000019.png'
    real.parent.mkdir(parents=True)
    real.write_text('precious')
    with pytest.raises(FileExistsError, match='not empty'):
        make_demo_digits(out, TINY)
    assert make_demo_digits(out, TINY, force=True)
    kept = tmp_path / 'demo.old' / real.relative_to(out)
    assert kept.read_text() == 'precious'
    (out / 'notes.txt').write_text('more')
    with pytest.raises(FileExistsError, match='exists'):
        make_demo_digits(out, replace(TINY, seed=1), force=True)
    assert (out / 'notes.txt').read_text() == 'more'


def test_tool(tmp_path):
    out = tmp_path / 'a' / 'demo'
    arguments = [out, '--train', 2, '--val', 1, '--size', 32, 48]
    assert 'made 2 training' in tool(*arguments).stdout
    assert 'already' in tool(*arguments).stdout
    assert 'other parameters' in refusal(*arguments, '--seed', 1)
    assert tool(*arguments, '--seed', 1, '--force').returncode == 0
    assert read_parameters(out, DIGITS)['seed'] == 1


def test_tool_errors_are_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    assert 'is not a folder' in refusal(tmp_path / 'file')
    assert 'at least 1, got 0' in refusal(tmp_path / 'out', '--train', 0)
    assert '16 to 4096' in refusal(tmp_path / 'out', '--size', -5, 96)
    assert 'error: ' in refusal(tmp_path / 'file' / 'out')
    assert not (tmp_path / 'out').exists()


def test_what_another_process_made_meanwhile_stays(tmp_path):
    """It may be read already."""
    out, seen = tmp_path / 'demo', []

    def other(done, total):
        if done == 1:
            assert make_demo_digits(out, TINY)
            seen.append((out / MANIFEST).stat().st_ino)

    make_demo(out, 'digits', TINY, report=other)
    assert [(out / MANIFEST).stat().st_ino] == seen
    assert [path.name for path in tmp_path.iterdir()] == ['demo']
