# Cls-50-100: 50 classes of ImageNet, 100 images each.
_base_ = './ncp_cls-50-1000_imagenet.py'
train_dataloader = dict(dataset=dict(ann_file='meta/train_50_100.txt'))
