# The best on small digits below 40 M multiply-accumulates.
_base_ = './scalenet-w8_fcn_search-sizes_digits-96x96.py'
train_cfg = dict(
    searcher=dict(
        objectives=dict(_delete_=True, mIoU_small='max', macs='min'),
        constraints=dict(macs=(None, 40e6)),
        n0=60,
        k=15,
        N=120))
