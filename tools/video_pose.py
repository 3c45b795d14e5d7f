"""Poses of all persons in a film or from a camera, by a T-ViPNAS model.

Draws them into a film, writes them as JSON of PoseTrack18's form and says how
long each part took. Without boxes and detector one person fills the image.
"""
import time
from pathlib import Path

from _cli import (check_checkpoint, check_config, fail, inner_dataset,
                  read_config, readable_errors)
from _video_options import parse_args


def chosen_device(args):
    """The device, which is there."""
    import torch
    if args.onnx:
        return 'cpu'
    name = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        fail(f'--device {name}: {" ".join(str(error).split())[:200]}')
    return name


def read_model(args, device):
    """The video model of the config with its weights, and the data set's
    config."""
    from mmengine.registry import init_default_scope
    config = read_config(args.config, args.cfg_options)
    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    from projects.vipnas_video.vipnas_video import TViPNet
    from scalenas_mm.backbones.base import FIXED, with_preprocessor
    from scalenas_mm.evaluation import load_strictly, read_checkpoint
    from scalenas_mm.registry import MODELS
    init_default_scope(config.get('default_scope', 'mmpose'))
    if not hasattr(config.get('model'), 'keys'):
        fail(f'{args.config}: model: expected a dict, got '
             f'{config.get("model")!r:.60}')
    kind = config.model.get('type')
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    if not (isinstance(kind, type) and issubclass(kind, TViPNet)):
        fail(f'{args.config}: model.type: expected scalenas_mm.TViPNet, an '
             f'exported video model, got {config.model.get("type")}')
    model = MODELS.build(
        with_preprocessor(config.model, config.get('data_preprocessor')))
    load_strictly(model, read_checkpoint(args.checkpoint), args.checkpoint)
    if model.backbone.kind != FIXED and not isinstance(config.model.head,
                                                       (list, tuple)):
        fail(f'{args.config}: model.backbone.arch: expected a fixed '
             'architecture (tools/export.py), got a supernet')
    return model.to(device).eval(), test_data(args.config, config)


def test_data(path, config):
    """Config of the data set, inside of wrappers."""
    loader = config.get('test_dataloader')
    dataset = inner_dataset(loader) if hasattr(loader, 'keys') else {}
    dataset = dataset.get('dataset', dataset)
    if not dataset.get('pipeline') or 'type' not in dataset:
        fail(f'{path}: test_dataloader.dataset: expected a data set with a '
             'pipeline, there is none')
    return dataset


def keypoints_of(dataset, model):
    """Names of keypoints, and pairs that are joined."""
    from scalenas_mm.registry import DATASETS
    meta = DATASETS.get(dataset.type)._load_metainfo(dataset.get('metainfo'))
    names = [meta['keypoint_id2name'][i] for i in range(meta['num_keypoints'])]
    joints = model.key.head.out_channels
    if len(names) != joints:
        fail(f'test_dataloader.dataset.metainfo: expected {joints} keypoints, '
             f'as of the model, got {len(names)}')
    return names, meta['skeleton_links']


def person_source(args, reader, device):
    """Who says where persons are."""
    from projects.vipnas_video.vipnas_video import streaming
    if args.boxes:
        if not Path(args.boxes).is_file():
            fail(f'--boxes: file not found: {args.boxes}')
        boxes = streaming.read_boxes(args.boxes)
        if reader.count is None:
            fail('--boxes: expected a film that says its number of frames, '
                 f'got {args.video}')
        boxes.check(reader.count, reader.size)
        return boxes
    if args.detector is None:
        return streaming.WholeImage()
    config, checkpoint = args.detector
    detector = streaming.Detector(
        read_config(config), checkpoint, device, args.label)
    return streaming.DetectedPersons(detector, args.iou, args.box_thr)


def make_stream(args, model, dataset, persons, device):
    """What finds the poses."""
    import torch

    from projects.vipnas_video.vipnas_video import streaming
    wait = torch.cuda.synchronize if device.startswith('cuda') else None
    clock = streaming.Clock(wait) if wait else streaming.Clock()
    if args.onnx:
        networks = streaming.OnnxNetworks(model, args.onnx, args.threads or 1)
    else:
        if args.channels_last:
            model.to(memory_format=torch.channels_last)
        networks = streaming.TorchNetworks(model)
    crop = streaming.Crop(dataset.pipeline, model)
    return streaming.PoseStream(networks, crop, persons, args.period,
                                args.key_frames, args.rekey_below, clock)


def output_paths(args, name):
    """Film and JSON file, which are not there yet."""
    folder = Path(args.out)
    paths = [folder / f'{name}.json']
    if not args.no_video:
        paths.insert(0, folder / f'{name}.mp4')
    for path in paths:
        if Path(args.video).exists() and path.resolve() == Path(
                args.video).resolve():
            fail(f'--out: {path} is the film that is read')
        if path.exists() and not args.force:
            fail(f'{path} exists; --force overwrites it')
    return paths


def run(args, reader, stream, keypoints):
    """Run the stream and end all files, whatever happens."""
    from contextlib import ExitStack

    from projects.vipnas_video.vipnas_video.streaming.drawing import Drawing
    from projects.vipnas_video.vipnas_video.streaming.run import (run_stream,
                                                                  stopping)
    from projects.vipnas_video.vipnas_video.streaming.writers import (
        FilmWriter, PoseWriter)
    names, links = keypoints
    *film_path, pose_path = output_paths(args, reader.name)
    pose_path.parent.mkdir(parents=True, exist_ok=True)
    draw, clock = Drawing(links, args.kpt_thr), stream.clock
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        poses_out = PoseWriter(pose_path, names, links, reader.name)
        stack.callback(poses_out.close)
        film = FilmWriter(film_path[0], reader.fps) if film_path else None
        if film:
            stack.callback(film.close)

        def write(image, poses, key):
            if film:
                with clock('draw'):
                    drawn = None if image is None else draw(image, poses, key)
                with clock('write film'):
                    film.write(drawn)
            with clock('write poses'):
                poses_out.write(image, poses)

        start = time.perf_counter()
        lost = run_stream(
            iter(reader), stream, write, stop, args.max_frames,
            args.show_every, lambda line: print(line, flush=True))
        seconds = time.perf_counter() - start
    if stop.asked:
        print('stopped; the files are complete')
    report(stream, seconds, lost)
    print(f'wrote {", ".join(map(str, (*film_path, pose_path)))}')


def report(stream, seconds, lost):
    """Print speed, time of each stage and shares of networks."""
    from projects.vipnas_video.vipnas_video.streaming import network_macs
    from projects.vipnas_video.vipnas_video.streaming.report import (
        network_table, time_table)
    frames, clock = stream.index, stream.clock
    if not frames:
        print('no frames')
        return
    print(f'{frames} frames in {seconds:.1f} s: {frames / seconds:.1f} '
          'frames/s' + (f'; {lost} could not be read' if lost else ''))
    print(*time_table(clock, frames, seconds), sep='\n')
    poses, networks = clock.calls.get('decode', 0), stream.networks
    macs = network_macs(networks.model, stream.crop.size)
    print(f'{poses} poses')
    print(*network_table(networks.counts, macs, poses), sep='\n')


def main():
    args = parse_args(__doc__)
    source = int(args.video) if args.video.isdecimal() and not Path(
        args.video).exists() else args.video
    if isinstance(source, str) and not Path(source).is_file():
        fail(f'video not found: {source}')
    check_config(args.config)
    check_checkpoint(args.checkpoint)
    if args.detector:
        check_config(args.detector[0])
        check_checkpoint(args.detector[1])
    with readable_errors(OSError):
        import torch
        if args.threads:
            torch.set_num_threads(args.threads)
        device = chosen_device(args)
        model, dataset = read_model(args, device)
        keypoints = keypoints_of(dataset, model)
        from projects.vipnas_video.vipnas_video.streaming.reader import Reader
        reader = Reader(source)
        try:
            output_paths(args, reader.name)
            persons = person_source(args, reader, device)
            stream = make_stream(args, model, dataset, persons, device)
            run(args, reader, stream, keypoints)
        finally:
            reader.close()


if __name__ == '__main__':
    main()
