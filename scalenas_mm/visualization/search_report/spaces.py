"""What a page needs to know of a space: how to draw it, what genes are."""
from functools import singledispatch
from typing import Any, Dict, List, Optional

from scalenas_mm.spaces import (HRNASSpace, NASBench201Space, NCPSpace,
                                ScaleNetSpace, Space, TViPNASSpace,
                                ViPNASSpace, WideScaleNetSpace)
from scalenas_mm.spaces.nas_bench_201.arch import EDGES, OPERATIONS
from scalenas_mm.spaces.ncp.arch import POSITIONS


@singledispatch
def drawing_of(space: Space) -> Optional[Dict[str, Any]]:
    """Kind of drawing and what it needs beside an architecture, for the
    scripts of the page; None where there is no drawing."""
    return None


@drawing_of.register(ScaleNetSpace)
@drawing_of.register(WideScaleNetSpace)
def _(space: Any) -> Dict[str, Any]:
    return dict(
        kind='scalenet',
        width=None if hasattr(space, 'widths') else space.width,
        branches=list(space.branches),
        stage1=space.stage1_blocks,
        single=not space.multi_scale_output)


@drawing_of.register
def _(space: ViPNASSpace) -> Dict[str, Any]:
    return dict(kind='vipnas', family=space.family, most=_most(space))


@drawing_of.register
def _(space: TViPNASSpace) -> Dict[str, Any]:
    return dict(
        kind='tvipnas', family=space.spatial.family, most=_most(space.spatial))


def _most(space: ViPNASSpace) -> Dict[str, Any]:
    """The largest network, whose bars are drawn behind those of others."""
    return space.max_arch().to_dict()


@drawing_of.register
def _(space: HRNASSpace) -> Dict[str, Any]:
    return dict(
        kind='hrnas',
        places=[place.name for place in space.places],
        levels=[place.level for place in space.places],
        kernels=list(space.kernels),
        most=space.max_arch().to_dict())


@drawing_of.register
def _(space: NCPSpace) -> Dict[str, Any]:
    return dict(kind='ncp', most=max(space.channels))


@singledispatch
def gene_names(space: Space) -> List[str]:
    """What each gene of a gene vector is, in words."""
    return [f'gene {i}' for i in range(len(space.gene_choices()))]


@gene_names.register
def _(space: ScaleNetSpace) -> List[str]:
    layout, names = space.layout, []
    for module, target, level, source in zip(layout.module, layout.target,
                                             layout.level, layout.source):
        where = f'module {module + 1}, '
        if level < 0:
            names.append(f'{where}stride {4 * 2**target}: blocks')
        else:
            names.append(f'{where}stride {4 * 2**source} to '
                         f'{4 * 2**target} after block {level + 1}')
    return names


@gene_names.register
def _(space: WideScaleNetSpace) -> List[str]:
    return gene_names(space.plain) + [
        f'module {m + 1}, stride {4 * 2**j}: channels'
        for m, n in enumerate(space.branches) for j in range(n)
    ]


@gene_names.register
def _(space: ViPNASSpace) -> List[str]:
    return [_words(name) for name in space.layout.names]


def _words(name: str) -> str:
    """``stages[1].kernel[0]`` as ``stage 2 kernel, branch 1``."""
    stage, _, rest = name.partition('.')
    what, _, branch = rest.rstrip(']').partition('[')
    if stage.startswith('stages['):
        stage = f'stage {int(stage[7:-1]) + 1}'
    text = f'{stage} {what}'.strip()
    return f'{text}, branch {int(branch) + 1}' if branch else text


@gene_names.register
def _(space: TViPNASSpace) -> List[str]:
    own = ['operation', 'fusion stage', *gene_names(space.spatial)]
    return [
        f'frame {t + 1}: {name}' for t in range(space.num_frames)
        for name in own
    ]


@gene_names.register
def _(space: HRNASSpace) -> List[str]:
    parts = [*(f'{kernel}×{kernel} channels' for kernel in space.kernels)]
    return [
        f'{_block(place.name)}, {part}' for place in space.places
        for part in (*parts, 'tokens')
    ]


def _block(name: str) -> str:
    """``stages.2.fusion.1_0`` as ``stage 3 fusion from branch 1 to 2``."""
    kind, _, rest = name.partition('.')
    if kind != 'stages':
        return name.replace('.', ' ')
    stage, what, *place = rest.split('.')
    begin = f'stage {int(stage) + 1}'
    if what == 'fusion':
        target, source = (int(x) + 1 for x in place[0].split('_'))
        return f'{begin} fusion from branch {source} to {target}'
    branch, block = (int(x) + 1 for x in place)
    return f'{begin} branch {branch} block {block}'


@gene_names.register
def _(space: NCPSpace) -> List[str]:
    return [position.words for position in POSITIONS]


@gene_names.register
def _(space: NASBench201Space) -> List[str]:
    return [
        'node {} to {}: {}'.format(*edge, operation) for edge in EDGES
        for operation in OPERATIONS
    ]


@singledispatch
def value_names(space: Space) -> Dict[str, List[str]]:
    """Names of the values of a gene by the name of the gene, for those whose
    values are no numbers."""
    return {}


YES = ['no', 'yes']


@value_names.register
def _(space: ScaleNetSpace) -> Dict[str, List[str]]:
    names = gene_names(space)
    return {name: YES for name, bit in zip(names, space.layout.is_bit) if bit}


@value_names.register
def _(space: WideScaleNetSpace) -> Dict[str, List[str]]:
    return value_names(space.plain)


@value_names.register
def _(space: NASBench201Space) -> Dict[str, List[str]]:
    return {name: YES for name in gene_names(space)}


@value_names.register
def _(space: ViPNASSpace) -> Dict[str, List[str]]:
    return {name: YES for name in gene_names(space) if 'attention' in name}


@value_names.register
def _(space: TViPNASSpace) -> Dict[str, List[str]]:
    out = {}
    for t in range(space.num_frames):
        out[f'frame {t + 1}: operation'] = list(space.operations)
        for name, words in value_names(space.spatial).items():
            out[f'frame {t + 1}: {name}'] = words
    return out
