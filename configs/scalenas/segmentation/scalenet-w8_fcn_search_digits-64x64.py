# A second task over the same space: the demo at two thirds of the resolution.
_base_ = './scalenet-w8_fcn_search_digits-96x96.py'
load = dict(type='LoadImageFromFile')
resize = dict(type='Resize', scale=(64, 64))
annotations = dict(type='LoadAnnotations')
pack = dict(type='PackSegInputs')
# results are resized to the size of the file and judged there
test_pipeline = [load, resize, annotations, pack]
model = dict(architecture=dict(data_preprocessor=dict(size=(64, 64))))
train_dataloader = dict(
    dataset=dict(pipeline=[load, annotations, resize, pack]))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_cfg = dict(input_size=(64, 64))
