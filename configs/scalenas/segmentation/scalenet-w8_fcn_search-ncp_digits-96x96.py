# Network coding propagation on the trained supernet: the same budget as
# topology evolution, candidates proposed by gradient on a predictor.
_base_ = './scalenet-w8_fcn_search_digits-96x96.py'
train_cfg = dict(searcher=dict(type='NCPSearcher'))
