"""Frames per second of T-ViPNAS-MobileNetV3 on one core.

A model of the paper's size with random weights: the published S-ViPNAS for
key frames, and for three frames after each the networks whose average is
nearest to what the paper reports. Beside it the key frame's network alone,
mmpose's ViPNAS_MobileNetV3 and the simple baseline with ResNet-50. All run in
turn, by torch, by torch with channels last and by onnxruntime; medians of all
turns, and of the ratio of each turn to S-ViPNAS by the same runtime. With
``crop and decode``: from one image and a box to keypoints.
"""
import argparse
import statistics
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail
from _video_models import (DECONVS, FRAMES, SIZE, STEPS, Estimator, Onnx,
                           Video, build, topdown, video_model)

RUNTIMES = ('torch', 'channels_last', 'onnxruntime')


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument(
        '--clips', type=int, default=2, help='clips of four frames in a turn')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument(
        '--gflops',
        type=float,
        default=0.37,
        help='average of a frame, as the paper counts')
    parser.add_argument('--samples', type=int, default=20000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--runtimes', nargs='+', choices=RUNTIMES, default=RUNTIMES)
    return parser.parse_args()


def clip(networks, images, video):
    """Heatmaps of four frames."""
    out = []
    for t, image in enumerate(images):
        if t and video:
            out.append(networks.frame(t, image, out[-1]))
        else:
            out.append(networks.key(image))
    return out


def whole(networks, crop, pictures, video, layout):
    """Four frames, from a picture and a box to keypoints."""
    import numpy as np
    box, past = np.array([200, 40, 360, 440], np.float32), None
    for t, picture in enumerate(pictures):
        image, sample = crop(picture, box)
        image = image.contiguous(memory_format=layout)
        past = networks.frame(t, image,
                              past) if t and video else (networks.key(image))
        networks.decode(past, sample)


def seconds(run, clips):
    start = time.perf_counter()
    for _ in range(clips):
        run()
    return (time.perf_counter() - start) / clips / (FRAMES + 1)


def tasks(nets, crop, runtimes):
    """What is timed, by network, runtime and part."""
    import numpy as np
    import torch
    images = [torch.randn(1, 3, *SIZE) for _ in range(FRAMES + 1)]
    rng = np.random.default_rng(0)
    pictures = [
        rng.integers(0, 256, (480, 640, 3), np.uint8)
        for _ in range(FRAMES + 1)
    ]
    found = {}
    for name, by_runtime in nets.items():
        for runtime in runtimes:
            net, video = by_runtime[runtime], name.startswith('T-')
            layout = torch.channels_last if (
                runtime == 'channels_last') else torch.contiguous_format
            inputs = [one.contiguous(memory_format=layout) for one in images]
            found[name, runtime,
                  'network'] = (lambda net=net, inputs=inputs, video=video:
                                clip(net, inputs, video))
            found[name, runtime, 'crop and decode'] = (
                lambda net=net, video=video, layout=layout: whole(
                    net, crop, pictures, video, layout))
    return found


def measure(args):
    import torch

    from projects.vipnas_video.vipnas_video.streaming import Crop
    cfg, gflops = video_model(args.gflops, args.samples, args.seed)
    print(f'average of a frame: {gflops:.3f} GFLOPs as the paper counts')
    configs = {
        'T-ViPNAS-MobileNetV3':
        cfg,
        'S-ViPNAS-MobileNetV3':
        cfg['key'],
        'mmpose ViPNAS_MobileNetV3':
        topdown(dict(type='mmpose.ViPNAS_MobileNetV3'), **DECONVS),
        'SBL-ResNet50':
        topdown(dict(type='mmpose.ResNet', depth=50), in_channels=2048)
    }
    nets = {
        name: build(one, Video if name.startswith('T-') else Estimator)
        for name, one in configs.items()
    }
    if 'onnxruntime' in args.runtimes:
        for one in nets.values():
            one['onnxruntime'] = Onnx(one['torch'], args.threads)
    pipeline = [dict(type='scalenas_mm.OnEachFrame', transforms=STEPS)]
    crop = Crop(pipeline, nets['T-ViPNAS-MobileNetV3']['torch'].model)
    found = tasks(nets, crop, args.runtimes)
    times = {key: [] for key in found}
    with torch.no_grad():
        for run in found.values():
            run()  # warms up
        for _ in range(args.repeats):
            for key, run in found.items():
                times[key].append(seconds(run, args.clips))
    return times


def show(times):
    print(f'{"":<28}{"runtime":<15}{"part":<17}{"ms":>7}{"frames/s":>10}'
          f'{"speed / S":>11}')
    for (name, runtime, part), values in times.items():
        base = times['S-ViPNAS-MobileNetV3', runtime, part]
        ratio = statistics.median(b / a for a, b in zip(values, base))
        middle = statistics.median(values)
        print(f'{name:<28}{runtime:<15}{part:<17}{middle * 1e3:>7.1f}'
              f'{1 / middle:>10.1f}{ratio:>11.2f}')


def main():
    args = parse_args()
    warnings.filterwarnings('ignore')
    import importlib.util
    if 'onnxruntime' in args.runtimes and not all(
            map(importlib.util.find_spec, ('onnx', 'onnxruntime'))):
        fail("--runtimes onnxruntime: pip install 'scalenas_mm[onnx]'")
    import torch
    from mmengine.registry import init_default_scope
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    import mmpose.models  # noqa: F401  (registers them)
    init_default_scope('mmpose')
    import projects.vipnas_video.vipnas_video  # noqa: F401  (likewise)
    show(measure(args))


if __name__ == '__main__':
    main()
