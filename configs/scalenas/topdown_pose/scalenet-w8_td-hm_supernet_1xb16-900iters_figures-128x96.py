# One set of weights for every sub-network: grouped sampling, distillation.
_base_ = './scalenet-w8_td-hm_1xb16-700iters_figures-128x96.py'
teacher = 'work_dirs/scalenet-w8_td-hm_1xb16-700iters_figures-128x96/iter_700.pth'  # noqa: E501
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='head.final_layer',  # heatmaps
        alpha=1.0,
        teacher=dict(checkpoint=teacher)))

max_iters = 900
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
param_scheduler = dict(total_steps=max_iters)
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=100, calm=50)
]
