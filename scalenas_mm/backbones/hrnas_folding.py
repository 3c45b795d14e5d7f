"""Keep what dead units still emit, in the norms that come next.

A unit of importance 0 emits a constant, the activation of its norm's bias.
When it goes, the constant goes with it; here it is put where it makes the
same difference in evaluation mode (in training, norms take the mean out).
"""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.ops import MixConv, SearchingBlock
from scalenas_mm.spaces.hrnas.layout import neighbours

Constant = Optional[Tensor]  # (channels,) of a map, None for 0
Changed = List[Tuple[Tensor, Tensor]]


class Folding:
    """Folds constants of dead units of an :class:`HRNAS`, in place.

    Exact where the importance is 0; with units at a threshold of 1e-3, half
    of a small network's units change its outputs by some 1e-4 of their range.

    - Units of a block that keeps others: in the running mean of the
      projection's norm.
    - A block's last units: what it added is put into the bias of a norm whose
      output is added to the same map, in the same block, the same chain or
      the same sum. If there is none, the map is followed to the next blocks:
      into the running means that see it, and on along their shortcuts.

    Lost are the constant of a sum in which no norm is left and that is
    rectified; that of an output of the network; what dead tokens give to the
    others, since attention is not linear; and, with squeeze-and-excitation,
    that of units beside others, which their weights depend on.

    Args:
        backbone (HRNAS): Its running means and biases are changed.
        parts (Mapping[str, Any]): From :meth:`HRNAS.parts`; what is not in it
            is dead.

    Attributes:
        changed: Tensors and what they were before.
    """

    def __init__(self, backbone: Any, parts: Mapping[str, Any]) -> None:
        self.parts = parts
        self.space = backbone.space
        self.head = backbone.head
        self.blocks: Dict[str, SearchingBlock] = {
            place.name: backbone.get_submodule(place.name)
            for place in self.space.places
        }
        self.changed: Changed = []

    @torch.no_grad()
    def run(self) -> Changed:
        """Fold all; see the class."""
        maps: List[Constant] = [None]
        for s, depths in enumerate(self.space.blocks):
            maps = self._fuse(f'stages.{s}.fusion', maps, len(depths))
            for b, depth in enumerate(depths):
                for k in range(depth):
                    name = f'stages.{s}.branches.{b}.{k}'
                    maps[b] = self._sum({name: maps[b]})
        if self.space.head == 'dense':
            self._dense(maps)
        elif self.space.head == 'classification':
            self._classification(maps)
        return self.changed

    def _fuse(self, fusion: str, maps: List[Constant],
              targets: int) -> List[Constant]:
        """Maps behind a fusion module; what a rectified one lacks is lost."""
        out: List[Constant] = []
        for i in range(targets):
            if i < len(maps):
                self._sum({
                    f'{fusion}.{i}_{j}': maps[j]
                    for j in neighbours(i, len(maps))
                })
                out.append(None)
            else:
                out.append(self._sum({f'{fusion}.{i}_{i - 1}': out[i - 1]}))
        return out

    def _sum(self, terms: Dict[str, Constant]) -> Constant:
        """What a sum of blocks lacks when their inputs lack these constants,
        and nothing in it can make up for it."""
        lacks = _total([self._block(k, lack) for k, lack in terms.items()])
        if lacks is not None:
            for name in terms:
                norm = self._norm(name)
                if norm is not None:
                    self._add(norm.bias, lacks)
                    return None
        return lacks

    def _norm(self, name: str) -> Optional[nn.Module]:
        """A norm whose output a block adds to its own."""
        block = self.blocks[name]
        if f'{name}.mix.norm.weight' in self.parts:
            return block.mix.project_norm
        if f'{name}.transformer.input_norm.weight' in self.parts:
            return block.transformer.reverse_norm
        return None

    def _block(self, name: str, lack: Constant) -> Constant:
        """Let a block not see that its input lacks a constant; what its
        output lacks then, also by its dead units."""
        block = self.blocks[name]
        out = self._units(name, block.mix)
        if lack is None:
            return out
        if block.mix is not None:
            self._unseen(block.mix.expand, block.mix.expand_norm, lack)
        if block.transformer is not None:
            self._unseen(block.transformer.input_proj,
                         block.transformer.input_norm, lack)
        if block.shortcut is not None:
            lack = F.conv2d(
                lack[:, None, None],
                block.shortcut.weight,
                groups=block.shortcut.groups).flatten()
        return _total([out, lack])

    def _units(self, name: str, mix: Optional[MixConv]) -> Constant:
        """Fold the dead units of a block; what it lacks if all of them
        are."""
        dead = self._dead(name, mix)
        if mix is None or not len(dead):
            return None
        emits = mix.act(mix.norm.bias.detach()[dead])
        last = len(dead) == len(mix.norm.bias)
        if mix.se is not None:
            if not last:
                return None
            emits = mix.se(emits[None, :, None, None]).flatten()
        emits = mix.project.weight[:, dead, 0, 0] @ emits
        norm = mix.project_norm
        if not last:
            self._shift(norm, emits)
            return None
        if norm.running_mean is None:
            return norm.bias.detach().clone()
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        return (emits - norm.running_mean) * scale + norm.bias

    def _dead(self, name: str, mix: Optional[MixConv]) -> Sequence[int]:
        if mix is None:
            return []
        index = self.parts.get(f'{name}.mix.norm.weight', ([], ))
        if index is ...:
            return []
        kept = set(index[0])
        return [i for i in range(len(mix.norm.weight)) if i not in kept]

    def _unseen(self, conv: nn.Conv2d, norm: nn.Module, lack: Tensor) -> None:
        """Let a norm behind a 1x1 convolution not see that the input lacks a
        constant; positions of tokens stand behind the features."""
        self._shift(norm, conv.weight[:, :len(lack), 0, 0] @ lack)

    def _shift(self, norm: nn.Module, lack: Tensor) -> None:
        if norm.running_mean is not None:
            self._add(norm.running_mean, -lack)

    def _add(self, tensor: Tensor, value: Tensor) -> None:
        self.changed.append((tensor, tensor.detach().clone()))
        tensor += value

    # -- heads ------------------------------------------------------------
    def _dense(self, maps: List[Constant]) -> None:
        if all(lack is None for lack in maps):
            joined = None
        else:
            like = next(lack for lack in maps if lack is not None)
            joined = torch.cat([
                like.new_zeros(width) if lack is None else lack
                for lack, width in zip(maps, self.space.widths[-1])
            ])
        self._sum({'head.project': joined})

    def _classification(self, maps: List[Constant]) -> None:
        lack = self._sum({'head.increase.0': maps[0]})
        for b in range(1, len(maps)):
            lack = self._sum({
                f'head.increase.{b}': maps[b],
                f'head.down.{b - 1}': lack
            })
        if lack is not None:
            conv, norm = self.head.final[:2]
            self._unseen(conv, norm, lack)


def _total(constants: Sequence[Constant]) -> Constant:
    """Their sum; None if there are none."""
    there = [one for one in constants if one is not None]
    return sum(there[1:], there[0]) if there else None
