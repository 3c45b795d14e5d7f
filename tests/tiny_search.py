"""Configs of a teacher, a supernet and a search that take seconds."""
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner
from tiny_cityscapes import CONFIG, write_images

TEACHER = CONFIG.replace(
    """width=4, stem_width=4,
                  num_modules=(1, 1, 1)""", """width=2, stem_width=4,
                  stage1_blocks=1, depths=(1, 2), num_modules=(1, 1),
                  norm_cfg=dict(type='BN')""").replace(
        """in_channels=4, in_index=0, channels=4, num_convs=0,
        concat_input=False""", """in_channels=[2, 4, 8],
        in_index=(0, 1, 2), channels=4, num_convs=1, concat_input=False,
        kernel_size=1, input_transform='resize_concat', dropout_ratio=-1,
        norm_cfg=dict(type='BN')""")

SUPERNET = """\
_base_ = './tiny_teacher.py'
architecture = _base_.model
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(module='decode_head.conv_seg'))
randomness = dict(seed=0)
default_hooks = dict(logger=dict(type='LoggerHook', interval=1))
train_cfg = dict(max_iters=4, val_interval=4)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop',
               num_calibration_batches=1)
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop',
                num_calibration_batches=1)
"""

SEARCH = """\
_base_ = './tiny_supernet.py'
model = dict(distillation=None)
train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(64, 64),
    num_calibration_batches=1,
    searcher=dict(
        type='TopologyEvolution',
        objectives=dict(mIoU='max', macs='min'),
        n0=4, k=2, N=8))
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook'),
    dict(type='scalenas_mm.SearchPlotHook')
]
"""


def write_configs(folder: Path) -> Path:
    """Write images and ``tiny_{teacher,supernet,search}.py``."""
    write_images(folder / 'data')
    teacher = TEACHER.format(root=str(folder / 'data'))
    for name, text in (('teacher', teacher), ('supernet', SUPERNET), ('search',
                                                                      SEARCH)):
        (folder / f'tiny_{name}.py').write_text(text)
    return folder


def runner_of(config: Path, work_dir: Path, **options) -> Runner:
    """A runner of one of the configs; options are dotted keys."""
    cfg = Config.fromfile(config)
    cfg.merge_from_dict({
        key.replace('__', '.'): value
        for key, value in options.items()
    })
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{config.stem}_{work_dir.name}'
    return Runner.from_cfg(cfg)
