# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies with handles: from blocks, from plates with holes, and from implicit functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from spherical_cow.geometry.measure import oriented_outward
from spherical_cow.mesh import FloatArray, Mesh

from .shapes import TURN

Field = Callable[[FloatArray], FloatArray]
LETTERS = {
    "A": ("01110", "10001", "11111", "10001", "10001"),
    "B": ("11111", "10001", "11111", "10001", "11111"),
    "C": ("11111", "10000", "10000", "10000", "11111"),
    "D": ("11111", "10001", "10001", "10001", "11111"),
    "E": ("11111", "10000", "11110", "10000", "11111"),
    "H": ("10001", "10001", "11111", "10001", "10001"),
    "O": ("11111", "10001", "10001", "10001", "11111"),
    "P": ("11111", "10001", "11111", "10000", "10000"),
    "8": ("111", "101", "111", "101", "111"),
    "#": ("0101010", "1111111", "0101010", "1111111", "0101010", "1111111", "0101010"),
}
"""Pictures of letters. "A" touches itself only over corners, at the ends of its roof."""


def blocks(occupied: NDArray[np.bool_], size: float = 1.0) -> Mesh:
    """The surface of the unit cells (i, j, k) that are occupied, two faces a side.

    Cells that touch in an edge or a corner only give an edge or a vertex that is not manifold.
    """
    padded = np.pad(occupied, 1)
    inner = (slice(1, -1),) * 3
    quads = []
    for axis in range(3):
        for end in (0, 1):
            neighbour = np.roll(padded, 1 if end == 0 else -1, axis=axis)[inner]
            cell = np.argwhere(occupied & ~neighbour)
            quad = np.zeros((4, 3), dtype=int)
            quad[:, axis] = end
            i, j = (axis + 1) % 3, (axis + 2) % 3
            quad[:, i], quad[:, j] = [0, 1, 1, 0], [0, 0, 1, 1]
            quads.append(cell[:, None] + (quad if end else quad[::-1]))
    corners = np.concatenate(quads).reshape(-1, 3)
    places, number = np.unique(corners, axis=0, return_inverse=True)
    number = number.reshape(-1, 4)
    return Mesh(places * size, np.concatenate([number[:, [0, 1, 2]], number[:, [0, 2, 3]]]))


def lattice(a: int, b: int, c: int, width: int = 1, gap: int = 2) -> Mesh:
    """Bars between a × b × c nodes: genus (bars) − (nodes) + 1, so 28 for 3 × 3 × 3."""
    step = width + gap
    shape = tuple(step * (n - 1) + width for n in (a, b, c))
    i, j, k = (index % step < width for index in np.indices(shape))
    return blocks((i & j) | (j & k) | (i & k))


def lattice_genus(a: int, b: int, c: int) -> int:
    """The genus of `lattice`."""
    return (a - 1) * b * c + a * (b - 1) * c + a * b * (c - 1) - a * b * c + 1


def letter(name: str, fine: int = 2) -> Mesh:
    """A letter cut from a slab, `fine` blocks for each point of its picture."""
    picture = np.array([[mark == "1" for mark in row] for row in LETTERS[name]])
    picture = np.kron(picture, np.ones((fine, fine), dtype=bool))
    return blocks(np.repeat(picture.T[:, ::-1, None], fine, axis=2), 1.0 / fine)


def porous(n: int, filled: float, seed: int) -> Mesh:
    """A cube of n³ cells of which a part is filled at random: many cells touch in edges and corners only."""
    return blocks(np.random.default_rng(seed).random((n, n, n)) < filled)


def circle(radius: float, n: int, centre: tuple[float, float] = (0.0, 0.0)) -> FloatArray:
    """(n, 2) points of a polygon."""
    angle = TURN * np.arange(n) / n
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) + np.array(centre)


def plate(outline: FloatArray, holes: Sequence[FloatArray], thickness: float) -> Mesh:
    """A plane figure with holes, given a thickness: long thin faces and sharp edges, as CAD programs write them.

    outline: (n, 2) a polygon; holes: polygons in it. Their edges must be short beside the gaps between them.
    """
    rings = [outline, *holes]
    points = np.concatenate(rings)
    owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    triangles = Delaunay(points).simplices
    middle = points[triangles].mean(axis=1)
    inside = _in_polygon(middle, outline)
    for hole in holes:
        inside &= ~_in_polygon(middle, hole)
    triangles = triangles[inside]
    corner = points[triangles]
    ab, ac = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    turned = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0] < 0
    triangles[turned] = triangles[turned][:, ::-1]
    count = len(points)
    faces = [triangles + count, triangles[:, ::-1]]
    for ring in range(len(rings)):
        a = np.flatnonzero(owner == ring)
        b = np.roll(a, -1)
        if ring:
            a, b = b, a
        faces += [np.stack([a, b, b + count], axis=1), np.stack([a, b + count, a + count], axis=1)]
    vertices = np.concatenate([np.column_stack([points, np.full(count, z * thickness)]) for z in (-0.5, 0.5)])
    return Mesh(vertices, np.concatenate(faces))


def gear(holes: int, teeth: int = 24, thickness: float = 0.3) -> Mesh:
    """A cog wheel with holes in a circle: genus = holes."""
    n = teeth * 8
    angle = TURN * np.arange(n) / n
    radius = np.where(np.arange(n) % 8 < 4, 1.0, 1.15)
    outline = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if holes == 1:
        return plate(outline, [circle(0.4, 48)], thickness)
    size = min(0.2, 0.35 * 0.6 * np.sin(np.pi / max(holes, 2)) * 2.0)
    places = [0.62 * np.array([np.cos(a), np.sin(a)]) for a in TURN * np.arange(holes) / max(holes, 1)]
    return plate(outline, [circle(size, 32, (float(x), float(y))) for x, y in places], thickness)


def implicit(field: Field, low: Sequence[float], high: Sequence[float], n: int) -> Mesh:
    """The surface where a function of points (N, 3) is zero (negative inside), on a grid of n cells a longest side."""
    step = max(np.subtract(high, low)) / n
    counts = np.ceil(np.subtract(high, low) / step).astype(int) + 1
    axes = [low[k] + step * (np.arange(counts[k]) + 0.137) for k in range(3)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    values = np.ascontiguousarray(field(points), dtype=float)
    vertices, faces = igl.marching_cubes(values, points, int(counts[0]), int(counts[1]), int(counts[2]), 0.0)[:2]
    return oriented_outward(Mesh(vertices, faces))


def ring_field(centre: Sequence[float], major: float, minor: float, axis: int = 2) -> Field:
    """The distance to a torus about an axis."""

    def field(points: FloatArray) -> FloatArray:
        local = points - np.array(centre)
        flat = np.delete(local, axis, axis=1)
        return np.hypot(np.linalg.norm(flat, axis=1) - major, local[:, axis]) - minor

    return field


def bar_field(start: Sequence[float], end: Sequence[float], radius: float) -> Field:
    """The distance to a bar with round ends."""
    a, along = np.asarray(start, float), np.subtract(end, start)

    def field(points: FloatArray) -> FloatArray:
        part = np.clip((points - a) @ along / (along @ along), 0.0, 1.0)
        return np.linalg.norm(points - a - part[:, None] * along, axis=1) - radius

    return field


def united(fields: Iterable[Field], softness: float = 0.1) -> Field:
    """The union of bodies, with soft seams (a smooth minimum)."""
    every = list(fields)

    def field(points: FloatArray) -> FloatArray:
        values = np.stack([each(points) for each in every])
        least = values.min(axis=0)
        return least - softness * np.log(np.exp((least - values) / softness).sum(axis=0))

    return field


def rings(count: int, n: int = 60) -> Mesh:
    """Rings in a row, grown together: genus = count (double torus, triple torus …)."""
    field = united([ring_field((1.6 * k, 0.0, 0.0), 0.8, 0.28) for k in range(count)], 0.04)
    return implicit(field, (-1.4, -1.4, -0.6), (1.6 * count - 0.2, 1.4, 0.6), int(n * (1.6 * count + 1.2) / 3.6))


def frame(vertices: FloatArray, edges: Sequence[tuple[int, int]], radius: float = 0.1, n: int = 64) -> Mesh:
    """Round bars along the edges of a graph: genus (edges) − (vertices) + 1 when it is connected."""
    field = united([bar_field(vertices[a], vertices[b], radius) for a, b in edges], 0.01)
    margin = 1.6 * radius
    return implicit(field, vertices.min(axis=0) - margin, vertices.max(axis=0) + margin, n)


def cup(n: int = 56, wall: float = 0.12) -> Mesh:
    """A beaker with a handle, one body: genus 1."""
    handle = ring_field((0.75, 0.0, 0.0), 0.4, 0.1, axis=1)

    def beaker(points: FloatArray) -> FloatArray:
        away, height = np.hypot(points[:, 0], points[:, 1]), points[:, 2]
        outer = np.maximum(away - 0.7, np.abs(height) - 0.8)
        inner = np.maximum(away - 0.7 + wall, -0.8 + wall - height)
        return np.maximum(outer, -inner)

    def body(points: FloatArray) -> FloatArray:
        outside = np.hypot(points[:, 0], points[:, 1]) - 0.7 + 0.5 * wall
        return np.minimum(beaker(points), np.maximum(handle(points), -outside))

    return implicit(body, (-0.9, -0.9, -1.0), (1.4, 0.9, 1.0), n)


def cheese(tunnels: int, seed: int, n: int = 48) -> Mesh:
    """A ball with straight round tunnels that cross each other inside."""
    generator = np.random.default_rng(seed)
    ends = generator.standard_normal((tunnels, 2, 3))
    ends *= 1.5 / np.linalg.norm(ends, axis=2, keepdims=True)
    holes = [bar_field(a, b, float(r)) for (a, b), r in zip(ends, generator.uniform(0.08, 0.2, tunnels), strict=True)]

    def field(points: FloatArray) -> FloatArray:
        body = np.linalg.norm(points, axis=1) - 1.0
        return np.maximum(body, -np.min([hole(points) for hole in holes], axis=0))

    return implicit(field, (-1.1,) * 3, (1.1,) * 3, n)


def foam(seed: int, n: int = 32) -> Mesh:
    """A cube of random soft noise, cut off at its sides: many handles, parts and cavities."""
    generator = np.random.default_rng(seed)
    wave = 7.0 * generator.standard_normal((24, 3))
    phase = generator.uniform(0.0, TURN, 24)

    def field(points: FloatArray) -> FloatArray:
        noise = np.cos(points @ wave.T + phase).sum(axis=1) / np.sqrt(24.0)
        return np.maximum(noise - 0.1, 8.0 * (np.abs(points).max(axis=1) - 1.0))

    return implicit(field, (-1.1,) * 3, (1.1,) * 3, n)


def _in_polygon(points: FloatArray, polygon: FloatArray) -> NDArray[np.bool_]:
    """Whether points (N, 2) are in a polygon (M, 2): an odd number of its edges is to their right."""
    inside = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (ay > points[:, 1]) != (by > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = ax + (points[:, 1] - ay) * (bx - ax) / (by - ay)
        inside ^= crosses & (points[:, 0] < x)
    return inside
