import base64
import re
from html.parser import HTMLParser

import pytest

from scalenas_mm.visualization import ExportedNetwork, Report, write_report
from scalenas_mm.visualization.figures import new_figure, save_figure
from scalenas_mm.visualization.report import duration

EVIL = '<script>alert("1")</script> & \'co\''


class Page(HTMLParser):
    """Tags, attributes and text of a document; checks that tags match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in ('meta', 'img'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data)


@pytest.fixture
def picture(tmp_path):
    return save_figure(new_figure(1, 1), tmp_path / 'pictures' / 'a.png')


def full(folder, picture, text='x', **options):
    network = ExportedNetwork(text, 1_234_567, 12_345_678_901, 50.0, 49.5,
                              picture, {text: text}, {text: text})
    arguments = dict(
        title=text,
        metric=text,
        networks=[network],
        introduction=text,
        scope=text,
        input_size=(96, 128),
        headline={text: text},
        plots=[(text, picture)],
        predictions=[(text, picture)],
        commands={text: text},
        seconds={text: 75.0},
        versions={text: text})
    return write_report(folder, Report(**{**arguments, **options}))


def test_every_text_is_escaped(tmp_path, picture):
    path = full(tmp_path, picture, EVIL)
    page = Page(path.read_text())
    assert 'script' not in page.tags
    assert '<script' not in path.read_text().lower()
    assert page.texts.count(EVIL) >= 12
    assert {value for key, value in page.attributes if key == 'alt'} == {EVIL}


def test_it_needs_nothing_beside_it(tmp_path, picture):
    text = full(tmp_path, picture).read_text()
    data = base64.b64encode(picture.read_bytes()).decode()
    assert text.count(data) == 3
    assert not re.search(r'https?:|//|url\(|@import|<link|<script',
                         text.replace(data, ''))
    sources = re.findall(r'src="([^"]*)"', text)
    assert all(source.startswith('data:image/png') for source in sources)


def test_the_table_gives_units_scope_and_difference(tmp_path, picture):
    page = Page(full(tmp_path, picture, 'mIoU', scope='model').read_text())
    for cell in ('params (M, model)', 'GMACs (model @ 96 × 128)',
                 'mIoU in the supernet', 'mIoU exported', '1.235', '12.346',
                 '50.00', '49.50', '-0.50', '1 min 15 s'):
        assert cell in page.texts


def test_a_metric_of_shares_has_more_digits(tmp_path):
    networks = [
        ExportedNetwork('#1', 1000, 2000, 0.51234, 0.51134),
        ExportedNetwork('#2', 1000, 2000, 0.51234, 0.51234 - 1e-9)
    ]
    report = Report('Search', 'coco/AP', networks, digits=4)
    page = Page(write_report(tmp_path, report).read_text())
    for cell in 'coco/AP exported', '0.5123', '0.5113', '-0.0010', '0.0000':
        assert cell in page.texts


def test_what_is_not_known_is_left_out(tmp_path):
    network = ExportedNetwork('#1', 1000, 2000, supernet=40.0)
    text = write_report(tmp_path, Report('Search', 'mIoU',
                                         [network])).read_text()
    page = Page(text)
    assert page.texts.count('–') == 2
    assert page.tags.count('section') == 1
    assert 'img' not in page.tags


def test_a_rounding_error_is_no_difference(tmp_path):
    network = ExportedNetwork('#1', 1000, 2000, 40.0, 40.0 - 1e-9)
    page = Page(
        write_report(tmp_path, Report('Search', 'mIoU',
                                      [network])).read_text())
    assert '0.00' in page.texts and '-0.00' not in page.texts


def test_a_missing_picture_is_named_and_the_old_report_stays(
        tmp_path, picture):
    before = full(tmp_path, picture).read_bytes()
    with pytest.raises(FileNotFoundError, match='lost.png'):
        full(tmp_path, picture, plots=[('x', tmp_path / 'lost.png')])
    assert (tmp_path / 'report.html').read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'pictures', 'report.html'
    ]


@pytest.mark.parametrize('seconds, text', [(0, '0.0 s'), (59.94, '59.9 s'),
                                           (59.96, '1 min 00 s'),
                                           (3599.6, '1 h 00 min'),
                                           (7500, '2 h 05 min')])
def test_durations(seconds, text):
    assert duration(seconds) == text
