# SPDX-License-Identifier: GPL-3.0-or-later
"""A network that learns on a coarse template first: the vertices of the fine one wait in the middles of its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ...errors import InvalidParameter
from ...geometry.edges import edge_table
from ...symmetry.templates import template
from .losses import Laplacian
from .network import MeanShapeNetwork
from .schemes import REFINEMENT, Scheme


@dataclass(frozen=True)
class Coarse:
    """The template before its last subdivision, whose vertices come first in the finer one.

    faces: (F, 3). ends: (E, 2) the vertices between which the new ones lie. rows: (n,) the vertex that each row of the
    mean shapes is.
    """

    n_vertices: int
    faces: Tensor
    ends: Tensor
    rows: Tensor
    laplacian: Laplacian

    @classmethod
    def of(cls, scheme: Scheme) -> Self:
        """Of a scheme that is subdivided. Raises `InvalidParameter` where its numbers are no vertices of the result."""
        if scheme.acts is None or scheme.name == REFINEMENT or not scheme.subdivisions:
            raise InvalidParameter(
                f"The scheme {scheme.name} cannot be subdivided on the way.",
                "Set subdivide_at = 0, and give a higher level.",
            )
        mesh = template(scheme.level, scheme.subdivisions - 1).mesh
        return cls(
            mesh.n_vertices,
            torch.from_numpy(mesh.faces),
            torch.from_numpy(edge_table(mesh.faces).vertices),
            torch.from_numpy(scheme.acts),
            Laplacian(mesh.faces, mesh.n_vertices),
        )

    @torch.no_grad()
    def fill_in(self, network: MeanShapeNetwork) -> None:
        """Put the new vertices of the mean shapes into the middles of the edges."""
        own = network.mean_shapes()[:, : self.n_vertices]
        middles = own[:, self.ends.to(own.device)].mean(dim=2)
        network.mean_v.copy_(torch.cat([own, middles], dim=1)[:, self.rows.to(own.device)])
