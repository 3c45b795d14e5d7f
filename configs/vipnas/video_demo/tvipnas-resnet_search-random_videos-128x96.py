# The same limit and number of networks, by chance, as the paper.
_base_ = './tvipnas-resnet_search_videos-128x96.py'
train_cfg = dict(
    searcher=dict(
        _delete_=True,
        type='RandomSearch',
        objectives={
            'posetrack/AP_sum': 'max',
            'propagated_macs': 'min'
        },
        constraints=dict(propagated_macs=(None, 80e6)),
        N=16))
