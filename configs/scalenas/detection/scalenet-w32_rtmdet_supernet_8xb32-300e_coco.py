# Supernet from the teacher's weights, at a tenth of its learning rate.
_base_ = './scalenet-w32_rtmdet_8xb32-300e_coco.py'
teacher = 'work_dirs/scalenet-w32_rtmdet_8xb32-300e_coco/epoch_300.pth'
architecture = _base_.model
architecture.backbone.init_cfg = None
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='neck', alpha=1.0, teacher=dict(checkpoint=teacher)))

val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
optim_wrapper = dict(optimizer=dict(lr=0.0004))
