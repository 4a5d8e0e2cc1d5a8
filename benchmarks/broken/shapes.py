# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound surfaces, from which the broken ones are made. Lengths are about 1 unless given; faces look outward."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from spherical_cow.mesh import FloatArray, IntArray, Mesh
from spherical_cow.sphere.icosphere import icosphere

Vector = tuple[float, float, float]
TURN = 2.0 * np.pi


def ball(frequency: int = 10, axes: Vector = (1.0, 1.0, 1.0), centre: Vector = (0.0, 0.0, 0.0)) -> Mesh:
    """An ellipsoid of 20 f² faces."""
    sphere = icosphere(frequency)
    return Mesh(sphere.vertices * np.array(axes) + np.array(centre), sphere.faces)


def blob(frequency: int, seed: int, roughness: float = 0.25) -> Mesh:
    """A ball with soft random bumps: star-shaped, genus 0, 20 f² faces."""
    generator = np.random.default_rng(seed)
    sphere = icosphere(frequency)
    radius = np.ones(sphere.n_vertices)
    for wavelength in (1.5, 3.0, 6.0):
        axis = generator.standard_normal((6, 3))
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        phase = generator.uniform(0.0, TURN, 6)
        radius += roughness / wavelength / 2.0 * np.cos(wavelength * 2.0 * sphere.vertices @ axis.T + phase).sum(axis=1)
    radius = np.maximum(radius, 0.3)
    return Mesh(sphere.vertices * radius[:, None] * np.array([1.0, 0.8, 1.2]), sphere.faces)


def torus(n: int = 32, m: int = 16, major: float = 1.0, minor: float = 0.4) -> Mesh:
    """A ring about z of n × m vertices."""
    angle = TURN * np.arange(n) / n
    curve = major * np.stack([np.cos(angle), np.sin(angle), np.zeros(n)], axis=1)
    return tube(curve, minor, m)


def knot(p: int, q: int, n: int = 160, m: int = 12, radius: float = 0.2) -> Mesh:
    """A tube along the torus knot (p, q); (2, 3) is the trefoil."""
    angle = TURN * np.arange(n) / n
    away = 2.0 + np.cos(q * angle)
    return tube(
        np.stack([away * np.cos(p * angle), away * np.sin(p * angle), -np.sin(q * angle)], axis=1) * 0.5, radius, m
    )


def tube(curve: FloatArray, radius: float | FloatArray, m: int = 12, *, ends: bool = False) -> Mesh:
    """Circles of m vertices about a curve (n, 3). Without `ends` it closes to a ring; with them it gets two caps."""
    around = np.roll(curve, -1, axis=0) - np.roll(curve, 1, axis=0)
    tangent = np.gradient(curve, axis=0) if ends else around
    tangent = tangent / np.linalg.norm(tangent, axis=1, keepdims=True)
    side = _carried(tangent)
    twist = 0.0
    if not ends:  # carried once around, the frame comes back turned; the turn is spread over the ring
        back = _carry(side[-1], tangent[-1], tangent[0])
        twist = float(np.arctan2(np.dot(np.cross(side[0], back), tangent[0]), np.dot(side[0], back)))
    up = np.cross(tangent, side)
    angle = TURN * np.arange(m) / m - twist * np.arange(len(curve))[:, None] / len(curve)
    size = np.broadcast_to(np.asarray(radius, dtype=float), (len(curve),))[:, None, None]
    ring = size * (np.cos(angle)[..., None] * side[:, None] + np.sin(angle)[..., None] * up[:, None])
    vertices = (curve[:, None] + ring).reshape(-1, 3)
    faces = strip(len(curve), m, wrap=not ends)[:, ::-1]
    if not ends:
        return Mesh(vertices, faces)
    first, last = np.arange(m), (len(curve) - 1) * m + np.arange(m)
    first_cap = np.stack([np.full(m, len(vertices)), np.roll(first, -1), first], axis=1)
    last_cap = np.stack([np.full(m, len(vertices) + 1), last, np.roll(last, -1)], axis=1)
    vertices = np.concatenate([vertices, curve[[0, -1]]])
    return Mesh(vertices, np.concatenate([faces, first_cap, last_cap]))


def strip(n: int, m: int, *, wrap: bool) -> IntArray:
    """Faces of a grid of n × m vertices that closes in its second direction, and with `wrap` in the first too."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n if wrap else n - 1), np.arange(m), indexing="ij"))
    a, b = i * m + j, (i + 1) % n * m + j
    c, d = (i + 1) % n * m + (j + 1) % m, i * m + (j + 1) % m
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def revolved(profile: Sequence[tuple[float, float]], n: int = 32) -> Mesh:
    """Points (radius, height) turned about z. A profile from axis to axis gives a ball, any other one a ring.

    Seen with the radius to the right and the height upward, the profile runs with the body on its left.
    """
    ball_like = profile[0][0] == 0.0 and profile[-1][0] == 0.0
    radius, height = np.array(profile[1:-1] if ball_like else profile).T
    angle = TURN * np.arange(n) / n
    x, y = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
    vertices = np.stack([x, y, np.broadcast_to(height[:, None], x.shape)], axis=2).reshape(-1, 3)
    k = len(radius)
    faces = strip(k, n, wrap=not ball_like)[:, ::-1]
    if ball_like:
        around, last = np.arange(n), (k - 1) * n + np.arange(n)
        bottom = np.stack([np.full(n, len(vertices)), np.roll(around, -1), around], axis=1)
        top = np.stack([np.full(n, len(vertices) + 1), last, np.roll(last, -1)], axis=1)
        vertices = np.concatenate([vertices, [[0.0, 0.0, profile[0][1]], [0.0, 0.0, profile[-1][1]]]])
        faces = np.concatenate([faces, bottom, top])
    return Mesh(vertices, faces)


def cylinder(radius: float = 0.5, height: float = 1.0, n: int = 24, top: float | None = None) -> Mesh:
    """About z, with its centre at the origin and caps; `top`: another radius up there."""
    half = 0.5 * height
    return revolved([(0.0, -half), (radius, -half), (radius if top is None else top, half), (0.0, half)], n)


def cone(radius: float = 0.5, height: float = 1.0, n: int = 24) -> Mesh:
    """About z, the base at −height / 2."""
    return revolved([(0.0, -0.5 * height), (radius, -0.5 * height), (0.0, 0.5 * height)], n)


def box(size: Vector = (1.0, 1.0, 1.0), centre: Vector = (0.0, 0.0, 0.0)) -> Mesh:
    """Eight vertices, twelve faces."""
    corner = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return Mesh(corner * np.array(size) + np.array(centre), faces)


def sheet(n: int = 20, m: int = 20, wave: float = 0.0) -> Mesh:
    """A square of side 2 in the plane z = 0, or with waves of this height."""
    x, y = np.meshgrid(np.linspace(-1, 1, n + 1), np.linspace(-1, 1, m + 1), indexing="ij")
    z = wave * np.sin(4.0 * x) * np.cos(3.0 * y)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(m), indexing="ij"))
    a, b, c, d = i * (m + 1) + j, (i + 1) * (m + 1) + j, (i + 1) * (m + 1) + j + 1, i * (m + 1) + j + 1
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    return Mesh(np.stack([x, y, z], axis=-1).reshape(-1, 3), faces)


def moebius(half_turns: int = 1, n: int = 60, m: int = 6, width: float = 0.7) -> Mesh:
    """A band about z with half turns: one-sided when they are odd."""
    angle, across = np.meshgrid(TURN * np.arange(n) / n, np.linspace(-0.5, 0.5, m + 1), indexing="ij")
    tilt = 0.5 * half_turns * angle
    away = 1.0 + width * across * np.cos(tilt)
    vertices = np.stack([away * np.cos(angle), away * np.sin(angle), width * across * np.sin(tilt)], axis=-1)
    number = np.arange(n * (m + 1)).reshape(n, m + 1)
    after = np.concatenate([number[1:], number[:1, ::-1] if half_turns % 2 else number[:1]])
    a, b, c, d = number[:, :-1].ravel(), after[:, :-1].ravel(), after[:, 1:].ravel(), number[:, 1:].ravel()
    return Mesh(vertices.reshape(-1, 3), np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]))


def klein(n: int = 60, m: int = 24) -> Mesh:
    """The figure-8 bottle: closed, one-sided, passing through itself."""
    u, v = np.meshgrid(TURN * np.arange(n) / n, TURN * (np.arange(m) + 0.5) / m, indexing="ij")
    cross = np.cos(u / 2) * np.sin(v) - np.sin(u / 2) * np.sin(2 * v)
    vertices = np.stack(
        [(2 + cross) * np.cos(u), (2 + cross) * np.sin(u), np.sin(u / 2) * np.sin(v) + np.cos(u / 2) * np.sin(2 * v)],
        axis=-1,
    )
    number = np.arange(n * m).reshape(n, m)
    mirrored = number[:1, ::-1]  # a full turn later, the angle v has become −v
    a, b = number, np.concatenate([number[1:], mirrored])
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    quads = np.stack([x.ravel() for x in (a, b, c, d)], axis=1)
    return Mesh(vertices.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))


def projective_plane() -> Mesh:
    """The six-vertex triangulation: closed, one-sided, Euler characteristic 1."""
    faces = [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5], [0, 5, 1]]
    faces += [[1, 2, 4], [2, 3, 5], [3, 4, 1], [4, 5, 2], [5, 1, 3]]
    return Mesh(icosphere(1).vertices[:6] + 0.1 * np.arange(18).reshape(6, 3) ** 0.5, np.array(faces))


def placed(mesh: Mesh, at: Vector = (0.0, 0.0, 0.0), *, scale: float = 1.0, turn: Vector = (0.0, 0.0, 0.0)) -> Mesh:
    """Scaled, turned about x, y and z by these angles in degrees, then moved."""
    vertices = mesh.vertices * scale
    for axis, degrees in enumerate(turn):
        vertices = vertices @ rotation(axis, degrees).T
    return Mesh(vertices + np.array(at), mesh.faces)


def rotation(axis: int, degrees: float) -> FloatArray:
    """(3, 3) about one of the three axes."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[[i, j], [i, j]] = cosine
    matrix[i, j], matrix[j, i] = -sine, sine
    return matrix


def _carried(tangent: FloatArray) -> FloatArray:
    """Unit vectors (n, 3) across a curve, carried along it with as little turning as can be."""
    start = np.cross(tangent[0], np.eye(3)[np.abs(tangent[0]).argmin()])
    sides = [start / np.linalg.norm(start)]
    for before, after in pairwise(tangent):
        sides.append(_carry(sides[-1], before, after))
    return np.array(sides)


def _carry(side: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    axis = np.cross(before, after)
    cosine = float(np.dot(before, after))
    turned = side * cosine + np.cross(axis, side) + axis * np.dot(axis, side) / (1.0 + cosine)
    turned = turned - after * np.dot(turned, after)
    return turned / np.linalg.norm(turned)
