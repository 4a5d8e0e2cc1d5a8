# SPDX-License-Identifier: GPL-3.0-or-later
"""Which places of two shapes belong together, when turning the sphere is not enough: limbs that lie differently.

The sphere is bent, one to one, until the points that share a direction lie near each other: diffeomorphic demons on the
sphere (Yeo, Sabuncu, Vercauteren, Ayache, Fischl and Golland 2010), with the positions in space as what is to agree,
from coarse degrees to fine, and with the speed field smoothed in harmonic space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.spherical import spherical_areas
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.filters import apply_gains, heat
from ..harmonics.grid import SphereGrid
from ..harmonics.transforms import synthesize
from ..mesh import FloatArray, IntArray
from ..progress import Progress, silent
from ..sphere.icosphere import icosphere

_LEVELS = ((4, 0.05), (8, 0.02), (16, 0.008), (24, 0.004))
"""Degree around which the positions are smoothed, and heat-flow time by which the speed field is, coarse to fine."""
_GRID, _DEGREE, _CHECK = 48, 24, 40
"""Degrees of the grid and of the map, and frequency of the icosphere whose triangles must not turn over."""
_ROUNDS = 25
_STIFFNESS, _EVENNESS = 0.02, 0.03
_SMALLEST, _LARGEST = 0.04, 25.0
"""How far an area may shrink and grow."""
_LONGEST = 0.1
"""Longest step of a round, in radians."""


@dataclass(frozen=True)
class Warp:
    """A one-to-one map of the sphere onto itself: three functions (3, L+1, L+1), whose direction is the image."""

    coefficients: FloatArray

    def at(self, directions: FloatArray) -> FloatArray:
        """(N, 3) unit vectors: where directions (N, 3) are sent."""
        return _unit(synthesize(self.coefficients, directions))


def match_places(moving: Harmonics, reference: Harmonics, *, progress: Progress = silent) -> Warp:
    """The map w for which the point of `moving` in direction w(d) belongs to that of `reference` in direction d.

    Both shapes lie on each other in space, and their spheres are turned to agree (`align_parameters`). The map has no
    flips, and is the identity where they agree already.
    """
    grid, corners = SphereGrid(_GRID), icosphere(_CHECK)
    target, source = (harmonics.select(POSITION) for harmonics in (reference, moving))
    size = float(np.sqrt(np.square(target.coefficients).sum() - np.square(target.coefficients[:, 0, 0]).sum()))
    warp = Warp(grid.analyse(grid.points, _DEGREE))
    for number, (degree, diffusion) in enumerate(_LEVELS):
        coarse = [_smoothed(harmonics, degree) for harmonics in (target, source)]
        wanted = synthesize(coarse[0], grid.points) / size
        last = np.inf
        for step in range(_ROUNDS):
            progress((number + step / _ROUNDS) / len(_LEVELS), "Matching places")
            found = synthesize(coarse[1], warp.at(grid.points)) / size
            error = grid.mean(np.square(wanted - found).sum(axis=1))
            if error > 0.999 * last:
                break
            last = error
            speed = _speed(grid, wanted, found, warp, diffusion)
            better = _moved(grid, warp, speed, corners.vertices, corners.faces)
            if better is None:
                break
            warp = better
    progress(1.0, "Matched")
    return warp


def warped(harmonics: Harmonics, warp: Warp) -> Harmonics:
    """Every channel f as f ∘ w, expanded to the same degree: the part of it above that is lost."""
    grid = SphereGrid(max(2 * harmonics.lmax, _GRID))
    values = synthesize(harmonics, warp.at(grid.points))
    return Harmonics(grid.analyse(values, harmonics.lmax), harmonics.channels)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _smoothed(harmonics: Harmonics, degree: int) -> Harmonics:
    few = harmonics.truncate(2 * degree)
    return apply_gains(few, heat(few.lmax, 1.0 / (degree * (degree + 1.0))))


def _speed(grid: SphereGrid, wanted: FloatArray, found: FloatArray, warp: Warp, diffusion: float) -> FloatArray:
    """(N, 3) tangent vectors: where to look, from each point of the grid, for a nearer point."""
    residual = wanted - found
    slope = grid.gradient(grid.analyse(found, _DEGREE))
    normal = np.einsum("kan,kbn->nab", slope, slope)
    normal += (4.0 * np.square(residual).sum(axis=1) + _STIFFNESS)[:, None, None] * np.eye(2)
    step = np.linalg.solve(normal, np.einsum("kan,nk->na", slope, residual)[:, :, None])[:, :, 0]
    stretch = grid.gradient(warp.coefficients)
    area = np.linalg.norm(np.cross(stretch[:, 0].T, stretch[:, 1].T), axis=1)
    # From where the map is dense to where it is sparse, so that it stays even.
    crowd = grid.gradient(grid.analyse(np.log(np.maximum(area, 1e-3))[:, None], _DEGREE))[0]
    step += _EVENNESS * crowd.T
    step *= (np.clip((area - _SMALLEST) / 0.15, 0.0, 1.0) * np.clip((_LARGEST - area) / 10.0, 0.0, 1.0))[:, None]
    smooth = Harmonics(grid.analyse(grid.tangent(step), _DEGREE), POSITION)
    smooth = apply_gains(smooth, heat(_DEGREE, diffusion), keep_constant=False)
    speed = synthesize(smooth, grid.points)
    speed -= (speed * grid.points).sum(axis=1, keepdims=True) * grid.points
    longest = float(np.linalg.norm(speed, axis=1).max())
    return np.asarray(speed * min(1.0, _LONGEST / max(longest, 1e-300)))


def _moved(grid: SphereGrid, warp: Warp, speed: FloatArray, points: FloatArray, faces: IntArray) -> Warp | None:
    """The map after a step of this speed, or of a part of it without flips; None where there is no such part."""
    for share in (1.0, 0.5, 0.25, 0.125):
        image = warp.at(_unit(grid.points + share * speed))
        trial = Warp(grid.analyse(image, _DEGREE))
        areas = spherical_areas(trial.at(points), faces) * len(faces) / (4.0 * np.pi)
        if areas.min() > _SMALLEST:
            return trial
    return None
