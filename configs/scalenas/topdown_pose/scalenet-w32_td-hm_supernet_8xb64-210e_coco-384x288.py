# Supernet from the teacher's weights; ScaleNAS, Sec. 4.1 and appendix A.9. The
# learning rate is the teacher's.
_base_ = './scalenet-w32_td-hm_8xb64-210e_coco-384x288.py'
teacher = 'work_dirs/scalenet-w32_td-hm_8xb64-210e_coco-384x288/epoch_210.pth'
architecture = _base_.model
architecture.backbone.init_cfg = None
architecture.init_cfg = dict(type='Pretrained', checkpoint=teacher)
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=architecture,
    sampler=dict(type='GroupedSampler'),
    distillation=dict(
        module='head.final_layer',  # heatmaps
        alpha=1.0,
        teacher=dict(checkpoint=teacher)))

val_cfg = dict(type='scalenas_mm.SubnetValLoop')
test_cfg = dict(type='scalenas_mm.SubnetTestLoop')
default_hooks = dict(checkpoint=dict(save_best=None))
