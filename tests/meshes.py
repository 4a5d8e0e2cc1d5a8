# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that the tests share: small analytic ones, and real ones where they are present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spherical_cow.mesh import Mesh
from spherical_cow.meshfile import read_mesh
from spherical_cow.shapefile import load_shape

REAL_MESHES = Path(__file__).resolve().parents[2] / "shared" / "meshes"
REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"


def tetrahedron() -> Mesh:
    """Regular, on the unit sphere, outward."""
    vertices = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]]))


def octahedron() -> Mesh:
    """On the unit sphere, outward."""
    vertices = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)
    faces = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    return Mesh(vertices, np.array(faces))


def cube(size: float = 1.0, n: int = 1) -> Mesh:
    """The box [0, size]³, outward, each side cut into n × n squares of two triangles."""
    grid = np.stack(np.meshgrid(*[np.arange(n + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    on_side = ((grid == 0) | (grid == n)).any(axis=1)
    number = np.full(len(grid), -1)
    number[on_side] = np.arange(on_side.sum())
    number = number.reshape((n + 1,) * 3)
    faces = []
    for axis in range(3):
        for end in (0, n):
            side = np.take(number, end, axis=axis)
            a, b, c, d = (
                side[:-1, :-1].ravel(),
                side[1:, :-1].ravel(),
                side[1:, 1:].ravel(),
                side[:-1, 1:].ravel(),
            )
            quads = np.stack([a, b, c, d], axis=1)
            # The two free axes in ascending order make a right-handed frame with the axis, but not for y.
            if (end == 0) != (axis == 1):
                quads = quads[:, ::-1]
            faces += [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
    return Mesh(grid[on_side] * (size / n), np.concatenate(faces))


def uv_sphere(n: int = 32, radius: float = 1.0) -> Mesh:
    """n rings of 2n vertices and two poles, outward."""
    theta = np.pi * (np.arange(n) + 1.0) / (n + 1.0)
    phi = 2.0 * np.pi * np.arange(2 * n) / (2 * n)
    t, p = (a.ravel() for a in np.meshgrid(theta, phi, indexing="ij"))
    ring = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=1)
    vertices = np.concatenate([ring, [[0, 0, 1], [0, 0, -1]]])
    m, north, south = 2 * n, len(ring), len(ring) + 1
    i = np.arange(m)
    j = (i + 1) % m
    faces = [np.stack([np.full(m, north), i, j], axis=1)]
    for k in range(n - 1):
        a, b, c, d = k * m + i, (k + 1) * m + i, (k + 1) * m + j, k * m + j
        faces += [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
    faces.append(np.stack([(n - 1) * m + i, np.full(m, south), (n - 1) * m + j], axis=1))
    return Mesh(radius * vertices, np.concatenate(faces))


def subdivided_sphere(level: int = 4) -> Mesh:
    """An octahedron split `level` times and pushed onto the unit sphere: 4^(level + 1) + 2 vertices."""
    from spherical_cow.geometry.subdivide import midpoint_sphere

    sphere, faces = octahedron().vertices, octahedron().faces
    for _ in range(level):
        sphere, faces = midpoint_sphere(sphere, faces)
    return Mesh(sphere, faces)


def ellipsoid(axes: tuple[float, float, float] = (1.0, 0.7, 0.5), level: int = 4) -> Mesh:
    """`subdivided_sphere` scaled along x, y, z."""
    sphere = subdivided_sphere(level)
    return sphere.with_vertices(sphere.vertices * np.array(axes))


def torus(n: int = 32, m: int = 16, major: float = 1.0, minor: float = 0.4) -> Mesh:
    """Genus 1, n × m vertices, outward."""
    u, v = np.meshgrid(2 * np.pi * np.arange(n) / n, 2 * np.pi * np.arange(m) / m, indexing="ij")
    r = major + minor * np.cos(v)
    vertices = np.stack([r * np.cos(u), r * np.sin(u), minor * np.sin(v)], axis=-1).reshape(-1, 3)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(m), indexing="ij"))
    a, b = i * m + j, ((i + 1) % n) * m + j
    c, d = ((i + 1) % n) * m + (j + 1) % m, i * m + (j + 1) % m
    return Mesh(vertices, np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]))


def joined(*meshes: Mesh) -> Mesh:
    """Several meshes as one, with no vertex shared."""
    offsets = np.cumsum([0] + [m.n_vertices for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + o for m, o in zip(meshes, offsets, strict=True)]),
    )


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a small file and give its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def random_rotation(seed: int = 0) -> np.ndarray:
    """(3, 3) a proper rotation."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def real_mesh_path(name: str) -> Path:
    """The file of a real mesh, by its name without ending; skips the test where it is absent.

    "genus0/NAME" or "broken/NAME" chooses between two of the same name; by itself, genus0 comes first.
    """
    folder, _, stem = name.rpartition("/")
    for place in [folder] if folder else ["genus0", "broken"]:
        for ending in ("ply", "obj"):
            path = REAL_MESHES / place / f"{stem}.{ending}"
            if path.exists():
                return path
    pytest.skip(f"real mesh {name!r} is not in {REAL_MESHES}")


def real_mesh(name: str) -> Mesh:
    """A real mesh, as `real_mesh_path` finds it."""
    return read_mesh(real_mesh_path(name))


def reference(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(arrays, facts) that a published code computed; skips the test where they are absent."""
    folder = REFERENCE / name
    if not folder.exists():
        pytest.skip(f"reference case {name!r} is not in {REFERENCE}")
    with np.load(folder / "case.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, json.loads((folder / "case.json").read_text("utf-8"))


def assert_same_shapes(one: Path, other: Path) -> None:
    """Both folders hold shapes of the same names: maps and facts alike, coefficients but for rounding."""
    names = [sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.npz")) for folder in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        a, b = load_shape(one / name), load_shape(other / name)
        assert np.array_equal(a.sphere, b.sphere) and np.array_equal(a.faces, b.faces) and a.source == b.source
        size = np.abs(b.harmonics.coefficients).max()
        assert np.abs(a.harmonics.coefficients - b.harmonics.coefficients).max() < 1e-14 * size
