"""The estimator of projects/higherhrnet, from images to COCO's AP."""
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from scalenas_mm.spaces import SettingError

pytest.importorskip('mmpose')
FLIP = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
SIZES = ((200, 260), (260, 200), (200, 260), (150, 300))  # height, width


def build(**test_cfg):
    from projects.higherhrnet.higherhrnet import HigherHRNet
    return HigherHRNet(
        backbone=dict(
            type='scalenas_mm.ScaleNet',
            width=4,
            stem_width=8,
            stage1_blocks=1,
            num_modules=(1, 1, 1),
            multi_scale_output=False,
            upsample='nearest'),
        head=dict(
            type='HigherResolutionHead',
            in_channels=4,
            num_keypoints=17,
            deconv_channels=(4, ),
            num_blocks=1),
        data_preprocessor=dict(
            type='mmpose.ScalesDataPreprocessor',
            mean=(0, ) * 3,
            std=(1, ) * 3),
        test_cfg=test_cfg).eval()


def scenes():
    """Images, told apart by their blue, whose right side is greener; two or
    three people of 80 to 120 pixels in each."""
    random = np.random.default_rng(0)
    images, joints = [], []
    for i, (height, width) in enumerate(SIZES):
        image = np.full((height, width, 3), 50 * (i + 1), np.uint8)
        image[:, width // 2:, 1] += 20
        images.append(image)
        count = 2 + i % 2
        left = np.linspace(5, width - 75, count)
        places = random.random((count, 17, 2)) * (60, 110) + (0, 20)
        places[..., 0] += left[:, None]
        joints.append(places)
    return images, joints


class Oracle(nn.Module):
    """Knows where the joints are; finds out what it is shown."""

    def __init__(self, joints, sizes):
        super().__init__()
        self.joints, self.sizes = joints, sizes

    def forward(self, images):
        maps = [self._maps(image) for image in images]
        return [torch.stack(stage) for stage in zip(*maps)]

    def _maps(self, image):
        height, width = image.shape[1:]
        middle = image[:, height // 2, width // 4], image[:, height // 2,
                                                          -width // 4]
        index = round(middle[0][0].item() / 50) - 1
        mirrored = middle[0][1] > middle[1][1]
        size = self.sizes[index]
        # the short side fills the input, the rest is in the middle
        ratio = min(height, width) / min(size)
        center = np.floor(np.array(size[::-1]) / 2 + 0.5)
        places = (self.joints[index] - center) * ratio + (width / 2,
                                                          height / 2)
        if mirrored:
            places[..., 0] = width - places[..., 0]
            places = places[:, list(FLIP)]
        return (self._stage(places / 4, height // 4, width // 4, True),
                self._stage(places / 2, height // 2, width // 2, False))

    def _stage(self, places, height, width, tags):
        y, x = np.mgrid[:height, :width][..., None, None] + 0.5
        distance = (x - places[..., 0])**2 + (y - places[..., 1])**2
        near = np.exp(-distance / 8)  # (h, w, people, joints)
        maps = [near.max(2)]
        if tags:
            maps.append(near.argmax(2) * 2.0)
        return torch.tensor(
            np.concatenate(maps, 2), dtype=torch.float32).permute(2, 0, 1)


def samples(images, scales=(1, )):
    from projects.higherhrnet.higherhrnet import HigherHRNetResize, PackScales
    resize, pack = HigherHRNetResize(128, scales), PackScales()
    return [
        pack(
            resize(
                dict(
                    img=image,
                    id=[i],
                    img_id=i,
                    ori_shape=image.shape[:2],
                    flip_indices=FLIP))) for i, image in enumerate(images)
    ]


def annotations(joints):
    """COCO's file for the scenes."""
    people = []
    for image, places in enumerate(joints):
        for place in places:
            low, high = place.min(0), place.max(0)
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=image,
                    category_id=1,
                    iscrowd=0,
                    num_keypoints=17,
                    bbox=[*low, *(high - low)],
                    area=float(np.prod(high - low)) * 0.6,
                    keypoints=np.insert(place, 2, 2, axis=1).ravel().tolist()))
    images = [
        dict(id=i, height=h, width=w, file_name='')
        for i, (h, w) in enumerate(SIZES)
    ]
    return dict(
        images=images,
        annotations=people,
        categories=[dict(id=1, name='person')])


def average_precision(predictions, joints, folder):
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.evaluation import CocoMetric
    path = folder / 'annotations.json'
    path.write_text(json.dumps(annotations(joints)))
    metric = CocoMetric(str(path), nms_mode='none', score_mode='bbox')
    metric.dataset_meta = parse_pose_metainfo(
        dict(from_file='configs/_base_/datasets/coco.py'))
    metric.process([], [one.to_dict() for one in predictions])
    return metric.evaluate(len(SIZES))


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('scales', [(1, ), (0.5, 1, 2)])
@pytest.mark.parametrize('project', [True, False])
def test_perfect_maps_give_the_people(flip, scales, project, tmp_path):
    """Images of different sizes in one batch, back to their own pixels."""
    images, joints = scenes()
    model = build(flip_test=flip, project_to_input=project)
    model.head = Oracle(joints, SIZES)
    model.extract_feat = lambda inputs: inputs
    found = model.test_step(pseudo_collate(samples(images, scales)))
    for prediction, places in zip(found, joints):
        people = prediction.pred_instances
        assert len(people) == len(places)
        assert (people.keypoint_scores > 0.1).all()
        np.testing.assert_allclose(
            people.bbox_scores, people.keypoint_scores.mean(1), rtol=1e-6)
        distance = np.abs(people.keypoints[:, None] - places[None]).max((2, 3))
        assert (distance.min(1) < 2).all() and (distance.min(0) < 2).all()
    metrics = average_precision(found, joints, tmp_path)
    assert metrics['coco/AP'] > 0.99


def test_nobody_found_is_an_ap_of_zero(tmp_path):
    images, joints = scenes()
    model = build()
    model.head = Oracle([place + 1000 for place in joints], SIZES)
    model.extract_feat = lambda inputs: inputs
    found = model.test_step(pseudo_collate(samples(images)))
    assert [len(one.pred_instances) for one in found] == [0] * 4
    assert average_precision(found, joints, tmp_path)['coco/AP'] == 0


@pytest.fixture(scope='module')
def noisy():
    """A network with weights of some size, and noise to look at."""
    torch.manual_seed(0)
    model = build(
        output_heatmaps=True,
        grouping=dict(detection_threshold=0.0, max_people=5))
    for p in model.parameters():
        nn.init.normal_(p, std=0.3)
    images = [
        cv2.resize(
            np.random.default_rng(i).integers(0, 255, (9, 9, 3), np.uint8),
            SIZES[i][::-1]) for i in range(len(SIZES))
    ]
    return model, images


@pytest.mark.parametrize('scales', [(1, ), (0.5, 1)])
def test_a_batch_is_its_images_one_by_one(scales, noisy):
    model, images = noisy
    batch = model.test_step(pseudo_collate(samples(images, scales)))
    for one, sample in zip(batch, samples(images, scales)):
        alone, = model.test_step(pseudo_collate([sample]))
        assert len(one.pred_instances) > 0
        torch.testing.assert_close(
            one.pred_fields.heatmaps,
            alone.pred_fields.heatmaps,
            rtol=0,
            atol=1e-4)


@pytest.mark.parametrize('scales', [(1, ), (0.5, 1)])
def test_raw_outputs_run_the_network_once(scales, noisy):
    """Of the image at scale 1; cost and batch norm are those of one run."""
    model, images = noisy
    data = model.data_preprocessor(
        pseudo_collate(samples(images[:1], scales)), False)
    ran = []
    handle = model.backbone.register_forward_hook(
        lambda module, inputs, output: ran.append(inputs[0].shape))
    with torch.no_grad():
        outputs = model._run_forward(data, mode='tensor')
    handle.remove()
    assert ran == [(1, 3, *data['data_samples'][0].img_shape)]
    assert [one.shape[1] for one in outputs] == [34, 17]


def test_several_scales_need_their_preprocessor(noisy):
    model, images = noisy
    data = model.data_preprocessor(
        pseudo_collate(samples(images, (0.5, 1))), False)
    for sample in data['data_samples']:
        del sample.scale_shapes
    with pytest.raises(SettingError, match='ScalesDataPreprocessor'):
        model.predict(**data)


def test_half_precision(noisy):
    """People are read off maps of single precision, as numpy needs them."""
    model, images = noisy
    exact, = model.test_step(pseudo_collate(samples(images[:1])))
    with torch.autocast('cpu', torch.bfloat16):
        half, = model.test_step(pseudo_collate(samples(images[:1])))
    exact, half = (one.pred_fields.heatmaps for one in (exact, half))
    assert half.dtype == torch.float32
    assert 0 < (half - exact).abs().max() < 0.1 * exact.abs().max()


def test_misspelt_settings():
    with pytest.raises(SettingError, match="flip_test.*'flip'"):
        build(flip=True)


@pytest.mark.parametrize('key', ['with_heatmaps', 'with_tags'])
def test_settings_are_of_every_stage(noisy, key):
    model = build(**{key: (True, )})
    with pytest.raises(SettingError, match=f'{key}: expected 2 values'):
        model.test_step(pseudo_collate(samples(noisy[1][:1])))


def test_calibration_uses_training_batches(noisy):
    """All norms, those of the head, too, and the model stays as it is."""
    from scalenas_mm.evaluation import estimate_statistics
    model, images = noisy
    batch = pseudo_collate(samples([images[0], images[2]]))
    statistics = estimate_statistics(model, [batch])
    assert set(statistics) >= {
        f'{name}.{key}'
        for name, norm in model.named_modules()
        if isinstance(norm, nn.BatchNorm2d)
        for key in ('running_mean', 'running_var')
    }
    norm = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    name = next(n for n, m in model.named_modules() if m is norm)
    assert not statistics[f'{name}.running_mean'].equal(norm.running_mean)


def test_heatmaps_are_part_of_the_results():
    images, joints = scenes()
    model = build(output_heatmaps=True)
    model.head = Oracle(joints, SIZES)
    model.extract_feat = lambda inputs: inputs
    found = model.test_step(pseudo_collate(samples(images)))
    for one in found:
        assert one.pred_fields.heatmaps.shape == (17, *one.img_shape)
