# The full network trained alone; ScaleNAS, appendix A.9, which follows HRNet:
# Adam, no warm-up, rotation by 45 degrees and scaling by 0.65 to 1.35. Data,
# half bodies, head and test with flips are those of mmpose's HRNet. The paper
# gives no batch size, 8 x 64 is mmpose's. It first trains on ImageNet; HRNet's
# public ImageNet weights fill the layers that it shares with HRNet.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        multi_scale_output=False,
        upsample='bilinear',
        init_cfg=_base_.model.backbone.init_cfg))

train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(
    type='RandomBBoxTransform',
    shift_prob=0.0,
    scale_factor=(0.65, 1.35),
    rotate_factor=45.0)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[170, 200],
    gamma=0.1,
    by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=512)
randomness = dict(seed=0)
# a sub-network leaves many weights of the supernet without a gradient
find_unused_parameters = True
