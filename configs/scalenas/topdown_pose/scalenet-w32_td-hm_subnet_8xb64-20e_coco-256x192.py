# A found network, fine-tuned alone for 20 epochs (ScaleNAS, appendix A.9):
#   --cfg-options model.backbone.arch=ARCH.json load_from=CHECKPOINT.pth
# with what tools/export.py wrote. The paper gives no learning rate; these are
# the last 20 epochs of the teacher's schedule.
_base_ = './scalenet-w32_td-hm_8xb64-210e_coco-256x192.py'
model = dict(backbone=dict(arch='hrnet', init_cfg=None))
train_cfg = dict(max_epochs=20, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=0.0001))
param_scheduler = dict(milestones=[10])
