"""Drawings of HR-NAS networks."""
import numpy as np
import pytest

from scalenas_mm.spaces import ArchError, HRNASSpace
from scalenas_mm.visualization import (draw_arch, draw_searching_blocks,
                                       has_drawing)

SMALL = dict(
    stem=(4, 8),
    expansion=2,
    tokens=6,
    blocks=((1, ), (1, 2)),
    widths=((8, ), (8, 16)))
SPACES = dict(
    dense=HRNASSpace(**SMALL, head_channels=(12, )),
    classification=HRNASSpace(
        **SMALL, head='classification', head_channels=(8, 12, 16)),
    none=HRNASSpace(**{
        **SMALL, 'tokens': 0
    }, head='none', kernels=(3, 9)),
    ended=HRNASSpace(
        **{
            **SMALL, 'blocks': ((1, ), (0, 2), (0, 0, 1)),
            'widths': ((8, ), (0, 8), (0, 0, 12))
        }),
    single=HRNASSpace(
        **{
            **SMALL, 'blocks': ((1, ), (0, )),
            'widths': ((8, ), (8, ))
        },
        reductions=True))


def artists(figure, kind):
    """Artists of one kind by the rest of their gid."""
    found = [(artist.get_gid(), artist) for artist in figure.findobj()
             if (artist.get_gid() or '').startswith(kind + '/')]
    out = {gid.split('/', 1)[1]: artist for gid, artist in found}
    assert len(out) == len(found)
    return out


def share(wedge):
    return (wedge.theta2 - wedge.theta1) / 360


def archs(space):
    rng = np.random.default_rng(0)
    spread = [space.decode(genes) for genes in space.spread_genes(rng, 2)]
    return [space.max_arch(), space.min_arch(), *spread]


@pytest.mark.parametrize('name', SPACES)
def test_every_block_is_a_disc_with_what_is_left(name):
    space = SPACES[name]
    for arch in archs(space):
        figure = draw_arch(space, arch)
        discs = artists(figure, 'block')
        assert set(discs) == {place.name for place in space.places}
        sectors, rings = artists(figure, 'unit'), artists(figure, 'token')
        for i, place in enumerate(space.places):
            most = space.most[i]
            for kernel, num in zip(space.kernels, arch.channels[i]):
                sector = sectors.pop(f'{place.name}/{kernel}', None)
                assert (sector is None) == (num == 0)
                if num:
                    assert share(sector) == pytest.approx(num / sum(most[:-1]))
            ring = rings.pop(place.name, None)
            assert (ring is None) == (arch.tokens[i] == 0)
            if ring:
                assert share(ring) == pytest.approx(arch.tokens[i] / most[-1])
        assert not sectors and not rings
        where = {place.name: place for place in space.places}
        assert set(artists(figure, 'ring')) == {
            name
            for name in discs if space.has_transformer(where[name])
        }


def test_discs_of_a_branch_stand_in_its_row_and_do_not_touch():
    figure = draw_arch(SPACES['dense'], SPACES['dense'].max_arch())
    discs = artists(figure, 'block')
    centres = {name: np.array(disc.center) for name, disc in discs.items()}
    first, second = (centres[f'stages.1.branches.1.{k}'] for k in range(2))
    assert first[1] == second[1] < centres['stages.1.branches.0.0'][1]
    outer = {name: 1.32 * disc.get_radius() for name, disc in discs.items()}
    names = list(discs)
    for i, name in enumerate(names):
        for other in names[:i]:
            distance = np.linalg.norm(centres[name] - centres[other])
            assert distance > outer[name] + outer[other]
    small = discs['stages.1.fusion.1_0'].get_radius()
    assert small < discs['stages.1.branches.0.0'].get_radius()


def test_parallel_modules_alone():
    """What Figure 4 shows."""
    space = SPACES['dense']
    figure = draw_searching_blocks(space, space.max_arch(), fusions=False)
    assert set(artists(figure, 'block')) == {
        place.name
        for place in space.places if '.branches.' in place.name
    }


def test_texts(tmp_path):
    space = SPACES['dense']
    arch = archs(space)[2]
    path = tmp_path / 'arch.png'
    figure = draw_arch(space, arch, path, (64, 90), title='Found')
    texts = '\n'.join(text.get_text() for text in figure.axes[0].texts)
    facts, most = space.facts(arch), space.facts(space.max_arch())
    cost = space.complexity(arch, (64, 90))
    for part in ('Found', f"{facts['units']:,} of {most['units']:,} units",
                 f"{facts['tokens']} of {most['tokens']} tokens",
                 'GMACs @ 64 × 90', arch.digest, 'stride 8', '16 × 23'):
        assert part in texts
    written = float(texts.partition(' GMACs')[0].rpartition(' ')[2])
    assert written == pytest.approx(cost.macs / 1e9, rel=1e-2)
    assert path.stat().st_size > 10_000
    bare = draw_arch(space, space.min_arch())
    texts = [text.get_text() for text in bare.axes[0].texts]
    assert texts.count('shortcut') == 5 and 'GMACs' not in ''.join(texts)
    labels = [t.get_text() for t in bare.axes[0].get_legend().get_texts()]
    assert 'channels of 7 × 7 kernels' in labels


def test_only_members_are_drawn():
    assert has_drawing(SPACES['none'])
    with pytest.raises(ArchError):
        draw_arch(SPACES['dense'], SPACES['classification'].max_arch())
