"""Aggregation over stages, mirror images and scales, against the released
code."""
import json

import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')
SINGLE = [f'single_flip{flip}_p2i{p2i}' for flip in (0, 1) for p2i in (0, 1)]
MULTI = [name.replace('single', 'multi') for name in SINGLE]
STAGES = [
    f'{name}_flip{flip}' for name in ('heat_TF', 'heat_FT', 'ae_both', 'ae_FT',
                                      'ae_trained_both_used_first')
    for flip in (0, 1)
]
NETS = ['center', 'crowd', 'shared']  # other numbers of joints or tags


@pytest.fixture(scope='module')
def golden(shared_data):
    folder = shared_data / 'higherhrnet'
    return json.loads((folder / 'inference.json').read_text()), np.load(
        folder / 'inference.npz')


class Case:
    """One setting of the released code, with its network's outputs."""

    def __init__(self, name, golden):
        info, self.arrays = golden
        options = info[name]['opts']
        self.options = dict(zip(options[::2], options[1::2]))
        self.name = name
        self.second = slice(17 if '34' not in
                            info[name].get('net', '') else 34)
        if name in NETS:
            self.second = slice(None)
        self.joints = self.options.get('MODEL.NUM_JOINTS', 17)
        pairs = 'CROWDPOSE' if name == 'crowd' else 'COCO'
        pairs += '_WITH_CENTER' * ('DATASET.WITH_CENTER' in self.options)
        self.flip_indices = info['flip_index'][pairs]
        self.scales = sorted(self.options['TEST.SCALE_FACTOR'], reverse=True)
        self.size = (24,
                     32) if self.options.get('TEST.PROJECT2IMAGE') else None

    def outputs(self, scale, kind):
        net = self.name if self.name in NETS else f's{scale}'
        first, second = (
            torch.tensor(self.arrays[f'net_{net}_{kind}{i}']).float()
            for i in (0, 1))
        return [first, second[:, self.second]]

    def views(self, scale):
        from projects.higherhrnet.higherhrnet.aggregate import (mirrored_back,
                                                                view)
        outputs = [self.outputs(scale, 'o')]
        if self.options['TEST.FLIP_TEST']:
            outputs.append(
                mirrored_back(self.outputs(scale, 'f'), self.flip_indices))
        return [
            view(
                one,
                self.joints,
                self.options.get('TEST.WITH_HEATMAPS', [True, True]),
                self.options.get('TEST.WITH_AE', [True, False]),
                ignore_center='TEST.IGNORE_CENTER' in self.options)
            for one in outputs
        ]


def assert_equal(maps, expected):
    assert tuple(maps.shape) == expected.shape
    np.testing.assert_allclose(
        maps.numpy(), expected, rtol=0, atol=1e-6 * np.ptp(expected))


@pytest.mark.parametrize('name', SINGLE + MULTI + STAGES + NETS)
def test_aggregate_is_the_released_one(name, golden):
    from projects.higherhrnet.higherhrnet.aggregate import aggregate
    case = Case(name, golden)
    heatmaps, tags = aggregate([case.views(scale) for scale in case.scales],
                               case.scales.index(1), case.size)
    assert_equal(heatmaps, case.arrays[f'{name}_final_heatmaps'])
    assert_equal(
        tags.permute(0, 2, 3, 4, 1), case.arrays[f'{name}_final_tags'])


@pytest.mark.parametrize('name', SINGLE + MULTI)
def test_every_view_is_the_released_one(name, golden):
    from projects.higherhrnet.higherhrnet.aggregate import resized
    case, compared = Case(name, golden), 0
    for scale in case.scales:
        for i, one in enumerate(case.views(scale)):
            for kind, maps in ('heatmaps', one.heatmaps), ('tags',
                                                           one.tags[0]):
                expected = f'{name}_s{scale}_{kind}{i}'
                if expected not in case.arrays:  # of one setting all are there
                    continue
                compared += 1
                if case.size:
                    maps = resized(maps, case.size)
                assert_equal(maps, case.arrays[expected])
    assert compared or name.startswith('multi')
