"""ADE20K and data of one's own in VOC's layout: each config is run on tiny
data of its format."""
import re

import pytest
from mmengine.config import Config
from shipped import ROOT, named
from short_runs import run_short, shorten

from scalenas_mm.backbones.base import searchable_cfg
from scalenas_mm.datasets import make_tiny
from scalenas_mm.search import read_archive

pytest.importorskip('mmseg')
ADE20K = 'scalenet-w32_fcn{}_ade20k-512x512'
VOC = 'scalenet-w32_fcn{}_voc12-512x512'


def shrink(config, root):
    """Images of 64 x 64 and few modules."""
    for part in ('train', 'val', 'test'):
        loader = config[f'{part}_dataloader']
        loader.update(batch_size=2)
        loader.dataset.data_root = str(root)
        for step in loader.dataset.pipeline:
            if 'scale' in step:
                step['scale'] = (64, 64)
            if 'crop_size' in step:
                step['crop_size'] = (64, 64)
    model = config.model.get('architecture', config.model)
    model.data_preprocessor.size = (64, 64)
    searchable_cfg(model).num_modules = (1, 1, 1)
    shorten(config, input_size=(64, 64))


def run(path, root, work_dir, start=None):
    config = Config.fromfile(path)
    shrink(config, root)
    return run_short(config, work_dir / path.stem, start)


def teacher_to_search(find, training, root, work_dir):
    """Runners of teacher and supernet, and the candidates of a search."""
    teacher, start = run(find(training), root, work_dir)
    supernet, start = run(find(f'_supernet{training}'), root, work_dir, start)
    search, _ = run(find('_search'), root, work_dir, start)
    records = read_archive(search.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    return teacher, supernet, records


@pytest.mark.slow
def test_ade20k_from_teacher_to_search(tmp_path):
    root = make_tiny('ade20k', tmp_path / 'ade', size=(64, 64))
    teacher, supernet, records = teacher_to_search(
        lambda step: named(ADE20K.format(step)), '_4xb4-160k', root, tmp_path)
    assert teacher.model.decode_head.num_classes == 150
    assert supernet.param_schedulers[0].eta_min == 1e-5
    alone = Config.fromfile(named(ADE20K.format('_subnet_4xb4-160k')))
    assert alone.model.backbone.arch == 'hrnet'
    assert all(0 <= record.metrics['mIoU'] <= 100 for record in records)


@pytest.fixture
def leaves(tmp_path):
    """The configs of VOC for data of one's own, as the README says."""
    text = (ROOT / 'configs/scalenas/segmentation/README.md').read_text()
    old, new = re.search(r"sed 's/(\w+)-/(\w+)-/g'", text).groups()
    for path in (ROOT / 'configs').rglob(f'scalenet-w32_fcn_*_{old}-*.py'):
        content = path.read_text().replace(f'{old}-', f'{new}-')
        content = content.replace('../../_base_', str(ROOT / 'configs/_base_'))
        if f'fcn_1xb16-20k_{old}' in path.name:
            classes = re.search(r'\nclasses = \{.*?\n\}', content, re.S)[0]
            content = content.replace(
                classes,
                "\nclasses = {f'leaf {i}': [i, 0, i] for i in range(25)}")
            content = content.replace("'.jpg'", "'.JPG'")
        (tmp_path / path.name.replace(old, new)).write_text(content)
    return lambda step: tmp_path / f'scalenet-w32_fcn{step}_{new}-512x512.py'


@pytest.mark.slow
def test_data_of_ones_own(tmp_path, leaves):
    """Another number of classes and suffix; nothing else was changed."""
    root = make_tiny('voc', tmp_path / 'voc', size=(64, 64))
    for path in root.glob('JPEGImages/*.jpg'):
        path.rename(path.with_suffix('.JPG'))
    teacher, _, records = teacher_to_search(leaves, '_1xb16-20k', root,
                                            tmp_path)
    subnet, _ = run(leaves('_subnet_1xb16-20k'), root, tmp_path)
    assert teacher.model.decode_head.conv_seg.out_channels == 25
    meta = subnet.val_dataloader.dataset.metainfo
    assert meta['classes'][24] == 'leaf 24' and meta['palette'][24][2] == 24
    assert 0 <= subnet.test()['mIoU'] <= 100
    for record in records:
        assert {'mIoU', 'mIoU_small', 'mAcc_small'} <= set(record.metrics)


def test_voc_is_the_pattern():
    """Its classes and colours are those that mmseg knows for VOC."""
    from mmseg.datasets import PascalVOCDataset
    config = Config.fromfile(named(VOC.format('_1xb16-20k')))
    meta = config.train_dataloader.dataset.metainfo
    assert tuple(meta.classes) == PascalVOCDataset.METAINFO['classes']
    assert list(meta.palette) == PascalVOCDataset.METAINFO['palette']


def test_cityscapes_by_size():
    config = Config.fromfile(
        named('scalenet-w32_fcn_search-small_cityscapes-512x1024'))
    kinds = [part.type for part in config.val_evaluator]
    assert kinds == ['IoUMetric', 'scalenas_mm.SizeAwareIoU']
    assert config.train_cfg.searcher.objectives == dict(
        mIoU_small='max', macs='min')
