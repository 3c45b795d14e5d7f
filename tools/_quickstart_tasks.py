"""What quickstart.py runs for each system and task.

Names of configs are file names below configs/ without ``.py``. Standard
library only, as in ``_cli``.
"""
from typing import NamedTuple, Tuple


class Task(NamedTuple):
    """A data set and the configs that lead to its Pareto front.

    Attributes:
        title: Heading of the report.
        kind: What ``make_demo.py --kind`` makes.
        data: Folder for it.
        teacher: Config of the full network, trained alone; empty if the
            supernet has no teacher.
        supernet: Config of the supernet.
        search: Config of the search; that of the supernet if it is searched
            while it trains.
        teacher_iters: Iterations of the teacher's training.
        supernet_iters: Iterations of the supernet's.
        candidates: How many the search measures.
        metric: Name in the archive of the metric that is shown; larger is
            better.
        digits: Decimals to show of it.
        backbone: How the files of exported networks begin.
        threads: Of each command, unless OMP_NUM_THREADS says it.
        baseline: Of videos: configs of a supernet and a search of networks
            for single frames.
        introduction: Below the heading of the report.
    """
    title: str
    kind: str
    data: str
    teacher: str
    supernet: str
    search: str
    teacher_iters: int
    supernet_iters: int
    candidates: int
    metric: str
    digits: int
    backbone: str = 'scalenet'
    threads: int = 1
    baseline: Tuple[str, ...] = ()
    introduction: str = ('Sub-networks found by topology evolution in one '
                         'supernet, exported and tested as plain models.')

    @property
    def shrinks(self) -> bool:
        """Whether one run trains and searches."""
        return self.search == self.supernet


TASKS = dict(
    seg=Task(
        title='ScaleNAS on handwritten digits',
        kind='digits',
        data='data/scalenas_demo',
        teacher='scalenet-w8_fcn_1xb8-800iters_digits-96x96',
        supernet='scalenet-w8_fcn_supernet_1xb8-800iters_digits-96x96',
        search='scalenet-w8_fcn_search_digits-96x96',
        teacher_iters=800,
        supernet_iters=800,
        candidates=120,
        metric='mIoU',
        digits=2),
    pose=Task(
        title='ScaleNAS on articulated figures, one at a time',
        kind='figures',
        data='data/scalenas_demo_figures',
        teacher='scalenet-w8_td-hm_1xb16-700iters_figures-128x96',
        supernet='scalenet-w8_td-hm_supernet_1xb16-900iters_figures-128x96',
        search='scalenet-w8_td-hm_search_figures-128x96',
        teacher_iters=700,
        supernet_iters=900,
        candidates=40,
        metric='coco/AP',
        digits=4),
    bottomup=Task(
        title='ScaleNAS on articulated figures, all of an image at once',
        kind='figures',
        data='data/scalenas_demo_figures',
        teacher='scalenet-w8_higherhrnet_1xb8-2000iters_figures-128x128',
        supernet='scalenet-w8_higherhrnet_supernet_'
        '1xb8-1500iters_figures-128x128',
        search='scalenet-w8_higherhrnet_search_figures-128x128',
        teacher_iters=2000,
        supernet_iters=1500,
        candidates=40,
        metric='coco/AP',
        digits=3),
    det=Task(
        title='ScaleNAS for detection: handwritten digits',
        kind='digits-coco',
        data='data/scalenas_demo_digits_coco',
        teacher='scalenet-w8_faster-rcnn_1xb8-500iters_digits-coco-160x160',
        supernet='scalenet-w8_faster-rcnn_supernet_'
        '1xb8-500iters_digits-coco-160x160',
        search='scalenet-w8_faster-rcnn_search_digits-coco-160x160',
        teacher_iters=500,
        supernet_iters=500,
        candidates=48,
        metric='coco/bbox_mAP',
        digits=4),
)

SHRINKING = 'hrnas-w8_fcn_supernet_1xb8-1600iters_digits-96x96'
SYSTEMS = dict(
    scalenas=TASKS,
    hrnas=dict(
        seg=Task(
            title='HR-NAS on handwritten digits',
            kind='digits',
            data='data/scalenas_demo',
            teacher='',
            supernet=SHRINKING,
            search=SHRINKING,
            teacher_iters=0,
            supernet_iters=1600,
            candidates=0,
            metric='mIoU',
            digits=2,
            backbone='hrnas',
            introduction='Points of one run in which a network of '
            'convolutions and lightweight transformers shrank while it '
            'trained, exported and tested as plain models.')),
    vipnas=dict(
        pose=Task(
            title='ViPNAS on articulated figures',
            kind='figures',
            data='data/scalenas_demo_figures',
            teacher='vipnasresnet_td-hm_1xb16-600iters_figures-128x96',
            supernet='vipnasresnet_td-hm_supernet_'
            '1xb16-400iters_figures-128x96',
            search='vipnasresnet_td-hm_search_figures-128x96',
            teacher_iters=600,
            supernet_iters=400,
            candidates=24,
            metric='coco/AP',
            digits=4,
            backbone='vipnasresnet',
            threads=2,
            introduction='Sub-networks found under a limit in one supernet '
            'that is elastic in depth, width, kernel size, groups and '
            'attention, exported and tested as plain models.')),
    tvipnas=dict(
        pose=Task(
            title='T-ViPNAS on videos of articulated figures',
            kind='videos',
            data='data/scalenas_demo_videos',
            teacher='vipnasresnet_td-hm_1xb16-500iters_videos-128x96',
            supernet='tvipnas-resnet_supernet_1xb8-200iters_videos-128x96',
            search='tvipnas-resnet_search_videos-128x96',
            teacher_iters=500,
            supernet_iters=200,
            candidates=16,
            metric='posetrack/AP_sum',
            digits=2,
            backbone='tvipnas',
            threads=2,
            baseline=('vipnasresnet_td-hm_supernet_'
                      '1xb16-300iters_videos-128x96',
                      'vipnasresnet_td-hm_search_videos-128x96'),
            introduction='Networks of the three frames after a key frame, '
            'found together under a limit, exported and tested as plain '
            'models. The metric is the sum of their AP.')))
