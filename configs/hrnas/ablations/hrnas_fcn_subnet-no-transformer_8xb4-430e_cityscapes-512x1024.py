# Tables 7, 9 and 10, baseline: a found network of convolutions, trained alone.
# --cfg-options model.backbone.arch=ARCH.json, of supernet-mixconv.
_base_ = '../segmentation/hrnas_fcn_subnet_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(tokens=0))
