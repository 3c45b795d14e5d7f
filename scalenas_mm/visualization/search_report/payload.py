"""What the scripts of a page are given: plain JSON values."""
import json
import math
from typing import Any, Dict, List, Optional, Sequence

from scalenas_mm.search.record import Record
from .clock import clock_of
from .columns import column_values, find_columns
from .compared import compare
from .densities import densities
from .genes import Encoder, Genes, best_of, find_genes, importance
from .patterns import patterns
from .sources import Source
from .spaces import drawing_of

Cache = Dict[str, Any]


def report_payload(sources: Sequence[Source],
                   title: Optional[str] = None,
                   cache: Optional[Cache] = None) -> Dict[str, Any]:
    """Everything that a report shows.

    Args:
        sources (Sequence[Source]): Searches; the first one is shown first.
        title (str, optional): Heading. Defaults to their names.
        cache (dict, optional): What need not be computed again for a longer
            archive of the same search; filled here.
    """
    cache = {} if cache is None else cache
    return dict(
        title=title or ' and '.join(source.name for source in sources),
        searches=[
            _search(source, cache.setdefault(_identity(source), {}))
            for source in sources
        ],
        comparison=compare(sources) if len(sources) > 1 else None)


def _identity(source: Source) -> str:
    """An archive may give way to another one of another space."""
    space = json.dumps(source.meta.get('space'), sort_keys=True)
    return f'{source.path} {space}'


def _search(source: Source, cache: Cache) -> Dict[str, Any]:
    """One search."""
    records, baselines = source.records, source.baselines
    objectives = source.objectives()
    columns = find_columns([*records, *baselines], objectives)
    found = best_of(records, _known(objectives, columns))
    return dict(
        name=source.name,
        file=str(source.path),
        kind=str(source.meta.get('kind', 'search')),
        objectives=objectives,
        columns=[column._asdict() for column in columns],
        values=column_values(columns, records),
        generations=[record.generation for record in records],
        parents=[record.parents for record in records],
        digests=[record.digest for record in records],
        steps=_steps(records),
        failed={
            record.id: record.error or ''
            for record in records if not record.ok
        },
        archs=_archs(records, cache.setdefault('archs', {})),
        front=found[2] if found else [],
        baselines=[_baseline(record, columns) for record in baselines],
        exported=_exported(source),
        clock=clock_of(source),
        commands=_commands(source),
        facts=_facts(source),
        notes=list(source.notes),
        **_of_space(source, _known(objectives, columns), cache))


def _known(objectives: Dict[str, str], columns: Any) -> Dict[str, str]:
    """Objectives that any candidate has, with a direction that is one."""
    keys = {column.key for column in columns}
    return {
        key: way
        for key, way in objectives.items()
        if key in keys and way in ('max', 'min')
    }


def _archs(records: Sequence[Record], known: Dict[str, str]) -> List[str]:
    """Architectures as text: a page parses only those that are looked at."""
    for record in records:
        if record.digest not in known:
            known[record.digest] = json.dumps(
                record.arch, separators=(',', ':'))
    return [known[record.digest] for record in records]


def _steps(records: Sequence[Record]) -> Optional[List[Any]]:
    steps = [record.step for record in records]
    return steps if any(step is not None for step in steps) else None


def _baseline(record: Record, columns: Any) -> Dict[str, Any]:
    values = column_values(columns, [record])
    return dict(
        name=record.name or f'baseline {record.id}',
        arch=json.dumps(record.arch),
        digest=record.digest,
        error=None if record.ok else record.error or '',
        values={
            key: one[0]
            for key, one in values.items()
        })


def _exported(source: Source) -> List[Dict[str, Any]]:
    """Those whose architecture is that of the candidate: an archive may have
    been made anew since."""
    return [
        dict(id=one.id, config=one.config, text=one.text)
        for one in source.exported if one.id < len(source.records)
        and source.records[one.id].digest == one.digest
    ]


def _commands(source: Source) -> Dict[str, Any]:
    config, checkpoint = source.config
    return dict(
        config=config,
        checkpoint=checkpoint,
        tasks=sorted(source.meta['tasks']) if isinstance(
            source.meta.get('tasks'), dict) else [])


def _facts(source: Source) -> List[List[str]]:
    """What the search was, by name."""
    meta = source.meta
    facts = [['archive', str(source.path)]]
    size = source.input_size()
    if size:
        facts.append(['input size', '{} × {}'.format(*size)])
    for key in ('supernet', 'space', 'searcher', 'versions'):
        if key in meta:
            value = meta[key]
            text = value if isinstance(value, str) else json.dumps(value)
            facts.append([key, text])
    return facts


def _of_space(source: Source, objectives: Dict[str, str],
              cache: Cache) -> Dict[str, Any]:
    """What needs to know architectures: drawings and statistics of genes."""
    out: Dict[str, Any] = dict(
        space=str((source.meta.get('space') or {}).get('type', ''))
        if isinstance(source.meta.get('space'), dict) else '',
        size=source.input_size(),
        drawing=None,
        genes=None,
        patterns=None,
        densities=None)
    space = source.space()
    if space is None:
        return out
    out['drawing'] = drawing_of(space)
    if out['drawing'] is not None:
        bits = math.log10(space.size())
        out['networks'] = f'10^{bits:.0f}' if bits > 6 else f'{space.size():,}'
    if source.meta.get('kind') == 'shrinking':
        return out  # its networks are one, at several moments
    encoder = cache.setdefault('encoder', Encoder(space))
    genes = find_genes(source.records, objectives, encoder)
    if genes is None:
        return out
    out['genes'] = importance(genes, space)
    out['patterns'] = patterns(space, genes)
    out['densities'] = _densities(source, space, genes)
    return out


def _densities(source: Source, space: Any, genes: Genes) -> Any:
    size = source.input_size()
    return size and densities(space, size, genes.values)
