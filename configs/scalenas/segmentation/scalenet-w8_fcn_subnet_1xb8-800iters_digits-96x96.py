# One fixed network trained alone, HRNet unless --cfg-options
# model.backbone.arch=ARCH says otherwise.
_base_ = './scalenet-w8_fcn_1xb8-800iters_digits-96x96.py'
model = dict(backbone=dict(arch='hrnet'))
