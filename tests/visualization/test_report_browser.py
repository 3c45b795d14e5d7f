"""A report as a reader sees it, in a headless Chromium."""
import json
import re
import threading

import chromium
import numpy as np
import pytest
from report_archives import SPACE, make_search, rewrite
from test_report_page import EVIL
from test_report_payload import WIDE

from scalenas_mm.search import Record, read_archive
from scalenas_mm.search.pareto import pareto_front, running_hypervolume
from scalenas_mm.spaces import (HRNASSpace, NASBench201Space, NCPSpace,
                                TViPNASSpace, ViPNASSpace)
from scalenas_mm.visualization.search_report import (read_source, render_page,
                                                     serve, write_page)

pytestmark = pytest.mark.skipif(
    chromium.executable() is None,
    reason=f'needs a Chromium ({", ".join(chromium.NAMES)} on the path)')


@pytest.fixture(scope='module')
def browser():
    browser = chromium.Browser()
    yield browser
    browser.close()


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_search(tmp_path_factory.mktemp('browser') / 'demo')


@pytest.fixture(scope='module')
def page_file(path):
    text = render_page([read_source(path)])
    return write_page(path.with_name('report.html'), text)


@pytest.fixture
def page(browser, page_file):
    page = browser.open(page_file.as_uri())
    yield page
    assert page.errors == []
    assert [url for url in page.requests if not url.startswith('file:')] == []
    page.close()


def write(tmp_path, *sources):
    return write_page(tmp_path / 'report.html', render_page(sources)).as_uri()


def texts(page, selector):
    return page.run(f'[...document.querySelectorAll({selector!r})]'
                    '.map((node) => node.textContent)')


def heading(page):
    return page.run("document.querySelector('#candidate h2').textContent")


def box_of_points(page):
    """Of the plot in the window, at rest."""
    return page.run('''(() => {
      const node = document.querySelector('#points');
      node.scrollIntoView({ behavior: 'instant', block: 'center' });
      const box = node.getBoundingClientRect();
      return [box.x, box.y, box.width, box.height]; })()''')


def tip(page):
    return page.run("document.querySelector('#tip').hidden ? '' : "
                    "document.querySelector('#tip').textContent")


def found_point(page, other):
    """A place where a candidate is, and what is said of it there; not of the
    one that is chosen."""
    x, y, width, height = box_of_points(page)
    for i in range(4, 40):
        for j in range(2, 24):
            at = x + width * i / 44, y + height * j / 27
            page.move(*at)
            text = tip(page)
            if text.startswith('#') and text.split(' ')[0] != f'#{other}':
                return at, text
    raise AssertionError('there is no point')


def front_of(path):
    good = [record for record in read_archive(path) if record.ok]
    costs = np.array([[r.cost['macs'], -r.metrics['mIoU']] for r in good])
    rows = [good[i] for i in pareto_front(costs)]
    return sorted(rows, key=lambda record: record.cost['macs'])


def test_all_of_it_is_there(page, path):
    shown = page.run("[...document.querySelectorAll('main > section')]"
                     '.filter((node) => !node.hidden).map((node) => node.id)')
    assert shown == [
        'front', 'candidate', 'progress', 'workers', 'importance', 'patterns',
        'densities', 'failures', 'facts'
    ]
    front = front_of(path)
    assert texts(page, '#front tbody td:first-child') == [
        f'#{record.id}' for record in front
    ]
    assert f'On the front: {len(front)}' in texts(page, '#front h3')
    axes = texts(page, '#axis-x option')
    assert {'MACs (M)', 'mIoU', 'aAcc', 'latency on pi4 (ms)'} <= set(axes)


def test_a_click_shows_the_drawing(page, path):
    """Of the candidate that is clicked, with all of its blocks."""
    record = front_of(path)[0]
    page.run(f'document.querySelector("tr[data-id=\\"{record.id}\\"] button")'
             '.click()')
    assert heading(page) == f'Candidate {record.id}'
    arch = SPACE.from_dict(record.arch)
    blocks = page.run(
        "document.querySelectorAll('#candidate svg.topology .block').length")
    fusions = page.run(
        "document.querySelectorAll('#candidate svg.topology .fusion').length")
    assert (blocks, fusions) == (arch.num_blocks, arch.num_fusions)
    dead = page.run("document.querySelectorAll('#candidate .fusion"
                    "[stroke=\"var(--dead)\"]').length")
    assert dead == arch.num_fusions - SPACE.live(arch).num_fusions
    command, = texts(page, '#candidate .export')
    assert command == (f'python tools/export.py CONFIG CHECKPOINT --archive '
                       f'{path} --id {record.id}')
    stored = json.loads(texts(page, '#candidate details pre')[1])
    assert stored == record.arch


def test_a_click_on_a_point(page):
    """And what is said while the pointer is there."""
    at, text = found_point(page, heading(page).split(' ')[-1])
    for word in ('generation', 'MACs', 'parameters', 'latency on pi4', 'mIoU',
                 'blocks', 'fusions'):
        assert word in text
    page.click(*at)
    assert heading(page) == 'Candidate ' + text.split(' ')[0][1:]
    assert page.run('location.hash').endswith(text.split(' ')[0][1:])


def test_by_keys_alone(page, path):
    front = front_of(path)
    page.run("document.querySelector('#points').focus()")
    page.key('Home')
    assert heading(page) == f'Candidate {front[0].id}'
    page.key('ArrowRight')
    assert heading(page) == f'Candidate {front[1].id}'
    page.key('End')
    assert heading(page) == f'Candidate {front[-1].id}'
    said = page.run("document.querySelector('#said').textContent")
    assert said.startswith(f'candidate {front[-1].id}, MACs ')
    page.key('Enter')
    assert page.run('document.activeElement.id') == 'candidate'


def test_generations_and_axes(page, path):
    records = [record for record in read_archive(path) if record.ok]
    page.run("const u = document.querySelector('#until'); u.value = 0; "
             "u.dispatchEvent(new Event('input'))")
    first = sum(record.generation == 0 for record in records)
    assert texts(
        page, '#front output') == [f'up to generation 0: {first} candidates']
    assert len(texts(page, '#front tbody tr')) <= first
    page.run("const a = document.querySelector('#axis-x'); "
             "a.value = 'latency@pi4'; a.dispatchEvent(new Event('change'))")
    assert texts(page, '#front thead th')[1] == 'latency on pi4 (ms)'
    page.run("document.querySelector('#axis-x').value = 'seconds'; "
             "document.querySelector('#axis-x')"
             ".dispatchEvent(new Event('change'))")
    assert page.run("document.querySelector('#progress').hidden")


def test_hypervolume_is_that_of_the_package(page, path):
    records = read_archive(path)
    values = np.array([[r.cost['macs'], -r.metrics['mIoU']] for r in records
                       if r.ok])
    low, high = values.min(0), values.max(0)
    scaled = np.ones((len(records), 2))
    scaled[[r.ok for r in records]] = (values - low) / (high - low)
    expected = running_hypervolume(scaled, np.ones(2))
    path_text = page.run(
        "document.querySelector('#progress .curve').getAttribute('d')")
    box = page.run("document.querySelector('#progress svg').clientHeight")
    heights = [float(v) for v in re.findall(r'V([\d.]+)', path_text)]
    bottom, top = box - 44, 8
    reached = (bottom - heights[-1]) / (bottom - top) * expected[-1] * 1.06
    assert reached == pytest.approx(expected[-1], abs=2e-3)
    assert len(heights) >= len(np.unique(expected)) - 2


def test_parents_lead_to_their_own_parents(page, path):
    record = next(r for r in reversed(read_archive(path)) if r.parents)
    page.run(f'location.hash = "id={record.id}"; location.reload()')
    page.wait(f"document.querySelector('#candidate h2')?.textContent === "
              f"'Candidate {record.id}'")
    names = texts(page, '.family .node text.strong')
    assert f'#{record.id}' in names
    assert {f'#{parent}' for parent in record.parents} <= set(names)
    page.run("document.querySelector('.family .node[tabindex]')"
             ".dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}))")
    assert heading(page) != f'Candidate {record.id}'


@pytest.mark.parametrize('phone', [True, False])
def test_nothing_leaves_the_window(browser, page_file, phone):
    page = browser.open(
        page_file.as_uri(), width=390 if phone else 1000, phone=phone)
    assert page.run('document.documentElement.scrollWidth') <= (390 if phone
                                                                else 1000)
    assert page.errors == []
    page.close()


def test_dark_light_and_paper(browser, page_file):
    page = browser.open(page_file.as_uri(), dark=True)
    theme = 'document.documentElement.dataset.theme'
    background = 'getComputedStyle(document.body).backgroundColor'
    dark = page.run(background)
    assert page.run(theme) == 'dark'
    page.run("document.querySelector('#theme').click()")
    assert page.run(theme) == 'light' and page.run(background) != dark
    page.run("document.querySelector('#theme').click()")
    assert page.pdf().startswith(b'%PDF')
    assert page.run(theme) == 'dark' and page.errors == []
    page.close()


@pytest.mark.parametrize(
    'space', [
        WIDE,
        NCPSpace(),
        ViPNASSpace(),
        ViPNASSpace('hrnet_w32'),
        TViPNASSpace(ViPNASSpace(), num_frames=2),
        HRNASSpace(),
        NASBench201Space()
    ],
    ids=lambda space: getattr(space, 'family', None) or type(space).__name__)
def test_every_space(browser, tmp_path, space):
    source = read_source(make_search(tmp_path, space, num=24, clock=False))
    page = browser.open(write(tmp_path, source))
    drawn = page.run("document.querySelectorAll('#candidate .drawing .block')"
                     '.length')
    assert (drawn > 0) == (not isinstance(space, NASBench201Space))
    assert texts(page, '#candidate > p')[1]
    assert page.errors == []
    page.close()


def test_two_searches(browser, path, tmp_path):
    other = make_search(tmp_path / 'other', num=30, seed=1)
    page = browser.open(
        write(tmp_path, read_source(path), read_source(other, 'B')))
    assert texts(page, '#comparison tbody td:first-child') == ['demo', 'B']
    assert len(texts(page, '#progress .curve')) == 2
    assert page.run("document.querySelector('#axis-colour').value") == 'search'
    page.run("document.querySelector('tr[data-search=\"1\"] button').click()")
    assert 'B, generation' in texts(page, '#candidate > p')[0]
    assert page.errors == []
    page.close()


def test_scripts_in_an_archive_stay_text(browser, path, tmp_path):
    evil = make_search(tmp_path / 'evil', num=24)

    def change(row):
        row['metrics'] = {EVIL: float(row['id']), 'mIoU': 1.0 + row['id']}
        row['cost'][EVIL] = row['id']
        row['arch'] = {EVIL: EVIL}
        row['digest'] = f'{EVIL}{row["id"]}'
        row['error'] = row.get('error') and EVIL

    rewrite(evil, change)
    rewrite(
        evil.with_suffix('.baselines.jsonl'),
        lambda row: row.update(name=EVIL))
    page = browser.open(write(tmp_path, read_source(evil, EVIL)))
    page.run('window.alert = () => { window.ran = true; }')
    for id in range(24):
        page.run(f"document.querySelector('tr[data-id=\"{id}\"] button')"
                 '?.click()')
    page.run("document.querySelector('#points').focus()")
    for key in ('Home', 'ArrowUp', 'ArrowUp'):
        page.key(key)
    assert page.run("document.querySelectorAll('img').length") == 0
    assert page.run("document.querySelectorAll('script').length") == 2
    assert not page.run('Boolean(window.ran)')
    assert EVIL in texts(page, 'h1')[0]
    assert page.errors == []
    page.close()


def test_nothing_was_measured_yet(browser, tmp_path):
    archive = tmp_path / 'archive.jsonl'
    archive.write_text('')
    page = browser.open(write(tmp_path, read_source(archive)))
    assert texts(page, '#trouble') == ['No candidate has been measured yet.']
    failed = Record(0, 'a', {}, status='failed', error='no', cost=dict(macs=1))
    archive.write_text(failed.to_json() + '\n')
    again = browser.open(write(tmp_path, read_source(archive)))
    assert texts(again, '.tile b')[0] == '1'
    assert page.errors == again.errors == []
    page.close()
    again.close()


def test_it_follows_a_running_search(browser, tmp_path):
    archive = make_search(tmp_path, num=20)
    lines = archive.read_text().splitlines(keepends=True)
    archive.write_text(''.join(lines[:12]))
    server = serve([(None, archive)], port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01, ))
    thread.start()
    try:
        page = browser.open(server.url)
        assert texts(page, '.tile b')[0] == '12'
        page.run("document.querySelector('#points').focus()")
        page.key('Home')
        chosen = heading(page)
        archive.write_text(''.join(lines))
        server.report._took = 0
        page.wait("document.querySelector('.tile b').textContent === '20'")
        assert heading(page) == chosen  # the reader stays where they were
        assert page.run('document.activeElement.id') == 'points'
        assert page.errors == []
        page.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
