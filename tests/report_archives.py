"""Archives of searches that measured nothing: metrics are made of genes."""
import json

import numpy as np

from scalenas_mm.search import NSGA2, Archive, Record, baselines_path
from scalenas_mm.spaces import ScaleNetSpace
from scalenas_mm.visualization.search_report.times import Span, append_time

SIZE = (64, 64)
SPACE = ScaleNetSpace(
    width=8, num_modules=(1, 1, 1), stem_width=8, multi_scale_output=False)
OBJECTIVES = dict(mIoU='max', macs='min')


def make_search(folder, space=SPACE, num=60, failing=7, clock=True, seed=0):
    """A search by NSGA-II with baselines, latencies, failures and times; the
    path of its archive."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'archive.jsonl'
    costs = space.cost_model(SIZE)
    searcher = NSGA2(costs, OBJECTIVES, N=num, n0=min(50, num // 3), seed=seed)
    meta = dict(
        space=space.to_dict(),
        searcher=dict(objectives=OBJECTIVES),
        evaluation=dict(input_size=list(SIZE)),
        supernet='0123456789abcdef')
    measure = measurement(space, costs, failing)
    with Archive(path, meta) as archive:
        while len(archive) < num:
            candidate, = searcher.ask(1)
            record = measure(candidate.arch, candidate.id,
                             list(candidate.parents), candidate.generation)
            archive.append(record)
            searcher.tell(record)
            if clock:
                append_time(
                    path,
                    Span(record.id, 1000.0 + 5 * record.id, record.seconds))
    lines = [
        measure(make(), i, [], 0, name).to_json()
        for i, (name, make) in enumerate(space.named().items())
    ]
    baselines_path(path).write_text('\n'.join(lines) + '\n')
    return path


def measurement(space, costs, failing):
    """What a candidate would be like: the larger the better, and the better
    the more of a few genes it has."""
    choices = space.gene_choices()
    low = np.array([values[0] for values in choices], float)
    span = np.array([values[-1] for values in choices]) - low
    span[span == 0] = 1
    weights = np.random.default_rng(5).random(len(choices))**4

    def measure(arch, id, parents, generation, name=None):
        genes = (space.encode(arch) - low) / span
        rng = np.random.default_rng([7, id])
        cost = costs(arch)
        value = 40 + 30 * float(weights @ genes / weights.sum()) + float(
            rng.normal(0, 0.4))
        failed = name is None and failing and id % failing == failing - 1
        more = dict(
            status='failed',
            error='RuntimeError: out of memory') if failed else dict(
                metrics=dict(mIoU=value, aAcc=value + 20))
        return Record(
            id=id,
            digest=arch.digest,
            arch=arch.to_dict(),
            cost={
                **cost, 'latency@pi4': round(cost['macs'] / 3e6, 3)
            },
            parents=parents,
            generation=generation,
            seconds=float(rng.uniform(3, 6)),
            name=name,
            **more)

    return measure


def rewrite(path, change):
    """Change the lines of an archive, as JSON values."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [change(row) or row for row in rows]
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))
