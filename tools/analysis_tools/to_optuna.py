"""An archive as a study of Optuna, so that optuna-dashboard opens it.

    to_optuna.py ARCHIVE study.db
    optuna-dashboard sqlite:///study.db

Directions are those of the search; genes are parameters, metrics and costs
attributes of a trial, candidates that failed are failed trials.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('archive', help='archive.jsonl of a search')
    parser.add_argument('study', help='the new file')
    parser.add_argument(
        '--name', help='of the study (default: the folder of the archive)')
    parser.add_argument(
        '--no-genes',
        action='store_true',
        help='write no parameters: a ScaleNet has hundreds')
    parser.add_argument(
        '--force', action='store_true', help='overwrite an existing file')
    return parser.parse_args()


def main():
    args = parse_args()
    from scalenas_mm.visualization.optuna_study import write_study
    from scalenas_mm.visualization.search_report import read_source
    with readable_errors():
        source = read_source(args.archive)
        params = write_study(args.study, source, args.name, not args.no_genes,
                             args.force)
    failed = sum(not record.ok for record in source.records)
    print(f'{args.study}: {len(source.records)} trials, {failed} of them '
          f'failed, {params} parameters')


if __name__ == '__main__':
    main()
