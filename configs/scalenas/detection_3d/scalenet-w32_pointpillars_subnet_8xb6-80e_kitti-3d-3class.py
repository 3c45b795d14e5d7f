# One fixed network as an ordinary model, for testing or for training alone;
# HRNet by default. Choose another one by --cfg-options
# model.backbone.arch=ARCH.json, or by a name (min, hrnet, max).
_base_ = './scalenet-w32_pointpillars_8xb6-80e_kitti-3d-3class.py'
model = dict(backbone=dict(arch='hrnet'))
