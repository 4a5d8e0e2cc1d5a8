# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode a mesh into spherical harmonics, and decode it back: the main road of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import channels as channel
from .certify import certify
from .errors import InvalidParameter
from .geometry.measure import area, area_centroid, oriented_outward, signed_volume
from .harmonics.container import COLOR, POSITION, VERTEX_DENSITY, Harmonics
from .harmonics.density import vertex_density
from .harmonics.transforms import analyse, synthesize
from .mesh import FloatArray, Mesh, require_usable
from .progress import Progress, Stages, part, silent
from .refine import refine_positions, smallest_for_target
from .shape import Shape, Source, source_of
from .sphere.adaptive import adaptive_sphere
from .sphere.given import GIVEN, given_map
from .sphere.icosphere import icosphere
from .sphere.parametrize import parametrize
from .topology import require_genus_zero

LMAX_LIMIT = 2048
DEGREES_PER_ROOT_VERTEX = 16
"""Highest degree over the square root of the number of vertices: about 250 coefficients a vertex."""
SAMPLINGS = ("source", "icosphere", "adaptive")


def encode(
    mesh: Mesh,
    lmax: int = 64,
    method: str = "balanced",
    channels: Sequence[str] | None = None,
    *,
    target: float | None = None,
    sphere: FloatArray | None = None,
    progress: Progress = silent,
) -> Shape:
    """Map a closed genus-0 mesh onto the sphere and expand its channels in spherical harmonics.

    lmax: highest degree, 1 to 2048. With `target` it is the highest degree to try.
    method: "balanced" (default), "authalic", "conformal" or "cmcf" (see `sphere.parametrize`).
    channels: names from `channels.ALL_CHANNELS` or the groups "position" and "color"; None for positions,
        colours where there are any, and vertex density.
    target: if given, the smallest degree whose mean surface error, relative to the bounding-box diagonal,
        is below it (0.001 for 0.1 %).
    sphere: (V, 3) a map of this mesh from elsewhere, in place of one that is made here (see `sphere.given`).

    Raises `InvalidMesh`, `NotGenusZero`, `MapFailed`, or `InvalidParameter` (degree out of range, unknown
    channel or method, a target that `lmax` does not reach).
    """
    _check_degree(lmax)
    require_usable(mesh)
    names = channel.expand(channels, mesh)
    stages = Stages()
    progress(0.0, "Checking the mesh")
    with stages("check"):
        require_genus_zero(mesh)
    _check_resolution(lmax if target is None else 1, mesh.n_vertices)
    unit, source = _normalized(oriented_outward(mesh))
    with stages("map"):
        if sphere is None:
            sphere = parametrize(unit, method, progress=part(progress, 0.02, 0.7))
        else:
            sphere, method = given_map(unit, sphere), GIVEN
    with stages("fit"):
        harmonics = _fit(unit, sphere, lmax, names, part(progress, 0.7, 0.75))
    with stages("refine"):
        if target is None:
            harmonics = refine_positions(unit, sphere, harmonics, part(progress, 0.75, 0.9))
        else:
            harmonics = smallest_for_target(unit, sphere, harmonics, target, part(progress, 0.75, 0.9))
    with stages("certify"):
        certificate = certify(unit, sphere, harmonics, method, part(progress, 0.9, 1.0))
    progress(1.0, "Encoded")
    return Shape(
        _in_source_units(harmonics, source),
        source,
        replace(certificate, seconds=dict(stages.seconds)),
        sphere,
        unit.faces,
    )


def decode(
    shape: Shape,
    sampling: str = "source",
    size: int | None = None,
    *,
    lmax: int | None = None,
    from_curvature: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Mesh:
    """Rebuild a mesh from coefficients, with a `color` attribute where the shape has colour channels.

    The attribute `sphere` (V, 3) holds the place of each vertex on the unit sphere.

    sampling: "source" (the source's own vertices and faces), "icosphere" (of frequency `size`, default 64)
        or "adaptive" (`size` vertices, default as many as the source, following the vertex density).
    lmax: use only degrees up to this one.
    from_curvature: solve for the surface from `curvature_density` and `log_area_distortion` instead of
        reading the positions; see `intrinsic`. The map must be conformal.
    seed: of the random start of "adaptive".

    Raises `InvalidParameter` for a sampling that this shape cannot give.
    """
    if lmax is not None:
        _check_degree(lmax)
    harmonics = shape.harmonics if lmax is None else shape.harmonics.truncate(lmax)
    with_sphere = sampling_mesh(shape, sampling, size, seed=seed, progress=part(progress, 0.0, 0.6))
    progress(0.6, "Evaluating the harmonics")
    if from_curvature:
        from .intrinsic_decode import positions_from_curvature

        positions = positions_from_curvature(shape, harmonics, with_sphere, part(progress, 0.6, 1.0))
    else:
        positions = synthesize(harmonics.select(POSITION), with_sphere.vertices)
    progress(1.0, "Decoded")
    result = with_sphere.with_vertices(positions).with_attributes(sphere=with_sphere.vertices)
    if harmonics.has(COLOR):
        colors = synthesize(harmonics.select(COLOR), with_sphere.vertices)
        result = result.with_attributes(color=np.clip(colors, 0.0, 1.0))
    return result


def sampling_mesh(
    shape: Shape, sampling: str, size: int | None = None, *, seed: int = 0, progress: Progress = silent
) -> Mesh:
    """The mesh on the unit sphere on which `decode` evaluates: see there for `sampling` and `size`."""
    if sampling == "source":
        return Mesh(*shape.require_sphere())
    if sampling == "icosphere":
        return icosphere(64 if size is None else size)
    if sampling == "adaptive":
        count = shape.source.n_vertices if size is None else size
        return adaptive_sphere(_density(shape), count, seed=seed, progress=progress)
    raise InvalidParameter(f"There is no sampling {sampling!r}.", f"Choose from {', '.join(SAMPLINGS)}.")


def _density(shape: Shape) -> Harmonics:
    if VERTEX_DENSITY not in shape.harmonics.channels:
        raise InvalidParameter(
            "This shape has no vertex density, so a mesh cannot follow it.",
            f"Encode again with the channel {VERTEX_DENSITY}, or rebuild on an icosphere.",
        )
    return shape.harmonics.select([VERTEX_DENSITY])


def _check_degree(lmax: int) -> None:
    if not 1 <= lmax <= LMAX_LIMIT:
        raise InvalidParameter(f"Degree {lmax} is out of range.", f"Give a highest degree from 1 to {LMAX_LIMIT}.")


def _check_resolution(lmax: int, n_vertices: int) -> None:
    """Refuse degrees that only describe the creases between a few large flat triangles."""
    highest = int(DEGREES_PER_ROOT_VERTEX * np.sqrt(n_vertices))
    if lmax > highest:
        raise InvalidParameter(
            f"{n_vertices} vertices are too few for degree {lmax}.",
            f"Use a degree of at most {highest}, or subdivide the mesh.",
        )


def _normalized(mesh: Mesh) -> tuple[Mesh, Source]:
    """The mesh with its area centroid at 0 and bounding-box diagonal 1, and the facts of the original."""
    centre = mesh.vertices.mean(axis=0)
    local = mesh.with_vertices((mesh.vertices - centre) / mesh.diagonal)
    shift = area_centroid(local)
    local = local.with_vertices(local.vertices - shift)
    scale = mesh.diagonal
    facts = source_of(
        mesh.vertices,
        mesh.faces,
        area(local) * scale**2,
        signed_volume(local) * scale**3,
        centre + shift * scale,
    )
    return local, facts


def _in_source_units(harmonics: Harmonics, source: Source) -> Harmonics:
    """Undo `_normalized` on the position channels: scale them, and move degree 0."""
    coefficients = harmonics.coefficients.copy()
    for name, offset in zip(POSITION, source.centre, strict=True):
        row = harmonics.channels.index(name)
        coefficients[row] *= source.diagonal
        coefficients[row, 0, 0] += offset
    return Harmonics(coefficients, harmonics.channels)


def _fit(mesh: Mesh, sphere: FloatArray, lmax: int, names: Sequence[str], progress: Progress) -> Harmonics:
    progress(0.0, "Fitting the harmonics")
    sampled = channel.sampled(names)
    values = channel.values_at_vertices(mesh, sphere, sampled)
    coefficients = analyse(sphere, mesh.faces, values, lmax)
    rows = dict(zip(sampled, coefficients, strict=True))
    if VERTEX_DENSITY in names:
        progress(0.7, "Estimating the vertex density")
        rows[VERTEX_DENSITY] = vertex_density(sphere, lmax)
    return Harmonics(np.stack([rows[name] for name in names]), tuple(names))
