# 3dDet: PointPillars on KITTI, three classes; NCP, appendix A.1 (8 GPUs, batch
# 16, 80 epochs).
_base_ = '../../_base_/kitti_pointpillars_8xb2-80e.py'

# the code from which NCP starts; a searched one goes here
code = ('64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
out_channels = int(code.split()[-1])
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.NCPNet',
        arch=code,
        output_stride=4,
        in_channels=64,
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01)),
    bbox_head=dict(in_channels=out_channels, feat_channels=out_channels))
