# Small, medium and large objects as objectives of their own: the front holds
# the best networks for each size. An AP without objects of its size is -1.
_base_ = './scalenet-w32_faster-rcnn_search_coco.py'
train_cfg = dict(
    searcher=dict(
        objectives={
            '_delete_': True,
            'coco/bbox_mAP': 'max',
            'coco/bbox_mAP_s': 'max',
            'coco/bbox_mAP_m': 'max',
            'coco/bbox_mAP_l': 'max',
            'macs': 'min'
        }))
