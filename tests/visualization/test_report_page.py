"""The page around a report: whole, closed, and harmless."""
import base64
import json
import re
import zlib

import pytest
from report_archives import make_search, rewrite

from scalenas_mm.search import read_archive
from scalenas_mm.visualization.search_report import (ReportError, ReportWriter,
                                                     read_source, render_page,
                                                     write_page)
from scalenas_mm.visualization.search_report import writer as writer_module
from scalenas_mm.visualization.search_report.page import (MARK, SCRIPTS, WEB,
                                                          _digest)

EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_search(tmp_path_factory.mktemp('page'), num=24)


def data_of(page):
    text = re.search('id="data"[^>]*>([^<]*)<', page)[1]
    return json.loads(zlib.decompress(base64.b64decode(text), -15))


def test_nothing_of_an_archive_is_markup(path, tmp_path):
    """Not even its name: all of it is base64, or escaped."""
    evil = tmp_path / 'archive.jsonl'
    evil.write_text(path.read_text())
    rewrite(
        evil, lambda row: row.update(
            metrics={EVIL: 1.0}, error=EVIL, arch={EVIL: EVIL}, name=EVIL))
    page = render_page([read_source(evil, EVIL)], title=EVIL)
    assert '<img' not in page and 'alert(1)' not in page.replace(
        '&lt;script&gt;alert(1)', '')
    assert page.count('</script>') == 2  # of data and of ours
    assert data_of(page)['title'] == EVIL


def test_the_policy_lets_only_ours_run(path):
    page = render_page([read_source(path)])
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)[1]
    policy = policy.replace('&#39;', "'")
    script = re.findall(r'<script>(.*?)</script>', page, re.S)
    style = re.findall(r'<style>(.*?)</style>', page, re.S)
    assert len(script) == len(style) == 1
    assert f"script-src '{_digest(script[0])}'" in policy
    assert f"style-src '{_digest(style[0])}'" in policy
    assert "default-src 'none'" in policy and "connect-src 'none'" in policy
    assert 'unsafe' not in policy and 'http' not in policy
    assert not re.search(r'\son\w+=|style="|src=|href="(?!#)',
                         page.split('<script>')[0])


def test_all_scripts_are_in_it():
    found = {file.stem for file in (WEB / 'scripts').glob('*.js')}
    assert found == set(SCRIPTS)
    for file in (WEB / 'scripts').glob('*.js'):
        text = file.read_text()
        assert 'innerHTML' not in text and 'eval(' not in text


def test_only_reports_are_overwritten(path, tmp_path):
    page = render_page([read_source(path)])
    out = write_page(tmp_path / 'report.html', page)
    assert write_page(out, page).read_text() == page and MARK in page
    out.write_text('my notes')
    with pytest.raises(ReportError, match='--force'):
        write_page(out, page)
    assert out.read_text() == 'my notes'
    assert write_page(out, page, force=True).read_text() == page
    with pytest.raises(ReportError, match='exists and is no report'):
        write_page(tmp_path, page)


def test_a_report_while_a_search_runs(path, tmp_path, monkeypatch):
    """It takes a small share of the time, and is there in the end."""
    now = [100.0]
    monkeypatch.setattr(writer_module.time, 'monotonic', lambda: now[0])

    def slow(*args, **kwargs):
        now[0] += 2
        return render_page(*args, **kwargs)

    monkeypatch.setattr(writer_module, 'render_page', slow)
    archive = make_search(tmp_path, num=24)
    records = read_archive(archive)
    writer = ReportWriter(archive)
    assert writer.write(records[:5])
    assert len(data_of(writer.path.read_text())['searches'][0]['archs']) == 5
    now[0] += 39
    assert not writer.write(records[:10])
    now[0] += 1.1
    assert writer.write(records[:12])
    assert not writer.write(records[:20])
    assert writer.write(records, last=True)
    assert len(data_of(writer.path.read_text())['searches'][0]['archs']) == 24
