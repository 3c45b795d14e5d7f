"""The searches that compare_searches.py runs, each a command of its own.

Standard library only, as in ``_cli``, but for what is imported inside.
"""
import argparse
import functools
import hashlib
import inspect
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from _cli import check_checkpoint, fail, goes_on, named_file, read_config

SEARCH = Path(__file__).resolve().parent / 'search.py'


class Run(NamedTuple):
    """A search.

    Attributes:
        method: What it belongs to.
        seed: Of the searcher.
        folder: Work directory; the config and the log stand beside it.
        text: The config.
    """
    method: str
    seed: int
    folder: Path
    text: str

    @property
    def archive(self):
        return self.folder / 'archive.jsonl'

    def beside(self, suffix):
        return self.folder.with_name(self.folder.name + suffix)


def plain_name(text):
    """A NAME=... argument whose name can be that of a folder."""
    name, value = named_file(text)
    if not re.fullmatch(r'\w[\w.+-]*', name):
        raise argparse.ArgumentTypeError(
            f'expected a name of letters, digits and _ . + -, got {name!r}')
    return name, value


def named_searcher(text):
    """NAME=TYPE, or NAME={"type": TYPE, ...} with settings as JSON."""
    name, value = plain_name(text)
    if not value.startswith('{'):
        return name, dict(type=value)
    try:
        settings = json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{name}: not JSON: {error}')
    if not isinstance(settings.get('type'), str):
        raise argparse.ArgumentTypeError(f'{name}: expected a "type"')
    return name, settings


def plan(config, searchers, supernets, seeds, out):
    """What is to be run, one seed of all methods after the other.

    Args:
        config (str): Config of a search.
        searchers (list): Names and settings; the config's own if empty.
        supernets (list): Names and checkpoints; the config's own if empty.
            Several of one name are trainings of one method.
        seeds (list[int]): Of the searchers.
        out (str): Folder.

    Returns:
        tuple: The runs, and N of the config.
    """
    for _, checkpoint in supernets:
        check_checkpoint(checkpoint)
    whole = read_config(config)
    loop = whole.get('train_cfg') or {}
    if 'searcher' not in loop:
        fail(f'{config}: expected train_cfg of type scalenas_mm.SearchLoop; '
             'this config trains')
    own = loop.searcher.to_dict()
    named = dict(searchers or [(own['type'], dict(type=own['type']))])
    if len(named) < len(searchers):
        fail('--searcher: expected a name for each')
    settings = {
        name: searcher_settings(name, own, changes)
        for name, changes in named.items()
    }
    runs = []
    for seed in dict.fromkeys(seeds):
        for supernet, number, checkpoint in numbered(supernets):
            digest = content(whole, checkpoint or whole.get('load_from'))
            for searcher, values in settings.items():
                folder = Path(out, *filter(None, (supernet, searcher)),
                              f'{number}seed{seed}')
                base = os.path.relpath(config, folder.parent)
                runs.append(
                    Run(
                        method_name(supernet, searcher, supernets, named),
                        seed, folder,
                        config_text(base, checkpoint, dict(values, seed=seed),
                                    digest)))
    return runs, own.get('N')


def numbered(supernets):
    """Name, prefix of the folder and checkpoint of each supernet."""
    if not supernets:
        return [('', '', None)]
    count, out = {}, []
    for name, checkpoint in supernets:
        number = count[name] = count.get(name, -1) + 1
        out.append((name, f'supernet{number}-' if number else '', checkpoint))
    return out


def method_name(supernet, searcher, supernets, searchers):
    """Of the two what tells methods apart."""
    parts = []
    if len(dict(supernets)) > 1:
        parts.append(supernet)
    if len(searchers) > 1 or not parts:
        parts.append(searcher)
    return ', '.join(parts)


def searcher_settings(name, own, changes):
    """Settings of a searcher: those of the config's that it has, too, and
    its own."""
    from scalenas_mm.registry import SEARCHERS
    kind = SEARCHERS.get(changes['type'])
    if kind is None:
        fail(f'--searcher {name}: there is no searcher {changes["type"]}')
    known = arguments(kind)
    wrong = [key for key in changes if key not in known and key != 'type']
    for key, option in (('N', '--N'), ('seed', '--seeds')):
        if key in changes:
            fail(f'--searcher {name}: {key} is that of {option} for all')
    if wrong:
        fail(f'--searcher {name}: {changes["type"]} has no setting {wrong[0]}')
    shared = {key: value for key, value in own.items() if key in known}
    out = {'type': None, **shared, **changes}
    out.pop('N', None)  # all have the same, and it may grow
    return out


def arguments(kind):
    """Names of all arguments of a class that hands others on to its base."""
    names = set()
    for base in kind.__mro__:
        if '__init__' not in vars(base):
            continue
        found = inspect.signature(base.__init__).parameters.values()
        names |= {one.name for one in found}
        if not any(one.kind == one.VAR_KEYWORD for one in found):
            break
    return names


@functools.lru_cache(maxsize=None)
def file_digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def content(config, checkpoint):
    """Digest of a config, with what it inherits, but for its searcher, and of
    the weights."""
    known = config.to_dict()
    del known['train_cfg']['searcher']
    found = hashlib.sha256(repr(known).encode())
    if checkpoint and Path(checkpoint).is_file():
        found.update(file_digest(checkpoint).encode())
    return found.hexdigest()[:16]


def config_text(base, checkpoint, searcher, digest):
    """A config that inherits from ``base``; it is another one if what
    ``digest`` is of is."""
    lines = [
        f'# Made by compare_searches.py; config and weights: {digest}',
        f'_base_ = {base!r}'
    ]
    if checkpoint:
        lines.append(f'load_from = {checkpoint!r}')
    searcher = dict(_delete_=True, **searcher)
    settings = [f'    {key}={value!r},' for key, value in searcher.items()]
    return '\n'.join([
        *lines, 'searcher = dict(', *settings, ')',
        'train_cfg = dict(searcher=searcher)', ''
    ])


def run_all(runs, num):
    """Run what is missing; exit with code 2 if one of them failed."""
    for run in runs:
        check_same(run)
    failed = []
    with goes_on():
        for run in runs:
            if not run_one(run, num):
                failed.append(f'{run.method} seed {run.seed}')
    if failed:
        fail(f'{len(failed)} of {len(runs)} searches failed '
             f'({", ".join(failed)}); the others stay, and the same command '
             'goes on')


def measured(run):
    """How many candidates an archive holds."""
    from scalenas_mm.search import read_archive
    return len(read_archive(run.archive)) if run.archive.is_file() else 0


def check_same(run):
    """Exit with code 2 if the folder has candidates of other settings."""
    path = run.beside('.py')
    if measured(run) and (not path.is_file() or path.read_text() != run.text):
        fail(f'{run.archive} is of a search with other settings than these '
             f'({path}); choose another --out')


def start(words, log):
    """Run a script, write what it prints to a file; its exit code."""
    return subprocess.run([sys.executable, *words],
                          stdout=log,
                          stderr=subprocess.STDOUT).returncode


def run_one(run, num):
    """Start or go on with a search unless it is done; whether it is now."""
    from scalenas_mm._files import write_atomic
    known = measured(run)
    print(
        f'== {run.method}, seed {run.seed}: {known} of {num} candidates',
        flush=True)
    if known >= num:
        return True
    write_atomic(run.beside('.py'), run.text)
    begin = time.time()
    log = run.beside('.log')
    with open(log, 'a') as file:
        code = start([
            SEARCH,
            run.beside('.py'), '--work-dir', run.folder, '--resume',
            '--cfg-options', f'train_cfg.searcher.N={num}'
        ], file)
    if code:
        lines = log.read_text(errors='replace').split('\n')
        last = next(filter(str.strip, reversed(lines)), '')
        print(
            f'   failed with code {code}: {last}\n   the whole log is {log}',
            flush=True)
        return False
    print(
        f'   {measured(run)} candidates, {time.time() - begin:.0f} s',
        flush=True)
    return True
