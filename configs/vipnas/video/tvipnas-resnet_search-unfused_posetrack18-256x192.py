# Figure 6a: no fusion, under the same limit.
_base_ = './tvipnas-resnet_search_posetrack18-256x192.py'
model = dict(architecture=dict(backbone=dict(operations=('none', ))))
load_from = 'work_dirs/tvipnas-resnet_supernet-unfused_8xb16-60e_posetrack18-256x192/epoch_60.pth'  # noqa: E501
