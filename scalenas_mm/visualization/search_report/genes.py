"""Which genes separate the best candidates from the rest."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from scalenas_mm.search.objectives import Objectives
from scalenas_mm.search.pareto import pareto_front, select
from scalenas_mm.search.record import Record
from scalenas_mm.spaces import ArchError, Space
from .spaces import gene_names, value_names

SHARE = 0.1  # of the candidates are the best, or the front if it is larger
FEWEST = 20  # candidates, with fewer nothing can be said
SWAPS = 100  # random choices of as many others as the best are
MOST_VALUES = 8  # of a gene; more become ranges
SHOWN = 16  # genes


class Genes(NamedTuple):
    """Gene vectors of the candidates that did not fail.

    Attributes:
        rows: Indices of the candidates.
        values: Shape ``(num, genes)``.
        best: Whether each is among the best, by peeling fronts.
    """
    rows: np.ndarray
    values: np.ndarray
    best: np.ndarray


class Encoder:
    """Gene vectors of architectures, each encoded once.

    Args:
        space (Space): Their space.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._known: Dict[str, np.ndarray] = {}

    def __call__(self, records: Sequence[Record]) -> np.ndarray:
        """Shape ``(num, genes)``.

        Raises:
            ArchError: An architecture is not in the space.
        """
        for record in records:
            if record.digest not in self._known:
                self._known[record.digest] = self.space.encode(
                    self.space.from_dict(record.arch))
        return np.stack([self._known[record.digest] for record in records])


def best_of(records: Sequence[Record], objectives: Dict[str,
                                                        str]) -> Optional[Any]:
    """Rows that have all objectives, and which of them are the best; None if
    there are none."""
    rows = [
        i for i, record in enumerate(records)
        if record.ok and all(key in record.metrics or key in record.cost
                             for key in objectives)
    ]
    if not rows or not objectives:
        return None
    costs = Objectives(objectives).values([records[i] for i in rows])
    front = pareto_front(costs)
    num = max(len(front), int(np.ceil(SHARE * len(rows))))
    best = np.zeros(len(rows), bool)
    best[select(costs, num)] = True
    return np.array(rows), best, [rows[i] for i in front]


def find_genes(records: Sequence[Record], objectives: Dict[str, str],
               encoder: Encoder) -> Optional[Genes]:
    """Genes, and which candidates are the best; None where there are too few
    candidates, or architectures that the space does not have."""
    found = best_of(records, objectives)
    if found is None or len(found[0]) < FEWEST:
        return None
    rows, best, _ = found
    try:
        values = encoder([records[i] for i in rows])
    except ArchError:
        return None
    return Genes(rows, values, best)


def importance(genes: Genes, space: Space) -> Dict[str, Any]:
    """Mutual information of each gene and being among the best, in bits.

    It is compared with chance: the best are swapped for as many random
    candidates, again and again. What 95% of these have at most, as the highest
    of all genes, is the limit of chance.

    Returns:
        dict: ``num`` and ``best`` (candidates), ``limit`` (bits) and
        ``genes``, the most important first, each with ``name``, ``bits``,
        and for each of its ``values`` the share of the best and of the rest.
    """
    names, words = gene_names(space), value_names(space)
    codes = [_coded(column) for column in genes.values.T]
    varied = [i for i, code in enumerate(codes) if code.max() > 0]
    out: Dict[str, Any] = dict(
        num=len(genes.best), best=int(genes.best.sum()), limit=0.0, genes=[])
    if not varied or genes.best.all():
        return out
    kept = [codes[i] for i in varied]
    bits = _information(kept, genes.best[:, None])[:, 0]
    rng = np.random.default_rng(0)
    swapped = np.stack([rng.permutation(genes.best) for _ in range(SWAPS)], 1)
    chance = _information(kept, swapped).max(0)
    order = np.argsort(-bits, kind='stable')[:SHOWN]
    out['limit'] = round(float(np.quantile(chance, 0.95)), 5)
    out['genes'] = [
        _gene(names[varied[k]], float(bits[k]), kept[k],
              genes.values[:, varied[k]], genes.best, words) for k in order
    ]
    return out


def _coded(column: np.ndarray) -> np.ndarray:
    """Values as numbers from 0; of many values, ranges with as many each."""
    values, codes = np.unique(column, return_inverse=True)
    if len(values) > MOST_VALUES:
        edges = np.unique(np.quantile(column, (0.25, 0.5, 0.75)))
        codes = np.searchsorted(edges, column)
        codes = np.unique(codes, return_inverse=True)[1]
    return codes


def _information(codes: List[np.ndarray], best: np.ndarray) -> np.ndarray:
    """Bits of ``(num, swaps)`` choices of the best: ``(genes, swaps)``."""
    starts = np.cumsum([0, *(code.max() + 1 for code in codes)])
    num = len(best)
    both = np.zeros((starts[-1], best.shape[1]))
    every = np.zeros(starts[-1])
    weights = best.astype(np.float32)  # counts stay exact
    for start, code in zip(starts, codes):
        one = np.zeros((code.max() + 1, num), np.float32)
        one[code, np.arange(num)] = 1
        both[start:start + len(one)] = one @ weights
        every[start:start + len(one)] = one.sum(1)
    share = weights.mean(0)
    terms = _term(both / num, np.outer(every / num, share))
    rest = (every[:, None] - both) / num
    terms += _term(rest, np.outer(every / num, 1 - share))
    return np.add.reduceat(terms, starts[:-1], axis=0)


def _term(joint: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """p log p/q, 0 where p is."""
    safe = np.where(joint > 0, joint, 1)
    return np.where(joint > 0,
                    joint * np.log2(safe / np.where(alone > 0, alone, 1)), 0)


def _gene(name: str, bits: float, code: np.ndarray, column: np.ndarray,
          best: np.ndarray, words: Dict[str, List[str]]) -> Dict[str, Any]:
    labels = []
    for value in range(code.max() + 1):
        own = column[code == value]
        low, high = int(own.min()), int(own.max())
        text = str(low) if low == high else f'{low}–{high}'
        labels.append(words[name][low] if name in words else text)
    return dict(
        name=name,
        bits=round(max(bits, 0.0), 5),
        values=labels,
        best=_shares(code[best], len(labels)),
        rest=_shares(code[~best], len(labels)))


def _shares(code: np.ndarray, num: int) -> List[float]:
    counts = np.bincount(code, minlength=num) / max(1, len(code))
    return [round(float(x), 4) for x in counts]
