# Small and large digits as objectives of their own. A third of the digits has
# less than 9 x 9 pixels of ink, a third 18 x 18 or more; the background is
# always large and left out.
_base_ = './scalenet-w8_fcn_search_digits-96x96.py'
val_evaluator = [
    _base_.val_evaluator,
    dict(
        type='scalenas_mm.SizeAwareIoU',
        thresholds=(9**2, 18**2),
        classes=_base_.metainfo.classes[1:])
]
test_evaluator = val_evaluator
train_cfg = dict(
    searcher=dict(
        objectives=dict(
            _delete_=True, mIoU_small='max', mIoU_large='max', macs='min'),
        n0=120,
        k=30,
        N=240))
