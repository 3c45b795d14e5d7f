# Cls-10-1000: 10 classes of ImageNet, 1000 images each.
_base_ = './ncpnet_2xb80-100e_imagenet-50-1000.py'
num_classes = 10
data_preprocessor = dict(num_classes=num_classes)
model = dict(head=dict(num_classes=num_classes))

train_dataloader = dict(dataset=dict(ann_file='meta/train_10_1000.txt'))
val_dataloader = dict(dataset=dict(ann_file='meta/val_10.txt'))
test_dataloader = val_dataloader
