"""Merge archives of one space, supernet and evaluation into a new one.

    merge_archives.py OUT.jsonl A.jsonl B.jsonl ...

The searchers may be any. Each architecture is kept once, as first measured
without failure; if it has other metrics in another archive, both values are
printed. The new archive can be exported from, plotted and compared, and its
architectures can be measured again (search.py --archs); no search is resumed
from it.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors

SHOWN = 10  # warnings


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', metavar='OUT', help='the new archive')
    parser.add_argument('archives', nargs='+', metavar='ARCHIVE')
    return parser.parse_args()


def main():
    args = parse_args()
    from scalenas_mm.search import merge_archives
    with readable_errors():
        merged = merge_archives(args.out, args.archives)
    for warning in merged.warnings[:SHOWN]:
        print(f'warning: {warning}', file=sys.stderr)
    if len(merged.warnings) > SHOWN:
        print(
            f'and {len(merged.warnings) - SHOWN} warnings more',
            file=sys.stderr)
    failed = sum(not record.ok for record in merged.records)
    print(f'{args.out}: {len(merged.records)} candidates, {failed} of them '
          f'failed; {merged.repeated} were in it already')


if __name__ == '__main__':
    main()
