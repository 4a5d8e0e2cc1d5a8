# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrangement of a decoder's layers, and how it is read off the shapes of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from ...errors import CheckpointError, InvalidParameter

COORDINATES = 3
_NAME = re.compile(r"lin(\d+)\.(weight|weight_g|weight_v|bias)")
_MOST_LAYERS, _MOST_WIDTH = 64, 1 << 14


@dataclass(frozen=True)
class Layout:
    """How a decoder is built.

    code: numbers in a code. widths: numbers after each hidden layer. extras: how many numbers of the input each layer
    but the first sees besides what the layer before gives: 0, 3 (the point) or code + 3 (all of it). normed: whether
    each layer has weight normalisation.
    """

    code: int
    widths: tuple[int, ...]
    extras: tuple[int, ...]
    normed: tuple[bool, ...]

    @property
    def layers(self) -> int:
        """Layers in all, with the last one."""
        return len(self.widths) + 1

    def sizes(self, layer: int) -> tuple[int, int]:
        """(numbers in, numbers out) of a layer."""
        before = self.code + COORDINATES if not layer else self.widths[layer - 1] + self.extras[layer - 1]
        return before, self.widths[layer] if layer < len(self.widths) else 1

    @property
    def parameters(self) -> int:
        """Numbers that are learned, without the codes."""
        sizes = [self.sizes(layer) for layer in range(self.layers)]
        gains = sum(out for (_, out), normed in zip(sizes, self.normed, strict=True) if normed)
        return sum((into + 1) * out for into, out in sizes) + gains

    @property
    def products(self) -> int:
        """Multiplications for one point, when the code's share has been worked out."""
        widths = (*self.widths, 1)
        seen = [before + (COORDINATES if extra else 0) for before, extra in zip(self.widths, self.extras, strict=True)]
        return sum(into * out for into, out in zip((COORDINATES, *seen), widths, strict=True))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights by name, and their shapes."""
        found: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            into, out = self.sizes(layer)
            found[f"lin{layer}.bias"] = (out,)
            if self.normed[layer]:
                found[f"lin{layer}.weight_g"], found[f"lin{layer}.weight_v"] = (out, 1), (out, into)
            else:
                found[f"lin{layer}.weight"] = (out, into)
        return found


def layout(code: int = 256, width: int = 512, hidden: int = 8, skip: int = 4) -> Layout:
    """The published arrangement: hidden layers of one width, the input given again to layer `skip` (0 for none), where
    the layer before is narrower for it; weight normalisation in all but the last.

    Raises `InvalidParameter` for sizes that make no network.
    """
    into = code + COORDINATES
    if code < 1 or hidden < 1 or not 0 <= skip < max(hidden, 1) or width < 1 or (skip and width <= into):
        raise InvalidParameter(
            f"A decoder of {hidden} layers of {width}, a code of {code} and the input again at {skip} cannot be built.",
            "Give layers that are wider than the code and the three coordinates.",
        )
    widths = tuple(width - into if layer + 1 == skip else width for layer in range(hidden))
    extras = tuple(into if layer + 1 == skip else 0 for layer in range(hidden))
    return Layout(code, widths, extras, (True,) * hidden + (False,))


def is_decoder(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether weights with these names can be those of a decoder."""
    return any(name in shapes for name in ("lin0.weight_v", "lin0.weight")) and all(map(_NAME.fullmatch, shapes))


def layout_of(shapes: Mapping[str, tuple[int, ...]]) -> Layout:
    """The arrangement of weights with these names and shapes. Raises `CheckpointError`, naming what is wrong."""
    strange = next((name for name in shapes if not _NAME.fullmatch(name)), None)
    if strange is not None:
        raise CheckpointError(f"{strange} is not part of a decoder of DeepSDF.", "Choose such a decoder.")
    count = 1 + max((int(match[1]) for match in map(_NAME.fullmatch, shapes) if match), default=-1)
    if not 2 <= count <= _MOST_LAYERS:
        raise CheckpointError(f"A decoder of {count} layers is none.", "Choose a decoder of DeepSDF.")
    sizes, normed = [], []
    for layer in range(count):
        of_layer, is_normed = _layer(shapes, layer)
        sizes.append(of_layer)
        normed.append(is_normed)
    code = sizes[0][0] - COORDINATES
    extras = tuple(into - before for (_, before), (into, _) in pairwise(sizes))
    for layer, extra in enumerate(extras, start=1):
        if code < 1 or extra not in (0, COORDINATES, code + COORDINATES):
            raise CheckpointError(
                f"lin{layer} takes {sizes[layer][0]} numbers, but {sizes[layer - 1][1]} come from the layer before.",
                "Choose a decoder of DeepSDF.",
            )
    if sizes[-1][1] != 1:
        raise CheckpointError(f"lin{count - 1} gives {sizes[-1][1]} numbers, not a distance.", "Choose another file.")
    found = Layout(code, tuple(out for _, out in sizes[:-1]), extras, tuple(normed))
    if set(found.shapes()) != set(shapes):
        extra_name = sorted(set(shapes) - set(found.shapes()))[0]
        raise CheckpointError(f"{extra_name} is there beside other weights of its layer.", "Choose another file.")
    return found


def _layer(shapes: Mapping[str, tuple[int, ...]], layer: int) -> tuple[tuple[int, int], bool]:
    """((numbers in, numbers out), whether it is normed)."""
    normed = f"lin{layer}.weight_v" in shapes
    name = f"lin{layer}.weight_v" if normed else f"lin{layer}.weight"
    needed = [name, f"lin{layer}.bias", *([f"lin{layer}.weight_g"] if normed else [])]
    missing = next((one for one in needed if one not in shapes), None)
    if missing is not None:
        raise CheckpointError(f"{missing} is missing.", "Choose a decoder of DeepSDF.")
    if len(shapes[name]) != 2 or not all(1 <= size <= _MOST_WIDTH for size in shapes[name]):
        raise CheckpointError(f"{name} has the shape {shapes[name]}.", "Choose a decoder of DeepSDF.")
    out, into = shapes[name]
    for one, shape in ((f"lin{layer}.bias", (out,)), (f"lin{layer}.weight_g", (out, 1))):
        if one in needed and shapes[one] != shape:
            raise CheckpointError(f"{one} has the shape {shapes[one]}, not {shape}.", "Choose a decoder of DeepSDF.")
    return (into, out), normed
