# Supernet from the teacher's weights; ScaleNAS, Sec. 4.1, with the training of
# appendix A.10. Heatmaps and tags of both resolutions are distilled.
_base_ = './scalenet-w48_higherhrnet_8xb10-300e_coco-640x640.py'
teacher = 'work_dirs/scalenet-w48_higherhrnet_8xb10-300e_coco-640x640/epoch_300.pth'  # noqa: E501
architecture = _base_.model
architecture.backbone.init_cfg = None
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module=['head.final_layers.0', 'head.final_layers.1'],
        alpha=1.0,
        teacher=dict(checkpoint=teacher)))

val_cfg = dict(type='scalenas_mm.SubnetValLoop')
test_cfg = dict(type='scalenas_mm.SubnetTestLoop')
default_hooks = dict(checkpoint=dict(save_best=None))
