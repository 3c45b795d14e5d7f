# One fixed network trained alone; HR-NAS, appendix A (16 GPUs, 64 images
# each). Choose it by --cfg-options model.backbone.arch=ARCH.json; without it
# is the largest one.
_base_ = [
    '../../_base_/models/hrnas_cls.py',
    'mmpretrain::_base_/datasets/imagenet_bs64.py',
    '../../_base_/schedules/rmsprop_step_350e.py',
    'mmpretrain::_base_/default_runtime.py'
]
custom_imports = dict(imports=['scalenas_mm.registry'])
# random crops and flips are upstream's
default_hooks = dict(checkpoint=dict(interval=5, max_keep_ckpts=2))
randomness = dict(seed=0)
