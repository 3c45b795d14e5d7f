"""The networks that video_stream.py times."""
import tempfile
from copy import deepcopy
from pathlib import Path

SIZE, JOINTS, FRAMES = (256, 192), 17, 3
DECONVS = dict(
    in_channels=160,
    deconv_out_channels=(160, 160, 160),
    deconv_num_groups=(160, 160, 160))
CODEC = dict(
    type='mmpose.MSRAHeatmap',
    input_size=SIZE[::-1],
    heatmap_size=(48, 64),
    sigma=2)
LOSS = dict(type='mmpose.KeypointMSELoss', use_target_weight=True)
STEPS = [
    dict(type='mmpose.LoadImage'),
    dict(type='mmpose.GetBBoxCenterScale'),
    dict(type='mmpose.TopdownAffine', input_size=SIZE[::-1]),
    dict(type='mmpose.PackPoseInputs')
]
NORM = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)


def head(**settings):
    kind = 'mmpose.ViPNASHead' if len(settings) > 1 else 'mmpose.HeatmapHead'
    return dict(
        type=kind, out_channels=JOINTS, loss=LOSS, decoder=CODEC, **settings)


def topdown(backbone, **settings):
    return dict(
        type='mmpose.TopdownPoseEstimator',
        data_preprocessor=dict(type='mmpose.PoseDataPreprocessor', **NORM),
        backbone=backbone,
        head=head(**settings))


def video_model(gflops, samples, seed):
    """Config of a video model that costs about so much, and what it costs.

    Of random networks that are nowhere larger than the key frame's, the
    nearest."""
    import numpy as np

    from scalenas_mm.spaces import ElasticHeadsCost, TViPNASSpace, ViPNASSpace
    spatial = ViPNASSpace('mobilenetv3')
    key = spatial.resolve('published')
    space = TViPNASSpace(spatial.within(key), FRAMES, JOINTS)
    heads = ElasticHeadsCost(space, JOINTS, spatial, key)
    genes = space.sample_genes(np.random.default_rng(seed), samples)
    costs = space.cost_model(SIZE, followers=(heads, )).batch(genes)
    nearest = int(np.abs(costs['paper_gflops'] - gflops).argmin())
    arch = space.decode(genes[nearest])
    alone = topdown(
        dict(type='scalenas_mm.ViPNASMobileNetV3', arch=key.to_dict()),
        **DECONVS)
    elastic = dict(
        type='scalenas_mm.TViPNet',
        data_preprocessor=dict(type='scalenas_mm.ClipPreprocessor', **NORM),
        key=alone,
        backbone=dict(
            type='scalenas_mm.TViPNAS',
            network=dict(type='scalenas_mm.ViPNASMobileNetV3'),
            within=key.to_dict(),
            num_frames=FRAMES,
            heatmaps=JOINTS),
        head=dict(head(**DECONVS), type='scalenas_mm.ElasticHeatmapHead'))
    from scalenas_mm.export import fixed_cfg
    print(arch)
    return fixed_cfg(elastic, arch), float(costs['paper_gflops'][nearest])


class Estimator:
    """The networks of an ordinary estimator as a stream runs them."""
    num_frames = 1

    def __init__(self, model):
        self.model = model

    def key(self, image):
        return self.model.head.forward(self.model.extract_feat(image))

    def decode(self, heatmaps, sample):
        return self.model.add_pred_to_datasample(
            self.model.head.decode(heatmaps), None, [sample])


class Video(Estimator):
    """Those of the video model."""
    num_frames = FRAMES

    def key(self, image):
        return self.model.key_heatmaps(image)

    def frame(self, number, image, heatmaps):
        return self.model.next_heatmaps(image, heatmaps, number - 1)

    def decode(self, heatmaps, sample):
        return self.model.decode(heatmaps, [sample])


class Onnx:
    """Networks by onnxruntime, decoded as by others."""

    def __init__(self, networks, threads):
        self.decode = networks.decode
        self.sessions = []
        with tempfile.TemporaryDirectory() as folder:
            for module, *inputs in parts(networks):
                self.sessions.append(
                    session(module, inputs, Path(folder), threads))

    def key(self, image):
        return self._run(0, image=image)

    def frame(self, number, image, heatmaps):
        return self._run(number, image=image, heatmaps=heatmaps)

    def _run(self, number, **inputs):
        import torch
        one = self.sessions[number]
        feed = {arg.name: inputs[arg.name].numpy() for arg in one.get_inputs()}
        return torch.from_numpy(one.run(None, feed)[0])


def parts(networks):
    """Networks as modules, with inputs."""
    import torch

    class Part(torch.nn.Module):

        def __init__(self, run):
            super().__init__()
            self.run, self.model = run, networks.model
            self.eval()

        def forward(self, *inputs):
            return self.run(*inputs)

    image = torch.randn(1, 3, *SIZE)
    yield Part(networks.key), image
    if isinstance(networks, Video):
        heatmaps = networks.key(image)
        for number in range(1, FRAMES + 1):

            def run(image, heatmaps, number=number):
                return networks.frame(number, image, heatmaps)

            yield Part(run), image, heatmaps


def session(module, inputs, folder, threads):
    import onnxruntime
    import torch
    path = str(folder / 'network.onnx')
    torch.onnx.export(
        module,
        tuple(inputs),
        path,
        dynamo=False,
        opset_version=17,
        input_names=['image', 'heatmaps'][:len(inputs)])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        path, options, providers=['CPUExecutionProvider'])


def build(cfg, kind):
    """A network with random weights, by torch in both layouts."""
    import torch

    from scalenas_mm.registry import MODELS
    model = MODELS.build(deepcopy(cfg)).eval()
    for name, value in model.state_dict().items():
        if value.dim() == 4:  # values as of a trained one, none are tiny
            torch.nn.init.kaiming_normal_(value)
        elif name.endswith('running_var'):
            torch.nn.init.uniform_(value, 0.5, 1.5)
    last = deepcopy(model).to(memory_format=torch.channels_last)
    return dict(torch=kind(model), channels_last=kind(last))
