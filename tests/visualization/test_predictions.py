import numpy as np
import pytest

from scalenas_mm.visualization import draw_predictions
from scalenas_mm.visualization.predictions import colourise

PALETTE = [(0, 0, 0), (255, 0, 0), (0, 0, 255)]
NAMES = ['background', 'one', 'two']


def sheet(num=2, shape=(8, 12)):
    rng = np.random.default_rng(0)
    images = list(rng.integers(0, 256, (num, *shape, 3)).astype(np.uint8))
    maps = list(rng.integers(0, 3, (num, *shape)))
    return images, maps


def test_colourise_paints_classes_and_leaves_the_ignored_white():
    out = colourise(np.array([[0, 1], [2, 255]]), np.array(PALETTE, np.uint8))
    assert out.dtype == np.uint8
    assert out.tolist() == [[[0, 0, 0], [255, 0, 0]],
                            [[0, 0, 255], [255, 255, 255]]]


def test_rows_are_images_and_columns_are_named(tmp_path):
    images, maps = sheet()
    other = [(labels + 1) % 3 for labels in maps]
    path = tmp_path / 'sheet.png'
    figure = draw_predictions(images, maps, {
        '#1': maps,
        'image': other
    }, PALETTE, NAMES, path)
    assert path.stat().st_size
    assert len(figure.axes) == 2 * 4
    pictures = [axes.images[0].get_array() for axes in figure.axes]
    palette = np.array(PALETTE, np.uint8)
    expected = [*images] + [
        colourise(labels, palette) for labels in (*maps, *maps, *other)
    ]
    assert all(map(np.array_equal, pictures, expected))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ['image', '', 'ground truth', '', '#1', '', 'image', '']
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == NAMES
    faces = [patch.get_facecolor()[:3] for patch in legend.get_patches()]
    assert np.allclose(np.array(faces) * 255, PALETTE)


def test_pictures_keep_their_proportions():
    images, maps = sheet(shape=(10, 30))
    figure = draw_predictions(images, maps, {}, PALETTE, NAMES)
    width, height = figure.get_size_inches()
    box = figure.axes[0].get_position()
    assert box.width * width / (box.height * height) == pytest.approx(3)


@pytest.mark.parametrize('change, message', [
    (dict(images=[]), 'images: expected at least one'),
    (dict(truths=[]), r'truths: expected 2 maps'),
    (dict(predictions={'net': sheet(1)[1]}), r'net: expected 2 maps'),
    (dict(predictions={'net': sheet(shape=(8, 8))[1]}),
     r'net\[0\]: expected shape \(8, 12\), got \(8, 8\)'),
    (dict(palette=PALETTE[:2]), 'palette: expected 3 colours'),
])
def test_what_does_not_fit_is_named(tmp_path, change, message):
    images, maps = sheet()
    path = tmp_path / 'sheet.png'
    arguments = dict(
        images=images,
        truths=maps,
        predictions={'net': maps},
        palette=PALETTE,
        class_names=NAMES,
        path=path)
    with pytest.raises(ValueError, match=message):
        draw_predictions(**{**arguments, **change})
    assert not path.exists()
