# One fixed sub-network as an ordinary model, for testing or for training
# alone. Choose it by --cfg-options model.backbone.arch=ARCH.json, or by a name
# (min, hrnet, max); tools/export.py writes such a config with the architecture
# inside.
_base_ = './scalenet-w32_fcn_8xb3-484e_cityscapes-512x1024.py'
model = dict(backbone=dict(arch='hrnet'))
