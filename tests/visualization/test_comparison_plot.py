"""Curves of searches: what is drawn is what was measured."""
import numpy as np
import pytest

from scalenas_mm.search import Method
from scalenas_mm.spaces import SettingError
from scalenas_mm.visualization import plot_comparison


def method(seeds, seed=0):
    rng = np.random.default_rng(seed)
    curves = [np.sort(rng.random(9)) for _ in range(seeds)]
    return Method(volumes=[curve[-1] for curve in curves], curves=curves)


def by_id(figure, name):
    return next(iter(figure.findobj(lambda artist: artist.get_gid() == name)))


def test_means_and_bands(tmp_path):
    methods = dict(random=method(3), NCP=method(4, 1), single=method(1))
    path = tmp_path / 'curves.png'
    figure = plot_comparison(methods, path, 'mIoU')
    assert path.read_bytes()[:4] == b'\x89PNG'
    for name in methods:
        curves = np.stack(methods[name].curves)
        x, y = by_id(figure, f'mean/{name}').get_data()
        assert list(x) == list(range(1, 10))
        np.testing.assert_allclose(y, curves.mean(0))
    curves = np.stack(methods['NCP'].curves)
    band = by_id(figure, 'band/NCP').get_paths()[0].get_extents()
    reached = curves.mean(0) + curves.std(0, ddof=1)
    assert band.ymax == pytest.approx(min(1, reached.max()))
    assert not figure.findobj(lambda artist: artist.get_gid() == 'band/single')
    assert 'mean of 1 to 4 seeds' in figure.texts[-1].get_text()
    texts = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in texts] == list(methods)


def test_lines_differ_without_colour():
    methods = {f'{i}': method(1, i) for i in range(7)}
    figure = plot_comparison(methods, None, 'mIoU')
    lines = figure.axes[0].get_lines()
    assert len({line.get_color() for line in lines}) == 7
    assert len({str(line._dash_pattern) for line in lines}) == 7
    assert figure.texts[-1].get_text() == 'mIoU and macs · one seed each'
    with pytest.raises(SettingError, match='at most 7, got 8'):
        plot_comparison({**methods, 'more': method(1)}, None, 'mIoU')
