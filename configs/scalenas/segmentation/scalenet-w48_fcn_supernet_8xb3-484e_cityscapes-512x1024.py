# Supernet from the teacher's weights; ScaleNAS, Sec. 4.1 and appendix A.8.
_base_ = './scalenet-w48_fcn_8xb3-484e_cityscapes-512x1024.py'
teacher = 'work_dirs/scalenet-w48_fcn_8xb3-484e_cityscapes-512x1024/epoch_484.pth'  # noqa: E501
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
