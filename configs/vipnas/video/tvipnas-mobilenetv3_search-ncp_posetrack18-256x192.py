# The same limit and number of networks, by network coding propagation.
_base_ = './tvipnas-mobilenetv3_search_posetrack18-256x192.py'
train_cfg = dict(searcher=dict(type='NCPSearcher', n0=250))
