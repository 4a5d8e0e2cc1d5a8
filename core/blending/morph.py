# SPDX-License-Identifier: GPL-3.0-or-later
"""Morphs: weighted means of encoded shapes whose coefficients mean the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..alignment.parameter import ParameterAlignment, align_parameters
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

POSES = ("rigid", "similarity", "keep")
METHOD = "blend"
FAR = 0.1
"""Distance of two aligned shapes, relative to the diagonal, from which they are hardly of the same kind."""

_NO_TURN = 1.25
"""Shapes count as lying alike in space if turning one of them would not bring them nearer by more than this factor."""
_STAND_IN = 48


@dataclass(frozen=True)
class Family:
    """Two or more shapes whose parameter spheres agree: what `align_shapes` gives.

    first: the shape that the others were brought to. harmonics: of each shape, with the same channels in the same
    order and the same degrees. distances_rel: of each shape the root mean square distance to the first between points
    that share a direction, both lying as near to each other as they can, relative to the first's diagonal.
    """

    first: Shape
    harmonics: tuple[Harmonics, ...]
    distances_rel: tuple[float, ...]

    @property
    def far(self) -> tuple[int, ...]:
        """The numbers of the shapes that are so different from the first that a morph means little."""
        return tuple(number for number, distance in enumerate(self.distances_rel) if distance > FAR)

    def at(self, weights: Sequence[float]) -> Harmonics:
        """The weighted mean of the coefficients, all channels; see `normalised_weights`."""
        shares = normalised_weights(weights, len(self.harmonics))
        mean = sum(share * one.coefficients for share, one in zip(shares, self.harmonics, strict=True))
        return Harmonics(np.asarray(mean), self.harmonics[0].channels)


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


def normalised_weights(weights: Sequence[float], count: int) -> FloatArray:
    """(count,) the weights divided by their sum. They may be negative, or above 1: that exaggerates.

    Raises `InvalidParameter` for another number of weights, weights that are not finite, or a sum that is not positive.
    """
    values = np.asarray(weights, dtype=np.float64).ravel()
    if len(values) != count:
        raise InvalidParameter(
            f"There are {len(values)} weights for {count} shapes.", "Give one weight for each shape."
        )
    if not np.isfinite(values).all() or not values.sum() > 1e-9 * np.abs(values).sum():
        raise InvalidParameter(
            "The weights must be numbers with a positive sum.", "Give weights such as 0.7 0.3; they may be negative."
        )
    return np.asarray(values / values.sum())


def align_shapes(shapes: Sequence[Shape], pose: str = "rigid", *, progress: Progress = silent) -> Family:
    """Bring the coefficients of shapes to agree with those of the first, so that they can be mixed.

    The sphere of each is turned onto that of the first (`align_parameters`). Only channels that all have are kept;
    shapes of a lower degree are filled up with zeros.

    pose: "rigid" (turn and move the others onto the first in space), "similarity" (and scale them), "keep" (leave
        each where it lies).

    Raises `InvalidParameter` for fewer than two shapes, shapes without positions, or an unknown pose.
    """
    if pose not in POSES:
        raise InvalidParameter(f"There is no pose {pose!r}.", f"Choose from {', '.join(POSES)}.")
    if len(shapes) < 2:
        raise InvalidParameter("A morph needs at least two shapes.", "Give two or more encoded shapes.")
    channels = common_channels([shape.harmonics for shape in shapes])
    lmax = max(shape.lmax for shape in shapes)
    reference = shapes[0].harmonics.select(channels)
    aligned, distances = [padded(reference, lmax)], [0.0]
    for number, shape in enumerate(shapes[1:]):
        done = part(progress, number / (len(shapes) - 1), (number + 1) / (len(shapes) - 1))
        harmonics, distance = _aligned(shape.harmonics.select(channels), reference, pose, done)
        aligned.append(padded(harmonics, lmax))
        distances.append(distance)
    progress(1.0, "Aligned")
    return Family(shapes[0], tuple(aligned), tuple(distances))


def _aligned(moving: Harmonics, reference: Harmonics, pose: str, progress: Progress) -> tuple[Harmonics, float]:
    """The harmonics brought to the reference, and how far from it the surface is at its nearest."""
    free = align_parameters(moving, reference, pose=True, scaling=True, progress=part(progress, 0.0, 0.5))
    if pose == "similarity":
        return free.harmonics, free.distance_rel
    if pose == "rigid":
        rigid = align_parameters(moving, reference, pose=True, progress=part(progress, 0.5, 1.0))
        return rigid.harmonics, free.distance_rel
    # Shapes that lie alike already need no turn in space, and one that is hardly better may be a wrong one.
    still = align_parameters(moving, reference, progress=part(progress, 0.5, 1.0))
    fits = _centred_distance(still, reference) < _NO_TURN * free.distance_rel
    return rotate(moving, (still if fits else free).rotation), free.distance_rel


def _centred_distance(alignment: ParameterAlignment, reference: Harmonics) -> float:
    """Relative distance after an alignment on the sphere alone, but for place and size."""
    one, two = (h.select(POSITION).coefficients.copy() for h in (alignment.harmonics, reference))
    one[:, 0, 0], two[:, 0, 0] = 0.0, 0.0
    size = min(one.shape[-1], two.shape[-1])
    one, two = one[:, :size, :size], two[:, :size, :size]
    one *= np.linalg.norm(two) / np.linalg.norm(one)
    return float(np.linalg.norm(one - two)) * alignment.distance_rel / alignment.distance


def common_channels(harmonics: Sequence[Harmonics]) -> tuple[str, ...]:
    """The channels that all have, in the order of the first. Raises `InvalidParameter` where one has no positions."""
    for one in harmonics:
        one.select(POSITION)
    return tuple(name for name in harmonics[0].channels if all(name in one.channels for one in harmonics))


def padded(harmonics: Harmonics, lmax: int) -> Harmonics:
    """The same functions with degrees up to `lmax`: zeros where there were none. It is never cut."""
    short = max(lmax - harmonics.lmax, 0)
    return Harmonics(np.pad(harmonics.coefficients, ((0, 0), (0, short), (0, short))), harmonics.channels)


def moved(shape: Shape, matrix: FloatArray) -> Shape:
    """The shape with its surface moved by an affine map (4, 4), as by Blender's matrices; its facts stay as they are.

    Raises `InvalidParameter` for a matrix that is not finite, or flattens the surface.
    """
    affine = np.asarray(matrix, dtype=np.float64)
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or np.linalg.det(affine[:3, :3]) == 0.0:
        raise InvalidParameter("The matrix does not move a surface.", "Give a matrix (4, 4) with a volume.")
    rows = [shape.harmonics.channels.index(name) for name in shape.harmonics.select(POSITION).channels]
    coefficients = shape.harmonics.coefficients.copy()
    positions = np.einsum("kj,jab->kab", affine[:3, :3], coefficients[rows])
    positions[:, 0, 0] += affine[:3, 3]
    coefficients[rows] = positions
    return shape.with_harmonics(Harmonics(coefficients, shape.harmonics.channels))


def blend(
    shapes: Sequence[Shape],
    weights: Sequence[float],
    *,
    pose: str = "rigid",
    aligned: bool = False,
    progress: Progress = silent,
) -> Shape:
    """The weighted mean of encoded shapes: positions, colours and every other channel that all have.

    weights: one for each shape; they are divided by their sum, and may be negative (exaggeration).
    pose: see `align_shapes`. aligned: the coefficients of the shapes agree already; nothing is turned or moved.

    The result has the first shape's map to the sphere, and so can be rebuilt on its vertices. Raises what
    `align_shapes` and `normalised_weights` raise.
    """
    normalised_weights(weights, len(shapes))
    if aligned:
        lmax, names = max(s.lmax for s in shapes), common_channels([s.harmonics for s in shapes])
        ready = tuple(padded(shape.harmonics.select(names), lmax) for shape in shapes)
        family = Family(shapes[0], ready, (0.0,) * len(shapes))
    else:
        family = align_shapes(shapes, pose, progress=part(progress, 0.0, 0.8))
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
    mean = family.first.with_harmonics(family.at([1.0] * len(family.harmonics)))
    on = sampling_mesh(mean, sampling, size, seed=seed, progress=part(progress, 0.0, 0.5))
    progress(0.5, "Evaluating the harmonics")
    vertices = np.stack([synthesize(one.select(POSITION), on.vertices) for one in family.harmonics])
    colors = None
    if family.harmonics[0].has(COLOR):
        found = [synthesize(one.select(COLOR), on.vertices) for one in family.harmonics]
        colors = np.clip(np.stack(found), 0.0, 1.0)
    progress(1.0, "Evaluated")
    return Ends(on.vertices, on.faces, vertices, colors)


def path_weights(count: int, steps: int) -> FloatArray:
    """(steps, count) weights that lead through `count` shapes one after another, evenly; each row has sum 1.

    Raises `InvalidParameter` for fewer than two steps.
    """
    if steps < 2:
        raise InvalidParameter(f"{steps} steps are too few.", "Give at least 2: the first and the last shape.")
    place = np.linspace(0.0, count - 1.0, steps)
    return np.asarray(np.clip(1.0 - np.abs(place[:, None] - np.arange(count)), 0.0, None))
