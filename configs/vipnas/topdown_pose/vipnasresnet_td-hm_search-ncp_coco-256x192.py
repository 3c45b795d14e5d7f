# The same limit and number of networks, by network coding propagation.
_base_ = './vipnasresnet_td-hm_search_coco-256x192.py'
train_cfg = dict(searcher=dict(type='NCPSearcher', n0=250))
