# One set of weights for every sub-network: grouped sampling, distillation of
# heatmaps and tags at both resolutions.
_base_ = './scalenet-w8_higherhrnet_1xb8-2000iters_figures-128x128.py'
teacher = 'work_dirs/scalenet-w8_higherhrnet_1xb8-2000iters_figures-128x128/iter_2000.pth'  # noqa: E501
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module=['head.final_layers.0', 'head.final_layers.1'],
        alpha=1.0,
        teacher=dict(checkpoint=teacher)))

max_iters = 1500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
optim_wrapper = dict(optimizer=dict(lr=0.004))
param_scheduler = dict(eta_max=0.004, total_steps=max_iters)
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=100, calm=50)
]
