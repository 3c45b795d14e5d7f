"""Sizes and alignment of projects/higherhrnet, against the released code."""
import json

import numpy as np
import pytest

from scalenas_mm.spaces import SettingError

pytest.importorskip('mmpose')


@pytest.fixture(scope='module')
def golden(shared_data):
    folder = shared_data / 'higherhrnet'
    return json.loads((folder / 'inference.json').read_text()), np.load(
        folder / 'resize.npz')


def test_released_sizes_and_matrices(golden):
    from mmpose.structures.bbox import get_warp_matrix

    from projects.higherhrnet.higherhrnet.resize import placement
    cases = golden[0]['multi_scale_size']
    assert len(cases) == 72
    for case in cases:
        place = placement((case['h'], case['w']), case['input_size'],
                          case['scale'], case['min_scale'])
        assert list(place.size) == case['size_wh']
        assert place.center.tolist() == case['center']
        np.testing.assert_allclose(place.scale / 200, case['scale_wh'])
        for inverse, name in (False,
                              'forward_affine'), (True,
                                                  'inverse_affine_from_size'):
            matrix = get_warp_matrix(
                place.center, place.scale, 0., place.size, inv=inverse)
            np.testing.assert_allclose(matrix, case[name], rtol=0, atol=1e-4)


@pytest.mark.parametrize('scale, smallest', [(0.5, 0.5), (1, 0.5), (1, 1),
                                             (2, 0.5)])
def test_released_pixels(scale, smallest, golden):
    from projects.higherhrnet.higherhrnet.resize import align, placement
    info, images = golden
    place = placement(images['image'].shape, 64, scale, smallest)
    image = align(images['image'], place)
    expected = info[f'resize_s{scale}_min{smallest}']
    assert list(image.shape[:2]) == expected['size_hw']
    name = f'resized_s{scale}_min{smallest}'
    if name in images:
        np.testing.assert_array_equal(image, images[name])
    assert image.sum() == expected.get('sum', image.sum())


def test_several_scales(golden):
    from projects.higherhrnet.higherhrnet import HigherHRNetResize, PackScales
    image = golden[1]['image']
    resize = HigherHRNetResize(64, scales=(0.5, 1, 2))
    results = resize(dict(img=image, ori_shape=image.shape[:2], img_id=1))
    assert results['img_shape'] == (128, 256)  # rounded at scale 0.5
    assert results['input_size'] == (256, 128)
    packed = PackScales()(results)
    assert [tuple(one.shape) for one in packed['inputs']] == [(3, 128, 256),
                                                              (3, 64, 128),
                                                              (3, 256, 512)]
    np.testing.assert_array_equal(packed['inputs'][0].permute(1, 2, 0),
                                  golden[1]['resized_s1_min0.5'])


def test_one_scale_is_a_plain_image(golden):
    from projects.higherhrnet.higherhrnet import HigherHRNetResize, PackScales
    image = golden[1]['image']
    packed = PackScales()(HigherHRNetResize(64)(dict(img=image)))
    assert packed['inputs'].shape == (3, 64, 128)


@pytest.mark.parametrize('scales', [(0.5, 2), (-1, 1), (0, 1)])
def test_scales_that_do_not_go(scales):
    from projects.higherhrnet.higherhrnet import HigherHRNetResize
    with pytest.raises(SettingError, match='with 1 among them'):
        HigherHRNetResize(512, scales=scales)
