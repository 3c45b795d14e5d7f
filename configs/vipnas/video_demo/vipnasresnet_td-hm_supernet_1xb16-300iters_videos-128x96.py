# Single frames: one set of weights for all networks, from the largest one,
# trained alone.
_base_ = './vipnasresnet_td-hm_1xb16-500iters_videos-128x96.py'
start = 'work_dirs/vipnasresnet_td-hm_1xb16-500iters_videos-128x96/iter_500.pth'  # noqa: E501
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=start)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='SandwichSampler', num_random=1),
    distillation=dict(
        module='head.final_layer',  # heatmaps
        alpha=1.0,
        teacher='self'))

max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
optim_wrapper = dict(optimizer=dict(lr=0.003))
param_scheduler = dict(eta_max=0.003, total_steps=max_iters)
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=50, calm=50)
]
