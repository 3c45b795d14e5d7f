"""Search a trained supernet; the result is ``archive.jsonl``."""
from _cli import load_config, readable_errors
from _search import run, search_parser, set_search


def parse_args():
    # launchers put their options between CONFIG and CHECKPOINT
    return search_parser(__doc__).parse_intermixed_args()


def main():
    args = parse_args()
    config = load_config(args)
    set_search(config, args)
    with readable_errors():
        run(config, args)


if __name__ == '__main__':
    main()
