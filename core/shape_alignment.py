# SPDX-License-Identifier: GPL-3.0-or-later
"""Alignment of whole encoded shapes: their coefficients, with the map and the facts of the source along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .alignment.centred import surface_diagonal
from .alignment.parameter import ParameterAlignment, align_parameters, canonical_parameters, transform_positions
from .alignment.similarity import Similarity
from .errors import InvalidParameter
from .harmonics.container import POSITION, Harmonics
from .harmonics.rotation import rotate
from .harmonics.transforms import synthesize
from .mesh import FloatArray, Mesh
from .progress import Progress, part, silent
from .shape import Shape
from .sphere.distortion import flips
from .sphere.icosphere import icosphere

_FREQUENCY = 32
"""Of the icospheres on which surfaces are evaluated to lay them on each other."""


def align_shape(
    shape: Shape,
    reference: Shape | None = None,
    *,
    pose: bool = False,
    scaling: bool = False,
    method: str | None = None,
    progress: Progress = silent,
) -> tuple[Shape, ParameterAlignment]:
    """The shape with its parameter sphere turned to agree with a reference, and how it was turned.

    Without a reference the shape's own degree-1 ellipsoid decides. The surface
    stays where it is unless `pose`: see `alignment.parameter.align_parameters`, and there for what is raised.

    method: with `pose`, find the pose by the surfaces alone ("harmonic", "principal" or "closest": see
    `alignment.harmonic.align`), and turn the sphere afterwards. That is the more accurate pose where the two maps
    differ, as those of two encodings do; None finds both together, which makes the coefficients most alike.

    Raises `InvalidParameter` for `scaling` or `method` without `pose`, and for any of them without a reference.
    """
    if (pose and reference is None) or ((scaling or method is not None) and not pose):
        raise InvalidParameter(
            "A pose needs a reference; a method and a scale need a pose.",
            "Give a reference and pose=True, or leave the others out.",
        )
    if reference is not None and pose and method is not None:
        return _by_surfaces(shape, reference, method, scaling, progress)
    if reference is None:
        found = canonical_parameters(shape.harmonics)
    else:
        found = align_parameters(shape.harmonics, reference.harmonics, pose=pose, scaling=scaling, progress=progress)
    moved = transform_shape(turn_parameters(shape, found.rotation), found.similarity)
    return moved.with_harmonics(found.harmonics), found


def _by_surfaces(
    shape: Shape, reference: Shape, method: str, scaling: bool, progress: Progress
) -> tuple[Shape, ParameterAlignment]:
    from .alignment.harmonic import align  # igl: not for those who only turn spheres

    moving, target = (_surface(one.harmonics) for one in (shape, reference))
    similarity = align(moving, target, method, scaling=scaling, progress=part(progress, 0.0, 0.8)).similarity
    posed, found = align_shape(transform_shape(shape, similarity), reference, progress=part(progress, 0.8, 1.0))
    return posed, replace(found, similarity=similarity)


def _surface(harmonics: Harmonics) -> Mesh:
    sphere = icosphere(_FREQUENCY)
    return Mesh(synthesize(harmonics.select(POSITION), sphere.vertices), sphere.faces)


def turn_parameters(shape: Shape, rotation: FloatArray) -> Shape:
    """The same surface, its sphere turned by a rotation (3, 3): coefficients and stored sphere positions together.

    The triangles on the sphere are counted anew for flips. Raises `InvalidParameter` unless it is a rotation.
    """
    harmonics = rotate(shape.harmonics, rotation)
    if shape.sphere is None or shape.faces is None:
        return shape.with_harmonics(harmonics)
    sphere = shape.sphere @ np.asarray(rotation, dtype=np.float64).T
    certificate = replace(shape.certificate, flips=flips(sphere, shape.faces))
    return replace(shape, harmonics=harmonics, sphere=sphere, certificate=certificate)


def transform_shape(shape: Shape, similarity: Similarity) -> Shape:
    """The shape moved in space: its positions, and the facts of its source."""
    harmonics = transform_positions(shape.harmonics, similarity)
    source, scale = shape.source, similarity.scale
    x, y, z = (float(value) for value in similarity.apply(np.array([source.centre]))[0])
    # The bounding box is that of other directions: its diagonal changes as that of the rebuilt surface does.
    growth = surface_diagonal(harmonics) / (surface_diagonal(shape.harmonics) or 1.0)
    moved = replace(
        source,
        area=source.area * scale**2,
        volume=source.volume * scale**3,
        centre=(x, y, z),
        diagonal=source.diagonal * growth,
    )
    return replace(shape, harmonics=harmonics, source=moved)
