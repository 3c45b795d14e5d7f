"""Configs of transformers in other backbones: two iterations of each."""
import pytest
import torch
from mmengine.config import Config
from shipped import named
from short_runs import run_short, shorten

from scalenas_mm.datasets import make_tiny

pytest.importorskip('mmpretrain')
pytest.importorskip('mmseg')


def run(name, data, work_dir, crop, **backbone):
    """With tiny images and a narrow backbone."""
    config = Config.fromfile(named(name))
    shorten(config)
    config.param_scheduler = None  # one begins after 5,000 iterations
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.batch_size = 2 if crop == 32 else 1
        loader.dataset.data_root = str(data)
        for transform in loader.dataset.pipeline:
            for key in {'scale', 'crop_size'} & transform.keys():
                transform[key] = crop
    config.model.backbone.backbone.update(backbone)
    return config, lambda: run_short(config, work_dir / name)


@pytest.mark.slow
@pytest.mark.parametrize('name, backbone', [
    ('shufflenetv2-transformer_16xb64-300e_imagenet', dict(widen_factor=.5)),
    ('mobilenetv2-transformer-encoder_8xb32-300e_imagenet', dict()),
])
def test_imagenet(name, backbone, tmp_path):
    data = make_tiny(
        'imagenet', tmp_path / 'imagenet', images=1, size=(32, 32))
    _, train = run(name, data, tmp_path, 32, **backbone)
    runner, checkpoint = train()
    assert runner.iter == 2
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    begin = 'backbone.transformers.layer'
    assert sum(
        key.startswith(begin) and key.endswith('input_norm.weight')
        for key in weights) == len(runner.model.backbone.transformers)


@pytest.mark.slow
def test_cityscapes(tmp_path):
    data = make_tiny('cityscapes', tmp_path / 'cityscapes', images=2)
    name = 'mobilenetv2-transformer_pspnet_4xb2-80k_cityscapes-512x1024'
    config, train = run(
        name, data, tmp_path, (64, 128), norm_cfg=dict(type='BN'))
    model = config.model
    model.data_preprocessor.size = (64, 128)
    model.backbone.norm_cfg = dict(type='BN')
    for head in model.decode_head, model.auxiliary_head:
        head.update(channels=8, norm_cfg=dict(type='BN'))
    config.train_dataloader.batch_size = 2
    runner, _ = train()
    assert runner.iter == 2
    assert 0 <= runner.test()['mIoU'] <= 100
