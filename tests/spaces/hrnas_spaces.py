"""Small spaces of HR-NAS, one for every setting that changes a network."""
from scalenas_mm.spaces import HRNASSpace

SMALL = dict(
    stem=(4, 6),
    blocks=((1, ), (1, 1), (2, 1, 1)),
    widths=((6, ), (4, 8), (4, 8, 12)),
    kernels=(3, 5),
    expansion=2,
    tokens=3,
    transformer=dict(size=2),
    head_channels=(10, ))
SINGLE = dict(blocks=((1, ), (2, )), widths=((6, ), (8, )))
# the upper branches end, a chain is left
ENDED = dict(
    blocks=((1, ), (0, 2), (0, 0, 1)), widths=((6, ), (0, 8), (0, 0, 12)))
CLASSES = dict(head='classification', head_channels=(6, 9, 14, 16))
CHANGES = dict(
    paper=dict(),
    released=dict(transformer=dict(variant='released', size=3)),
    classification=dict(CLASSES, se_ratio=0.5),
    branches=dict(head='none', head_channels=None, reductions=True),
    single=dict(SINGLE, kernels=(3, 5, 7)),
    ended=dict(ENDED, kernels=(3, )),
    encoder=dict(transformer=dict(size=4, decoder=False, heads=2)),
    learned=dict(
        reductions=True,
        transformer=dict(
            size=3,
            positions='learned',
            position_channels=8,
            decoder_positions=True)),
    sinusoidal=dict(transformer=dict(size=2, positions='sinusoidal')),
    spatial=dict(
        transformer=dict(size=2, attention='spatial', positions='none')),
    convolutions=dict(tokens=0, kernels=(5, ), se_ratio=0.25),
)


def small(name='paper', **changes):
    return HRNASSpace(**{**SMALL, **CHANGES[name], **changes})
