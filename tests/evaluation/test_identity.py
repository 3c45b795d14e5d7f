"""What two evaluations differ in is named; where the data lie is not."""
import json

import numpy as np
import pytest
from mmengine.config import Config

from scalenas_mm.evaluation import evaluation_identity
from scalenas_mm.search import differences


def config(root, **changes):
    dataset = dict(
        type='Some',
        data_root=root,
        ann_file=f'{root}/train.json',
        pipeline=[dict(type='Load'),
                  dict(type='Resize', scale=(64, 48))])
    cfg = Config(
        dict(
            model=dict(
                type='scalenas_mm.OneShotSupernet',
                architecture=dict(
                    type='Model',
                    init_cfg=dict(type='Pretrained', checkpoint='a.pth'),
                    backbone=dict(
                        type='scalenas_mm.ScaleNet',
                        width=8,
                        init_cfg=dict(type='Pretrained', checkpoint='b')),
                    head=dict(type='Head', weights=np.ones(2), loss=len))),
            train_dataloader=dict(batch_size=2, dataset=dataset),
            val_dataloader=dict(batch_size=1, dataset=dataset),
            val_evaluator=[
                dict(type='CocoMetric', ann_file=f'{root}/train.json')
            ]))
    cfg.merge_from_dict(changes)
    return evaluation_identity(cfg, seed=0, input_size=[64, 64])


def test_it_is_json_and_says_no_start():
    identity = config('data/coco')
    assert json.loads(json.dumps(identity)) == identity
    head = identity['model']['head']
    assert head == dict(type='Head', weights=[1.0, 1.0], loss='builtins.len')
    assert 'init_cfg' not in json.dumps(identity)
    assert identity['val_evaluator'][0]['ann_file'] == '{data_root}/train.json'


def test_the_preprocessor_of_the_whole_config_counts():
    top = config('a', data_preprocessor=dict(type='Some', mean=[1, 2]))
    assert top['model']['data_preprocessor'] == dict(type='Some', mean=[1, 2])
    own = {'model.architecture.data_preprocessor': dict(type='Own')}
    both = config('a', data_preprocessor=dict(type='Some'), **own)
    assert both['model']['data_preprocessor'] == dict(type='Own')


@pytest.mark.parametrize('key, same',
                         [('batch_size', True), ('num_workers', True),
                          ('sampler', False), ('drop_last', False)])
def test_what_decides_which_samples_are_measured(key, same):
    found = differences(
        config('a'), config('a', **{f'val_dataloader.{key}': 7}))
    assert bool(found) != same


def test_data_may_move():
    found = differences(config('data/coco'), config('/mnt/disk/coco'))
    assert found and all(difference.allowed for difference in found)
    assert {d.key.split('.')[-1] for d in found} == {'data_root'}


def test_the_key_that_differs_is_named():
    changes = {
        'train_dataloader.dataset.pipeline.1.scale': (32, 32),
        'val_evaluator.0.type': 'OtherMetric'
    }
    found = differences(config('data/coco'), config('data/coco', **changes))
    assert [d.key for d in found if not d.allowed] == [
        'train_dataloader.dataset.pipeline[1].scale', 'val_evaluator[0].type'
    ]
