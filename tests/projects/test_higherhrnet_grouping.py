"""From heatmaps and tags to people, against the released code."""
import json

import numpy as np
import pytest
import torch

from scalenas_mm.spaces import SettingError

pytest.importorskip('mmpose')
SETTINGS = {
    'nms3': dict(nms_kernel=3),
    'thr0.2': dict(detection_threshold=0.2),
    'max5': dict(max_people=5),
    'max5_ignore': dict(max_people=5, ignore_too_much=True),
    'max3_ignore': dict(max_people=3, ignore_too_much=True),
    'max3': dict(max_people=3),
    'noval': dict(use_detection_val=False),
    'tagthr0.3': dict(tag_threshold=0.3),
    'tagthr2.5': dict(tag_threshold=2.5),
    'kept': dict(center=True),
}
# 'C_default' and 'C_tagthr2.5' have ties that every solver breaks otherwise
CASES = [
    *(f'A_{name}' for name in ('default', 'nms3', 'noval', 'onetag', 'shared',
                               'crowd')),
    *(f'B_{name}' for name in ('default', *SETTINGS) if name != 'kept'),
    'C_noval', 'empty_default', 'center_kept'
]  # yapf: disable


@pytest.fixture(scope='module')
def golden(shared_data):
    folder = shared_data / 'higherhrnet'
    return json.loads(
        (folder / 'parser.json').read_text()), np.load(folder / 'parser.npz')


def maps(case, arrays):
    """Heatmaps ``(J, H, W)`` and tags ``(L, T, H, W)`` of a scene."""
    scene, setting = case.split('_', 1)
    tags = arrays['shared_tag' if setting == 'shared' else f'{scene}_tag'][0]
    heatmaps = torch.tensor(arrays[f'{scene}_det'][0])
    tags = torch.tensor(tags[..., :1 if setting == 'onetag' else 2])
    if setting == 'crowd':
        heatmaps, tags = heatmaps[:14], tags[:14]
    return heatmaps, tags.permute(3, 0, 1, 2)


def grouping(case, **more):
    from projects.higherhrnet.higherhrnet import Grouping
    return Grouping(**SETTINGS.get(case.split('_', 1)[1], {}), **more)


def test_all_cases_are_here(golden):
    assert {*CASES, 'C_default', 'C_tagthr2.5'} == set(golden[0]['counts'])


@pytest.mark.parametrize('case', CASES)
def test_candidates_are_the_released_ones(case, golden):
    from projects.higherhrnet.higherhrnet.grouping import top_candidates
    group = grouping(case)
    found = top_candidates(*maps(case, golden[1]), group.rules.max_people,
                           group.nms_kernel)
    values, locations, tags = (
        golden[1][f'{case}_topk_{key}'][0] for key in ('val', 'loc', 'tag'))
    defined = locations[..., 0] >= 0  # those of value 0 have no order
    np.testing.assert_array_equal(found.values, values)
    np.testing.assert_array_equal(found.locations[defined], locations[defined])
    np.testing.assert_array_equal(found.tags[defined], tags[defined])


@pytest.mark.parametrize('case', CASES)
def test_people_are_the_released_ones(case, golden):
    """Exactly, with and without both refinements."""
    heatmaps, tags = maps(case, golden[1])
    for adjust in 0, 1:
        for refine in 0, 1:
            group = grouping(case, adjust=bool(adjust), refine=bool(refine))
            people, scores = group(heatmaps, tags)
            expected = golden[1][f'{case}_parse_adjust{adjust}_refine{refine}']
            assert len(people) == golden[0]['counts'][case]['people']
            np.testing.assert_array_equal(
                people.reshape(expected.shape), expected)
            np.testing.assert_array_equal(scores, golden[1][f'{case}_scores'])


def test_ties_differ_as_described(golden):
    """SciPy's solver finds 18 people where the released one found 17, and
    four of seven in the other scene."""
    people, _ = grouping('C_default')(*maps('C_default', golden[1]))
    assert len(people) == 18
    case = 'C_tagthr2.5'
    people, _ = grouping(
        case, adjust=False, refine=False)(*maps(case, golden[1]))
    equal = (people == golden[1][f'{case}_match']).all((1, 2))
    assert (len(people), equal.sum()) == (7, 4)


def test_filling_is_the_released_one(golden):
    from projects.higherhrnet.higherhrnet.refinement import filled
    people = filled(golden[1]['refine_in'][None],
                    *maps('A_default', golden[1]))
    np.testing.assert_array_equal(people[0], golden[1]['refine_out'])


def plainly_filled(people, heatmaps, tags):
    """The definition: the whole map for every joint of every person."""
    people, tags = people.copy(), tags.permute(1, 2, 3, 0).numpy()
    for person in people:
        have = np.flatnonzero(person[:, 2] > 0)
        mean = np.mean(
            [tags[j, int(person[j, 1]),
                  int(person[j, 0])] for j in have], 0)
        for j in np.flatnonzero(person[:, 2] == 0):
            heatmap = heatmaps[j].numpy()
            distance = ((tags[j] - mean)**2).sum(-1)**0.5
            y, x = np.unravel_index((heatmap - np.round(distance)).argmax(),
                                    heatmap.shape)
            if heatmap[y, x] > 0:
                person[j] = x, y, heatmap[y, x], *person[j, 3:]
    return people


@pytest.mark.parametrize('level', [0.0, 0.05, -0.05])
def test_filling_looks_at_enough_places(level, golden):
    """Whatever the level of the background, and with people whose tags are
    those of no high place."""
    from projects.higherhrnet.higherhrnet.refinement import filled
    random = np.random.default_rng(0)
    heatmaps = torch.tensor(
        random.normal(level, 0.03, (5, 40, 60)), dtype=torch.float32)
    heatmaps[:, ::13, ::11] += 1
    tags = torch.tensor(
        random.normal(0, 3, (2, 5, 40, 60)), dtype=torch.float32)
    people = np.zeros((20, 5, 5), np.float32)
    people[:, :3, 0] = random.integers(0, 60, (20, 3))
    people[:, :3, 1] = random.integers(0, 40, (20, 3))
    people[:, :3, 2] = random.random((20, 3)) > 0.4
    people[:, 0, 2] = 1
    expected = plainly_filled(people, heatmaps, tags)
    found = filled(people, heatmaps, tags)
    np.testing.assert_array_equal(found[..., 2], expected[..., 2])
    new = (people[..., 2] == 0) & (expected[..., 2] > 0)
    assert new.sum() > 20
    np.testing.assert_array_equal(found[new][:, :2].astype(int),
                                  expected[new][:, :2])


def test_settings_that_do_not_go(golden):
    from projects.higherhrnet.higherhrnet import Grouping
    with pytest.raises(SettingError, match='grouping.*threshold'):
        Grouping(threshold=0.2)
    with pytest.raises(SettingError, match='each of the 17 joints once'):
        Grouping(order=range(16))(*maps('A_default', golden[1]))
