"""The head of projects/higherhrnet and its losses, against released ones."""
import json

import numpy as np
import pytest
import torch

from scalenas_mm.backbones import ScaleNet
from scalenas_mm.spaces import SettingError

pytest.importorskip('mmpose')


@pytest.fixture(scope='module')
def head_of():
    from projects.higherhrnet.higherhrnet import HigherResolutionHead
    return HigherResolutionHead


def hrnet(width):
    """mmpose's HRNet."""
    from mmpose.models.backbones import HRNet
    extra = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(4, ),
            num_channels=(64, )))
    for stage, num in (2, 1), (3, 4), (4, 3):
        extra[f'stage{stage}'] = dict(
            num_modules=num,
            num_branches=stage,
            block='BASIC',
            num_blocks=(4, ) * stage,
            num_channels=tuple(width * 2**i for i in range(stage)))
    return HRNet(extra)


@pytest.fixture(scope='module')
def released(shared_data):
    """A released network of width 4: weights and outputs in float64."""
    folder = shared_data / 'higherhrnet'
    weights = torch.load(folder / 'small_state_fp16.pth', weights_only=True)
    return {
        k: v.double()
        for k, v in weights.items()
    }, np.load(folder / 'forward.npz')


@pytest.mark.parametrize(
    'backbone', [
        lambda: hrnet(4),
        lambda: ScaleNet(4, False, arch='hrnet', upsample='nearest'),
    ],
    ids=['HRNet', 'ScaleNet'])
def test_outputs_are_the_released_networks(backbone, released, head_of):
    weights, golden = released
    body, head = backbone(), head_of(4, 17, (4, ))
    own = {k: v for k, v in weights.items() if k in head.state_dict()}
    body.load_state_dict({k: v for k, v in weights.items() if k not in own})
    head.double().load_state_dict({**head.state_dict(), **own})
    body.double().eval(), head.eval()
    for name in 'x0', 'x1':
        with torch.no_grad():
            outputs = head(body(torch.tensor(golden[name]).double()))
        assert len(outputs) == 2
        for i, output in enumerate(outputs):
            expected = golden[f'{name}_out{i}']
            np.testing.assert_allclose(
                output.numpy(), expected, rtol=0, atol=1e-6 * np.ptp(expected))


@pytest.mark.parametrize('options, channels', [
    (dict(), [34, 17]),
    (dict(tag_per_keypoint=False, kernel_size=3), [18, 17]),
    (dict(with_tags=True, cat_output=False), [34, 34]),
    (dict(deconv_channels=(), with_tags=True), [34]),
    (dict(
        deconv_channels=(4, 6),
        deconv_kernel_sizes=(2, 3),
        num_blocks=(1, 0),
        cat_output=(False, True),
        with_tags=(True, False, True)), [34, 17, 34]),
])
def test_stages_double_the_map(options, channels, head_of):
    head = head_of(8, 17, **options)
    outputs = head((torch.rand(2, 8, 6, 5), ))
    assert [tuple(x.shape) for x in outputs] == [
        (2, number, 6 * 2**i, 5 * 2**i) for i, number in enumerate(channels)
    ]
    for output, number in zip(outputs, channels):
        heatmaps, tags = head.split(output)
        assert heatmaps.shape[1] == 17
        assert (tags is None) == (number == 17)
        assert tags is None or tags.shape == heatmaps.shape
    if options.get('cat_output') is False:
        assert head.deconv_layers[0][0][0].in_channels == 8


def test_starts_as_released(head_of):
    head = head_of(64, 17, (64, ))
    torch.manual_seed(0)
    head.init_weights()
    for name, p in head.named_parameters():
        if p.ndim > 1:
            assert p.std().item() == pytest.approx(0.001, rel=0.1), name
        else:
            expected = name.endswith('weight')  # of norms, and biases
            assert set(p.tolist()) == {float(expected)}, name


@pytest.mark.parametrize('options, message', [
    (dict(kernel_size=2), 'kernel_size: expected 1 or 3, got 2'),
    (dict(deconv_kernel_sizes=5), 'deconv_kernel_sizes: expected 2, 3 or 4'),
    (dict(with_tags=(True, )), 'with_tags: expected 2 values, one a stage'),
])
def test_wrong_settings(options, message, head_of):
    with pytest.raises(SettingError, match=message):
        head_of(8, 17, **options)


# --- losses


@pytest.fixture(scope='module')
def golden(shared_data):
    folder = shared_data / 'higherhrnet'
    text = (folder / 'targets_losses.json').read_text()
    return np.load(folder / 'losses.npz'), json.loads(text)['losses']


def places(released, size, joints=17):
    """Released lists of flat positions as ours, a pixel a joint."""
    ours = []
    for people in released:
        ours.append(torch.zeros(len(people), joints, 2, dtype=torch.long))
        for person, row in zip(ours[-1], people):
            for flat in row[row[:, 1] > 0, 0].tolist():
                joint, pixel = divmod(flat, size**2)
                person[joint] = torch.tensor([pixel, 1])
    return ours


def samples(data):
    """Data samples with the released targets."""
    from mmengine.structures import InstanceData
    from mmpose.structures import MultilevelPixelData, PoseDataSample
    indices = [
        torch.stack(pair, 1) for pair in zip(
            places(data['joints0'], 16), places(data['joints1'], 32))
    ]
    out = []
    for n, index in enumerate(indices):
        fields = MultilevelPixelData()
        for name, key in ('heatmaps', 'heatmaps'), ('heatmap_mask', 'mask'):
            fields.set_field([
                torch.tensor(data[f'{key}{i}'][n]).view(-1, 16 << i, 16 << i)
                for i in (0, 1)
            ], name)
        out.append(
            PoseDataSample(
                gt_fields=fields,
                gt_instance_labels=InstanceData(keypoint_indices=index)))
    return out


SETTINGS = {
    'released_w32_512':
    dict(),
    'ae_type_max':
    dict(tag_loss=dict(type='PullPushLoss', kind='max')),
    'factors':
    dict(
        tag_loss=dict(type='PullPushLoss', pull_weight=0.1, push_weight=0.01),
        heatmap_loss=[
            dict(type='KeypointMSELoss'),
            dict(type='KeypointMSELoss', loss_weight=0.5)
        ]),
    'ae_both':
    dict(with_tags=True),
    'no_heatmap_loss_at_1':
    dict(heatmap_loss=[dict(type='KeypointMSELoss'), None]),
}


@pytest.mark.parametrize('name', SETTINGS)
def test_losses_are_the_released_ones(name, golden, head_of, monkeypatch):
    data, expected = golden[0], golden[1][name]
    head = head_of(4, 17, **SETTINGS[name])
    outputs = [
        torch.tensor(data[f'output{i}']).float().requires_grad_()
        for i in (0, 1)
    ]
    given = list(outputs)
    if name == 'ae_both':
        tags = torch.tensor(data['output1_tags']).float()
        given[1] = torch.cat((outputs[1], tags), 1)
    monkeypatch.setattr(head, 'forward', lambda feats: given)
    losses = head.loss((), samples(data))
    total = sum(losses.values())
    assert total.item() == pytest.approx(expected['total'], rel=1e-5)
    for key, values in expected.items():
        for i, images in enumerate(
                values if key in ('heatmaps', 'pull', 'push') else ()):
            loss = losses.get(f'loss_{key.rstrip("s")}_{i}')
            assert (loss is None) == (images is None)
            if images:
                assert loss.item() == pytest.approx(np.mean(images), rel=1e-5)
    total.backward()
    for output, size in zip(outputs, expected['grad_abssum']):
        assert (output.grad is None) == (size is None)
        if size and name != 'ae_both':
            assert output.grad.abs().sum().item() == pytest.approx(
                size, rel=1e-5)
    if name == 'released_w32_512':
        for i, output in enumerate(outputs):
            gradient = data[f'grad{i}']
            np.testing.assert_allclose(
                output.grad, gradient, rtol=0, atol=1e-5 * np.ptp(gradient))


def test_a_shared_tag_map(golden):
    """One map for all joints; places have no offset of a joint."""
    from projects.higherhrnet.higherhrnet import PullPushLoss
    data, expected = golden[0], golden[1]['shared_tag_exp']
    tags = torch.tensor(data['shared_tag']).float().expand(-1, 17, -1, -1)
    indices = torch.tensor(data['shared_joints']).long()
    pull, push = PullPushLoss().per_image(tags, indices)
    torch.testing.assert_close(pull, torch.tensor(expected['pull']))
    torch.testing.assert_close(push, torch.tensor(expected['push']))


def crowd(people=(100, 1, 0), size=32):
    generator = torch.Generator().manual_seed(0)
    tags = torch.randn(len(people), 17, size, size, generator=generator)
    indices = [
        torch.stack((torch.randint(size**2, (n, 17), generator=generator),
                     torch.randint(2, (n, 17), generator=generator)), -1)
        for n in people
    ]
    return tags, indices


def test_tags_pull_and_push_as_in_mmpose():
    """Its loss has equal gradients, and values but for a constant: it counts
    each person against itself."""
    from mmpose.models.losses import AssociativeEmbeddingLoss

    from projects.higherhrnet.higherhrnet import PullPushLoss
    tags, indices = crowd()
    gradients, values = [], []
    for loss, weight in (PullPushLoss(1, 1), 1), (AssociativeEmbeddingLoss(),
                                                  1 / 3):
        x = tags.clone().requires_grad_()
        pull, push = (weight * part for part in loss(x, indices))
        (pull + push).backward()
        gradients.append(x.grad)
        values.append((pull.item(),
                       push.item() - (0.5 / 99 * weight if weight < 1 else 0)))
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-8)
    assert values[0] == pytest.approx(values[1], rel=1e-4)


def test_losses_of_nobody_and_of_half_precision():
    from projects.higherhrnet.higherhrnet import PullPushLoss
    tags, indices = crowd((0, 0))
    tags.requires_grad_()
    pull, push = PullPushLoss()(tags, indices)
    (pull + push).backward()  # a part of the graph, for all ranks alike
    assert pull == push == 0 and not tags.grad.any()
    tags, indices = crowd((40, 3))
    exact = PullPushLoss(1, 1)(tags.half().float(), indices)
    half = PullPushLoss(1, 1)(tags.half(), indices)
    assert [x.dtype for x in half] == [torch.float] * 2
    torch.testing.assert_close(half, exact)


def network():
    """A narrow one, whose maps are those of the golden losses."""
    from mmpose.models.pose_estimators import BottomupPoseEstimator
    torch.manual_seed(0)
    return BottomupPoseEstimator(
        dict(
            type='scalenas_mm.ScaleNet',
            width=4,
            stem_width=8,
            num_modules=(1, 1, 1),
            multi_scale_output=False),
        head=dict(
            type='mmpose.HigherResolutionHead',
            in_channels=4,
            num_keypoints=17,
            deconv_channels=(4, )))


@pytest.mark.parametrize('people', [True, False])
def test_every_weight_has_a_gradient(people, golden):
    """Of a batch of nobody, too: no process waits for another one."""
    data, model = samples(golden[0]), network()
    if not people:
        for sample in data:
            labels = sample.gt_instance_labels
            sample.gt_instance_labels = labels[:0]
    losses = model(torch.rand(4, 3, 64, 64), data, mode='loss')
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_losses_of_a_network_in_half_precision(golden):
    data, model = samples(golden[0]), network().eval()
    images = torch.rand(4, 3, 64, 64)
    exact = model(images, data, mode='loss')
    with torch.autocast('cpu', torch.bfloat16):
        half = model(images, data, mode='loss')
    for name, loss in half.items():
        assert loss.dtype == torch.float
        torch.testing.assert_close(loss, exact[name], rtol=0.02, atol=1e-6)


def test_pixels_that_are_masked_have_no_gradient(golden, head_of):
    from projects.higherhrnet.higherhrnet import HigherResolutionHead
    data = samples(golden[0])
    for sample in data:
        for mask in sample.gt_fields.heatmap_mask:
            mask[:, :, :8] = 0
    head = HigherResolutionHead(4, 17, with_tags=False)
    maps = torch.rand(4, 4, 16, 16)
    outputs = [x.detach().requires_grad_() for x in head((maps, ))]
    head.forward = lambda feats: outputs
    sum(head.loss((), data).values()).backward()
    for output in outputs:
        assert not output.grad[..., :8].any() and output.grad[..., 8:].any()


# --- cost


@pytest.mark.parametrize('width, size, params, macs, published', [
    (32, 512, 28_645_331, 46_203_404_288, 47_864_348_672),
    (48, 640, 63_827_139, 149_468_774_400, 154_305_331_200),
])
def test_cost(width, size, params, macs, published):
    """Of the whole network: exact, and as the tables of the papers count."""
    from mmpose.models.pose_estimators import BottomupPoseEstimator

    from projects.higherhrnet.higherhrnet import published_complexity
    from scalenas_mm.evaluation import rest_of_model
    from scalenas_mm.spaces import Complexity
    with torch.device('meta'):  # nothing is computed
        model = BottomupPoseEstimator(
            dict(
                type='scalenas_mm.ScaleNet',
                width=width,
                multi_scale_output=False,
                arch='hrnet'),
            head=dict(
                type='mmpose.HigherResolutionHead',
                in_channels=width,
                num_keypoints=17,
                deconv_channels=(width, )))
    space, size = model.backbone.space, (size, size)
    assert space.complexity(model.backbone.arch, size) + rest_of_model(
        model, size) == Complexity(params, macs)
    assert published_complexity(model, size) == Complexity(params, published)
