# With a fixed lambda in place of a budget; the paper gives none for KITTI,
# here it is that of Cityscapes.
_base_ = './hrnas_pointpillars_supernet_8xb2-80e_kitti-3d-3class.py'
custom_hooks = _base_.custom_hooks
custom_hooks[1].target = None
