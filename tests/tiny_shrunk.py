"""A real segmentation run that shrinks and records, of a few iterations."""
from pathlib import Path

from tiny_search import runner_of, write_configs

PLAIN = """\
_base_ = './tiny_teacher.py'
model = dict(
    backbone=dict(
        _delete_=True, type='scalenas_mm.HRNAS', stem=(4, 4),
        blocks=((1, ), (1, 1)), widths=((4, ), (4, 6)), expansion=2, tokens=2,
        transformer=dict(size=2), head='dense', head_channels=(6, )),
    decode_head=dict(in_channels=6, in_index=0, channels=4, num_convs=1,
                     input_transform=None))
"""

SHRINKING = """\
_base_ = './tiny_plain.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(weight=.01, input_size=(64, 64)))
randomness = dict(seed=0)
train_cfg = dict(max_iters=8, val_interval=3)
optim_wrapper = dict(optimizer=dict(lr=.1))
default_hooks = dict(
    checkpoint=dict(interval=2), logger=dict(type='LoggerHook', interval=1))
custom_hooks = [
    dict(type='EMAHook', momentum=.5, update_buffers=True),
    dict(
        type='scalenas_mm.ShrinkHook', by_epoch=False, interval=2, begin=4,
        end=6, num_calibration_batches=1, threshold=.9, scores='network',
        last_scores='network',
        target=dict(macs='50%', every=1, arrive=.9)),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives=dict(mIoU='max', macs='min'), input_size=(64, 64),
        num_calibration_batches=1),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
"""


def write_shrinking(folder: Path) -> Path:
    """Write images and ``tiny_{plain,shrinking}.py``; gives the latter."""
    write_configs(folder)
    (folder / 'tiny_plain.py').write_text(PLAIN)
    path = folder / 'tiny_shrinking.py'
    path.write_text(SHRINKING)
    return path


def shrinking_run(config: Path, work_dir: Path, **options):
    """A runner of it."""
    return runner_of(config, work_dir, **options)
