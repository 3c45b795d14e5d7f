# One fixed sub-network as an ordinary model, for testing or for training
# alone. Choose it by --cfg-options model.backbone.arch=ARCH.json, or by a name
# (min, hrnet, max); tools/export.py writes such a config with the architecture
# inside.
_base_ = './scalenet-w32_fcn_4xb4-160k_ade20k-512x512.py'
model = dict(backbone=dict(arch='hrnet'))
