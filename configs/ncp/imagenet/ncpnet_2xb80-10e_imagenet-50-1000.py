# Cls-10c: as Cls-50-1000 in 10 epochs, with the learning rate going all the
# way to 0 ("convergent").
_base_ = './ncpnet_2xb80-100e_imagenet-50-1000.py'
max_epochs = 10
param_scheduler = dict(T_max=max_epochs, end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
