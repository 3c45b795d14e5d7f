# The largest network of table A1, trained alone with the recipe of mmpose's
# ViPNAS (Adam 5e-4, warm-up, a tenth after 170 and 200 epochs). The paper has
# no such step; a supernet may start from it.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_vipnas-mbv3_8xb64-210e_coco-256x192.py'  # noqa: E501
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas.vipnas'])
model = dict(
    backbone=dict(_delete_=True, type='scalenas_mm.ViPNASMobileNetV3'),
    head=dict(
        _delete_=True,
        type='scalenas_mm.ElasticHeatmapHead',
        in_channels=160,
        out_channels=17,
        deconv_out_channels=(256, ) * 3,
        deconv_kernel_sizes=(4, ) * 3,
        deconv_num_groups=(32, ) * 3,
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=_base_.codec))
auto_scale_lr = dict(enable=False, base_batch_size=512)
randomness = dict(seed=0)
# a sub-network leaves many weights of the supernet without a gradient
find_unused_parameters = True
