# Cls-50-1000: 50 classes of ImageNet, 1000 images each; NCP, appendix A.1
# (2 GPUs, batch 160). The paper does not say which classes and images: see
# tools/dataset_converters/imagenet_subset.py.
_base_ = [
    '../../_base_/models/ncpnet_cls.py',
    'mmpretrain::_base_/datasets/imagenet_bs32.py',
    'mmpretrain::_base_/schedules/imagenet_bs256_coslr.py',
    'mmpretrain::_base_/default_runtime.py'
]
custom_imports = dict(imports=['scalenas_mm.registry'])

# the code from which NCP starts; a searched one goes here
code = ('64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
out_channels = int(code.split()[-1])
num_classes = 50
data_preprocessor = dict(num_classes=num_classes)
model = dict(
    backbone=dict(arch=code),
    head=dict(num_classes=num_classes, in_channels=out_channels))

train_dataloader = dict(
    batch_size=80, dataset=dict(ann_file='meta/train_50_1000.txt'))
val_dataloader = dict(batch_size=80, dataset=dict(ann_file='meta/val_50.txt'))
test_dataloader = val_dataloader
main_metric = 'accuracy/top1'  # of a benchmark

# SGD with lr 0.1, momentum 0.9 and weight decay 1e-4, and a cosine to 0 over
# 100 epochs, are upstream's too
train_cfg = dict(val_interval=5)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=25))
auto_scale_lr = dict(base_batch_size=160)
