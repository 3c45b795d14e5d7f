"""Arguments of video_pose.py. Standard library only, as in ``_cli``."""
import argparse

from _cli import add_cfg_options


def parse_args(description):
    """The arguments, checked as far as they can be alone."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('video', help='a film, or the number of a camera')
    parser.add_argument('config', help='config of an exported video model')
    parser.add_argument('checkpoint', help='its weights')
    add_person_options(parser)
    add_stream_options(parser)
    add_output_options(parser)
    add_cfg_options(parser)
    args = parser.parse_args()
    check_numbers(parser, args)
    return args


def add_person_options(parser):
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        '--boxes',
        metavar='FILE',
        help='JSON: {"frames": [[{"track_id": 0, "bbox": [x, y, w, h], '
        '"score": 1.0}, ...], ...]}, a list for each frame')
    who.add_argument(
        '--detector',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='of mmdet; it runs on key frames only')
    parser.add_argument(
        '--label', type=int, default=0, help="the detector's class of persons")
    parser.add_argument(
        '--box-thr',
        type=float,
        default=0.5,
        help='least score of a detected box')
    parser.add_argument(
        '--iou',
        type=float,
        default=0.3,
        help='least overlap of the boxes of one track')


def add_stream_options(parser):
    parser.add_argument(
        '--onnx',
        metavar='DIR',
        help='run the networks that tools/export.py --onnx wrote into it, by '
        'onnxruntime on the CPU')
    parser.add_argument(
        '--channels-last',
        action='store_true',
        help='let torch keep the channels of a pixel together, which is '
        'faster on most CPUs; results differ in the last digits')
    parser.add_argument(
        '--threads',
        type=int,
        help='of a network (default: 1 with --onnx, else what torch takes)')
    parser.add_argument(
        '--period',
        type=int,
        metavar='P',
        help='a key frame every P frames (default: T + 1)')
    parser.add_argument(
        '--rekey-below',
        type=float,
        metavar='X',
        help='run the key frame network on a person where the mean of the '
        'maxima of the heatmaps is less')
    parser.add_argument(
        '--key-frames',
        choices=('video', 'track'),
        default='video',
        help='every P-th frame of the video, or of each track '
        '(default: video)')
    parser.add_argument(
        '--device', help='cpu, cuda, cuda:1, ... (default: cuda, if any)')
    parser.add_argument(
        '--max-frames', type=int, metavar='N', help='end after so many')


def add_output_options(parser):
    parser.add_argument(
        '--out',
        default='work_dirs/video_pose',
        metavar='DIR',
        help='folder for VIDEO.mp4 and VIDEO.json (default: %(default)s)')
    parser.add_argument(
        '--no-video', action='store_true', help='write no film')
    parser.add_argument(
        '--kpt-thr',
        type=float,
        default=0.3,
        help='least score of a keypoint that is drawn')
    parser.add_argument(
        '--show-every',
        type=int,
        default=100,
        metavar='N',
        help='print progress every N frames; 0 for never (default: 100)')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')


def check_numbers(parser, args):
    for name, least in (('threads', 1), ('period', 1), ('max_frames', 1),
                        ('show_every', 0)):
        value = getattr(args, name)
        if value is not None and value < least:
            option = name.replace('_', '-')
            parser.error(f'--{option}: expected {least} or more, got {value}')
    if args.onnx and args.channels_last:
        parser.error('--channels-last is of torch, not of --onnx')
    if args.onnx and args.device not in (None, 'cpu'):
        parser.error('--onnx runs on the CPU, got --device '
                     f'{args.device}')
