"""Numbers in metafiles and READMEs, written from the configs."""
import json

import pytest
from commands import TOOLS, run

METAFILE = '''Collections: []
Models:
  - Name: {name}
    Config: c/{name}.py
    Metadata:
      Parameters (M): 1.0  # wrong
      GMACs:
      Paper Parameters (M): 47.2
      Paper GFLOPs: 285.4
      Cost Network: {network}
      Cost Scope: model
      Cost Input: 3x800x1280
'''
README = '''| config | does | params (M) | GMACs | GiMACs | paper: GFLOPs |
| --- | --- | --- | --- | --- | --- |
| [{name}]({name}.py) | a, b | | 0 | | |
| [other](other.py) | | | 0 | | 7 |

| network | params (M) |
| --- | --- |
| [{name}]({name}.py) | as in the paper |
'''


@pytest.fixture
def faster_rcnn(tmp_path):
    """A folder with the config of mmdet's Faster R-CNN on HRNet-W32."""
    pytest.importorskip('mmdet')
    name, folder = 'faster', tmp_path / 'c'
    folder.mkdir()
    (tmp_path / 'model-index.yml').write_text('Import:\n  - c/metafile.yml\n')
    (folder / f'{name}.py').write_text('''
_base_ = 'mmdet::hrnet/faster-rcnn_hrnetv2p-w32-1x_coco.py'
default_scope = 'mmdet'
model = dict(backbone=dict(
    _delete_=True, type='scalenas_mm.ScaleNet', arch='hrnet', width=32))
''')
    (folder / 'metafile.yml').write_text(
        METAFILE.format(name=name, network='hrnet'))
    (folder / 'README.md').write_text(README.format(name=name))
    return tmp_path


def test_a_two_stage_detector(faster_rcnn):
    before = (faster_rcnn / 'c' / 'README.md').read_text()
    wrong = run('misc/update_cost_tables.py', '--check', '--root', faster_rcnn)
    assert wrong.code == 2 and '3 lines' in wrong.err
    assert (faster_rcnn / 'c' / 'README.md').read_text() == before
    assert run('misc/update_cost_tables.py', '--root', faster_rcnn).code == 0
    metafile = (faster_rcnn / 'c' / 'metafile.yml').read_text()
    assert '      Parameters (M): 47.280\n      GMACs: 284.100\n' in metafile
    lines = (faster_rcnn / 'c' / 'README.md').read_text().split('\n')
    assert lines[2] == ('| [faster](faster.py) | a, b | 47.280 | 284.100 | '
                        '264.588 | 285.4 |')
    same = before.replace(before.split('\n')[2], lines[2])
    assert '\n'.join(lines) == same
    assert '0 lines differ' in run('misc/update_cost_tables.py', '--check',
                                   '--root', faster_rcnn).out


def test_the_config_builds_the_network(faster_rcnn):
    (faster_rcnn / 'c' / 'metafile.yml').write_text(
        METAFILE.format(name='faster', network='min'))
    result = run('misc/update_cost_tables.py', '--root', faster_rcnn)
    assert result.code == 2
    assert 'Cost Network: the config builds another network than min' in (
        result.err)


def test_proposals_as_on_a_real_device(monkeypatch):
    """What is counted on a meta device is what runs elsewhere, if no
    proposal is suppressed."""
    pytest.importorskip('mmdet')
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmengine.utils import get_installed_path

    from scalenas_mm.evaluation import rest_of_model
    from scalenas_mm.registry import MODELS
    monkeypatch.syspath_prepend(str(TOOLS / 'misc'))
    import update_cost_tables
    path = '.mim/configs/hrnet/mask-rcnn_hrnetv2p-w32-1x_coco.py'
    cfg = Config.fromfile(f'{get_installed_path("mmdet")}/{path}').model
    cfg.backbone = dict(
        type='scalenas_mm.ScaleNet',
        width=8,
        arch='min',
        num_modules=(1, ) * 3)
    cfg.neck.in_channels = [8, 16, 32, 64]
    cfg.test_cfg.rpn.update(
        max_per_img=120, nms=dict(type='nms', iou_threshold=1.0))
    init_default_scope('mmdet')
    real = rest_of_model(MODELS.build(cfg), (128, 96))
    costs = update_cost_tables.built('mmdet', json.dumps(cfg), (128, 96))
    assert costs.rest == real
