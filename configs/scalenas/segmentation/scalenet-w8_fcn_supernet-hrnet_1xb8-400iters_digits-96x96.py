# A supernet that begins as a trained HRNet: what HRNet does not have begins
# without effect.
_base_ = './scalenet-w8_fcn_supernet-scratch_1xb8-400iters_digits-96x96.py'
hrnet = 'work_dirs/scalenet-w8_fcn_subnet_1xb8-800iters_digits-96x96/iter_800.pth'  # noqa: E501
model = dict(
    architecture=dict(
        backbone=dict(init='hrnet'),
        init_cfg=dict(type='Pretrained', checkpoint=hrnet)))
