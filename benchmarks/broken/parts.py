# SPDX-License-Identifier: GPL-3.0-or-later
"""Several shells, shells that overlap, and surfaces that touch themselves in edges and vertices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from spherical_cow.mesh import Mesh

from .case import Case, Known, closed
from .defects import flipped, joined, welded
from .shapes import ball, blob, box, cone, knot, placed, revolved, sheet, torus, tube
from .solids import blocks, porous

TOUCHING = Known(manifold=False)


def cases() -> Iterator[Case]:
    """All cases of this group."""
    yield from _nested()
    yield from _overlapping()
    yield from _separate()
    yield from _touching()


def _nested() -> Iterator[Case]:
    for count in (2, 3, 6):
        yield Case(f"nested_{count}", "shells", lambda n=count: _onion(n), closed(0, count), quick=count == 2)
    yield Case(
        "cavity", "shells", lambda: joined(ball(10), flipped(ball(8, (0.6,) * 3), 1.0)), closed(0, 2), quick=True
    )
    yield Case("thin_shell", "shells", lambda: joined(ball(16), flipped(ball(16, (0.97,) * 3), 1.0)), closed(0, 2))
    yield Case("torus_in_ball", "shells", lambda: joined(ball(10, (2.0,) * 3), torus()), closed(1, 2))
    yield Case("ball_in_torus", "shells", lambda: joined(torus(), ball(4, (0.2,) * 3, (1.0, 0.0, 0.0))), closed(1, 2))
    many = [((0.25 * x, 0.25 * y, 0.25 * z)) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    yield Case(
        "eight_cavities", "shells", lambda: joined(ball(10), *(ball(3, (0.15,) * 3, at) for at in many)), closed(0, 9)
    )


def _overlapping() -> Iterator[Case]:
    for count in (2, 3, 5, 8, 12):
        yield Case(
            f"overlapping_balls_{count}", "overlap", lambda n=count: _clump(n, n), closed(0, count), free=False,
            quick=count == 2,
        )  # fmt: skip
    crossing = [box((2.0, 0.4, 0.4)), box((0.37, 2.0, 0.37)), box((0.33, 0.33, 2.0))]
    yield Case("crossing_boxes", "overlap", lambda: joined(*crossing), closed(0, 3), free=False, quick=True)
    yield Case("ball_through_torus", "overlap", lambda: joined(torus(), ball(8, (0.8,) * 3)), closed(1, 2), free=False)
    yield Case("linked_tori_overlapping", "overlap", lambda: joined(torus(), _link(0.7)), closed(2, 2), free=False)
    yield Case("cup_two_solids", "overlap", _cup_two, closed(0, 2), free=False, quick=True)
    yield Case("frame_of_bars", "overlap", _window, closed(0, 4), free=False, quick=True)
    yield Case("ring_of_balls", "overlap", lambda: _necklace(9), closed(0, 9), free=False)
    yield Case("cube_of_balls", "overlap", _ball_grid, closed(0, 27), free=False)
    yield Case("equal_boxes", "overlap", lambda: joined(box(), box()), closed(0, 2), free=False)
    yield Case(
        "coplanar_boxes", "overlap", lambda: joined(box(), box(centre=(0.5, 0.0, 0.0))), closed(0, 2), free=False
    )
    yield Case(
        "boxes_side_by_side", "overlap", lambda: joined(box(), box(centre=(1.0, 0.0, 0.0))), closed(0, 2), free=False
    )
    stairs = [box((1.0, 0.3, 0.2 * (k + 1)), (0.0, 0.3 * k, 0.1 * (k + 1))) for k in range(6)]
    yield Case("stairs", "overlap", lambda: joined(*stairs), closed(0, 6), free=False)


def _separate() -> Iterator[Case]:
    for count in (2, 7, 40):
        yield Case(
            f"separate_balls_{count}", "parts", lambda n=count: _row_of_balls(n), closed(0, count), quick=count == 2
        )
    yield Case("linked_tori", "parts", lambda: joined(torus(48, 12, 1.0, 0.2), _link(0.2)), closed(2, 2), quick=True)
    yield Case("far_and_small", "parts", lambda: joined(ball(10), ball(3, (0.02,) * 3, (30.0, 5.0, 0.0))), closed(0, 2))
    yield Case("dust", "parts", lambda: _dust(150), closed(0, 151))
    yield Case("knot_and_ball", "parts", lambda: joined(knot(2, 3), ball(5, (0.3,) * 3, (4.0, 0.0, 0.0))), closed(1, 2))
    hair = joined(ball(8), *(_hair(k) for k in range(30)))
    yield Case("hairy_ball", "parts", lambda: hair, closed(0, 31), free=False)
    yield Case("almost_touching", "parts", lambda: joined(ball(10), ball(10, centre=(2.0001, 0.0, 0.0))), closed(0, 2))


def _touching() -> Iterator[Case]:
    cells = np.zeros((2, 2, 2), dtype=bool)
    corner, edge = cells.copy(), cells.copy()
    corner[0, 0, 0] = corner[1, 1, 1] = True
    edge[0, 0, 0] = edge[1, 1, 0] = True
    yield Case("bowtie_vertex", "touching", lambda: blocks(corner), Known(1, None, 0, False), free=None, quick=True)
    yield Case("bowtie_edge", "touching", lambda: blocks(edge), Known(1, None, 0, False), free=None, quick=True)
    yield Case(
        "bowtie_balls",
        "touching",
        lambda: welded(joined(ball(4), _mirrored(ball(4)))),
        Known(1, None, 0, False),
        quick=True,
    )
    board = np.indices((4, 4, 2)).sum(axis=0) % 2 == 0
    yield Case("checkerboard", "touching", lambda: blocks(board), Known(1, None, 0, False), free=None)
    yield Case(
        "tilted_checkerboard", "touching", lambda: placed(blocks(board), turn=(20.0, 40.0, 10.0)), TOUCHING, free=None
    )
    for seed, filled in ((1, 0.3), (2, 0.5), (3, 0.7)):
        yield Case(
            f"porous_{seed}", "touching", lambda s=seed, f=filled: porous(8, f, s), TOUCHING, free=None, quick=seed == 2
        )
    yield Case("porous_16", "touching", lambda: porous(16, 0.6, 4), TOUCHING, free=None)
    yield Case("pinched_torus", "touching", lambda: _pinched(2), Known(1, None, 0, False), free=None, quick=True)
    yield Case("pinched_torus_5", "touching", lambda: _pinched(5), Known(1, None, 0, False), free=None)
    yield Case("horn_torus", "touching", lambda: _horn(), Known(1, None, 0, False), free=None)
    yield Case("fan_of_cones", "touching", lambda: _cones(6), Known(1, None, 0, False), free=None)
    yield Case("wall_inside", "touching", lambda: _walled(), Known(1, None, 0, False), free=None, quick=True)
    yield Case("fin_outside", "touching", _finned, Known(1, None, None, False), free=None, quick=True)
    yield Case("book", "touching", _book, Known(1, None, None, False), sheet=True, free=None)
    yield Case("shared_face", "touching", _shared_face, Known(1, None, 0, False), free=None)


def _onion(count: int) -> Mesh:
    return joined(*(blob(6 + k, 3).with_vertices(blob(6 + k, 3).vertices * (1.0 + 0.5 * k)) for k in range(count)))


def _clump(count: int, seed: int) -> Mesh:
    generator = np.random.default_rng(seed)
    places = [np.zeros(3)]
    for _ in range(count - 1):
        step = generator.standard_normal(3)
        places.append(places[generator.integers(len(places))] + 1.2 * step / np.linalg.norm(step))
    return joined(
        *(ball(7, (s, s, s), tuple(p)) for p, s in zip(places, generator.uniform(0.7, 1.1, count), strict=True))
    )


def _link(minor: float) -> Mesh:
    return placed(torus(48, 12, 1.0, minor), (1.0, 0.0, 0.0), turn=(90.0, 0.0, 0.0))


def _cup_two() -> Mesh:
    wall = [(0.0, -1.0), (0.7, -1.0), (0.7, 1.0), (0.6, 1.0), (0.6, -0.9), (0.0, -0.9)]
    angle = np.linspace(-0.65 * np.pi, 0.65 * np.pi, 30)
    curve = np.stack([0.62 + 0.3 + 0.5 * np.cos(angle), np.zeros(30), 0.6 * np.sin(angle)], axis=1)
    curve[[0, -1], 0] = 0.65
    return joined(revolved(wall, 36), tube(curve, 0.08, 10, ends=True))


def _window() -> Mesh:
    along, up = box((2.0, 0.2, 0.2)), box((0.18, 0.18, 2.0))
    return joined(
        placed(along, (0, 0, 0.9)), placed(along, (0, 0, -0.9)), placed(up, (0.9, 0, 0)), placed(up, (-0.9, 0, 0))
    )


def _necklace(count: int) -> Mesh:
    angle = 2.0 * np.pi * np.arange(count) / count
    return joined(*(ball(6, (0.45,) * 3, (float(np.cos(a)), float(np.sin(a)), 0.0)) for a in angle))


def _ball_grid() -> Mesh:
    places = np.indices((3, 3, 3)).reshape(3, -1).T
    return joined(*(ball(5, (0.56,) * 3, (float(x), float(y), float(z))) for x, y, z in places))


def _row_of_balls(count: int) -> Mesh:
    places = np.random.default_rng(count).permutation(np.indices((5, 4, 3)).reshape(3, -1).T)[:count] * 2.5
    return joined(*(ball(5, centre=(float(x), float(y), float(z))) for x, y, z in places))


def _dust(count: int) -> Mesh:
    generator = np.random.default_rng(5)
    away = generator.standard_normal((count, 3))
    away *= generator.uniform(1.5, 2.0, (count, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
    return joined(blob(14, 4), *(ball(1, (0.01,) * 3, tuple(place)) for place in away))


def _hair(seed: int) -> Mesh:
    direction = np.random.default_rng(seed).standard_normal(3)
    direction /= np.linalg.norm(direction)
    return tube(direction * np.linspace(0.9, 1.6, 6)[:, None], 0.03, 6, ends=True)


def _mirrored(mesh: Mesh) -> Mesh:
    """The same ball beyond its first vertex, which both have."""
    return Mesh(2.0 * mesh.vertices[0] - mesh.vertices, mesh.faces[:, ::-1])


def _pinched(count: int) -> Mesh:
    """A ring whose tube shrinks to a point at some places."""
    n = 16 * count
    angle = 2.0 * np.pi * np.arange(n) / n
    radius = 0.3 * np.abs(np.sin(0.5 * count * angle))
    radius[radius < 1e-9] = 0.0
    curve = np.stack([np.cos(angle), np.sin(angle), np.zeros(n)], axis=1)
    mesh = welded(tube(curve, radius, 12))
    twice = (mesh.faces == np.roll(mesh.faces, 1, axis=1)).any(axis=1)
    return Mesh(mesh.vertices, mesh.faces[~twice])


def _horn() -> Mesh:
    """A ring whose hole has closed to a point."""
    ring = torus(32, 16, 1.0, 1.0)
    vertices = np.where(np.linalg.norm(ring.vertices, axis=1, keepdims=True) < 1e-9, 0.0, ring.vertices)
    mesh = welded(Mesh(vertices, ring.faces))
    twice = (mesh.faces == np.roll(mesh.faces, 1, axis=1)).any(axis=1)
    return Mesh(mesh.vertices, mesh.faces[~twice])


def _cones(count: int) -> Mesh:
    """Cones that share their tip."""
    tip = placed(cone(0.3, 1.0, 12), (0.0, 0.0, -0.5))
    vertices = tip.vertices.copy()
    vertices[np.abs(vertices).max(axis=1) < 1e-12] = 0.0
    tip = tip.with_vertices(vertices)
    return welded(joined(*(placed(tip, turn=(60.0 * k, 0.0, 0.0)) for k in range(count))))


def _walled() -> Mesh:
    """Two cells of blocks with the wall between them still there, once."""
    both = blocks(np.ones((2, 1, 1), dtype=bool))
    corner = np.flatnonzero(both.vertices[:, 0] == 1.0)
    order = corner[[0, 1, 3, 2]]
    return Mesh(both.vertices, np.concatenate([both.faces, [order[[0, 1, 2]], order[[0, 2, 3]]]]))


def _finned() -> Mesh:
    """A box with a sheet that grows out of one of its edges."""
    body = box()
    top = np.flatnonzero((body.vertices[:, 0] > 0) & (body.vertices[:, 2] > 0))
    vertices = np.concatenate([body.vertices, body.vertices[top] + np.array([0.5, 0.0, 0.5])])
    a, b = (int(v) for v in top)
    return Mesh(vertices, np.concatenate([body.faces, [[a, b, 9], [a, 9, 8]]]))


def _book() -> Mesh:
    """Five pages on one spine."""
    page = sheet(6, 6)
    page = page.with_vertices(page.vertices + np.array([1.0, 0.0, 0.0]))
    pages = [placed(page, turn=(0.0, 25.0 * k, 0.0)) for k in range(5)]
    return welded(joined(*(page.with_vertices(np.round(page.vertices, 12) + 0.0) for page in pages)))


def _shared_face() -> Mesh:
    """Two boxes side by side that share the vertices of their common side, and both have faces there."""
    return welded(joined(box(), box(centre=(1.0, 0.0, 0.0))))
