# A second task over the same space: the demo at two thirds of the resolution.
_base_ = './scalenas_w8_search_demo.py'
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(64, 64)),
    dict(type='PackSegInputs')
]
model = dict(architecture=dict(data_preprocessor=dict(size=(64, 64))))
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
