# ScaleNet as the 2-D network of PointPillars, trained alone: the teacher. The
# paper has no 3-D task; all but the network is mmdet3d's PointPillars, whose
# epochs go twice through the data.
_base_ = 'mmdet3d::pointpillars/pointpillars_hv_secfpn_8xb6-160e_kitti-3d-3class.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])

# The image is the pillars' map, 64 channels of 496x432. It can be halved four
# times: three branches, at strides 4, 8 and 16. The neck brings them to stride
# 2 (248x216 places), where PointPillars has its anchors.
norm_cfg = dict(type='BN', eps=1e-3, momentum=0.01)
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        num_modules=(1, 4),
        in_channels=64,
        upsample='bilinear',
        norm_cfg=norm_cfg),
    neck=dict(in_channels=[32, 64, 128], upsample_strides=[2, 4, 8]))

randomness = dict(seed=0)
auto_scale_lr = dict(base_batch_size=48)
