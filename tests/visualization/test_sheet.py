import numpy as np
import pytest

from scalenas_mm.visualization import draw_sheet

LEGEND = {'background': (0, 0, 0), 'one': (255, 0, 0), 'two': (0, 0, 255)}


def pictures(num=2, shape=(8, 12), seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (num, *shape, 3)).astype(np.uint8))


def test_rows_are_pictures_and_columns_are_named(tmp_path):
    path = tmp_path / 'sheet.png'
    figure = draw_sheet({
        'image': pictures(),
        '#1\nbest': pictures(seed=1)
    }, path, LEGEND)
    assert path.stat().st_size
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    assert np.array_equal(drawn, pictures() + pictures(seed=1))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ['image', '', '#1\nbest', '']
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == list(LEGEND)
    faces = [patch.get_facecolor()[:3] for patch in legend.get_patches()]
    assert np.allclose(np.array(faces) * 255, list(LEGEND.values()))


def test_pictures_keep_their_proportions():
    figure = draw_sheet({'image': pictures(shape=(10, 30))})
    assert not figure.legends
    width, height = figure.get_size_inches()
    box = figure.axes[0].get_position()
    assert box.width * width / (box.height * height) == pytest.approx(3)


@pytest.mark.parametrize('columns, message', [
    ({}, 'columns: expected at least one picture'),
    (dict(image=[]), 'columns: expected at least one picture'),
    (dict(image=pictures(), net=pictures(1)), 'net: expected 2 pictures'),
    (dict(image=pictures(), net=pictures(shape=(8, 8))),
     r'net\[0\]: expected shape \(8, 12, 3\), got \(8, 8, 3\)'),
])
def test_what_does_not_fit_is_named(tmp_path, columns, message):
    path = tmp_path / 'sheet.png'
    with pytest.raises(ValueError, match=message):
        draw_sheet(columns, path)
    assert not path.exists()
