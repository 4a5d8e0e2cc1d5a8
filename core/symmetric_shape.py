# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrise encoded shapes, or exaggerate what is asymmetric about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .harmonics.container import POSITION, Harmonics
from .harmonics.transforms import synthesize
from .mesh import Mesh
from .progress import Progress, part, silent
from .shape import Shape
from .sphere.icosphere import icosphere
from .symmetry.elements import Plane
from .symmetry.harmonic import Halved, halve, on_other_map, symmetric_map
from .symmetry.symmetrise import find_plane

_FREQUENCY = 48
"""Of the icosphere that stands for the surface where the source's map is not there."""


@dataclass(frozen=True)
class SymmetricShape:
    """A shape as the sum of a symmetric and an asymmetric part.

    shape: the symmetric one. asymmetric: what is added for the original. parts: planes and errors. asymmetry_rel: root
    mean square distance of the original from the symmetric shape, as a part of the diagonal.
    """

    shape: Shape
    asymmetric: Harmonics
    parts: Halved
    asymmetry_rel: float

    def at(self, amount: float) -> Shape:
        """0: symmetric, 1: the original shape, 2: its asymmetry doubled, −1: its mirror image."""
        coefficients = self.shape.harmonics.coefficients + amount * self.asymmetric.coefficients
        return self.shape.with_harmonics(Harmonics(coefficients, self.shape.harmonics.channels))


def symmetrise_shape(
    shape: Shape, plane: Plane | str = "auto", *, deform_map: bool = True, progress: Progress = silent
) -> SymmetricShape:
    """The symmetric shape nearest to an encoded one about a plane, all channels along.

    plane: see `find_plane`. deform_map: first deform the sphere so that points that mirror each other on the surface
    mirror each other on the sphere (see `symmetry.harmonic`); without, only a mirror of the sphere is looked for.
    The sphere map of the source follows.

    Raises `InvalidParameter` for shapes without positions, or where no plane is found.
    """
    ball = icosphere(_FREQUENCY)
    sphere, faces = (ball.vertices, ball.faces) if shape.sphere is None else shape.require_sphere()
    mesh = Mesh(synthesize(shape.harmonics.select(POSITION), sphere), faces)
    mirror = find_plane(mesh, plane, part(progress, 0.0, 0.4))
    harmonics, moved = shape.harmonics, sphere
    if deform_map:
        moved = symmetric_map(harmonics, sphere, faces, mirror, part(progress, 0.4, 0.8))
        harmonics = on_other_map(harmonics, sphere, moved, faces, part(progress, 0.8, 0.9))
    progress(0.9, "Mirroring the coefficients")
    halves = halve(harmonics, mirror)
    result = replace(shape, harmonics=halves.symmetric, sphere=None if shape.sphere is None else moved)
    return SymmetricShape(result, halves.asymmetric, halves, halves.asymmetry / mesh.diagonal)
