"""A search in which failures can be planned; see tests/faults.py."""
import pytest

CONFIG = """\
_base_ = './tiny_search.py'
custom_imports = dict(imports=['scalenas_mm.registry', 'faults'])
model = dict(architecture=dict(
    data_preprocessor=dict(type='FaultyPreprocessor'),
    backbone=dict(norm_cfg=dict(type='SyncBN'))))
load = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
val_dataloader = dict(dataset=dict(
    pipeline=load + [dict(type='FaultyTransform'),
                     dict(type='PackSegInputs')]))
val_evaluator = [
    dict(type='FaultyIoU'),
    dict(type='scalenas_mm.SizeAwareIoU', thresholds=(2, 4))]
train_cfg = dict(evaluation=dict(type='Sequential'), parallel='data',
                 searcher=dict(
    _delete_=True, type='RandomSearch', N=8,
    objectives=dict(mIoU='max', macs='min')))
custom_hooks = [dict(type='FaultHook'),
                dict(type='scalenas_mm.SearchLoggerHook')]
"""


@pytest.fixture(scope='session')
def faulty_search(tiny):
    """Config of a random search of 8 candidates."""
    path = tiny / 'faulty_search.py'
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope='session')
def undisturbed(tiny, faulty_search):
    """Records of that search in one process, without a failure."""
    from tiny_search import runner_of

    from scalenas_mm.search import read_archive
    folder = tiny / 'undisturbed'
    runner_of(
        faulty_search, folder,
        load_from=str(tiny / 'supernet/iter_4.pth')).train()
    return read_archive(folder / 'archive.jsonl')
