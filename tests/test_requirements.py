"""What setup.cfg allows is what the two lists of versions were tested with."""
import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def locked(name):
    lines = (ROOT / 'requirements' / name).read_text().splitlines()
    pairs = (line.split('==') for line in lines if not line.startswith('#'))
    return {canonicalize_name(name): version for name, version in pairs}


NEWEST, OLDEST = locked('lock.txt'), locked('lock-oldest.txt')


def declared():
    settings = configparser.ConfigParser()
    settings.read(ROOT / 'setup.cfg')
    texts = [
        settings['options']['install_requires'],
        *settings['options.extras_require'].values()
    ]
    lines = '\n'.join(texts).split('\n')
    return sorted({line.strip() for line in lines if line.strip()})


@pytest.mark.parametrize('line', declared())
def test_bounds_are_what_is_tested(line):
    requirement = Requirement(line)
    name = canonicalize_name(requirement.name)
    assert requirement.specifier.contains(NEWEST[name])
    lower = re.findall(r'>=([\w.]+)', str(requirement.specifier))
    if lower:
        assert lower == [OLDEST[name]]


def test_what_users_need_has_a_lower_bound():
    tools = {
        'build', 'flake8', 'hypothesis', 'isort', 'mypy', 'pytest',
        'pytest-xdist'
    }
    unbounded = {line for line in declared() if '>=' not in line}
    assert unbounded == tools


def test_the_oldest_list_is_older():
    style = set(NEWEST) - set(OLDEST)
    assert {'flake8', 'mypy'} <= style and 'torch' not in style
    for name in OLDEST.keys() & NEWEST.keys():
        assert Version(OLDEST[name]) <= Version(NEWEST[name])
    assert OLDEST['torch'] != NEWEST['torch']


@pytest.mark.parametrize('name', ['lock.txt', 'lock-oldest.txt'])
def test_lists_are_sorted_and_exact(name):
    lines = (ROOT / 'requirements' / name).read_text().splitlines()
    pins = [line for line in lines if not line.startswith('#')]
    assert all(re.fullmatch(r'[\w.-]+==[\w.]+', pin) for pin in pins)
    names = [canonicalize_name(pin.split('==')[0]) for pin in pins]
    assert names == sorted(set(names))
