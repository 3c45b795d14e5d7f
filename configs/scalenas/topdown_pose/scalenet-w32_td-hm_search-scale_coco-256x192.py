# Scale-aware: medium and large persons are objectives of their own.
_base_ = './scalenet-w32_td-hm_search_coco-256x192.py'
train_cfg = dict(
    searcher=dict(
        objectives={
            '_delete_': True,
            'coco/AP (M)': 'max',
            'coco/AP (L)': 'max',
            'macs': 'min'
        }))
