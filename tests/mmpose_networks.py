"""Networks of mmpose and of ours that are the same."""
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from shipped import named, shipped

from scalenas_mm.registry import MODELS

NETWORKS = dict(
    res50=('vipnasresnet', 7_286_772, 1_462_930_272),
    mbv3=('vipnasmobilenetv3', 5_895_725, 734_151_936))
PLAIN = '{}_td-hm_8xb64-210e_coco-256x192'


def build(cfg):
    init_default_scope('mmpose')
    model = MODELS.build(ConfigDict(cfg))
    model.eval()
    return model


def theirs(name):
    """mmpose's own config, with random weights."""
    base = f'td-hm_vipnas-{name}_8xb64-210e_coco-256x192.py'
    path = 'mmpose/.mim/configs/body_2d_keypoint/topdown_heatmap/coco'
    import mmpose
    cfg = Config.fromfile(Path(mmpose.__file__).parents[1] / path / base)
    return build(cfg.model)


def filled(model):
    torch.manual_seed(0)
    for key, value in model.state_dict().items():
        if key.endswith('running_var'):
            torch.nn.init.uniform_(value, 0.5, 2)
        elif value.dim() == 4:
            torch.nn.init.kaiming_normal_(value)
        elif value.is_floating_point():
            torch.nn.init.normal_(value, 0.5, 0.2)
    return model


def plain_config(name):
    return shipped(named(PLAIN.format(NETWORKS[name][0]))).model.to_dict()


def heatmaps(model, x):
    with torch.no_grad():
        return model(x, None, mode='tensor')


def close(a, b):
    return torch.allclose(a, b, rtol=1e-5, atol=1e-5 * float(b.abs().max()))
