# A network that was found for segmentation, with its weights (ScaleNAS,
# appendix A.5): export it with --backbone-only, then set
# model.backbone.arch=ARCH.json and model.backbone.init_cfg.checkpoint=FILE.pth
# by --cfg-options.
_base_ = './scalenet-w32_mask-rcnn_subnet_8xb2-12e_coco.py'
found = 'work_dirs/scalenet-w32_fcn_search_cityscapes-512x1024/exported/backbone.pth'  # noqa: E501
model = dict(backbone=dict(init_cfg=dict(checkpoint=found)))
