"""A given list of architectures, and several tasks over one space."""
import json

import numpy as np
import pytest

from scalenas_mm.search import ListedSearch, join_archives, pareto_front
from scalenas_mm.spaces import InputError
from .conformance import COSTS, OBJECTIVES, SPACE, ask, finish, tell


def archs_of(num, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(num)]


def listed(archs):
    return ListedSearch(COSTS, OBJECTIVES, archs=archs)


def test_evaluates_the_list_in_order():
    archs = archs_of(4)
    history = finish(listed([*(a.to_dict() for a in archs), 'max', archs[1]]))
    assert [r.digest for r in history
            ] == [a.digest for a in (*archs, SPACE.max_arch())]


def test_goes_on_from_its_history():
    whole = finish(listed(archs_of(5)))
    resumed = listed(archs_of(5))
    for record in whole[:3]:
        resumed.tell(record)
    assert finish(resumed) == whole
    assert listed(archs_of(5)).identity() == resumed.identity()
    assert listed(archs_of(5, 1)).identity() != resumed.identity()


def test_reads_lines_of_archs_or_an_archive(tmp_path):
    archs = archs_of(3)
    plain, archive = tmp_path / 'archs.jsonl', tmp_path / 'archive.jsonl'
    plain.write_text('\n'.join(a.to_json() for a in archs))
    archive.write_text(''.join(r.to_json() + '\n'
                               for r in finish(listed(archs))))
    assert listed(str(plain)).archs == listed(archive).archs == archs


@pytest.mark.parametrize('text, message', [
    (None, 'archs: expected a JSON lines file'),
    ('', 'archs: expected at least one architecture'),
    ('{}\n', 'arch.modules: expected a value'),
    ('{"arch":\n', 'line 1: expected a JSON object'),
    ('max\n', 'line 1: expected a JSON object'),
])
def test_bad_lists_are_named(tmp_path, text, message):
    path = tmp_path / 'archs.jsonl'
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        listed(path)


def measured(archs, factor):
    searcher = listed(archs)
    for i, _ in enumerate(archs):
        tell(searcher, ask(searcher), metrics=dict(mIoU=factor * (i + 1.0)))
    return searcher.history


def test_join_keeps_what_all_measured():
    archs = archs_of(6)
    digits, small = measured(archs[:4], 1), measured(archs[2:], -1)
    joined = join_archives(dict(digits=digits, small=small))
    assert [r.digest for r in joined] == [a.digest for a in archs[2:4]]
    assert [r.id for r in joined] == [0, 1]
    assert joined[0].metrics == {'digits.mIoU': 3.0, 'small.mIoU': -1.0}
    costs = dict(digits=digits[2].cost, small=small[0].cost)
    assert joined[0].cost == costs['digits'] | {
        f'{name}.{key}': value
        for name, cost in costs.items()
        for key, value in cost.items()
    }
    values = [[-r.metrics['digits.mIoU'], -r.metrics['small.mIoU']]
              for r in joined]
    assert len(pareto_front(np.array(values))) == 2
    json.loads(joined[0].to_json())


def test_join_needs_something_in_common():
    archs = archs_of(4)
    one, two = measured(archs[:2], 1), measured(archs[2:], 1)
    with pytest.raises(InputError, match='that all of them have measured'):
        join_archives(dict(a=one, b=two))
    with pytest.raises(InputError, match='at least two'):
        join_archives(dict(a=one))
