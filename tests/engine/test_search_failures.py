"""What may fail in a search, through the real command line."""
import gc
import weakref
from dataclasses import replace

import faults
import pytest
import torch
from commands import run
from mmengine.config import Config
from test_search_loop import EventHook
from tiny_search import runner_of

from scalenas_mm.evaluation import Sequential
from scalenas_mm.search import SearchExhausted, TopologyEvolution, read_archive

CHECKPOINT = 'supernet/iter_4.pth'


@pytest.fixture
def search(faulty_search, tmp_path, monkeypatch):
    """Run tools/search.py; gives exit code and what it printed as errors."""

    def search(*args, checkpoint=faulty_search.parent / CHECKPOINT, **plan):
        monkeypatch.setattr(faults, 'PLAN', plan)
        given = [] if checkpoint is None else [checkpoint]
        result = run('search.py', faulty_search, *given, '--work-dir',
                     tmp_path, *args)
        return result.code, result.err

    return search


def options(**settings):
    return ['--cfg-options', *(f'{k}={v}' for k, v in settings.items())]


def timeless(records):
    return [replace(record, seconds=0.0) for record in records]


@pytest.mark.parametrize('place', ['data', 'compute_metrics'])
def test_a_broken_environment_stops_the_search(search, undisturbed, tmp_path,
                                               place):
    """And says why, and records nothing; then the search can go on."""
    code, _ = search(*options(**{'train_cfg.searcher.N': 2}))
    assert code == 0
    code, error = search('--resume', *options(**{'train_cfg.searcher.N': 3}),
                         **{'*': (place, 0)})
    assert code == 2
    assert (f'candidate 2 failed by RuntimeError: injected into {place}, and '
            'so does candidate 1 now') in error
    assert len(read_archive(tmp_path / 'archive.jsonl')) == 2
    assert search('--resume', *options(**{'train_cfg.searcher.N': 3}))[0] == 0
    assert timeless(read_archive(tmp_path / 'archive.jsonl')) == timeless(
        undisturbed[:3])


def test_nothing_works_from_the_start(search, tmp_path):
    code, error = search(**{'*': ('forward', 0)})
    assert code == 2 and 'so does the smallest network now' in error
    assert not (tmp_path / 'archive.jsonl').read_bytes()


def test_many_failures_stop_it_and_can_be_repeated(search, undisturbed,
                                                   tmp_path):
    broken = {r.digest: ('process', 0) for r in undisturbed[2:7]}
    code, error = search(*options(**{'train_cfg.max_failures': 3}), **broken)
    assert code == 2
    assert ('3 candidates in a row failed, the last one by RuntimeError: '
            'injected into process') in error
    archive = tmp_path / 'archive.jsonl'
    assert [r.ok for r in read_archive(archive)] == [True] * 2 + [False] * 3
    # once more, some of them well: measured in their places
    del broken[undisturbed[2].digest], broken[undisturbed[5].digest]
    assert search('--retry-failed', **broken)[0] == 0
    records = read_archive(archive)
    assert [r.ok for r in records
            ] == [True] * 3 + [False] * 2 + [True, False, True]
    assert search('--retry-failed')[0] == 0
    log = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert 'Again candidate 3 ' in log and 'Again candidate 6 ' in log
    assert 'Pareto front (8 candidates, 0 failed)' in log
    assert timeless(read_archive(archive)) == timeless(undisturbed)


@pytest.mark.parametrize('change, message', [
    (lambda state: {
        k.replace('architecture.', ''): v
        for k, v in state.items()
    }, 'it lacks architecture.backbone.'),
    (lambda state: {
        k: v
        for k, v in state.items() if 'decode' not in k
    }, 'it lacks architecture.decode_head.conv_seg.weight'),
    (lambda state: dict(state, extra=torch.zeros(1)), 'it has extra'),
    (lambda state: dict(
        state, **{'architecture.decode_head.conv_seg.bias': torch.zeros(3)}),
     'size mismatch for architecture.decode_head.conv_seg.bias'),
])
def test_a_checkpoint_of_something_else_is_refused(faulty_search, search,
                                                   tmp_path, change, message):
    good = torch.load(faulty_search.parent / CHECKPOINT, weights_only=True)
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict=change(good['state_dict'])), path)
    code, error = search(checkpoint=path)
    assert code == 2 and f'checkpoint {path} does not hold' in error
    assert message in error
    assert not (tmp_path / 'archive.jsonl').exists()


def test_random_weights_are_not_searched(search, tmp_path):
    code, error = search(checkpoint=None)
    assert code == 2
    assert 'load_from: expected the checkpoint of a trained supernet' in error
    few = {'train_cfg.searcher.N': 1}
    code, _ = search(
        *options(**few, **{'train_cfg.allow_untrained': True}),
        checkpoint=None)
    assert code == 0 and len(read_archive(tmp_path / 'archive.jsonl')) == 1


def test_torn_checkpoint_and_missing_validation(faulty_search, search,
                                                tmp_path):
    torn = tmp_path / 'torn.pth'
    torn.write_bytes((faulty_search.parent / CHECKPOINT).read_bytes()[:3000])
    code, error = search(checkpoint=torn)
    assert code == 2 and f'checkpoint {torn} cannot be read' in error
    cfg = Config.fromfile(faulty_search)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.dump(tmp_path / 'blind_search.py')
    with pytest.raises(ValueError, match='val_cfg: expected validation data'):
        runner_of(
            tmp_path / 'blind_search.py',
            tmp_path / 'blind',
            load_from=str(faulty_search.parent / CHECKPOINT)).train()


def test_a_network_of_one_architecture_is_not_searched(search, tmp_path):
    code, error = search(
        *options(
            **{
                'model.architecture.backbone.arch': 'min',
                'train_cfg.allow_untrained': True
            }),
        checkpoint=None)
    assert code == 2
    assert 'model.backbone: expected a supernet' in error
    assert not (tmp_path / 'archive.jsonl').exists()


def test_settings_of_the_config_are_honoured(search, tmp_path):
    """``resume`` and ``deterministic``, without options of the command."""
    few = {'train_cfg.searcher.N': 2, 'train_cfg.deterministic': True}
    assert search(*options(**few))[0] == 0
    assert not torch.are_deterministic_algorithms_enabled()
    few['train_cfg.searcher.N'] = 3
    assert search(*options(**few))[0] == 2
    assert search(*options(**few, **{'train_cfg.resume': True}))[0] == 0
    assert len(read_archive(tmp_path / 'archive.jsonl')) == 3


def test_settings_that_cannot_work_are_refused(search, tmp_path):
    code, error = search(*options(**{'train_cfg.max_failures': 0}))
    assert code == 2 and 'max_failures: expected a whole number' in error
    assert not (tmp_path / 'archive.jsonl').exists()


def test_the_lock_is_free_after_a_failure(tiny, tmp_path, monkeypatch):

    def broken(*args):
        raise RuntimeError('no data')

    load = str(tiny / CHECKPOINT)
    with monkeypatch.context() as patch:
        patch.setattr('scalenas_mm.engine.measuring.calibration_batches',
                      broken)
        runner = runner_of(tiny / 'tiny_search.py', tmp_path, load_from=load)
        with pytest.raises(RuntimeError, match='no data'):
            runner.train()
    again = runner_of(
        tiny / 'tiny_search.py',
        tmp_path,
        load_from=load,
        train_cfg__searcher__N=4)
    again.train()
    assert len(read_archive(tmp_path / 'archive.jsonl')) == 4


def test_an_early_end_announces_its_generation(tiny, tmp_path, monkeypatch):
    plain = TopologyEvolution.propose

    def propose(self, id):
        if id == 5:
            raise SearchExhausted('nothing new')
        return plain(self, id)

    monkeypatch.setattr(TopologyEvolution, 'propose', propose)
    runner = runner_of(
        tiny / 'tiny_search.py',
        tmp_path,
        load_from=str(tiny / CHECKPOINT),
        custom_hooks=[dict(type='EventHook')])
    EventHook.events.clear()
    runner.train()
    assert EventHook.events[-4:] == [('generation', 0), ('candidate', 4),
                                     ('generation', 1), ('after', 5)]


def test_a_failure_keeps_no_memory(tiny, tmp_path, monkeypatch):
    """Neither activations nor results, without the garbage collector."""
    runner = runner_of(tiny / 'tiny_supernet.py', tmp_path)
    val = runner.build_val_loop(runner._val_loop)
    measure = Sequential(runner.model, val.dataloader, val.evaluator)
    backbone, kept = measure.backbone, []

    def out_of_memory(module, inputs, output):
        kept.append(weakref.ref(output[0]))
        raise torch.cuda.OutOfMemoryError('no memory left')

    handle = backbone.register_forward_hook(out_of_memory)
    monkeypatch.setattr(gc, 'collect', lambda: 0)
    gc.disable()
    try:
        outcome, = measure([backbone.space.max_arch()])
        assert kept and kept[0]() is None
    finally:
        gc.enable()
        handle.remove()
    assert outcome.error == 'OutOfMemoryError: no memory left'
    good, = measure([backbone.space.max_arch()])
    assert good.error is None and good.metrics
    assert not any(metric.results for metric in val.evaluator.metrics)
