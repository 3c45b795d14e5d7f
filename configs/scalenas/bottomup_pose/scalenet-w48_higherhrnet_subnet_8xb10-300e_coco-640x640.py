# A found network, trained alone from the weights of the top-down supernet
# (ScaleNAS, appendix A.10; table 3 has ScaleNet-P4 here):
#   --cfg-options model.backbone.arch=ARCH.json
# Without it it is HRNet, so the whole is HigherHRNet.
_base_ = './scalenet-w48_higherhrnet_8xb10-300e_coco-640x640.py'
top_down = 'work_dirs/scalenet-w48_td-hm_supernet_8xb32-210e_coco-384x288/epoch_210.pth'  # noqa: E501
model = dict(
    backbone=dict(
        arch='hrnet',
        init_cfg=dict(checkpoint=top_down, prefix='architecture.backbone.')))
