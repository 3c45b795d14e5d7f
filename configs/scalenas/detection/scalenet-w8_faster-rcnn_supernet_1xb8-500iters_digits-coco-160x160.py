# One set of weights for every sub-network: grouped sampling, distillation on
# the neck's pyramid.
_base_ = './scalenet-w8_faster-rcnn_1xb8-500iters_digits-coco-160x160.py'
teacher = 'work_dirs/scalenet-w8_faster-rcnn_1xb8-500iters_digits-coco-160x160/iter_500.pth'  # noqa: E501
architecture = _base_.model
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
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(eta_max=0.001)
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=100, calm=50)
]
