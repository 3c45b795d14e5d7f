"""Draw what a config's data pipeline gives to the model, with its labels.

The pictures are those after all transforms, drawn by the config's visualizer:
of mmseg, mmpose, mmdet or mmpretrain. They are written to files, no window
is opened.
"""
import argparse
import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import (add_cfg_options, fail, inner_dataset, read_config,
                  readable_errors)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--output-dir', type=Path, required=True, help='folder to write to')
    parser.add_argument(
        '--phase',
        choices=['train', 'val', 'test'],
        default='train',
        help='which data set of the config (default: train)')
    parser.add_argument(
        '--number',
        type=int,
        default=20,
        help='pictures, at equal distances in the data set (default: 20)')
    parser.add_argument(
        '--seed', type=int, default=0, help='random seed of the transforms')
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.number < 1:
        parser.error(f'--number: expected at least 1, got {args.number}')
    return args


def build_dataset(config, phase):
    """The data set of a phase."""
    from mmengine.registry import DATASETS
    loader = config.get(f'{phase}_dataloader')
    if loader is None:
        fail(f'expected {phase}_dataloader in the config, there is none')
    cfg = loader.dataset
    pipeline = inner_dataset(cfg).get('pipeline')
    if pipeline and str(pipeline[-1].get('type')).endswith('PackPoseInputs'):
        # else it packs key points in the coordinates of the whole image
        pipeline[-1].pack_transformed = True
    return DATASETS.build(cfg)


def build_visualizer(config, metainfo):
    """The visualizer of the config, which writes nothing by itself."""
    from mmengine.registry import VISUALIZERS
    if not config.get('visualizer'):
        fail("expected visualizer in the config, such as that of the task "
             "library's default_runtime.py")
    cfg = dict(config.visualizer, vis_backends=None, name='browse_dataset')
    visualizer = VISUALIZERS.build(cfg)
    visualizer.dataset_meta = metainfo
    if takes(visualizer, 'set_dataset_meta', 'dataset_meta'):
        visualizer.set_dataset_meta(metainfo)  # mmpose: skeleton and colours
    if not (takes(visualizer, 'add_datasample', 'out_file')
            or takes(visualizer, 'visualize_cls', 'out_file')):
        fail(f'{type(visualizer).__name__} draws no samples to files; set '
             'visualizer to that of the task library')
    return visualizer


def takes(visualizer, method, name):
    """Whether there is such a method with an argument of this name."""
    function = getattr(visualizer, method, None)
    return function and name in inspect.signature(function).parameters


def picture(item):
    """The image of a sample: RGB, shape ``(height, width, 3)``."""
    inputs = item['inputs']
    if getattr(inputs, 'ndim', None) != 3:
        shape = getattr(inputs, 'shape', type(inputs).__name__)
        fail(f'expected samples of one image each, got {shape}')
    return inputs[[2, 1, 0]].permute(1, 2, 0).contiguous().numpy()


def drawable(sample):
    """A sample with the boxes and masks of mmdet as plain arrays."""
    instances = sample.get('gt_instances')
    if instances is None:
        return sample
    if hasattr(instances.get('bboxes'), 'tensor'):
        instances.bboxes = instances.bboxes.tensor
    if hasattr(instances.get('masks'), 'to_ndarray'):
        instances.masks = instances.masks.to_ndarray().astype(bool)
    return sample


def draw(visualizer, item, path):
    """Write one picture."""
    image, sample = picture(item), drawable(item['data_samples'])
    if hasattr(visualizer, 'visualize_cls'):  # mmpretrain
        visualizer.visualize_cls(
            image, sample, draw_pred=False, out_file=str(path))
    else:
        visualizer.add_datasample(
            path.stem, image, sample, draw_pred=False, out_file=str(path))


def browse(config, args):
    """Write what the arguments ask for; return how many pictures."""
    from mmengine.registry import init_default_scope
    from mmengine.runner import set_random_seed

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    init_default_scope(config.get('default_scope', 'mmengine'))
    dataset = build_dataset(config, args.phase)
    visualizer = build_visualizer(config, dataset.metainfo)
    set_random_seed(args.seed)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    number = min(args.number, len(dataset))
    for index in (i * len(dataset) // number for i in range(number)):
        item = dataset[index]
        source = Path(item['data_samples'].get('img_path', 'image'))
        draw(visualizer, item,
             args.output_dir / f'{index:06d}_{source.stem}.jpg')
    return number


def main():
    args = parse_args()
    config = read_config(args.config, args.cfg_options)
    with readable_errors():
        number = browse(config, args)
    print(f'{args.output_dir}: {number} pictures')


if __name__ == '__main__':
    main()
