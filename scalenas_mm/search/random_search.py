from .searcher import Draw, Searcher


class RandomSearch(Searcher):
    """Independent samples, the baseline.

    Args:
        **kwargs: As for :class:`Searcher`.
    """

    def propose(self, id: int) -> Draw:
        return self.sample(self.rng(id), self.initial[id % len(self.initial)])
