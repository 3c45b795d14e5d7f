# Figure 6a: no fusion; each frame is on its own. (The paper trains the
# architectures that it has found again, on single images. This is a supernet
# for all of them.)
_base_ = './tvipnas-resnet_supernet_8xb16-60e_posetrack18-256x192.py'
model = dict(architecture=dict(backbone=dict(operations=('none', ))))
