# The supernet with sandwich sampling instead of grouped sampling, as in the
# paper's ablation. A step trains four networks, not one: four times the work.
_base_ = './scalenet-w8_fcn_supernet_1xb8-800iters_digits-96x96.py'
model = dict(sampler=dict(_delete_=True, type='SandwichSampler'))
