# Random search on the trained supernet: the baseline at the same budget.
_base_ = './scalenet-w8_fcn_search_digits-96x96.py'
train_cfg = dict(
    searcher=dict(
        _delete_=True,
        type='RandomSearch',
        objectives=_base_.train_cfg.searcher.objectives,
        initial=_base_.train_cfg.searcher.initial,
        N=_base_.train_cfg.searcher.N))
