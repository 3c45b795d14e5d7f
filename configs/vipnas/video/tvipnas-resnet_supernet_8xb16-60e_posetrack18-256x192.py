# The temporal supernet; ViPNAS, Sec. 3.4.2 and 4.2: 60 epochs, learning rate
# 1e-3, cosine. A step runs the largest networks, the smallest ones and two
# times random ones, each frame its own; fusion is random in all of them. All
# but the largest learn from the truth and from its heatmaps with equal weights
# (alpha is 3, as the distillation is a mean over frames and the loss a sum).
# Adam and 8 x 16 clips are ours.
_base_ = './tvipnas-resnet_8xb16-60e_posetrack18-256x192.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.OneShotSupernet',
    architecture=_base_.model,
    sampler=dict(type='SandwichSampler', num_random=2),
    distillation=dict(
        module=[f'heads.{t}.final_layer' for t in range(_base_.num_frames)],
        alpha=float(_base_.num_frames),
        teacher='self'))
val_cfg = dict(type='scalenas_mm.SubnetValLoop')
test_cfg = dict(type='scalenas_mm.SubnetTestLoop')
