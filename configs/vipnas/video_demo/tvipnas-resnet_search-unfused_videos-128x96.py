# Figure 6a: no fusion, under the same limit.
_base_ = './tvipnas-resnet_search_videos-128x96.py'
model = dict(architecture=dict(backbone=dict(operations=('none', ))))
load_from = 'work_dirs/tvipnas-resnet_supernet-unfused_1xb8-200iters_videos-128x96/iter_200.pth'  # noqa: E501
