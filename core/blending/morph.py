# SPDX-License-Identifier: GPL-3.0-or-later
"""Morphs: weighted means of encoded shapes whose coefficients mean the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..alignment.centred import surface_diagonal
from ..alignment.parameter import align_parameters, move_positions, surface_distance, transform_positions
from ..alignment.similarity import Similarity
from ..certify import certify
from ..codec import sampling_mesh
from ..errors import InvalidParameter
from ..geometry.measure import area, area_centroid, signed_volume
from ..harmonics.container import COLOR, POSITION, Harmonics
from ..harmonics.rotation import rotate
from ..harmonics.transforms import synthesize
from ..mesh import FloatArray, IntArray, Mesh
from ..progress import Progress, part, silent
from ..shape import Shape, source_of
from .correspondence import Warp, match_places, warped
from .weights import normalised_weights

POSES = ("rigid", "similarity", "keep")
METHOD = "blend"
FAR = 0.1
"""Distance of two aligned shapes, relative to the diagonal, from which they are hardly of the same kind."""

_NO_TURN = 2.0
"""Shapes count as lying alike in space if turning one of them would not bring them nearer by more than this factor."""
_STAND_IN = 48


@dataclass(frozen=True)
class Member:
    """A shape as a part of a family.

    turned: its coefficients, with the sphere turned and the surface moved. warp: which direction of it belongs to each
    direction of the first shape, or None for the same one. distance_rel: root mean square distance to the first between
    points that belong together, both shapes lying as near to each other as they can, relative to the first's diagonal.
    """

    turned: Harmonics
    warp: Warp | None = None
    distance_rel: float = 0.0

    @cached_property
    def harmonics(self) -> Harmonics:
        """The coefficients over the directions of the first shape."""
        return self.turned if self.warp is None else warped(self.turned, self.warp)

    def values(self, names: Sequence[str], directions: FloatArray) -> FloatArray:
        """(V, K) these channels at directions (V, 3) of the first shape, exactly."""
        places = directions if self.warp is None else self.warp.at(directions)
        return synthesize(self.turned.select(names), places)


@dataclass(frozen=True)
class Family:
    """Two or more shapes whose parameter spheres agree: what `align_shapes` gives.

    first: the shape that the others were brought to. members: of each shape, with the same channels in the same order
    and the same degrees.
    """

    first: Shape
    members: tuple[Member, ...]

    @property
    def harmonics(self) -> tuple[Harmonics, ...]:
        """The coefficients of each shape over the directions of the first."""
        return tuple(member.harmonics for member in self.members)

    @property
    def distances_rel(self) -> tuple[float, ...]:
        """How far each shape is from the first, over its diagonal; see `Member`."""
        return tuple(member.distance_rel for member in self.members)

    @property
    def far(self) -> tuple[int, ...]:
        """The numbers of the shapes that are so different from the first that a morph means little."""
        return tuple(number for number, distance in enumerate(self.distances_rel) if distance > FAR)

    def at(self, weights: Sequence[float]) -> Harmonics:
        """The weighted mean of the coefficients, all channels; see `normalised_weights`."""
        shares = normalised_weights(weights, len(self.members))
        mean = sum(share * one.coefficients for share, one in zip(shares, self.harmonics, strict=True))
        return Harmonics(np.asarray(mean), self.members[0].turned.channels)


@dataclass(frozen=True)
class Ends:
    """Shapes of a family on one and the same mesh: N sets of positions, linear in between.

    sphere: (V, 3) directions, faces: (F, 3), vertices: (N, V, 3), colors: (N, V, 3) linear RGB in [0, 1], or None
    unless all shapes have colours.
    """

    sphere: FloatArray
    faces: IntArray
    vertices: FloatArray
    colors: FloatArray | None

    def at(self, weights: Sequence[float]) -> Mesh:
        """The mesh in between, with the attribute `color` where there are colours; see `normalised_weights`."""
        shares = normalised_weights(weights, len(self.vertices))
        mesh = Mesh(np.tensordot(shares, self.vertices, 1), self.faces, {"sphere": self.sphere})
        if self.colors is None:
            return mesh
        return mesh.with_attributes(color=np.clip(np.tensordot(shares, self.colors, 1), 0.0, 1.0))


def align_shapes(
    shapes: Sequence[Shape], pose: str = "rigid", *, match: bool = True, progress: Progress = silent
) -> Family:
    """Bring the coefficients of shapes to agree with those of the first, so that they can be mixed.

    The sphere of each is turned onto that of the first (`align_parameters`). Only channels that all have are kept;
    shapes of a lower degree are filled up with zeros.

    pose: "rigid" (turn and move the others onto the first in space), "similarity" (and scale them), "keep" (leave
        each where it lies). match: also bend the spheres of the others, so that limbs that lie differently meet.

    Raises `InvalidParameter` for fewer than two shapes, shapes without positions, or an unknown pose.
    """
    if pose not in POSES:
        raise InvalidParameter(f"There is no pose {pose!r}.", f"Choose from {', '.join(POSES)}.")
    if len(shapes) < 2:
        raise InvalidParameter("A morph needs at least two shapes.", "Give two or more encoded shapes.")
    channels = common_channels([shape.harmonics for shape in shapes])
    lmax = max(shape.lmax for shape in shapes)
    reference = shapes[0].harmonics.select(channels)
    members, diagonal = [Member(reference.padded(lmax))], surface_diagonal(reference)
    for number, shape in enumerate(shapes[1:]):
        done = part(progress, number / (len(shapes) - 1), (number + 1) / (len(shapes) - 1))
        members.append(_member(shape.harmonics.select(channels), reference, diagonal, lmax, pose, match, done))
    progress(1.0, "Aligned")
    return Family(shapes[0], tuple(members))


def _member(
    moving: Harmonics, reference: Harmonics, diagonal: float, lmax: int, pose: str, match: bool, progress: Progress
) -> Member:
    """The harmonics brought to the reference."""
    free = align_parameters(moving, reference, pose=True, scaling=True, progress=part(progress, 0.0, 0.3))
    rotation, similarity = free.rotation, free.similarity
    if pose == "keep":
        # Shapes that lie alike already need no turn in space, and one that is hardly better may be a wrong one.
        still = align_parameters(moving, reference, progress=part(progress, 0.3, 0.4))
        scaled = _laid_onto(still.harmonics, reference, np.eye(3), scaling=True)
        laid = transform_positions(still.harmonics, scaled)
        if surface_distance(laid, reference) < _NO_TURN * free.distance:
            rotation, similarity = still.rotation, scaled
    turned = rotate(moving, rotation)
    nearest = transform_positions(turned, similarity)
    warp = match_places(nearest, reference, progress=part(progress, 0.4, 1.0)) if match else None
    if pose == "rigid":
        similarity = _laid_onto(turned, reference, similarity.rotation, scaling=False)
    posed = turned if pose == "keep" else transform_positions(turned, similarity)
    if warp is not None:
        nearest = warped(nearest.padded(lmax), warp)
    return Member(posed.padded(lmax), warp, surface_distance(nearest, reference) / diagonal)


def _laid_onto(moving: Harmonics, reference: Harmonics, rotation: FloatArray, *, scaling: bool) -> Similarity:
    """The similarity with this rotation that brings the mean, and with `scaling` the size, to the reference's."""
    one, two = (harmonics.select(POSITION).coefficients for harmonics in (moving, reference))
    centres = one[:, 0, 0], two[:, 0, 0]
    sizes = [np.square(c).sum() - np.square(middle).sum() for c, middle in zip((one, two), centres, strict=True)]
    scale = float(np.sqrt(sizes[1] / sizes[0])) if scaling else 1.0
    return Similarity(rotation, scale, centres[1] - scale * rotation @ centres[0])


def common_channels(harmonics: Sequence[Harmonics]) -> tuple[str, ...]:
    """The channels that all have, in the order of the first. Raises `InvalidParameter` where one has no positions."""
    for one in harmonics:
        one.select(POSITION)
    return tuple(name for name in harmonics[0].channels if all(name in one.channels for one in harmonics))


def moved(shape: Shape, matrix: FloatArray) -> Shape:
    """The shape with its surface moved by an affine map (4, 4), as by Blender's matrices; its facts stay as they are.

    Raises `InvalidParameter` for a matrix that is not finite, or flattens the surface.
    """
    affine = np.asarray(matrix, dtype=np.float64)
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or np.linalg.det(affine[:3, :3]) == 0.0:
        raise InvalidParameter("The matrix does not move a surface.", "Give a matrix (4, 4) with a volume.")
    return shape.with_harmonics(move_positions(shape.harmonics, affine[:3, :3], affine[:3, 3]))


def blend(
    shapes: Sequence[Shape],
    weights: Sequence[float],
    *,
    pose: str = "rigid",
    match: bool = True,
    aligned: bool = False,
    progress: Progress = silent,
) -> Shape:
    """The weighted mean of encoded shapes: positions, colours and every other channel that all have.

    weights: one for each shape; they are divided by their sum, and may be negative (exaggeration).
    pose, match: see `align_shapes`. aligned: the coefficients of the shapes agree already; nothing is turned or moved.

    The result has the first shape's map to the sphere, and so can be rebuilt on its vertices. Raises what
    `align_shapes` and `normalised_weights` raise.
    """
    normalised_weights(weights, len(shapes))
    if aligned:
        lmax, names = max(s.lmax for s in shapes), common_channels([s.harmonics for s in shapes])
        family = Family(shapes[0], tuple(Member(s.harmonics.select(names).padded(lmax)) for s in shapes))
    else:
        family = align_shapes(shapes, pose, match=match, progress=part(progress, 0.0, 0.8))
    progress(0.8, "Measuring the result")
    shape = shape_with(family.first, family.at(weights))
    progress(1.0, "Blended")
    return shape


def shape_with(first: Shape, harmonics: Harmonics) -> Shape:
    """A shape of other coefficients on the map of `first`, with facts and a certificate of its own."""
    compact = first.sphere is None
    on = sampling_mesh(first, "icosphere" if compact else "source", _STAND_IN if compact else None)
    mesh = Mesh(synthesize(harmonics.select(POSITION), on.vertices), on.faces)
    source = source_of(mesh.vertices, mesh.faces, area(mesh), signed_volume(mesh), area_centroid(mesh))
    certificate = certify(mesh, on.vertices, harmonics, METHOD)
    return replace(first, harmonics=harmonics, source=source, certificate=certificate)


def ends_of(
    family: Family, sampling: str = "source", size: int | None = None, *, seed: int = 0, progress: Progress = silent
) -> Ends:
    """All shapes of a family on one mesh: the first's own vertices, an icosphere, or one that follows the density.

    sampling, size, seed: as in `codec.decode`; the density is the mean of all. Raises `InvalidParameter` for a
    sampling that the first shape cannot give.
    """
    like = family.first
    if sampling == "adaptive":
        like = like.with_harmonics(family.at([1.0] * len(family.members)))
    on = sampling_mesh(like, sampling, size, seed=seed, progress=part(progress, 0.0, 0.5))
    progress(0.5, "Evaluating the harmonics")
    vertices = np.stack([member.values(POSITION, on.vertices) for member in family.members])
    colors = None
    if family.members[0].turned.has(COLOR):
        found = [member.values(COLOR, on.vertices) for member in family.members]
        colors = np.clip(np.stack(found), 0.0, 1.0)
    progress(1.0, "Evaluated")
    return Ends(on.vertices, on.faces, vertices, colors)
