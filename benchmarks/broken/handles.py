# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound closed surfaces with handles, and a few without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from spherical_cow.geometry.subdivide import midpoint_subdivide
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.sphere.icosphere import icosphere

from .case import Case, Known, closed
from .defects import joined, noisy, tunnelled
from .shapes import ball, blob, box, cone, knot, revolved, torus, tube
from .solids import cheese, circle, cup, foam, frame, gear, lattice, lattice_genus, letter, plate, rings

SPOOL = ((0.2, -1.0), (1.0, -1.0), (1.0, -0.8), (0.5, -0.7), (0.5, 0.7), (1.0, 0.8), (1.0, 1.0), (0.2, 1.0))


def cases() -> Iterator[Case]:
    """All cases of this group."""
    yield from _spheres()
    yield from _tori()
    yield from _machined()
    yield from _frames()
    yield from _letters()
    yield from _many_handles()


def _spheres() -> Iterator[Case]:
    """What must come back as it is."""
    yield Case("sphere_ball", "sphere", lambda: ball(8), closed(), quick=True)
    yield Case("sphere_box", "sphere", box, closed(), quick=True)
    yield Case("sphere_cone", "sphere", lambda: cone(0.5, 3.0), closed())
    yield Case("sphere_blob_8k", "sphere", lambda: blob(20, 1), closed())
    yield Case("sphere_blob_200k", "sphere", lambda: blob(100, 2), closed())
    yield Case("sphere_noise", "sphere", lambda: noisy(ball(16), 0.6, 3), closed(), free=False)
    yield Case("sphere_worm", "sphere", lambda: tube(_spiral(120), 0.12, 10, ends=True), closed())


def _tori() -> Iterator[Case]:
    sizes = {
        "torus": (32, 16, 0.4),
        "torus_coarse": (7, 5, 0.4),
        "torus_minimal": (3, 3, 0.4),
        "torus_thin": (120, 8, 0.03),
        "torus_thick": (64, 48, 0.93),
        "torus_stretched": (12, 90, 0.4),
        "torus_200k": (500, 200, 0.4),
    }
    for name, (n, m, minor) in sizes.items():
        yield Case(name, "handles", lambda n=n, m=m, r=minor: torus(n, m, 1.0, r), closed(1), quick=n <= 32)
    for count, name in ((2, "double_torus"), (3, "triple_torus"), (5, "five_tori"), (10, "ten_tori")):
        fine = 60 if count < 10 else 40
        yield Case(name, "handles", lambda k=count, n=fine: rings(k, n // 2), closed(count), quick=count < 4)
    for p, q, radius, n in (
        (2, 3, 0.2, 160),
        (2, 3, 0.05, 300),
        (2, 5, 0.15, 240),
        (3, 4, 0.12, 320),
        (3, 7, 0.08, 600),
    ):
        name = f"knot_{p}_{q}" + ("_thin" if radius == 0.05 else "")
        yield Case(
            name, "handles", lambda p=p, q=q, n=n, r=radius: knot(p, q, n, 10, r), closed(1), quick=name == "knot_2_3"
        )


def _machined() -> Iterator[Case]:
    for holes in (1, 3, 7, 12, 24):
        yield Case(f"gear_{holes}", "handles", lambda n=holes: gear(n), closed(holes), quick=holes in (3, 7))
    yield Case("spool", "handles", lambda: revolved(SPOOL, 40), closed(1), quick=True)
    yield Case("pipe_thin_wall", "handles", lambda: revolved(_pipe(0.02, 4.0), 48), closed(1))
    yield Case("pipe_cad", "handles", lambda: revolved(_pipe(0.3, 2.0), 12), closed(1), quick=True)
    yield Case("washer_flat", "handles", lambda: revolved(_pipe(0.6, 0.01), 60), closed(1))
    yield Case("cup", "handles", cup, closed(1), quick=False)
    yield Case("cup_coarse", "handles", lambda: cup(30, 0.2), closed(1), quick=True)
    yield Case("flange", "handles", _flange, closed(7))
    yield Case("grid_plate", "handles", lambda: plate(_square(1.2, 40), _grid_of_holes(6), 0.1), closed(36))
    yield Case("grid_plate_thin", "handles", lambda: plate(_square(1.2, 40), _grid_of_holes(6), 0.004), closed(36))
    yield Case("rocker_20k", "handles", _rocker, closed(1))


def _frames() -> Iterator[Case]:
    cube = box().vertices
    solids = {
        "tetrahedron": (np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float), 2.83, 3),
        "cube": (cube, 1.0, 5),
        "icosahedron": (icosphere(1).vertices, 1.06, 19),
    }
    for name, (vertices, length, genus) in solids.items():
        edges = [
            (i, j)
            for i in range(len(vertices))
            for j in range(i)
            if abs(np.linalg.norm(vertices[i] - vertices[j]) - length) < 0.05
        ]
        radius = 0.08 * float(np.ptp(vertices[:, 0]))
        yield Case(
            f"frame_{name}", "handles", lambda v=vertices, e=edges, r=radius: frame(v, e, r, 44), closed(genus),
            quick=name == "tetrahedron",
        )  # fmt: skip
    for shape in ((2, 2, 2), (3, 3, 3), (2, 2, 6), (4, 4, 4), (7, 7, 7)):
        name = "lattice_" + "_".join(map(str, shape))
        genus = lattice_genus(*shape)
        yield Case(name, "handles", lambda s=shape: lattice(*s), closed(genus), quick=shape[0] <= 3 and shape[2] < 6)
    yield Case("lattice_fine", "handles", lambda: midpoint_subdivide(lattice(3, 3, 3, 2, 3)), closed(28))


def _letters() -> Iterator[Case]:
    genus = {"B": 2, "C": 0, "D": 1, "E": 0, "H": 0, "O": 1, "P": 1, "8": 2, "#": 4}
    for name, handles in genus.items():
        if handles:
            label = {"#": "hash"}.get(name, name)
            yield Case(f"letter_{label}", "text", lambda n=name: letter(n), closed(handles), quick=name in "8P")
    yield Case("letter_A", "text", lambda: letter("A"), Known(1, None, 0, False, None), free=None, quick=True)
    for word in ("BOD", "HOPE8"):
        handles = sum(genus[c] for c in word)
        yield Case(f"word_{word}", "text", lambda w=word: _word(w), closed(handles, len(word)), quick=word == "BOD")


def _many_handles() -> Iterator[Case]:
    for count, frequency in ((1, 8), (5, 14), (30, 30), (200, 70)):
        span = {1: 1.0, 5: 0.5, 30: 0.22, 200: 0.08}[count]
        yield Case(
            f"tunnels_{count}", "handles", lambda n=count, f=frequency, s=span: tunnelled(ball(f), n, s, 1),
            closed(count), free=None, quick=count < 10,
        )  # fmt: skip
    for tunnels, seed in ((3, 1), (12, 2), (40, 3)):
        yield Case(
            f"cheese_{tunnels}", "handles", lambda t=tunnels, s=seed: cheese(t, s), free=None, quick=tunnels == 3
        )
    for seed in (1, 2):
        yield Case(f"foam_{seed}", "handles", lambda s=seed: foam(s), free=None)


def _word(word: str) -> Mesh:
    letters = [letter(name) for name in word]
    return joined(*(m.with_vertices(m.vertices + np.array([6.5 * k, 0.0, 0.0])) for k, m in enumerate(letters)))


def _pipe(wall: float, height: float) -> list[tuple[float, float]]:
    steps = np.linspace(-0.5 * height, 0.5 * height, 9)
    outer, inner = [(1.0, float(z)) for z in steps], [(1.0 - wall, float(z)) for z in steps[::-1]]
    return outer + inner


def _square(half: float, n: int) -> FloatArray:
    side = np.linspace(-half, half, n + 1)[:-1]
    low = np.full(n, -half)
    return np.concatenate([np.column_stack(each) for each in ((side, low), (-low, side), (-side, -low), (low, -side))])


def _grid_of_holes(n: int) -> list[FloatArray]:
    places = (np.arange(n) - 0.5 * (n - 1)) * 2.2 / n
    return [circle(0.7 / n, 24, (float(x), float(y))) for x in places for y in places]


def _flange() -> Mesh:
    holes = [circle(0.1, 24, (0.75 * np.cos(a), 0.75 * np.sin(a))) for a in np.arange(6) * np.pi / 3]
    return plate(circle(1.0, 96), [circle(0.35, 48), *holes], 0.2)


def _rocker() -> Mesh:
    """A smooth lever with one hole, twenty thousand faces."""
    ring = torus(145, 69, 1.0, 0.4)
    x, y, z = ring.vertices.T
    bent = np.stack([x * (1.0 + 0.5 * np.exp(-((y - 1.0) ** 2))), y * 1.6, z * (1.0 + 0.4 * np.sin(2.0 * y))], axis=1)
    return ring.with_vertices(bent)


def _spiral(n: int) -> FloatArray:
    t = np.linspace(0.0, 6.0 * np.pi, n)
    return np.stack([np.cos(t), np.sin(t), 0.12 * t], axis=1)
