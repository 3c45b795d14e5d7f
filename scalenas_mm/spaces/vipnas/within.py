"""The part of a space that no architecture larger than a given one is in."""
from typing import Any, Dict, Sequence, Tuple

from .arch import ViPNASArch, ViPNASBranch
from .settings import BranchChoices, HeadChoices, StageChoices


def settings_within(space: Any, arch: ViPNASArch) -> Dict[str, Any]:
    """Arguments of the space whose largest architecture is ``arch``.

    Every choice is kept that is not larger than that of ``arch``; a number of
    groups, that is not less.

    Args:
        space (ViPNASSpace): It has ``arch`` in it.
        arch (ViPNASArch): The largest one that is wanted.

    Raises:
        ArchError: ``arch`` is not in the space.
    """
    space.check(arch)
    head = None
    if space.head is not None and arch.head is not None:
        head = _head(space.head, arch)
    return dict(
        stem=_upto(space.stem, arch.stem),
        stages=[
            _stage(choices, arch.stages[i])
            for i, choices in enumerate(space.stages)
        ],
        head=head,
        out_indices=list(space.out_indices),
        in_channels=space.in_channels)


def _upto(values: Sequence[int], most: int) -> Tuple[int, ...]:
    return tuple(value for value in values if value <= most)


def _stage(choices: StageChoices, stage: Any) -> Dict[str, Any]:
    branches = tuple(
        _branch(own, branch)
        for own, branch in zip(choices.branches, stage.branches))
    return choices._replace(
        depth=_upto(choices.depth, stage.depth), branches=branches).to_dict()


def _branch(choices: BranchChoices, branch: ViPNASBranch) -> BranchChoices:
    found = {
        name: _upto(getattr(choices, name), getattr(branch, name))
        for name in ('width', 'expansion', 'kernel', 'attention')
    }
    groups = _groups(choices.groups, branch.groups, branch.middle)
    return choices._replace(groups=groups, **found)


def _head(choices: HeadChoices, arch: ViPNASArch) -> Dict[str, Any]:
    head: Any = arch.head
    # the first layer may have fewer, as its input also has to be divided
    groups = _groups(choices.groups, head.groups[-1], head.width)
    return choices._replace(
        width=_upto(choices.width, head.width),
        kernel=_upto(choices.kernel, head.kernel),
        groups=groups).to_dict()


def _groups(rule: Any, groups: int, channels: int) -> Any:
    """The rule without fewer groups, or wider ones, than these."""
    gene = rule.gene(groups, channels)
    if rule.of_channels:
        values = _upto(rule.values, gene)
    else:
        values = tuple(value for value in rule.values if value >= gene)
    return type(rule)(rule.field, values, rule.of_channels)
