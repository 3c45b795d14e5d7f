# Figure 6a: no fusion; each frame is on its own. (The paper trains the
# architectures that it has found again. This is a supernet for all of them.)
_base_ = './tvipnas-resnet_supernet_1xb8-200iters_videos-128x96.py'
model = dict(architecture=dict(backbone=dict(operations=('none', ))))
