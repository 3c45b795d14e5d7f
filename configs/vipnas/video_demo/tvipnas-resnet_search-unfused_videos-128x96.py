# Figure 6a: no fusion, under the same limit.
_base_ = './tvipnas-resnet_search_videos-128x96.py'
model = dict(architecture=dict(backbone=dict(operations=('none', ))))
load_from = 'work_dirs/tvipnas-resnet_supernet-unfused_1xb8-300iters_videos-128x96/iter_300.pth'  # noqa: E501
