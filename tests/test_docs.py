"""What the documents print is what the code prints."""
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'CHANGELOG.md',
    *ROOT.glob('docs/*.md'), *ROOT.glob('configs/**/README.md'),
    *ROOT.glob('projects/*/README.md')
]


@pytest.mark.parametrize('page, least', [('README.md', 5),
                                         ('docs/vipnas.md', 4),
                                         ('docs/elastic.md', 5)])
def test_examples(page, least):
    result = doctest.testfile(
        str(ROOT / page), module_relative=False, verbose=False)
    assert result.attempted >= least and result.failed == 0


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page):
    text = page.read_text()
    links = re.findall(r'\]\(([^)#:]+)[)#]', text)
    files = re.findall(
        r'(?<![\w/($])((?:configs|tools|projects)/[\w/.-]+\.(?:py|sh))\b',
        text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [name for name in files if not (ROOT / name).exists()]
    assert missing == []
