"""Latency tables: what they predict, how they are made, that they go on."""
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from latency_tables import ms
from torch import nn

from scalenas_mm.backbones import ScaleNet
from scalenas_mm.evaluation.latency import Backend, Task, backends
from scalenas_mm.evaluation.latency import build as building
from scalenas_mm.evaluation.latency import build_table
from scalenas_mm.evaluation.latency.build import operators_to_time
from scalenas_mm.evaluation.latency.progress import Progress
from scalenas_mm.evaluation.latency.timing import interleaved, timed
from scalenas_mm.spaces import (NASBench201Space, NCPSpace, ScaleNetSpace,
                                SettingError)
from scalenas_mm.spaces.latency import (LatencyTable, OperatorTimes,
                                        axis_values, fit_correction,
                                        read_tables)
from scalenas_mm.spaces.operators import Operator

SETTINGS = dict(
    width=4, stem_width=4, stage1_blocks=1, depths=(1, 2), num_modules=(1, 1))
SIZE = (64, 48)
FACTOR, OVERHEAD = 1.2, 0.05


def task(**more):
    space = ScaleNetSpace(**SETTINGS)
    return Task('desk', space, lambda arch: ScaleNet(arch=arch, **SETTINGS),
                SIZE, **dict(dict(rounds=1), **more))


class Machine:
    """In place of what measures: it knows what it runs and how long that
    takes, and may be ended."""

    def __init__(self, monkeypatch, one, ends=None):
        self.measured, self.ends = [], ends
        monkeypatch.setattr(building, 'interleaved', self.interleaved)
        monkeypatch.setattr(building, '_prepared', self.prepared)
        monkeypatch.setattr(building, 'AT_ONCE', 5)
        self.task = one

    def prepared(self, one, backend, thing, path):
        if isinstance(thing, Operator):
            return ms(thing)
        used = one.space.operators(thing[None], one.input_size, one.drop_dead)
        return float(
            sum(FACTOR * np.sum(times) * ms(operator) +
                OVERHEAD * np.sum(times) for operator, times in used))

    def interleaved(self, runs, control, rounds):
        if self.ends is not None and len(self.measured) >= self.ends:
            raise KeyboardInterrupt
        self.measured += list(runs)
        return {key: [(1.0, value)] for key, value in runs.items()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'tables' / 'desk.json'


def test_a_sum_of_operators_predicts_what_is_one(path, monkeypatch):
    machine = Machine(monkeypatch, task())
    table = build_table(task(), Backend(), path)
    assert table.cost == 'latency@desk'
    assert table.factor == pytest.approx(FACTOR)
    assert table.overhead == pytest.approx(OVERHEAD)
    assert table.check['spearman'] > 0.999  # equal ones differ in rounding
    assert table.check['worst_error'] < 1e-9
    again = LatencyTable.read(path)
    assert again.digest == table.digest
    space = machine.task.space
    genes = space.sample_genes(np.random.default_rng(3), 20)
    expected = [
        machine.prepared(machine.task, None, row, None) for row in genes
    ]
    assert again.batch_ms(space, genes) == pytest.approx(expected)
    assert [one.name for one in path.parent.iterdir()] == ['desk.json']


@pytest.mark.parametrize('ends', [0, 5, 13])
def test_it_goes_on(path, monkeypatch, ends):
    with monkeypatch.context() as patch:
        whole = Machine(patch, task())
        expected = build_table(task(), Backend(), path)
    path.unlink()
    with monkeypatch.context() as patch:
        first = Machine(patch, task(), ends)
        with pytest.raises(KeyboardInterrupt):
            build_table(task(), Backend(), path)
    assert not path.exists()
    part = path.with_name('desk.json.part.jsonl')
    with open(part, 'a') as file:
        file.write('{"key": "torn')
    rest = Machine(monkeypatch, task())
    assert build_table(task(), Backend(), path).digest == expected.digest
    assert sorted(first.measured + rest.measured) == sorted(whole.measured)


def test_it_does_not_go_on_with_other_settings(path, monkeypatch):
    Machine(monkeypatch, task(), 5)
    with pytest.raises(KeyboardInterrupt):
        build_table(task(), Backend(), path)
    with pytest.raises(SettingError, match='batch .*expected 1, got 2'):
        build_table(task(batch=2), Backend(), path)


def test_two_processes_do_not_measure_one_table(path):
    part = path.with_name('desk.json.part.jsonl')
    settings = json.loads(json.dumps(task().settings(Backend())))
    with Progress(part, settings):
        with pytest.raises(SettingError, match='no other process'):
            build_table(task(), Backend(), path)
    text = part.read_bytes()
    part.write_bytes(text + b'[1]\n')
    with pytest.raises(SettingError, match='lines of an unfinished table'):
        build_table(task(), Backend(), path)
    assert part.read_bytes() == text + b'[1]\n'


@pytest.mark.parametrize('torn', [0, 10])
def test_a_head_that_was_torn(path, monkeypatch, torn):
    Machine(monkeypatch, task())
    part = path.with_name('desk.json.part.jsonl')
    part.parent.mkdir()
    part.write_text(json.dumps(task().settings(Backend()))[:torn])
    assert build_table(task(), Backend(), path).check['worst_error'] < 1e-9


@pytest.mark.parametrize('backend', ['torch', 'onnxruntime', 'openvino'])
def test_really_measured(path, monkeypatch, backend):
    """A few networks: times are positive, and sums near them."""
    pytest.importorskip(backend)
    monkeypatch.setattr(building, 'FITTED', 3)
    monkeypatch.setattr(building, 'CHECKED', 3)
    said = []
    table = build_table(task(), Backend(backend), path,
                        lambda *args: said.append(args))
    assert table.check['networks'] == 3
    assert min(table.check['measured_ms']) > 0
    assert min(table.check['predicted_ms']) > 0
    assert said[0][:2] == (0, 3 * (len(table.data['operators']) + 6))
    versions = table.data['versions']
    assert versions[backend] and table.device


@pytest.mark.parametrize('options, message', [
    (dict(name='tensorrt'), 'backend: expected torch, onnxruntime, openvino'),
    (dict(name='onnxruntime', device='cuda'), 'device: expected cpu, or cuda'),
    (dict(device='tpu'), 'device: expected cpu, or cuda'),
    (dict(precision='int8'), 'precision: expected fp32 by torch on cpu'),
    (dict(precision='fp16'), 'precision: expected fp32 by torch on cpu'),
])
def test_backends_that_are_none(options, message):
    with pytest.raises(SettingError, match=message):
        Backend(**options)


def test_openvino_computes_the_same():
    pytest.importorskip('openvino')
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval()
    image = torch.randn(1, 3, 16, 16)
    out = Backend('openvino').prepare(net, (image, ))()
    expected = net(image).detach().numpy()
    np.testing.assert_allclose(out[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('precision', ['fp32', 'int8'])
def test_files_are_written_once(tmp_path, monkeypatch, precision):
    pytest.importorskip('onnxruntime')
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval()
    made = []

    def make():
        made.append(1)
        return net, (torch.randn(1, 3, 16, 16), )

    backend = Backend('onnxruntime', precision=precision)
    for _ in range(2):
        out, = backend.prepare_often(tmp_path / 'net', make)()
        assert out.shape == (1, 8, 14, 14) and out.std() > 0
    assert len(made) == 1 and len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(backends, 'KEPT_BYTES', 0)
    backend.prepare_often(tmp_path / 'net', make)
    assert not list(tmp_path.iterdir())


def test_int8():
    pytest.importorskip('onnxruntime')
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval()
    image = torch.randn(1, 3, 16, 16)
    exact, = Backend('onnxruntime').prepare(net, (image, ))()
    rough, = Backend('onnxruntime', precision='int8').prepare(net, (image, ))()
    assert np.abs(exact - net(image).detach().numpy()).max() < 1e-5
    assert np.abs(exact - rough).max() > 1e-5
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.8


def test_grids_cover_the_channels():
    """All combinations, few of each number, the ends among them."""
    space = NCPSpace()
    one = Task('desk', space, None, SIZE)
    grids = {}
    for operator in operators_to_time(one):
        key = operator.kind, operator.fixed
        grids.setdefault(key, []).append(operator.free)
    genes = space.sample_genes(np.random.default_rng(5), 50)
    for operator, _ in space.operators(genes, SIZE):
        points = grids[operator.kind, operator.fixed]
        assert len(points) == len(set(points)) <= 36
        low, high = np.min(points, 0), np.max(points, 0)
        if operator.kind in ('basic_block', 'upward', 'downward'):
            for numbers, a, b in zip(operator.free, low, high):
                assert np.all((a <= numbers) & (numbers <= b))


def test_between_and_beyond_points():
    points = {(a, b): 2.0 * a + 3 * b for a in (1, 4, 8) for b in (2, 5)}
    times = OperatorTimes(points)
    assert times((4, 5)) == 23
    a, b = np.array([1, 2, 7, 16]), np.array([3, 5, 2, 9])
    assert times((a, b)) == pytest.approx(2.0 * a + 3 * b)
    assert times((a, 2)) == pytest.approx(2.0 * a + 6)
    assert OperatorTimes({(1, ): 0.1, (2, ): 1.0})((0, )) == 0  # not negative
    with pytest.raises(KeyError):
        OperatorTimes({(1, 1): 1.0, (2, 2): 2.0})((1, 2))


def test_axis_values():
    assert axis_values([3, 1, 3, 2], 5) == [1, 2, 3]
    assert axis_values(range(1, 101), 3) == [1, 51, 100]


def test_a_correction_needs_networks_that_differ():
    sums = np.array([[2.0, 4], [4, 8]])
    assert fit_correction(sums, np.array([3.0, 6]), 0.1) == dict(
        factor=pytest.approx(1.5), operator=0.0)


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0.1, 10), max_size=9), st.floats(0.01, 100)),
        min_size=2,
        max_size=6))
def test_predicted_times_are_positive(networks):
    """However far the measurements are from a sum."""
    sums = np.array([[sum(ms) + 1, len(ms) + 1] for ms, _ in networks])
    measured = np.array([time for _, time in networks])
    found = fit_correction(sums, measured, 0.1)
    assert (sums @ [found['factor'], found['operator']] > 0).all()


def test_what_a_call_costs_is_taken_off():
    rng = np.random.default_rng(0)
    operators = rng.integers(5, 40, 10)
    alone = operators * 0.2 + rng.uniform(1, 9, 10)  # calls, and the work
    found = fit_correction(
        np.stack([alone, operators], 1), 0.9 * (alone - 0.15 * operators), 0.2)
    assert found == dict(
        factor=pytest.approx(0.9), operator=pytest.approx(-0.135))


def written(path, **changes):
    data = dict(
        format=1,
        name='desk',
        device='d',
        backend='torch',
        precision='fp32',
        batch=1,
        threads=1,
        drop_dead=True,
        input_size=list(SIZE),
        space=json.loads(json.dumps(ScaleNetSpace(**SETTINGS).to_dict())),
        operators=[])
    Path(path).write_text(json.dumps(dict(data, **changes)))
    return path


ROW = dict(kind='basic_block', fixed=[16, 12], free=[4], ms=0.5)


@pytest.mark.parametrize('changes, message', [
    (dict(format=2), 'format: expected 1, got 2'),
    (dict(name=3), 'name: expected str, got 3'),
    (dict(operators=[dict(ROW, kind='eval')]), r'operators\[0\]: expected a'),
    (dict(operators=[ROW, dict(ROW, ms=-1)]), r'operators\[1\].ms: expected'),
    (dict(operators=[ROW, dict(ROW, ms=1)]), r'\[1\].free: expected numbers'),
    (dict(operators=[ROW, dict(ROW, free=[8, 8])]), r'operators\[1\].free: '),
    (dict(operators=[dict(ROW, free=[10**400])]), r'\[0\].free: expected wh'),
    (dict(options=[]), 'options: expected an object'),
    (dict(operators=[dict(ROW, ms=float('nan'))]), r'\[0\].ms: expected'),
    (dict(operators=[dict(ROW, free=[1.5])]), r'\[0\].free: expected whole'),
    (dict(operators=[dict(ROW, ms=10**400)]), r'\[0\].ms: expected'),
    (dict(operators=[dict(ROW, kind=['eval'])]), r'\[0\]: expected a kind'),
    (dict(correction=dict(factor='1')), 'correction: expected a factor'),
    (dict(correction=dict(factor=-1)), 'correction: expected a factor'),
    (dict(correction=[]), 'correction: expected a factor'),
    (dict(input_size=[64]), 'input_size: expected whole numbers above 0'),
    (dict(batch=-3), 'batch: expected whole numbers above 0'),
    (dict(name='../x'), 'name: expected letters, digits'),
    (dict(check=None), 'check: expected an object'),
])
def test_tables_that_are_none(tmp_path, changes, message):
    with pytest.raises(SettingError, match=message):
        LatencyTable.read(written(tmp_path / 'table.json', **changes))


@pytest.mark.parametrize('paths', ['a.json', None, 3, [5]])
def test_lists_of_tables_that_are_none(paths):
    with pytest.raises(SettingError, match='latency'):
        read_tables(paths)


def test_a_space_of_few_networks_is_refused_at_once(path, monkeypatch):
    machine = Machine(monkeypatch, task())
    monkeypatch.setattr(building, 'sampled_genes', lambda one, num: np.zeros(
        (3, 4), int))
    monkeypatch.setattr(building, 'operators_to_time', lambda one: [])
    with pytest.raises(SettingError, match='more than 10 networks'):
        build_table(task(), Backend(), path)
    assert not machine.measured


@pytest.mark.parametrize('line', [
    '{"key": "network 0"}', '[1]', 'x', '{"key": "a", "times": "abc"}',
    '{"key": "a", "times": []}', '{"key": "a", "times": [[1, -1]]}',
    '{"key": "a", "times": [[1, NaN]]}'
])
def test_progress_that_is_none(path, monkeypatch, line):
    Machine(monkeypatch, task(), 5)
    with pytest.raises(KeyboardInterrupt):
        build_table(task(), Backend(), path)
    part = path.with_name('desk.json.part.jsonl')
    with open(part, 'a') as file:
        file.write(line + '\n')
    with pytest.raises(SettingError, match='lines of an unfinished table'):
        build_table(task(), Backend(), path)
    for other in (b'\xff\xfe\n', b'my notes', b'my\nnotes'):
        part.write_bytes(other)
        with pytest.raises(SettingError, match='lines of an unfinished table'):
            build_table(task(), Backend(), path)
        assert part.read_bytes() == other


def test_tables_that_do_not_fit(tmp_path):
    path = written(tmp_path / 'table.json')
    tables = tuple(read_tables([path]))
    space = ScaleNetSpace(**SETTINGS)
    with pytest.raises(SettingError, match='expected .32, 32.'):
        space.cost_model((32, 32), tables=tables)
    with pytest.raises(SettingError, match='space.width of .*got 4'):
        ScaleNetSpace(**{
            **SETTINGS, 'width': 8
        }).cost_model(
            SIZE, tables=tables)
    with pytest.raises(SettingError, match='different names'):
        space.cost_model(SIZE, tables=tables * 2)
    costs = space.cost_model(SIZE, tables=tables)
    with pytest.raises(SettingError, match="the time of Operator.kind='conv'"):
        costs(space.max_arch())
    with pytest.raises(SettingError, match='a JSON file'):
        read_tables([tmp_path / 'none.json'])
    with pytest.raises(SettingError, match='a list of tables'):
        read_tables(str(path))


def test_a_space_that_names_no_operators(path):
    one = Task('desk', NASBench201Space(), None, (32, 32))
    with pytest.raises(SettingError, match='NASBench201Space'):
        build_table(one, Backend(), path)


def test_costs_of_one_and_of_many(path, monkeypatch):
    Machine(monkeypatch, task())
    table = build_table(task(), Backend(), path)
    space = ScaleNetSpace(**SETTINGS)
    costs = space.cost_model(SIZE, tables=(table, ))
    genes = space.sample_genes(np.random.default_rng(1), 5)
    batch = costs.batch(genes)
    assert 'latency@desk' in costs.keys and set(batch) == set(costs.keys)
    for i, row in enumerate(genes):
        one = costs(space.decode(row))
        assert one['latency@desk'] == pytest.approx(batch['latency@desk'][i])


def test_turns():
    """The control before and behind each."""
    said = []
    control = iter(range(1, 100))
    rows = interleaved(
        {key: functools.partial(said.append, key)
         for key in 'ab'}, lambda: next(control), 2)
    assert [beside for beside, _ in rows['a']] == [2, 5]
    assert [beside for beside, _ in rows['b']] == [3, 6]
    assert said[:4] == ['a', 'a', 'b', 'b']


def test_a_machine_that_is_slow_for_a_while():
    """Times are those of a machine that is not, and slow rounds counted."""
    fast = [(1.0, 2.0)] * 15
    slow = [(3.0, 6.0)] * 5
    found = timed(dict(a=fast + slow, b=slow + [(1.0, 4.0)] * 6))
    assert found['a'] == pytest.approx((2.0, 0.0, 20, 5))
    assert found['b'].ms == pytest.approx(4.0)
    assert (found['b'].rounds, found['b'].throttled) == (11, 5)
    assert found['b'].spread == pytest.approx(0.25)
