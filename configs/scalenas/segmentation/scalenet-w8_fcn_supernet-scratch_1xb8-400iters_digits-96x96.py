# A supernet from random weights, without a teacher: what a start as HRNet is
# compared with.
_base_ = './scalenet-w8_fcn_1xb8-800iters_digits-96x96.py'
max_iters = 400
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=_base_.model,
    sampler=dict(type='GroupedSampler'))

train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
param_scheduler = dict(total_steps=max_iters)
