# Run-time settings of pose estimation.
_base_ = './default_runtime.py'
default_scope = 'mmpose'
default_hooks = dict(
    visualization=dict(type='mmpose.PoseVisualizationHook', enable=False))
visualizer = dict(
    type='mmpose.PoseLocalVisualizer',
    vis_backends=_base_.vis_backends,
    name='visualizer')
