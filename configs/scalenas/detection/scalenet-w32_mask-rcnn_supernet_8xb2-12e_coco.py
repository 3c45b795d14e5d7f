# Supernet from the teacher's weights (ScaleNAS, Sec. 4.1), compared on all
# levels of the neck's pyramid. The learning rate is a tenth of the teacher's,
# as in appendix A.8. Both are ours: the paper only transfers to detection.
_base_ = './scalenet-w32_mask-rcnn_8xb2-12e_coco.py'
teacher = 'work_dirs/scalenet-w32_mask-rcnn_8xb2-12e_coco/epoch_12.pth'
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
optim_wrapper = dict(optimizer=dict(lr=0.002))
