# The released code's search: 15 groups of 67 initial networks; every fusion
# bit flips with 0.2, never those of the last module.
_base_ = './scalenet-w32_td-hm_search_coco-256x192.py'
model = dict(
    architecture=dict(backbone=dict(upsample='nearest', drop_dead=False)))
load_from = 'work_dirs/scalenet-w32_td-hm_supernet-released_8xb64-210e_coco-256x192/epoch_210.pth'  # noqa: E501
train_cfg = dict(
    searcher=dict(
        n0=1005,
        p_m=1.0,
        mutation=dict(p_bit=0.2, keep_last=True),
        initial=[
            dict(depths=depths, fusion=fusion)
            for depths in ((2, 3), (3, 4), (4, 5))
            for fusion in (0.2, 0.35, 0.5, 0.65, 0.8)
        ]))
