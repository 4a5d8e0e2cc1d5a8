# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder with the codes of its shapes: where each is, what lies between them, and their surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointError, InvalidParameter
from ...fields.extraction import Extraction, extract
from ...fields.multiresolution import Box, Field
from ...mesh import FloatArray, Mesh
from ...progress import Progress, silent
from .evaluation import Decoder

BOX = Box(size=2.0)
"""The decoder's own space. A shape touches the sphere of radius 1 / 1.03 in it."""


QUICK = (64, 48, 32, 24, 16)
"""Grids for a first look, the finest first."""

_POINTS = 4.5
"""Points of a grid that are evaluated, over the square of its cells along an edge (measured)."""


_SCORES = "member_f1"


@dataclass(frozen=True)
class Placed:
    """A code (C,) and where its shape is: own coordinates are (p − centre) · scale."""

    code: NDArray[np.float32]
    centre: FloatArray
    scale: float


@dataclass(frozen=True)
class ShapeCodes:
    """A decoder and its shapes, the members.

    weights: of the decoder, by their published names. codes: (N, C) float32. names: of the members. centres: (N, 3),
    scales: (N,) where each is, as in `Placed`. facts: what else is known, plain numbers and texts. tanhs: how often
    the decoder takes tanh at its end. Raises `CheckpointError` where these do not fit together or are not numbers.
    """

    weights: Mapping[str, NDArray[Any]]
    codes: NDArray[np.float32]
    names: tuple[str, ...]
    centres: FloatArray
    scales: FloatArray
    facts: Mapping[str, Any] = field(default_factory=dict)
    tanhs: int = 1

    def __post_init__(self) -> None:
        count = len(self.names)
        wanted = {"codes": (count, self.decoder.layout.code), "centres": (count, 3), "scales": (count,)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise CheckpointError(f"The {name} have the shape {found}, not {shape}.", "Save them again.")
        if count < 1 or len(set(self.names)) != count or not all(self.names):
            raise CheckpointError("The names of the members are missing or not different.", "Save them again.")
        arrays = {**self.weights, **{name: getattr(self, name) for name in wanted}}
        strange = next((name for name, array in arrays.items() if not np.isfinite(array).all()), None)
        if strange is not None:
            raise CheckpointError(f"{strange} has values that are not numbers.", "Train again, or save it again.")
        if not (self.scales > 0.0).all():
            raise CheckpointError("A member has no size.", "Save them again.")

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder, ready for use."""
        return Decoder(self.weights, self.tanhs)

    def index(self, name: str) -> int:
        """The place of a member. Raises `InvalidParameter` for an unknown name."""
        if name not in self.names:
            more = ", …" if len(self.names) > 8 else ""
            raise InvalidParameter(f"There is no member {name!r}.", f"Choose from {', '.join(self.names[:8])}{more}.")
        return self.names.index(name)

    def member(self, name: str) -> Placed:
        """A member by its name. Raises `InvalidParameter` for an unknown name."""
        return self.blend({name: 1.0})

    def between(self, first: str, second: str, weight: float) -> Placed:
        """What lies between two members: the first at weight 0, the second at 1, beyond them where it is outside."""
        if first == second:
            return self.member(first)
        return self.blend({first: 1.0 - weight, second: weight})

    def blend(self, weights: Mapping[str, float]) -> Placed:
        """A mixture of members: name → weight; the weights are divided by their sum.

        Codes and centres are mixed linearly, sizes by their logarithms. Raises `InvalidParameter` for unknown names
        and for weights without a sum.
        """
        rows, given = [self.index(name) for name in weights], np.array(list(weights.values()), np.float64)
        total = given.sum()
        if not len(given) or not np.isfinite(given).all() or abs(total) < 1e-9:
            raise InvalidParameter("The weights of a blend have no sum to divide by.", "Give weights whose sum is 1.")
        share = given / total
        code = (share @ self.codes[rows].astype(np.float64)).astype(np.float32)
        scale = float(np.exp(share @ np.log(self.scales[rows])))
        return Placed(code, share @ self.centres[rows], scale)

    def random(self, seed: int) -> Placed:
        """A new shape: a code drawn with the mean and the spread of those of the members, in their mean place."""
        count = len(self.names)
        mean = self.blend(dict.fromkeys(self.names, 1.0))
        drawn = np.random.default_rng(seed).standard_normal(count) / np.sqrt(max(count - 1, 1))
        return replace(mean, code=mean.code + (drawn @ (self.codes - mean.code)).astype(np.float32))

    def distances(self, placed: Placed, points: FloatArray) -> FloatArray:
        """(N,) distances of points (N, 3) to a shape, in the units of the members; negative inside."""
        own = (np.asarray(points, np.float64) - placed.centre) * placed.scale
        return self.decoder.distances(placed.code)(own) / placed.scale

    def mesh(
        self,
        placed: Placed,
        extraction: Extraction | None = None,
        progress: Progress = silent,
        *,
        level: float = 0.0,
        distances: Field | None = None,
    ) -> Mesh:
        """The surface of a shape, in its place; without faces where nothing is inside.

        level: the distance on the surface, in the units of the members. distances: what works them out in the
        decoder's own space, in place of NumPy.
        """
        found = distances or self.decoder.distances(placed.code)
        mesh = extract(lambda points: -found(points), BOX, -level * placed.scale, extraction, progress=progress)
        return mesh.with_vertices(mesh.vertices / placed.scale + placed.centre)

    def quick_resolution(self, products: float = 1.5e9) -> int:
        """The finest grid, in cells along an edge, whose surface is found with so many multiplications (a tenth of a
        second or so); 0 where even the coarsest one takes several times as many."""
        fits = [cells for cells in QUICK if _POINTS * cells**2 * self.decoder.layout.products <= products]
        coarsest = _POINTS * QUICK[-1] ** 2 * self.decoder.layout.products
        return fits[0] if fits else QUICK[-1] if coarsest <= 3.0 * products else 0

    def f1_of(self, name: str) -> float:
        """How well a member was met, where the file tells: the F1 score of what is inside; 0 where it does not."""
        known = self.facts.get(_SCORES)
        value = known.get(name) if isinstance(known, dict) else None
        return float(value) if isinstance(value, float) and 0.0 <= value <= 1.0 else 0.0

    def with_f1(self, scores: Mapping[str, float]) -> ShapeCodes:
        """The same, telling how well these members were met."""
        known = {name: self.f1_of(name) for name in self.names}
        return replace(self, facts={**self.facts, _SCORES: {**known, **scores}})

    def with_member(self, name: str, placed: Placed) -> ShapeCodes:
        """The same with one more member, whose name is numbered where it is taken."""
        return replace(
            self,
            codes=np.concatenate([self.codes, placed.code[None]]),
            names=(*self.names, free_name(name, self.names)),
            centres=np.concatenate([self.centres, placed.centre[None]]),
            scales=np.append(self.scales, placed.scale),
        )


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, or with a number after it where it is taken."""
    plain = " ".join(name.split()) or "Shape"
    candidate, number = plain, 1
    while candidate in taken:
        number += 1
        candidate = f"{plain} {number}"
    return candidate


def free_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names, all different."""
    found: list[str] = []
    for name in names:
        found.append(free_name(name, found))
    return tuple(found)
