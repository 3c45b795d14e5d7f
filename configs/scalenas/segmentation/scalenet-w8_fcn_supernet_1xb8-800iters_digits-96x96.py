# One set of weights for every sub-network: grouped sampling, distillation.
_base_ = './scalenet-w8_fcn_1xb8-800iters_digits-96x96.py'
teacher = 'work_dirs/scalenet-w8_fcn_1xb8-800iters_digits-96x96/iter_800.pth'
architecture = _base_.model
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
optim_wrapper = dict(optimizer=dict(lr=0.1))
param_scheduler = dict(eta_max=0.1)
custom_hooks = [
    dict(
        type='scalenas_mm.DivergenceGuardHook',
        interval=100,
        calm=50,
        metrics={
            'min/mIoU': 'max',
            'max/mIoU': 'max'
        })
]
