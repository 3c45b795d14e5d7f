"""compare_searches.py --run: what is run, what is not run again."""
import json
import re
import sys
from pathlib import Path

import pytest
from commands import TOOLS, run
from mmengine.config import Config

from scalenas_mm.registry import SEARCHERS
from scalenas_mm.search import Archive, Record, read_archive, read_meta
from scalenas_mm.spaces import CostModel, NCPSpace

sys.path.append(str(TOOLS))
import _searches  # noqa: E402

TOOL = 'analysis_tools/compare_searches.py'
COSTS = CostModel(NCPSpace(channels=(8, 16)), (32, 32))
CONFIG = """\
custom_imports = dict(imports=['scalenas_mm.registry'])
load_from = 'own.pth'
train_cfg = dict(
    type='scalenas_mm.SearchLoop',
    searcher=dict(
        type='TopologyEvolution',
        objectives=dict(score='max', macs='min'),
        n0=6, k=3, p_c=0.5, N=9,
        initial=[{}, {}]))
"""
SEARCHERS_OF = [
    '--searcher', 'Random=RandomSearch', '--searcher',
    'NSGA-II={"type": "NSGA2", "n0": 5}'
]


class FakeSearches:
    """Stands for ``python tools/search.py``: a made-up metric, at once.

    Attributes:
        configs: Of the searches that were started.
        dying: After so many candidates a search ends with an error.
    """

    def __init__(self):
        self.configs, self.dying, self.evaluation = [], {}, 'fake'

    def __call__(self, words, log):
        script, path, _, folder, resume, _, option = map(str, words)
        assert Path(script).name == 'search.py' and resume == '--resume'
        config = Config.fromfile(path)
        config.merge_from_dict(dict([option.split('=')]))
        config.train_cfg.searcher.N = int(config.train_cfg.searcher.N)
        self.configs.append(config)
        searcher = SEARCHERS.build(
            dict(config.train_cfg.searcher, costs=COSTS))
        meta = dict(
            space=COSTS.space.to_dict(),
            searcher=searcher.identity(),
            evaluation=dict(kind=self.evaluation),
            supernet=str(config.load_from))
        last = self.dying.pop(Path(path).parent.name, 10**9)
        with Archive(
                Path(folder) / 'archive.jsonl', meta, resume=True) as archive:
            for record in archive:
                searcher.tell(record)
            while not searcher.finished:
                if len(archive) == last:
                    log.write('search.py: error: no space left\n')
                    return 2
                candidate, = searcher.ask()
                arch = candidate.arch
                record = Record(
                    candidate.id,
                    arch.digest,
                    arch.to_dict(),
                    dict(score=int(arch.digest[:4], 16) / 1e4),
                    COSTS(arch),
                    list(candidate.parents),
                    generation=candidate.generation)
                archive.append(record)
                searcher.tell(record)
        return 0


@pytest.fixture
def searches(tmp_path, monkeypatch):
    fake = FakeSearches()
    (tmp_path / 'c.py').write_text(CONFIG)
    for name in ('a.pth', 'b.pth'):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_searches, 'start', fake)
    return fake


def compare(*args, seeds=(0, 1, 2)):
    return run(TOOL, '--run', 'c.py', '--metric', 'score', '--out', 'out',
               '--seeds', *seeds, *args)


def first_words(text):
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def test_each_method_and_seed_once(searches):
    result = compare(*SEARCHERS_OF)
    assert result.code == 0, result.err
    assert '9 candidates each; score and macs' in result.out
    assert '3 and 3 seeds' in result.out and 'against Random' in result.out
    kinds = [config.train_cfg.searcher for config in searches.configs]
    assert [(kind.type, kind.seed) for kind in kinds] == [
        (kind, seed) for seed in range(3) for kind in ('RandomSearch', 'NSGA2')
    ]
    # what the config says and the searcher has stays; others are dropped
    assert kinds[0].to_dict() == dict(
        type='RandomSearch',
        objectives=dict(score='max', macs='min'),
        initial=[{}, {}],
        seed=0,
        N=9)
    assert (kinds[1].n0, kinds[1].k, kinds[1].p_c) == (5, 3, 0.5)
    meta = read_meta('out/NSGA-II/seed2/archive.jsonl')
    assert meta['searcher']['seed'] == 2 and meta['supernet'] == 'own.pth'


def test_only_what_is_missing_is_run(searches):
    compare(*SEARCHERS_OF, seeds=[0])
    before = read_archive('out/Random/seed0/archive.jsonl')
    again = compare(*SEARCHERS_OF, seeds=[0])
    assert again.code == 0 and len(searches.configs) == 2
    assert '== Random, seed 0: 9 of 9 candidates' in again.out
    config = Path('c.py')  # a larger N there is no other search
    config.write_text(config.read_text().replace('N=9', 'N=8'))
    # more seeds, more methods and more candidates
    compare(*SEARCHERS_OF, seeds=[0, 1])
    compare(*SEARCHERS_OF, '--searcher', 'new=LocalSearch', seeds=[0])
    assert len(searches.configs) == 5
    longer = compare(*SEARCHERS_OF, '--N', 12, seeds=[0])
    assert '12 candidates each' in longer.out and len(searches.configs) == 7
    assert read_archive('out/Random/seed0/archive.jsonl')[:9] == before


@pytest.mark.parametrize('change', ['config', 'weights'])
def test_what_is_done_is_of_these_settings(searches, change):
    """Also of what the config inherits, and of the weights themselves."""
    Path('base.py').write_text(CONFIG)
    Path('c.py').write_text("_base_ = 'base.py'\n")
    Path('own.pth').write_bytes(b'trained')
    assert compare(seeds=[0]).code == 0
    assert compare(seeds=[0]).code == 0
    if change == 'config':
        Path('base.py').write_text(
            CONFIG.replace('    searcher', '    seed=3,\n    searcher'))
    else:
        Path('own.pth').write_bytes(b'trained once more')
        _searches.file_digest.cache_clear()
    result = compare(seeds=[0])
    assert result.code == 2 and 'of a search with other settings' in result.err


def test_a_failure_is_told_and_others_stay(searches):
    searches.dying = dict(Random=4)
    result = compare(*SEARCHERS_OF, seeds=[0])
    assert result.code == 2 and 'candidates each' not in result.out
    assert 'failed with code 2: search.py: error: no space left' in result.out
    assert result.err.splitlines() == [
        'compare_searches.py: error: 1 of 2 searches failed (Random seed 0); '
        'the others stay, and the same command goes on'
    ]
    assert 'out/Random/seed0.log' in result.out
    assert len(read_archive('out/NSGA-II/seed0/archive.jsonl')) == 9
    begun = read_archive('out/Random/seed0/archive.jsonl')
    assert len(begun) == 4
    result = compare(*SEARCHERS_OF, seeds=[0])
    assert result.code == 0 and len(searches.configs) == 3
    assert '== Random, seed 0: 4 of 9 candidates' in result.out
    assert read_archive('out/Random/seed0/archive.jsonl')[:4] == begun


def test_supernets_are_methods_with_trainings(searches):
    result = compare(
        '--supernet',
        'Grouped=a.pth',
        '--supernet',
        'Sandwich=b.pth',
        '--supernet',
        'Sandwich=a.pth',
        seeds=[0])
    assert result.code == 0, result.err
    words = first_words(result.out)
    assert words.count('Grouped') == words.count('Sandwich') == 2
    assert [c.load_from
            for c in searches.configs] == ['a.pth', 'b.pth', 'a.pth']
    assert Path('out/Sandwich/TopologyEvolution/supernet1-seed0').is_dir()
    both = compare(
        '--supernet',
        'Grouped=a.pth',
        '--supernet',
        'Sandwich=b.pth',
        *SEARCHERS_OF,
        seeds=[0])
    assert '  Sandwich, NSGA-II ' in both.out
    one = compare('--supernet', 'Grouped=a.pth', *SEARCHERS_OF, seeds=[0])
    assert len(searches.configs) == 7 and first_words(one.out).count('==') == 2


def test_archives_can_stand_beside(searches):
    compare('--searcher', 'mine=RandomSearch', seeds=[0])
    old = 'old=out/mine/seed0/archive.jsonl'
    result = compare('--searcher', 'mine=RandomSearch', old, seeds=[0])
    assert result.code == 0 and 'against old' in result.out


@pytest.mark.parametrize('args, message', [
    (['--searcher', 'x=Nobody'], '--searcher x: there is no searcher Nobody'),
    (['--searcher', 'x={"type": "RandomSearch", "n0": 3}'
      ], '--searcher x: RandomSearch has no setting n0'),
    (['--searcher', 'x=NSGA2', '--searcher', 'x=NSGA2'], 'a name for each'),
    (['--searcher', 'Random={"type": "RandomSearch", "initial": [{}]}'
      ], 'out/Random/seed0/archive.jsonl is of a search with other settings'),
])
def test_errors_are_one_line(searches, args, message):
    compare('--searcher', 'Random=RandomSearch', seeds=[0])
    result = compare(*args, seeds=[0])
    assert result.code == 2 and len(searches.configs) == 1
    assert message in result.err and len(result.err.splitlines()) == 1


def test_other_measurements_are_refused(searches):
    compare('--searcher', 'Random=RandomSearch', seeds=[0])
    searches.evaluation = 'another'
    result = compare(*SEARCHERS_OF, seeds=[0])
    assert result.code == 2 and 'measured in another way' in result.err
    Path('c.py').write_text('train_cfg = dict(max_iters=3)\n')
    assert 'this config trains' in compare().err


def test_interrupted(searches, monkeypatch):

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_searches, 'start', stop)
    code = compare(*SEARCHERS_OF, seeds=[0]).code
    assert code == '\ninterrupted; the same command goes on'


def test_what_is_printed_goes_to_the_log(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text('import sys\nprint(sys.argv[1], flush=True)\n'
                      'sys.exit("wrong")\n')
    with open(tmp_path / 'log', 'a') as log:
        assert _searches.start([script, Path('x')], log) == 1
    assert (tmp_path / 'log').read_text().split() == ['x', 'wrong']


def test_the_command_itself(tmp_path, monkeypatch):
    """tools/search.py on a tiny supernet, here in this process."""
    pytest.importorskip('mmseg')
    from tiny_search import write_configs
    folder = write_configs(tmp_path)
    (folder / 'untrained.py').write_text(
        "_base_ = './tiny_search.py'\n"
        'train_cfg = dict(allow_untrained=True, searcher=dict(n0=2, k=1))\n')

    def search(words, log):
        result = run(Path(words[0]).name, *words[1:])
        log.write(result.out + result.err)
        return result.code

    monkeypatch.chdir(folder)
    monkeypatch.setattr(_searches, 'start', search)
    result = run(TOOL, '--run', 'untrained.py', '--searcher',
                 'Topology=TopologyEvolution', '--searcher',
                 'Random=RandomSearch', '--seeds', 0, '--N', 3, '--out',
                 'work/out', '--json', 'numbers.json')
    assert result.code == 0, result.out + result.err
    assert re.search(
        r'== Topology, seed 0: 0 of 3 candidates\n   3 candidates', result.out)
    records = read_archive('work/out/Topology/seed0/archive.jsonl')
    assert [record.generation for record in records] == [0, 0, 1]
    assert set(json.loads(Path('numbers.json').read_text())['methods']) == {
        'Topology', 'Random'
    }
