# SPDX-License-Identifier: GPL-3.0-or-later
"""Models the spherical cow and writes `core/data/spherical_cow.npz`: run it to change the mascot.

    python -m tools.make_sample_cow [OUT.npz]

The cow is an implicit solid: a round body, to which head, legs, ears, horns, tail and udder are joined with soft
seams. Marching cubes (libigl) makes a fine mesh of it, which is thinned out in a space where the head is enlarged,
so that the face gets more vertices, and is then relaxed on the surface to even triangles.
"""

from __future__ import annotations

import sys
from pathlib import Path

import igl
import numpy as np
from numpy.typing import NDArray

from tools.implicit import Array, Solid, blend, ellipsoid, project, tube, union
from tools.remesh import Index, quality, relax

OUTPUT = Path(__file__).resolve().parents[1] / "core" / "data" / "spherical_cow.npz"
VERTICES = 7_200
GRID_STEP = 0.022
LENGTH = 2.0
"""From snout to tail, in Blender's units."""

# Colours as sRGB, 0 to 255.
WHITE, BLACK, PINK, DEEP_PINK = (250, 246, 238), (38, 34, 36), (243, 166, 164), (214, 112, 118)
HOOF, HORN, NOSTRIL = (66, 56, 54), (226, 205, 160), (120, 58, 66)

HEAD = np.array([0.0, -1.02, 0.42])
SNOUT = np.array([0.0, -1.42, 0.22])
"""Modelled facing -Y with z up, as Blender's front view expects; the body is the unit sphere."""


def both(x: float, y: float, z: float) -> list[Array]:
    """A point on the left and its mirror image on the right."""
    return [np.array([x, y, z]), np.array([-x, y, z])]


def _frame(forward: Array, up: Array) -> Array:
    """Rows: side, forward, up, orthonormal."""
    f = forward / np.linalg.norm(forward)
    side = np.cross(f, up)
    side /= np.linalg.norm(side)
    return np.stack([side, f, np.cross(side, f)])


LEGS = [p for y in (-0.46, 0.5) for p in both(0.46, y, -1.1)]
EYES = both(0.205, -1.325, 0.575)
EYE_RADII = (0.1, 0.06, 0.13)
GLINT = np.array([0.03, -0.055, 0.055])
HORNS = [list(path) for path in zip(*(both(*p) for p in ((0.2, -0.98, 0.76), (0.32, -0.98, 0.86),
         (0.35, -1.01, 1.03))), strict=True)]  # fmt: skip
EARS = both(0.55, -0.93, 0.53)
TAIL = np.array([(0, 0.9, 0.3), (0, 1.08, 0.44), (0.02, 1.24, 0.46), (0.05, 1.36, 0.36), (0.08, 1.42, 0.2),
                 (0.12, 1.46, 0.04), (0.18, 1.52, -0.08)])  # fmt: skip
TUFT = np.array([0.2, 1.53, -0.16])
UDDER = np.array([0.0, 0.16, -0.93])
TEATS = [UDDER + np.array([x, y, -0.22]) for x in (-0.12, 0.12) for y in (-0.11, 0.11)]
NOSTRILS = both(0.115, -1.635, 0.27)


def ear(centre: Array) -> Solid:
    """A leaf-shaped ear that points sideways and a little down."""
    side = np.sign(centre[0])
    axes = _frame(np.array([side * 1.0, 0.12, -0.22]), np.array([0.0, -0.75, 0.66]))
    return ellipsoid(centre, (0.15, 0.27, 0.085), axes)


def leg(foot: Array) -> Solid:
    """A stubby leg from inside the body down to its hoof."""
    hip = np.array([foot[0] * 0.85, foot[1] * 0.9, -0.5])
    return tube([hip, foot], [0.27, 0.235])


def cow() -> Solid:
    """The whole animal as one solid."""
    parts: list[tuple[Solid, float]] = [(ellipsoid((0, 0, 0), 1.0), 0.0)]
    parts.append((ellipsoid(HEAD, (0.42, 0.42, 0.43)), 0.22))
    parts.append((ellipsoid(SNOUT, (0.33, 0.25, 0.235)), 0.12))
    parts += [(leg(foot), 0.16) for foot in LEGS]
    parts.append((ellipsoid(UDDER, (0.31, 0.33, 0.25)), 0.1))
    parts += [(tube([t + np.array([0, 0, 0.1]), t], [0.075, 0.062]), 0.05) for t in TEATS]
    parts += [(ear(c), 0.08) for c in EARS]
    parts += [(tube(path, [0.11, 0.095, 0.055]), 0.06) for path in HORNS]
    parts.append((ellipsoid((0, -1.08, 0.84), (0.15, 0.14, 0.1)), 0.08))
    parts.append((tube(TAIL, [0.14, 0.12, 0.105, 0.095, 0.09, 0.088, 0.088]), 0.1))
    parts.append((ellipsoid(TUFT, (0.14, 0.14, 0.2)), 0.08))
    parts += [(ellipsoid(eye, EYE_RADII), 0.02) for eye in EYES]
    body = union(parts)

    def with_nostrils(points: Array) -> Array:
        values = body(points)
        for nostril in NOSTRILS:
            values = -blend(-values, ellipsoid(nostril, (0.05, 0.07, 0.055))(points), 0.05)
        return values

    return with_nostrils


def enlarge(points: Array, inverse: bool = False) -> Array:
    """Blow up the space around the face (or undo it): distances there count for more when the mesh is thinned."""
    centre = np.array([0.0, -1.4, 0.42])
    near = np.linspace(0.0, 4.0, 4001)
    far = np.concatenate([[0.0], np.cumsum(1e-3 * (1.0 + 1.1 * np.exp(-((near[1:] / 0.55) ** 2))))])
    offset = points - centre
    r = np.linalg.norm(offset, axis=1)
    target = np.interp(r, far, near) if inverse else np.interp(r, near, far)
    return np.asarray(centre + offset * (target / np.maximum(r, 1e-12))[:, None])


def mesh(solid: Solid) -> tuple[Array, Index]:
    """Marching cubes, thinning and relaxation: vertices (V, 3) and faces (F, 3)."""
    low, high = np.array([-1.15, -1.85, -1.5]), np.array([1.15, 1.85, 1.35])
    axes = [np.arange(a, b, GRID_STEP) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).transpose(2, 1, 0, 3).reshape(-1, 3)
    sizes = [len(axis) for axis in axes]
    vertices, faces, *_ = igl.marching_cubes(solid(grid), grid, *sizes, 0.0)
    vertices = project(solid, np.asarray(vertices))
    thin, faces, *_ = igl.decimate(enlarge(vertices), np.asarray(faces, np.int64), 2 * VERTICES - 4)

    def onto_surface(points: Array) -> Array:
        return enlarge(project(solid, enlarge(points, inverse=True), steps=2))

    vertices, faces = relax(onto_surface(thin), np.asarray(faces, np.int64), onto_surface)
    vertices = project(solid, enlarge(vertices, inverse=True))
    return np.asarray(vertices, np.float64), faces


def patches(points: Array) -> Array:
    """Positive where the coat is black; patches with wavy borders."""
    x, y, z = points.T
    waves = 0.08 * np.sin(5.1 * y + 3.0 * z + 1.0) + 0.07 * np.sin(6.3 * x - 4.1 * z + 3 * y)
    waves += 0.05 * np.sin(9.7 * z + 4 * y)
    spots = [((0.85, -0.25, 0.45), 0.46), ((-0.8, 0.35, 0.5), 0.5), ((0.75, 0.65, -0.25), 0.34),
             ((-0.85, -0.35, -0.3), 0.3), ((0.1, 0.75, 0.75), 0.3), ((-0.25, -0.45, 0.95), 0.26)]  # fmt: skip
    values = [radius + waves - np.linalg.norm(points - c, axis=1) for c, radius in spots]
    return np.asarray(np.max(values, axis=0))


def paint(points: Array) -> NDArray[np.uint8]:
    """(V, 3) sRGB colours of the vertices."""
    colors = np.tile(np.array(WHITE, float), (len(points), 1))
    head_patch = 0.36 - np.linalg.norm(points - np.array([0.46, -0.98, 0.62]), axis=1)
    head_patch += 0.03 * np.sin(13 * points[:, 2])

    def dab(inside: Array, color: tuple[int, int, int], softness: float = 0.02) -> None:
        weight = np.clip(0.5 + inside / (2 * softness), 0.0, 1.0)[:, None]
        colors[:] = colors * (1 - weight) + np.array(color) * weight

    dab(np.where(points[:, 1] > -0.8, patches(points), -1.0), BLACK)
    dab(head_patch, BLACK)
    dab(0.03 - ellipsoid(SNOUT, (0.33, 0.25, 0.235))(points), PINK)
    for nostril in NOSTRILS:
        dab(0.062 - np.linalg.norm(points - nostril, axis=1), NOSTRIL)
    dab(0.0 - ellipsoid(UDDER - np.array([0, 0, 0.05]), (0.36, 0.38, 0.25))(points), PINK)
    for teat in TEATS:
        dab(0.075 - np.linalg.norm(points - teat, axis=1), DEEP_PINK, 0.03)
    for foot in LEGS:
        below = np.where(np.linalg.norm((points - foot)[:, :2], axis=1) < 0.35, -1.12 - points[:, 2], -1.0)
        dab(below, HOOF)
    for centre, outer in zip(EARS, (BLACK, WHITE), strict=True):
        dab(0.035 - ear(centre)(points), outer)
        front = np.array([0.0, -0.09, 0.03])
        dab(0.0 - ellipsoid(centre + front, (0.17, 0.1, 0.075))(points), PINK)
    for path in HORNS:
        dab(0.02 - tube(path, [0.11, 0.095, 0.055])(points), HORN)
    dab(0.012 - ellipsoid((0, -1.08, 0.84), (0.15, 0.14, 0.1))(points), BLACK)
    dab(0.03 - ellipsoid(TUFT, (0.14, 0.14, 0.2))(points), BLACK)
    for eye in EYES:
        dab(0.008 - ellipsoid(eye, EYE_RADII)(points), BLACK, 0.014)
        dab(0.04 - np.linalg.norm(points - eye - GLINT, axis=1), WHITE, 0.014)
    return np.asarray(np.clip(np.round(colors), 0, 255), np.uint8)


def require_closed_genus_zero(vertices: Array, faces: Index) -> None:
    """Raise `ValueError` unless every edge has two faces and V - E + F = 2, in one piece."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    euler = len(np.unique(faces)) - len(unique) + len(faces)
    pieces = int(igl.connected_components(igl.adjacency_matrix(faces))[0])
    if (counts != 2).any() or euler != 2 or pieces != 1 or len(np.unique(faces)) != len(vertices):
        raise ValueError(f"The cow is not one closed genus-0 surface: Euler number {euler}, {pieces} pieces.")


def main() -> None:
    """Model the cow, check it and write the file."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    vertices, faces = mesh(cow())
    require_closed_genus_zero(vertices, faces)
    colors = paint(vertices)
    scaled = vertices * (LENGTH / np.ptp(vertices[:, 1]))
    np.savez_compressed(output, vertices=scaled.astype(np.float32), faces=faces.astype(np.uint16), colors=colors)
    q = quality(vertices, faces)
    print(f"{output}: {len(vertices)} vertices, {len(faces)} faces, {output.stat().st_size / 1024:.0f} KB; ")
    print(f"triangle quality {q.mean():.3f} in the mean, {q.min():.2f} at worst")


if __name__ == "__main__":
    main()
