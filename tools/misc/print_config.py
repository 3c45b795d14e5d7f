"""Print a config with everything it inherits and overrides."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import add_cfg_options, fail, read_config


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE',
        help='write it instead, to .py, .json or .yaml')
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.out and args.out.suffix not in ('.py', '.json', '.yaml', '.yml'):
        parser.error(f'--out must end in .py, .json or .yaml, got {args.out}')
    return args


def main():
    args = parse_args()
    config = read_config(args.config, args.cfg_options)
    if args.out is None:
        print(config.pretty_text)
        return
    from scalenas_mm._files import whole_file
    try:
        with whole_file(args.out) as part:
            config.dump(part)
    except OSError as error:
        fail(f'--out: {error}')


if __name__ == '__main__':
    main()
