# Supernet from the teacher's weights; ScaleNAS, Sec. 4.1. As in appendix A.8
# it begins with a tenth of the teacher's learning rate.
_base_ = './scalenet-w32_fcn_1xb16-20k_voc12-512x512.py'
teacher = 'work_dirs/scalenet-w32_fcn_1xb16-20k_voc12-512x512/iter_20000.pth'  # noqa: E501
architecture = _base_.model
architecture.backbone.init_cfg = None
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='decode_head.conv_seg',
        alpha=1.0,
        teacher=dict(checkpoint=teacher)))

val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(eta_min=1e-5)
