# The supernet in the space of the demo of segmentation, for a joint search:
# the backbone has all outputs, of which the head reads the first. It starts
# from the teacher with one output, and distils from it.
_base_ = './scalenet-w8_td-hm_supernet_1xb16-900iters_figures-128x96.py'
model = dict(
    architecture=dict(
        backbone=dict(multi_scale_output=True),
        neck=dict(type='mmpose.FeatureMapProcessor', select_index=0)),
    distillation=dict(teacher=dict(architecture=_base_.architecture)))
