# One fixed sub-network as an ordinary model, for testing or for training
# alone: HRNet, the paper's baseline, or another one by --cfg-options
# model.backbone.arch=ARCH.json.
_base_ = './scalenet-w32_rtmdet_8xb32-300e_coco.py'
model = dict(backbone=dict(arch='hrnet'))
