# The same limit and number of networks, by evolution instead of chance.
_base_ = './tvipnas-resnet_search_posetrack18-256x192.py'
train_cfg = dict(
    searcher=dict(type='TopologyEvolution', n0=250, k=50, p_c=0.25, p_m=0.5))
