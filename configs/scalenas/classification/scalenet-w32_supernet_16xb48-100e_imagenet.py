# Supernet from the teacher's weights. The paper searches no classifier: how it
# trains supernets of other tasks (Sec. 4.1, appendix A.8), with its schedule
# for ImageNet.
_base_ = './scalenet-w32_16xb48-100e_imagenet.py'
teacher = 'work_dirs/scalenet-w32_16xb48-100e_imagenet/epoch_100.pth'
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='head.fc', alpha=1.0, teacher=dict(checkpoint=teacher)))

val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
optim_wrapper = dict(optimizer=dict(lr=0.03))
find_unused_parameters = True
