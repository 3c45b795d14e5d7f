"""Run an exported network, or its ONNX file, on an image and draw what it
finds.

Segmentation, detection, top-down and bottom-up pose; inference and drawing are
those of the task library that the config names. With an ONNX file onnxruntime
runs the network and the task library the rest.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tools'))
from _cli import check_checkpoint, check_config, fail, readable_errors
from _onnx_run import read_model_config


def parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('image', help='image file')
    parser.add_argument('config', help='config of an exported network')
    parser.add_argument(
        'weights',
        metavar='CHECKPOINT|ONNX',
        help='its checkpoint (.pth) or an ONNX file of it (.onnx)')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='picture to write (default: IMAGE_result.png in the current '
        'folder)')
    parser.add_argument(
        '--heads',
        metavar='CHECKPOINT',
        help='with NAME.network.onnx, which has no heads: where their weights '
        'are (default: NAME.pth beside it)')
    parser.add_argument(
        '--boxes',
        type=float,
        nargs='+',
        metavar='X',
        help='top-down pose: left, top, right and bottom of each person '
        '(default: the whole image)')
    parser.add_argument(
        '--score',
        type=float,
        default=0.3,
        help='draw objects and joints from this score on')
    parser.add_argument(
        '--device', default='cpu', help='of a checkpoint, such as cuda:0')
    parser.add_argument(
        '--threads', type=int, default=0, help='of onnxruntime')
    return parser


def heads_of(args):
    """The checkpoint that the model is built with; None if an ONNX file has
    all of it."""
    if not args.weights.endswith('.onnx'):
        return args.weights
    from scalenas_mm.export import read_info
    if read_info(Path(args.weights)).part != 'network':
        return None
    onnx = Path(args.weights)
    path = args.heads or str(
        onnx.with_name(onnx.name.split('.network.')[0] + '.pth'))
    if not Path(path).is_file():
        fail(f'{args.weights} is backbone and neck only; --heads names the '
             f'checkpoint that has the heads, {path} is none')
    return path


def check_device(name):
    """Exit with code 2 unless torch can use it."""
    import torch
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        fail(f'--device {name}: {str(error).splitlines()[0]}')


def load(args, config, scope):
    """The model of a task library, its network by onnxruntime if asked."""
    import importlib

    from scalenas_mm.evaluation import load_strictly, read_checkpoint
    from scalenas_mm.export import OnnxNetwork, use_onnx
    check_device(args.device)
    apis = importlib.import_module(f'{scope}.apis')
    init = apis.init_detector if scope == 'mmdet' else apis.init_model
    checkpoint = heads_of(args)
    onnx = args.weights.endswith('.onnx')
    extra = dict(palette='none') if scope == 'mmdet' else {}
    model = init(
        config, checkpoint, device='cpu' if onnx else args.device, **extra)
    if checkpoint is not None:  # the libraries warn only
        load_strictly(
            model, read_checkpoint(checkpoint), checkpoint, other_parts=True)
    if onnx:
        network = OnnxNetwork(Path(args.weights), args.threads)
        use_onnx(model, network)
        name_classes(model, network.info)
    return model


def name_classes(model, info):
    """Classes and colours as the file says; of joints the config does."""
    if info.classes and not hasattr(model, 'head'):
        meta = dict(getattr(model, 'dataset_meta', None) or {})
        meta.update(classes=tuple(info.classes))
        if info.palette:
            meta.update(palette=[tuple(colour) for colour in info.palette])
        model.dataset_meta = meta


def segment(model, args):
    """The class of each pixel."""
    from mmseg.apis import inference_model
    return inference_model(model, args.image)


def detect(model, args):
    """Boxes of objects."""
    from mmdet.apis import inference_detector
    return inference_detector(model, args.image)


def estimate(model, args):
    """Joints of people."""
    import numpy as np
    from mmpose.apis import inference_bottomup, inference_topdown
    from mmpose.structures import merge_data_samples
    data = model.cfg.test_dataloader.dataset
    if data.get('data_mode', 'topdown') == 'bottomup':
        if args.boxes:
            fail('--boxes: bottom-up pose finds people itself')
        results = inference_bottomup(model, args.image)
    else:
        boxes = args.boxes and np.reshape(args.boxes, (-1, 4))
        results = inference_topdown(model, args.image, boxes)
    return merge_data_samples(results)


INFER = dict(mmseg=segment, mmdet=detect, mmpose=estimate)


def said(model, args, result):
    """What was found, in words."""
    if 'pred_sem_seg' in result:
        found = result.pred_sem_seg.data.unique().tolist()
        names = model.dataset_meta['classes']
        return f'{len(found)} classes: ' + ', '.join(names[i] for i in found)
    found = result.pred_instances
    if 'keypoints' in found:
        return f'{len(found.keypoints)} people'
    return f'{int((found.scores >= args.score).sum())} objects'


def draw(model, args, result, out):
    """Draw a result by the visualizer of the config."""
    from inspect import signature

    import mmcv
    from mmengine.registry import VISUALIZERS
    visualizer = VISUALIZERS.build(
        dict(model.cfg.visualizer, name='image_demo', vis_backends=[]))
    if 'keypoints' in result.get('pred_instances', ()):
        # it also takes colours and links of joints out of them
        visualizer.set_dataset_meta(model.dataset_meta)
    else:
        visualizer.dataset_meta = model.dataset_meta
    options = dict(
        kpt_thr=args.score, pred_score_thr=args.score, draw_bbox=True)
    known = signature(visualizer.add_datasample).parameters
    visualizer.add_datasample(
        'result',
        mmcv.imread(args.image, channel_order='rgb'),
        data_sample=result,
        draw_gt=False,
        show=False,
        out_file=str(out),
        **{key: options[key]
           for key in options if key in known})


def demo(args):
    config = read_model_config(args.config)
    scope = config.get('default_scope')
    if scope not in INFER:
        fail(f'{args.config}: expected default_scope to be one of '
             f'{", ".join(INFER)}, got {scope!r}')
    if args.boxes and scope != 'mmpose':
        fail('--boxes: only top-down pose takes boxes')
    if config.get('visualizer') is None:
        fail(f'{args.config}: expected a visualizer in the config')
    from mmcv import imread

    from scalenas_mm._files import whole_file
    if imread(args.image) is None:
        fail(f'{args.image}: not an image that can be read')
    out = Path(args.out or f'{Path(args.image).stem}_result.png')
    model = load(args, config, scope)
    result = INFER[scope](model, args)
    with whole_file(out) as part:
        draw(model, args, result, part)
    print(f'{args.image}: {said(model, args, result)}; drawn into {out}')


def main():
    args = parser().parse_args()
    if args.boxes and len(args.boxes) % 4:
        fail(f'--boxes: expected four numbers a person, got {len(args.boxes)}')
    if args.out and not args.out.lower().endswith(('.png', '.jpg')):
        fail(f'--out must end in .png or .jpg, got {args.out}')
    if not Path(args.image).is_file():
        fail(f'image not found: {args.image}')
    check_config(args.config)
    check_checkpoint(args.weights)
    if args.heads:
        check_checkpoint(args.heads)
    with readable_errors():
        demo(args)


if __name__ == '__main__':
    main()
