import subprocess
import sys

import pytest

from scalenas_mm.visualization.figures import (new_figure, save_figure,
                                               whole_file)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_figure_that_cannot_be_drawn_replaces_nothing(tmp_path):
    path = tmp_path / 'a.png'
    path.write_bytes(b'old')
    figure = new_figure(1, 1)
    figure.text(0, 0, r'$\broken{$')
    with pytest.raises(ValueError):
        save_figure(figure, path)
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('name, start', [('a.png', b'\x89PNG'),
                                         ('a.svg', b'<?xml'),
                                         ('new/folder/a.pdf', b'%PDF')])
def test_the_suffix_is_the_format(tmp_path, name, start):
    path = save_figure(new_figure(1, 1), tmp_path / name)
    assert path.read_bytes().startswith(start)


def test_neither_pyplot_nor_torch_is_imported():
    code = ('import sys, scalenas_mm.visualization\n'
            'assert not {"matplotlib.pyplot", "torch"} & set(sys.modules)')
    subprocess.run([sys.executable, '-c', code], check=True)
