# One set of weights for all networks (ViPNAS, Sec. 3.4.1): a step runs the
# largest, the smallest and two random ones; all but the largest also learn
# from its heatmaps, with the same weight as from the truth. It starts from the
# largest network, trained alone.
_base_ = './vipnasresnet_td-hm_1xb16-600iters_figures-128x96.py'
start = 'work_dirs/vipnasresnet_td-hm_1xb16-600iters_figures-128x96/iter_600.pth'  # noqa: E501
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=start)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='SandwichSampler', num_random=2),
    distillation=dict(
        module='head.final_layer',  # heatmaps
        alpha=1.0,
        teacher='self'))

max_iters = 400
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
param_scheduler = dict(total_steps=max_iters)
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=50, calm=50)
]
