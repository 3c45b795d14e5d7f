# One set of weights for the networks of all frames (ViPNAS, Sec. 3.4.2): a
# step runs the largest, the smallest and random networks (one, the paper has
# two), with random fusion; all but the largest also learn from its heatmaps,
# with the same weight as from the truth (alpha is 3, as distillation is a mean
# over frames and the loss a sum).
_base_ = './tvipnas-resnet_1xb8-200iters_videos-128x96.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=_base_.model,
    sampler=dict(type='SandwichSampler', num_random=1),
    distillation=dict(
        module=[
            'heads.0.final_layer', 'heads.1.final_layer', 'heads.2.final_layer'
        ],
        alpha=3.0,
        teacher='self'))
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
custom_hooks = [
    dict(type='scalenas_mm.DivergenceGuardHook', interval=50, calm=50)
]
