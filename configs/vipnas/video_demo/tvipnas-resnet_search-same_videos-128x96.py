# Figure 6b: all frames after the key frame have the same network and fusion,
# under the same limit.
_base_ = './tvipnas-resnet_search_videos-128x96.py'
model = dict(architecture=dict(backbone=dict(same=True)))
