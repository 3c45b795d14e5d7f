# The supernet; ViPNAS, Sec. 3.4.1 and 4.2: 250 epochs, learning rate 1e-3, a
# tenth after 200 and 230, rotation by 40 degrees, flips, weights from a normal
# distribution of deviation 0.001. The paper gives no optimiser, batch, scaling
# and number of random networks a step: Adam, 8 x 64, 0.7 to 1.3 (as Simple
# Baselines) and 2 (Sec. 3.4.2) are ours. All but the largest network learn
# from the truth and from its heatmaps, with equal weights.
_base_ = './vipnasmobilenetv3_td-hm_8xb64-210e_coco-256x192.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=_base_.model,
    sampler=dict(type='SandwichSampler', num_random=2),
    distillation=dict(
        module='head.final_layer',  # heatmaps
        alpha=1.0,
        teacher='self'))

train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(
    type='RandomBBoxTransform',
    shift_prob=0.0,
    scale_factor=(0.7, 1.3),
    rotate_factor=40.0)
del train_pipeline[3]  # half bodies
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

train_cfg = dict(max_epochs=250)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[200, 230],
    gamma=0.1,
    by_epoch=True)
val_cfg = dict(type='scalenas_mm.SubnetValLoop')
test_cfg = dict(type='scalenas_mm.SubnetTestLoop')
default_hooks = dict(checkpoint=dict(save_best=None))
