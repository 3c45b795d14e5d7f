# Network coding propagation on the trained supernet: the same budget as
# topology evolution, candidates proposed by gradient on a predictor.
_base_ = './scalenas_w8_search_demo.py'
train_cfg = dict(searcher=dict(type='NCPSearcher'))
