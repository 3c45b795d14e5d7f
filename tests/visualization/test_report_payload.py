"""What a report says of a search."""
import json
from dataclasses import replace

import numpy as np
import pytest
from report_archives import OBJECTIVES, SPACE, make_search, rewrite

from scalenas_mm.search import ArchiveError, Record, read_archive
from scalenas_mm.search.pareto import pareto_front
from scalenas_mm.spaces import (HRNASSpace, NASBench201Space, NCPSpace,
                                ScaleNetSpace, TViPNASSpace, ViPNASSpace,
                                WideScaleNetSpace)
from scalenas_mm.visualization.search_report import (Source, read_source,
                                                     report_payload)
from scalenas_mm.visualization.search_report.clock import clock_of
from scalenas_mm.visualization.search_report.columns import find_columns
from scalenas_mm.visualization.search_report.genes import Genes, importance
from scalenas_mm.visualization.search_report.spaces import (drawing_of,
                                                            gene_names,
                                                            value_names)
from scalenas_mm.visualization.search_report.times import Span

WIDE = WideScaleNetSpace(
    widths=((8, 12), (16, 24), (32, 48), (64, 96)),
    width=8,
    num_modules=(1, 1, 1))


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_search(tmp_path_factory.mktemp('search') / 'demo')


def search_of(*sources):
    payload = report_payload(sources)
    json.dumps(payload, allow_nan=False)  # a page could hold it
    return payload['searches'][0]


def test_numbers_are_those_of_the_archive(path):
    records, search = read_archive(path), search_of(read_source(path))
    assert search['name'] == 'demo' and search['objectives'] == OBJECTIVES
    assert search['values']['macs'] == [r.cost['macs'] for r in records]
    for record, value in zip(records, search['values']['mIoU']):
        assert value == (
            pytest.approx(record.metrics['mIoU'], rel=1e-6)
            if record.ok else None)
        assert (record.id in search['failed']) == (not record.ok)
        assert json.loads(search['archs'][record.id]) == record.arch
    good = [record for record in records if record.ok]
    costs = np.array([[-r.metrics['mIoU'], r.cost['macs']] for r in good])
    assert search['front'] == [good[i].id for i in pareto_front(costs)]
    assert [one['name'] for one in search['baselines']] == list(SPACE.named())


def test_costs_of_any_name_have_units():
    costs = {
        'macs': 3 * 10**9,
        'backbone_params': 25 * 10**6,
        'latency@pi 4': 12.5,
        'digits.macs': 2 * 10**7,
        'macs_2': 10**6,
        'paper_gflops': 1.5,
        'watts': 3
    }
    record = Record(0, 'a', {}, dict(AP=1.0, loss=2.0), costs)
    columns = {c.key: c for c in find_columns([record], dict(AP='max'))}
    assert [(c.label, c.unit, c.factor) for c in map(columns.get, costs)
            ] == [('MACs', 'G', 1e9), ('backbone parameters', 'M', 1e6),
                  ('latency on pi 4', 'ms', 1), ('digits: MACs', 'M', 1e6),
                  ('MACs 2', 'M', 1e6), ('paper_gflops', '', 1),
                  ('watts', '', 1)]
    assert columns['AP'].objective and columns['AP'].better == 'max'
    assert columns['loss'].better == columns['watts'].better == 'min'


@pytest.mark.parametrize(
    'space, kind', [(SPACE, 'scalenet'), (WIDE, 'scalenet'),
                    (NCPSpace(), 'ncp'), (ViPNASSpace(), 'vipnas'),
                    (ViPNASSpace('hrnet_w32'), 'vipnas'),
                    (TViPNASSpace(ViPNASSpace()), 'tvipnas'),
                    (HRNASSpace(), 'hrnas'), (NASBench201Space(), None)],
    ids=lambda x: getattr(x, 'family', None) or type(x).__name__)
def test_every_space(space, kind):
    """Names of genes are as many as genes, and different."""
    assert (drawing_of(space) or {}).get('kind') == kind
    names, choices = gene_names(space), space.gene_choices()
    assert len(names) == len(choices) == len(set(names))
    assert all('gene ' not in name for name in names)
    words = value_names(space)
    for name, values in zip(names, choices):
        assert name not in words or len(words[name]) > values[-1]


def test_genes_that_matter_are_found():
    """The best have one gene more often; all others are chance."""
    rng = np.random.default_rng(0)
    space = NCPSpace()
    values = space.sample_genes(rng, 300)
    best = (values[:, 5] >= 3) & (rng.random(300) < 0.3)
    found = importance(Genes(np.arange(300), values, best), space)
    first, *others = found['genes']
    assert first['name'] == gene_names(space)[5]
    assert first['bits'] > found['limit'] > others[0]['bits']
    assert sum(first['best']) == pytest.approx(1, abs=1e-3)
    assert first['best'][:2] == [0, 0] and first['rest'][0] > 0
    alone = importance(
        Genes(np.arange(300), values, rng.permutation(best)), space)
    assert alone['genes'][0]['bits'] < alone['limit']


def test_mutual_information_is_exact():
    """One bit for a gene that says all, none for one that says nothing."""
    space = NASBench201Space()
    values = np.zeros((40, 30), int)
    values[:20, 0] = 1
    values[::2, 1] = 1
    best = values[:, 0] == 1
    found = importance(Genes(np.arange(40), values, best), space)
    assert [gene['bits'] for gene in found['genes']] == [1, 0]


def test_patterns_and_groups_of_scalenets(path):
    search = search_of(read_source(path))
    shares = np.array(search['patterns']['best'])
    assert shares.shape == (4, 4, 5)
    assert (shares[range(4), range(4), 0] == 1).all()  # all have one block
    names = [name for name, _ in search['densities']['curves']]
    assert names[:2] == ['d23_f0.2', 'd23_f0.5']
    assert names[-2:] == ['uniform sampling', 'candidates']
    peaks = [np.argmax(curve) for _, curve in search['densities']['curves']]
    assert peaks[0] < peaks[8]  # few shallow against many deep


def test_shares_are_those_of_the_plots():
    from scalenas_mm.visualization.scalenet.shares import shares
    from scalenas_mm.visualization.search_report.patterns import _shares
    space = ScaleNetSpace()
    genes = space.sample_genes(np.random.default_rng(0), 9)
    archs = [space.decode(row) for row in genes]
    expected = shares(space, archs).mean(0)
    assert _shares(space, genes) == pytest.approx(expected)


def test_an_archive_that_is_being_written(path, tmp_path):
    """A torn last line, no description, no candidate yet."""
    torn = tmp_path / 'archive.jsonl'
    torn.write_bytes(path.read_bytes()[:-30])
    source = read_source(torn)
    assert len(source.records) == 59 and 'archive.meta.json' in source.notes[0]
    search = search_of(source)
    assert search['drawing'] is None and search['genes'] is None
    assert search['objectives'] == dict(mIoU='max', params='min')
    torn.write_bytes(b'')
    assert search_of(read_source(torn))['values'] == {}
    with pytest.raises(ArchiveError, match='there is no archive'):
        read_source(tmp_path / 'none.jsonl')


def test_what_is_broken_beside_it_is_left_out_and_said(path, tmp_path):
    make_search(tmp_path, num=6, clock=False)
    archive = tmp_path / 'archive.jsonl'
    archive.with_suffix('.meta.json').write_text('{')
    archive.with_suffix('.baselines.jsonl').write_text('no\n')
    archive.with_suffix('.times.jsonl').write_text('no\n{"id": "a"}\n[]\n')
    source = read_source(archive)
    assert len(source.notes) == 2 and source.times == []
    assert search_of(source)['baselines'] == []


@pytest.mark.parametrize('meta', [
    dict(space=3),
    dict(space=dict(type='Exception')),
    dict(searcher=3, evaluation=[], tasks=3, kind=[]),
    dict(evaluation=dict(input_size='wide'), space=dict(type='NCPSpace'))
])
def test_a_description_that_means_nothing(path, meta):
    search = search_of(replace(read_source(path), meta=meta))
    assert len(search['clock']['seconds']) == 60


def test_an_archive_that_was_edited(path, tmp_path):
    """Numbers that are none do not keep the rest from being seen."""
    edited = tmp_path / 'archive.jsonl'
    edited.write_text(path.read_text())
    rewrite(
        edited, lambda row: row.update(
            seconds=float('nan'), arch={'x': float('inf')}, parents=['a', 9]))
    search = search_of(read_source(edited))
    assert search['clock']['seconds'] == [0] * 60


def test_candidates_with_other_keys(path):
    records = read_archive(path)
    records[0] = replace(records[0], metrics={}, cost={})
    records[1] = replace(
        records[1], metrics=dict(other=1.0), cost={'latency@x': 3})
    search = search_of(replace(read_source(path), records=records))
    assert search['values']['latency@x'][:2] == [None, 3]
    assert 0 not in search['front']


def test_a_run_that_shrinks_has_no_genes(path):
    source = read_source(path)
    source.meta = dict(source.meta, kind='shrinking')
    source.records = [replace(r, step=100 * r.id) for r in source.records]
    search = search_of(source)
    assert search['genes'] is None and search['drawing'] is not None
    assert search['steps'][:3] == [0, 100, 200]


def test_a_joint_search(path):
    """Metrics and costs have the name of their task in front."""
    source = read_source(path)
    source.meta = dict(
        space=source.meta['space'],
        searcher=dict(objectives={
            'a.mIoU': 'max',
            'macs': 'min'
        }),
        tasks=dict(a=source.meta, b=source.meta))
    source.records = [
        replace(r, metrics={
            f'a.{k}': v
            for k, v in r.metrics.items()
        }) for r in source.records
    ]
    search = search_of(source)
    assert search['commands']['tasks'] == ['a', 'b'] and search['front']
    assert search['size'] == (64, 64) and search['genes'] is not None


def test_exported_networks_and_the_command(path, tmp_path):
    archive = make_search(tmp_path / 'x', num=6)
    rows = read_archive(archive)
    folder = archive.parent / 'exported'
    folder.mkdir()
    head = '# Candidate {} of archive.jsonl, architecture {}.\n'
    (folder / 'a.py').write_text(head.format(2, rows[2].digest) + 'x = 1\n')
    (folder / 'b.py').write_text(head.format(3, rows[2].digest))  # of another
    (folder / 'c.py').write_text('other = 1\n')
    (archive.parent /
     'tiny_search.py').write_text("load_from = 'super net.pth'\nload_from\n")
    search = search_of(read_source(archive))
    one, = search['exported']
    assert (one['id'], one['config']) == (2, 'exported/a.py')
    assert one['text'].endswith('x = 1\n')
    assert search['commands']['config'] == str(archive.parent /
                                               'tiny_search.py')
    assert search['commands']['checkpoint'] == 'super net.pth'


def clock(times, records=()):
    records = records or [Record(i, str(i), {}, seconds=2.0) for i in range(4)]
    return clock_of(Source('', '', records, times=times))


def test_clocks():
    """By worker, packed, or one after the other."""
    in_turn = clock([])
    assert in_turn['kind'] == 'seconds'
    assert in_turn['start'] == [0, 2, 4, 6]
    two = clock([
        Span(0, 12, 2, 'b'),
        Span(1, 12, 2, 'a'),
        Span(2, 14, 2, 'b'),
        Span(3, 15, 2, 'a')
    ])
    assert two['kind'] == 'workers' and two['rows'] == ['a', 'b']
    assert dict(zip(two['ids'], two['row'])) == {0: 1, 1: 0, 2: 1, 3: 0}
    assert dict(zip(two['ids'], two['start'])) == {0: 0, 1: 0, 2: 2, 3: 3}
    # four at once, by one process: one after the other, up to the end
    packed = clock([Span(i, 20, 2) for i in range(4)])
    assert packed['kind'] == 'recorded'
    for row in set(packed['row']):
        own = sorted(start for start, r in zip(packed['start'], packed['row'])
                     if r == row)
        assert (np.diff(own) >= 2).all()


def test_two_searches_are_compared(path, tmp_path):
    other = make_search(tmp_path / 'other', num=30, seed=1)
    rewrite(other, lambda row: row['metrics'].pop('aAcc', None) and None)
    one, two = read_source(path), read_source(other, 'B')
    compared = report_payload([one, two])['comparison']
    assert compared['objectives'] == OBJECTIVES
    first, second = compared['rows']
    assert 0 < second['hypervolume'] <= 1 and first['distance'] >= 0
    assert first['shared'] + second['shared'] >= 1
    same = report_payload([one, one])['comparison']
    assert same['rows'][0] == same['rows'][1]
    assert same['rows'][0]['distance'] == 0
    good = sum(record.ok for record in one.records)
    assert same['both']['num'] == good
    assert same['both']['ranks']['mIoU'] == pytest.approx(1)
    nothing = Source(path, 'empty', [])
    assert report_payload([one, nothing])['comparison']['objectives'] == {}


def test_what_is_known_is_not_computed_again(path):
    """Each architecture is encoded once in all reports of a search."""
    source, cache = read_source(path), {}
    first = report_payload([source], cache=cache)
    encoder = next(iter(cache.values()))['encoder']
    encoder.space.encode = None  # would fail
    assert report_payload([source], cache=cache) == first
