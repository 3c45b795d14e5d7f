# Random search on the trained supernet: the baseline at the same budget.
_base_ = './scalenas_w8_search_demo.py'
train_cfg = dict(
    searcher=dict(
        _delete_=True,
        type='RandomSearch',
        objectives=_base_.train_cfg.searcher.objectives,
        initial=_base_.train_cfg.searcher.initial,
        N=_base_.train_cfg.searcher.N))
