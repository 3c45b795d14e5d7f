# One fixed network trained alone, HRNet by default: choose another one by
# --cfg-options model.backbone.arch=ARCH.json, or by a name (min, hrnet, max).
_base_ = './scalenet-w48_16xb48-100e_imagenet.py'
model = dict(backbone=dict(arch='hrnet'))
