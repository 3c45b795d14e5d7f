# Cls-50-100: 50 classes of ImageNet, 100 images each.
_base_ = './ncpnet_2xb80-100e_imagenet-50-1000.py'
train_dataloader = dict(dataset=dict(ann_file='meta/train_50_100.txt'))
