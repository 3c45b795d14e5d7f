# NCPNet for images: all branches are resized to stride 32, averaged and
# classified.
model = dict(
    type='mmpretrain.ImageClassifier',
    backbone=dict(type='scalenas_mm.NCPNet', arch='initial', output_stride=32),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=1000,
        in_channels=64,
        loss=dict(type='mmpretrain.CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5)))
# The output of the backbone has as many channels as the architecture says;
# where tools/build_benchmark.py writes their number.
output_channels_keys = ['model.head.in_channels']
