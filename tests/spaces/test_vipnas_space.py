"""ViPNAS's space: published networks, tables A1 to A3, groups, sizes."""
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vipnas_spaces import TINY, tiny_space

from scalenas_mm.spaces import (ArchError, Complexity, ElasticHeadCost,
                                SettingError, ViPNASArch, ViPNASSpace)
from scalenas_mm.spaces.vipnas.groups import Groups

SIZE = (256, 192)
PUBLISHED = dict(resnet50='res50', mobilenetv3='mbv3')


@pytest.fixture(scope='module')
def counts(shared_data):
    return json.loads((shared_data / 'vipnas' / 'counts.json').read_text())


@pytest.fixture(scope='module')
def choices(shared_data):
    return json.loads((shared_data / 'vipnas' / 'space.json').read_text())


def costs_of(space):
    return space.cost_model(SIZE, followers=(ElasticHeadCost(space, 17), ))


@pytest.mark.parametrize('family', PUBLISHED)
def test_published_networks_to_the_integer(family, counts):
    expected, space = counts[PUBLISHED[family]], ViPNASSpace(family)
    cost = costs_of(space)(space.resolve('published'))
    assert cost['params'] == expected['params']
    assert cost['macs'] == expected['macs']
    assert cost['backbone_params'] == expected['params_backbone']
    head = ('head.final_layer', 'head.deconv_layers')
    assert cost['backbone_macs'] == sum(
        stage['macs'] for name, stage in expected['by_stage'].items()
        if not name.startswith(head))
    surplus = expected['macs_total_with_overcounted_deconv']
    assert cost['paper_gflops'] == surplus / 2**30


def test_numbers_of_the_issue_without_the_data():
    for family, params, macs in (('resnet50', 7_286_772, 1_462_930_272),
                                 ('mobilenetv3', 5_895_725, 734_151_936)):
        space = ViPNASSpace(family)
        cost = costs_of(space)(space.resolve('published'))
        assert (cost['params'], cost['macs']) == (params, macs)


@pytest.mark.parametrize(
    'family, name, key',
    [('resnet50', 'min',
      'res50 table minimum (groups 64, no attention, deconv 64/64)'),
     ('resnet50', 'max',
      'res50 table maximum (groups 16, attention, deconv 256/16)'),
     ('mobilenetv3', 'min', 'mbv3 table minimum backbone, head 160/160'),
     ('mobilenetv3', 'max', 'mbv3 table maximum (8 channels per group, '
      'attention, expansion 6, k7), head 256/32')])
def test_extremes(family, name, key, choices):
    space, expected = ViPNASSpace(family), choices['extremes_256x192'][key]
    cost = costs_of(space)(space.resolve(name))
    assert cost['params'] == expected['params']
    assert cost['macs'] == expected['macs']
    assert cost['paper_gflops'] == expected['paper_counter_2p30']


def test_hrnet_is_a_point():
    """HRNet-W32 with its 17-joint head: 28.536 M, 7.645 GMACs, 7.10 in the
    paper's table 2."""
    space = ViPNASSpace('hrnet_w32')
    cost = costs_of(space)(space.resolve('hrnet'))
    assert cost['params'] == 28_536_113
    assert round(cost['macs'] / 1e9, 3) == 7.645
    assert round(cost['paper_gflops'], 2) == 7.12


def test_choices_of_table_a2(choices):
    space = ViPNASSpace('resnet50')
    for name, expected in choices['resnet50']['stages'].items():
        stage = space.stages[int(name) - 1]
        branch, = stage.branches
        assert list(stage.depth) == expected['depth']
        assert list(branch.width) == expected['width']
        assert list(branch.kernel) == expected['kernel']
        for width, groups in expected['group_by_width'].items():
            assert list(branch.groups.most(int(width))) == groups
        points = (
            len(stage.depth) * len(branch.combinations()) *
            len(branch.kernel) * len(branch.attention))
        assert points == expected['points']
    for width, groups in choices['resnet50']['deconv_group_by_width'].items():
        assert list(space.head.groups.most(int(width))) == groups
    assert space.size() == choices['resnet50']['backbone_points'] * 28


def test_choices_of_table_a1(choices):
    space = ViPNASSpace('mobilenetv3')
    for name, expected in choices['mobilenetv3'].items():
        stage = space.stages[int(name) - 1]
        branch, = stage.branches
        table = expected['groups_by_expansion_and_channels_per_group']
        assert list(map(str, branch.expansion)) == list(table)
        for expansion, by_width in table.items():
            middle = int(expansion) * expected['width']
            assert {
                str(gene): branch.groups.fitted(gene, middle)
                for gene in branch.groups.values
            } == by_width
    backbone = choices['mobilenetv3_backbone_points']
    assert space.size() == backbone * 8


@pytest.mark.parametrize('name', ['resnet50', 'mobilenetv3'])
def test_size_by_counting(name):
    """Every gene vector, also of a head of one layer, whose groups depend on
    what comes in."""
    space = tiny_space(name)
    every = np.array(list(itertools.product(*space.choices)))
    rows = np.unique(space.canonical_genes(every), axis=0)
    assert len({space.decode(row).digest for row in rows}) == space.size()


def test_size_by_counting_each_part():
    """The stages of an HRNet, which do not depend on each other."""
    space, count = tiny_space('hrnet_w32'), 1
    for part in range(space.parts.max() + 1):
        genes = np.flatnonzero(space.parts == part)
        rows = np.array(
            list(itertools.product(*(space.choices[i] for i in genes))))
        whole = np.tile(space.encode(space.max_arch()), (len(rows), 1))
        whole[:, genes] = rows
        fixed = space.canonical_genes(whole)
        count *= len(np.unique(fixed[:, genes], axis=0))
    assert space.size() == count


@given(
    channels=st.integers(1, 64),
    listed=st.sets(st.integers(1, 24), min_size=1),
    data=st.data())
@settings(max_examples=200, deadline=None)
def test_groups_are_the_largest_listed_divisor_below(channels, listed, data):
    listed = sorted(listed)
    rule = Groups('groups', listed, False)
    gene = data.draw(st.sampled_from(listed))
    if channels % listed[0]:
        with pytest.raises(SettingError, match='groups: expected a least'):
            rule.fitted(gene, channels)
        return
    expected = max(g for g in listed if g <= gene and channels % g == 0)
    assert rule.fitted(gene, channels) == expected
    assert rule.fitted(expected, channels) == expected


@pytest.mark.parametrize('family', TINY)
@pytest.mark.parametrize('paper', [True, False])
def test_samples_have_valid_groups_and_every_choice(family, paper):
    space = ViPNASSpace(family) if paper else tiny_space(family)
    genes = space.sample_genes(np.random.default_rng(0), 3000)
    for name, column, allowed in zip(space.layout.names, genes.T,
                                     space.choices):
        # no width of the first stage has 48 groups
        assert set(column) == set(allowed) or 'groups' in name
    for row in genes[:100]:
        arch = space.decode(row)
        for stage in arch.stages:
            for branch in stage.branches:
                assert branch.middle % branch.groups == 0
        if arch.head is not None:
            first, *others = arch.head.groups
            assert arch.out_width % first == arch.head.width % first == 0
            assert all(arch.head.width % g == 0 for g in others)


def test_the_first_layer_of_a_head_may_have_fewer_groups():
    space = ViPNASSpace('mobilenetv3')
    genes = space.encode(space.resolve('published'))
    genes[-3:] = 256, 4, 1
    assert space.decode(genes).head.groups == (32, 256, 256)


def test_json_is_short_and_read_back():
    arch = ViPNASSpace('resnet50').resolve('published')
    data = arch.to_dict()
    assert data['stages'][0] == dict(
        depth=4, width=80, expansion=1, kernel=3, groups=16, attention=1)
    assert data['head'] == dict(width=144, kernel=4, groups=[16] * 3)
    assert ViPNASArch.from_dict(json.loads(json.dumps(data))) == arch
    assert 'width 80' in str(arch) and 'head' in str(arch)
    hrnet = ViPNASSpace('hrnet_w32').resolve('hrnet').to_dict()
    assert hrnet['stages'][1]['width'] == [32, 64] and hrnet['head'] is None


def changed(arch, *path, value):
    data = arch.to_dict()
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return data


@pytest.mark.parametrize('path, value, message', [
    (('stem', ), 40, r'arch.stem: expected one of \(32, 48, 64\), got 40'),
    (('stem', ), 1.5, 'arch.stem: expected an integer'),
    (('stages', 1, 'width'), 150, r'arch.stages\[1\].width: expected one of'),
    (('stages', 1, 'groups'), 48,
     r'stages\[1\].groups: expected one of \(16, 32\), got 48'),
    (('stages', 1, 'attention'), 2, 'attention: expected 0 or 1, got 2'),
    (('stages', 1, 'kernel'), [3, 3], 'kernel: expected a number for each'),
    (('stages', ), [], 'arch.stages: expected a list of stages'),
    (('head', ), None, 'arch.head: expected one, as the space has'),
    (('head', 'groups'), [16, 32, 16],
     r'arch.head.groups: expected one of \(16, 16, 16\)'),
    (('head', 'groups'), [16], 'arch.head.groups: expected one of'),
    (('more', ), 1, 'arch.more: expected an object with the keys'),
])
def test_wrong_architectures(path, value, message):
    space = ViPNASSpace('resnet50')
    data = changed(space.resolve('published'), *path, value=value)
    with pytest.raises(ArchError, match=message):
        space.from_dict(data)


STAGE = dict(depth=(1, ), width=(8, ), groups=(1, 2))


@pytest.mark.parametrize('settings, message', [
    (dict(family='resnet18'), 'family: expected one of'),
    (dict(stages=[]), 'stages: expected a list of dicts, not empty'),
    (dict(stages=[dict(STAGE, depths=(1, ))]), r'stages\[0\].depths'),
    (dict(stages=[dict(depth=(1, ), groups=(1, ))]),
     r'stages\[0\].width: expected its choices, got .nothing'),
    (dict(stages=[dict(STAGE, group_width=(1, ))]),
     'either groups or group_width'),
    (dict(stages=[dict(STAGE, groups=(3, ))]),
     r'stages\[0\].groups: expected a least number that divides'),
    (dict(stages=[dict(STAGE, kernel=(4, ))]), 'kernel: expected odd'),
    (dict(stages=[dict(STAGE, expansion=(2, ))]), 'expected none, or 1'),
    (dict(stages=[dict(STAGE, stride=3)]), 'stride: expected a whole'),
    (dict(head=dict(width=(8, ), groups=(3, ))), 'head.groups'),
    (dict(head=dict(width=(64, ), kernel=(3, ), groups=(16, ))),
     'head.kernel: expected 2 or 4'),
    (dict(out_indices=(0, 1)), 'out_indices: expected ascending, the last'),
    (dict(in_channels=0), 'in_channels'),
    (dict(family='hrnet_w32', out_indices=(0, 2)), 'out_indices'),
    (dict(family='hrnet_w32', stages=[STAGE, STAGE]),
     r'stages\[1\].branches: expected 2 of them, got 1'),
    (dict(
        family='mobilenetv3',
        stages=[dict(STAGE, expansion=(1, 2))],
        stem=(8, )), '1 only alone'),
])
def test_wrong_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        ViPNASSpace(**{'family': 'resnet50', **settings})


def test_the_papers_flops_are_a_limit():
    """Exact limits in the unit of the paper's tables."""
    from scalenas_mm.search import RandomSearch
    space = ViPNASSpace('mobilenetv3')
    searcher = RandomSearch(
        costs_of(space), dict(AP='max'), dict(paper_gflops=(0.6, 0.69)), N=30)
    for candidate in searcher.ask(30):
        cost = searcher.costs(candidate.arch)['paper_gflops']
        assert 0.6 <= cost <= 0.69


def test_costs_of_a_model_whose_head_is_plain_do_not_guess():
    space = ViPNASSpace('resnet50')
    costs = space.cost_model(SIZE, rest=Complexity(1, 2))
    assert 'paper_gflops' not in costs.keys
    assert tuple(costs(space.min_arch())) == costs.keys
