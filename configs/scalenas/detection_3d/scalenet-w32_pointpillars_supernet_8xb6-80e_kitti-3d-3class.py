# Supernet from the teacher's weights, which teaches what the neck gives. The
# learning rate is not lowered, as in the paper's supernets with Adam.
_base_ = './scalenet-w32_pointpillars_8xb6-80e_kitti-3d-3class.py'
teacher = 'work_dirs/scalenet-w32_pointpillars_8xb6-80e_kitti-3d-3class/epoch_80.pth'  # noqa: E501
architecture = _base_.model
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='neck', alpha=1.0, teacher=dict(checkpoint=teacher)))

val_cfg = dict(_delete_=True, type='scalenas_mm.SubnetValLoop')
test_cfg = dict(_delete_=True, type='scalenas_mm.SubnetTestLoop')
find_unused_parameters = True
