"""tools/analysis_tools/browse_dataset.py on tiny data sets."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.visualization import Visualizer
from tiny_cityscapes import write_config

TOOL = (
    Path(__file__).resolve().parents[1] /
    'tools/analysis_tools/browse_dataset.py')
COCO = '''\
default_scope = '{scope}'
train_dataloader = dict(dataset=dict(
    type='RepeatDataset', times=2, dataset=dict(
        type='CocoDataset', data_root='coco', ann_file='a.json',
        data_prefix=dict(img=''), pipeline={pipeline})))
visualizer = dict(type='{visualizer}')
'''
DETECTION = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='Resize', scale=(160, 120), keep_ratio=True),
    dict(type='PackDetInputs')
]
POSE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(96, 128)),
    dict(
        type='GenerateTarget',
        encoder=dict(
            type='MSRAHeatmap',
            input_size=(96, 128),
            heatmap_size=(24, 32),
            sigma=2)),
    dict(type='PackPoseInputs')
]
GREY = 40


@pytest.fixture
def browse(tmp_path, monkeypatch):
    """Run the tool in ``tmp_path``; returns the pictures by name."""

    def main(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, 'argv', [
            TOOL.name,
            *map(str, arguments),
            '--output-dir',
            'out',
        ])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        # visualizers are kept by name as long as the process lives
        monkeypatch.setattr(Visualizer, '_instance_dict', {})
        runpy.run_path(str(TOOL), run_name='__main__')
        return {
            path.name: cv2.imread(str(path))
            for path in sorted(tmp_path.glob('out/*'))
        }

    return main


def write_coco(folder):
    """Two grey images of one person each, with box, mask and key points."""
    (folder / 'coco').mkdir()
    images, annotations = [], []
    for i in range(2):
        cv2.imwrite(f'{folder}/coco/{i}.png',
                    np.full((120, 160, 3), GREY, np.uint8))
        images.append(dict(id=i, file_name=f'{i}.png', width=160, height=120))
        points = [(40 + j % 4 * 20, 25 + j // 4 * 18, 2) for j in range(17)]
        annotations.append(
            dict(
                id=i,
                image_id=i,
                category_id=1,
                bbox=[30, 20, 80, 90],
                area=7200,
                iscrowd=0,
                num_keypoints=17,
                keypoints=sum(map(list, points), []),
                segmentation=[[30, 20, 110, 20, 110, 110, 30, 110]]))
    (folder / 'coco' / 'a.json').write_text(
        json.dumps(
            dict(
                images=images,
                annotations=annotations,
                categories=[dict(id=1, name='person', supercategory='')])))


def test_segmentation(tmp_path, browse):
    pytest.importorskip('mmseg')
    pictures = browse(write_config(tmp_path), '--phase', 'val', '--number', 9)
    assert list(pictures) == [
        f'{i:06d}_toytown_{i:06d}_000000_leftImg8bit.jpg' for i in range(2)
    ]
    image = cv2.imread(str(next(tmp_path.rglob('val/*/*_000000_*8bit.png'))))
    drawn = pictures['000000_toytown_000000_000000_leftImg8bit.jpg']
    assert drawn.shape == image.shape
    assert np.abs(drawn.astype(int) - image).mean() > 10


@pytest.mark.parametrize('scope, pipeline, visualizer, shape', [
    ('mmdet', DETECTION, 'DetLocalVisualizer', (120, 160, 3)),
    ('mmpose', POSE, 'PoseLocalVisualizer', (128, 96, 3)),
])
def test_detection_and_pose(tmp_path, browse, scope, pipeline, visualizer,
                            shape):
    pytest.importorskip(scope)
    write_coco(tmp_path)
    text = COCO.format(scope=scope, pipeline=pipeline, visualizer=visualizer)
    (tmp_path / 'config.py').write_text(text)
    pictures = browse('config.py', '--number', 2)
    # at equal distances among the four samples
    assert list(pictures) == ['000000_0.jpg', '000002_0.jpg']
    for picture in pictures.values():
        assert picture.shape == shape
        # corners stay grey, what lies inside the box is drawn on
        colour = np.ptp(picture.astype(int), axis=2)
        assert colour[0, 0] < 8
        high, wide = shape[0] // 4, shape[1] // 4
        assert colour[high:-high, wide:-wide].max() > 60


@pytest.mark.parametrize('arguments, message', [
    (['--number', 0], '--number: expected at least 1, got 0'),
    (['--phase', 'test', '--cfg-options', 'test_dataloader=None'
      ], 'expected test_dataloader in the config'),
    (['--cfg-options', 'visualizer=None'], 'expected visualizer'),
    (['--cfg-options', 'visualizer.type=mmengine.Visualizer'
      ], 'draws no samples'),
    (['--cfg-options', 'train_dataloader.dataset.data_root=gone'
      ], "No such file or directory: 'gone/"),
])
def test_errors_are_one_line(tmp_path, browse, capsys, arguments, message):
    pytest.importorskip('mmseg')
    config = write_config(tmp_path)
    with pytest.raises(SystemExit) as error:
        browse(config, *arguments)
    assert error.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith('browse_dataset.py: error: ') and message in last
