# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemes of symmetry as a network takes them: how few numbers it predicts, and where on the shape each one acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...errors import InvalidParameter
from ...mesh import FloatArray, IntArray, Mesh
from ...symmetry.gather import Gather
from ...symmetry.templates import SCHEMES as OF_TEMPLATES
from ...symmetry.templates import refinement, reflections, revolution, template

REFINEMENT = "refinement"
SCHEMES = (*OF_TEMPLATES, REFINEMENT)
"""free, plane, two_planes, rotational, refinement: see `symmetry.templates`."""

_MIRRORED: Mapping[str, tuple[int, ...]] = {"free": (), "plane": (0,), "two_planes": (0, 1)}
"""Scheme → the axes along which it mirrors."""


@dataclass(frozen=True)
class Scheme:
    """A scheme on a template.

    name, level, subdivisions: what it was made of. mesh: the sphere with the vertices and faces of the result, radius
    1. gather: rows of numbers → those vertices. acts: (rows,) the vertex at which each row acts, which a decoder takes
    as the place to answer for; None where the rows are no vertices but a profile of radii and heights.
    """

    name: str
    level: int
    subdivisions: int
    mesh: Mesh
    gather: Gather
    acts: IntArray | None

    @property
    def outputs(self) -> int:
        """Numbers that are predicted for one deformation."""
        return self.gather.n_rows * self.gather.n_columns

    def sphere(self, radius: float) -> FloatArray:
        """(rows, columns) the numbers of a sphere, or of what comes nearest to one; every row is on it."""
        if self.acts is None:
            angle = np.linspace(0.0, np.pi, self.gather.n_rows)
            return radius * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        return self.gather.fit(radius * self.mesh.vertices)

    def facts(self) -> dict[str, str | int]:
        """What a checkpoint needs to know of it."""
        return {"scheme": self.name, "level": self.level, "subdivisions": self.subdivisions}


@lru_cache(maxsize=16)
def scheme_of(name: str, level: int = 4, subdivisions: int = 0) -> Scheme:
    """A scheme on `symmetry.templates.template(level, subdivisions)`; that of refinement on the next finer one.

    In the space of the network z is up: the second plane is y = 0, and shapes are turned about z. Raises
    `InvalidParameter` for another name, and levels that no template has.
    """
    if name not in SCHEMES:
        raise InvalidParameter(f"There is no scheme {name!r}.", f"Choose from {', '.join(SCHEMES)}.")
    if name == REFINEMENT:
        made = refinement(level, subdivisions)
        acts = np.arange(made.gather.n_rows)
        acts[template(level, subdivisions).tables.left] = made.driven
        return Scheme(name, level, subdivisions, made.fine.mesh, made.gather, acts)
    mesh = template(level, subdivisions).mesh
    if name == "rotational":
        return Scheme(name, level, subdivisions, mesh, revolution(mesh.vertices, axis=2), None)
    gather = reflections(mesh.vertices, _MIRRORED[name])
    return Scheme(name, level, subdivisions, mesh, gather, _own(gather))


def _own(gather: Gather) -> IntArray:
    """(rows,) the vertex that takes each row as it is, without changing a sign."""
    acts = np.full(gather.n_rows, -1)
    as_is = np.flatnonzero((gather.weight[:, 0] >= 0.0).all(axis=1))
    acts[gather.index[as_is, 0]] = as_is
    return acts
