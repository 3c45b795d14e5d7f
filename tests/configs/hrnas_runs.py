"""Seconds of training with HR-NAS's configs, on tiny data and two branches."""
from typing import Any

from kitti_runs import small_field
from mmengine.config import Config
from short_runs import shorten

SIZE = (64, 64)
CROP = (64, 48)
SPACE = dict(
    stem=(4, 4), blocks=((1, ), (1, 1)), widths=((4, ), (4, 6)), expansion=2)
BATCH = dict(mmseg=1, mmpretrain=2, mmpose=3, mmdet3d=1)
HEADS = dict(dense=(8, ), classification=(6, 8, 16))


def small_images(value: Any, data: Any) -> None:
    """Tiny images, crops and heatmaps, below ``data``; in place."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        if isinstance(item, str) and item.startswith('data/'):
            value[key] = item.replace('data', str(data), 1)
        elif isinstance(item, (dict, list)):
            small_images(item, data)
        elif key in ('scale', 'crop_size', 'size'):
            value[key] = SIZE[0] if isinstance(item, int) else SIZE
        elif key == 'input_size':
            value[key] = CROP[::-1]
        elif key == 'heatmap_size':
            value[key] = (CROP[1] // 4, CROP[0] // 4)


def small_network(model: Any) -> None:
    """Two branches; everything else is as the config says."""
    backbone = model.backbone
    backbone.update(SPACE)
    if backbone.get('tokens', 64):
        backbone.tokens = 2
    backbone.head_channels = HEADS[backbone.get('head', 'dense')]
    for head in {'head', 'decode_head', 'bbox_head'} & model.keys():
        for key in {'in_channels', 'channels', 'feat_channels'
                    } & model[head].keys():
            model[head][key] = backbone.head_channels[-1]


def small(config: Config, data: Any) -> Config:
    """A shipped config for two iterations and a validation.

    A supernet shrinks between them: importance factors begin at 1, and all
    that have become less go.
    """
    model = config.model.get('architecture', config.model)
    small_network(model)
    shorten(config)
    for part in 'train', 'val', 'test':
        config[f'{part}_dataloader'].batch_size = BATCH[config.default_scope]
    size = CROP if config.default_scope == 'mmpose' else SIZE
    if config.default_scope == 'mmdet3d':
        small_field(config._cfg_dict, data / 'kitti')
        model.test_cfg.update(score_thr=0., max_num=5)
    else:
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader',
                     'val_evaluator', 'test_evaluator'):
            small_images(config[name], data)
        small_images(model.get('data_preprocessor', {}), data)
        small_images(model.get('head', {}).get('decoder', {}), data)
    if 'visualizer' in config:  # or all runs share one
        config.visualizer.name = str(id(config))
    if 'penalty' in config.model:
        config.model.penalty.update(input_size=size, ramp=(0, 1))
    for hook in config.custom_hooks:
        if hook.type == 'scalenas_mm.ShrinkHook':
            hook.update(
                interval=1,
                by_epoch=False,
                end=1,
                threshold=1.0,
                last_scores='network',
                num_calibration_batches=1)
            if hook.get('target'):
                hook.target = dict.fromkeys(hook.target, '80%')
        elif hook.type == 'scalenas_mm.ShrinkArchiveHook':
            hook.update(input_size=size, num_calibration_batches=1)
    return config
