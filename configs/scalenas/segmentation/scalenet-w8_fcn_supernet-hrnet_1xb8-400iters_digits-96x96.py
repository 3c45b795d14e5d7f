# A supernet that begins as a trained HRNet, which also teaches it: what HRNet
# does not have begins without effect.
_base_ = './scalenet-w8_fcn_supernet-scratch_1xb8-400iters_digits-96x96.py'
hrnet = 'work_dirs/scalenet-w8_fcn_subnet_1xb8-800iters_digits-96x96/iter_800.pth'  # noqa: E501
alone = _base_.model.architecture.copy()
alone.backbone = dict(alone.backbone, arch='hrnet')
model = dict(
    architecture=dict(
        backbone=dict(init='hrnet'),
        init_cfg=dict(type='Pretrained', checkpoint=hrnet)),
    distillation=dict(
        module='decode_head.conv_seg',
        alpha=1.0,
        teacher=dict(checkpoint=hrnet, architecture=alone)))
