# Table 3: one network for every frame, under the limit that the average of the
# video's networks has. Its supernet is that of COCO; the paper does not say
# whether it trained one on PoseTrack18.
_base_ = '../topdown_pose/vipnasresnet_td-hm_search_coco-256x192.py'
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
data = dict(
    type='scalenas_mm.PoseTrackFrames',
    data_root='data/posetrack18/',
    data_prefix=dict(img=''))
train_dataloader = dict(
    dataset=dict(ann_file='annotations/posetrack18_train.json', **data))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/posetrack18_val.json', bbox_file=None, **data))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='scalenas_mm.PoseTrackMetric')
test_evaluator = val_evaluator
train_cfg = dict(
    searcher=dict(
        objectives=dict(
            _delete_=True, **{
                'posetrack/AP': 'max',
                'macs': 'min'
            }),
        constraints=dict(paper_gflops=(None, 0.82))))
