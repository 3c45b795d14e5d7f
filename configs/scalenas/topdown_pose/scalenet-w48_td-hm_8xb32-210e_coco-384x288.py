_base_ = './scalenet-w32_td-hm_8xb64-210e_coco-384x288.py'
model = dict(
    backbone=dict(
        width=48,
        init_cfg=dict(checkpoint='https://download.openmmlab.com/mmpose/'
                      'pretrain_models/hrnet_w48-8ef0771d.pth')),
    head=dict(in_channels=48))
train_dataloader = dict(batch_size=32)
auto_scale_lr = dict(base_batch_size=256)
