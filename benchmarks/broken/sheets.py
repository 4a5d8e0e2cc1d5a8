# SPDX-License-Identifier: GPL-3.0-or-later
"""Open surfaces: bowls, lone sheets, one-sided ones, soups of triangles, and surfaces with holes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from spherical_cow.mesh import Mesh

from .case import Case, Known, opened
from .defects import cut_above, jittered, joined, picked, punched, ringed, slit, soup, t_junctions, without
from .shapes import ball, blob, box, klein, moebius, placed, projective_plane, sheet, strip, torus
from .solids import cup

TRIANGLE = Mesh(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.8, 0.1]]), np.array([[0, 1, 2]]))


def cases() -> Iterator[Case]:
    """All cases of this group."""
    yield from _bowls()
    yield from _lone()
    yield from _one_sided()
    yield from _soups()
    yield from _holes()


def _bowls() -> Iterator[Case]:
    for height, name in ((0.0, "hemisphere"), (-0.6, "saucer"), (0.8, "vase")):
        yield Case(
            f"bowl_{name}", "open", lambda h=height: cut_above(ball(12), 2, h), opened(1), sheet=name == "saucer",
            quick=name != "vase",
        )  # fmt: skip
    yield Case("bowl_blob", "open", lambda: cut_above(blob(20, 8), 2, 0.2), opened(1))
    yield Case("open_tube", "open", lambda: _tube(30, 24, 2.0), opened(2))
    yield Case("open_tube_long", "open", lambda: _tube(60, 12, 20.0), opened(2))
    yield Case("box_without_lid", "open", lambda: without(box(), np.array([3, 9])), opened(1), quick=True)
    yield Case("room", "open", lambda: without(placed(box(), scale=2.0), np.array([0, 6, 1, 7])), opened(2))
    yield Case("double_bowl", "open", _double_bowl, opened(2, components=2))


def _lone() -> Iterator[Case]:
    yield Case("sheet_flat", "sheet", lambda: sheet(20, 20), opened(1), sheet=True, quick=True)
    yield Case("sheet_tilted", "sheet", lambda: placed(sheet(8, 30), turn=(20.0, 50.0, 0.0)), opened(1), sheet=True)
    yield Case("sheet_wavy", "sheet", lambda: sheet(40, 40, 0.3), opened(1), sheet=True, quick=True)
    yield Case("sheet_two_faces", "sheet", lambda: sheet(1, 1), opened(1), sheet=True)
    yield Case("sheet_with_hole", "sheet", lambda: punched(sheet(30, 30), 1, 0.1, 3), opened(2), sheet=True)
    yield Case("sheet_with_holes", "sheet", lambda: _perforated(), opened(10), sheet=True)
    yield Case("sheet_scroll", "sheet", _scroll, opened(1), sheet=True)
    yield Case(
        "sheets_parallel",
        "sheet",
        lambda: joined(sheet(8, 8), placed(sheet(8, 8), (0, 0, 0.3))),
        opened(2, 0, 2),
        sheet=True,
    )
    yield Case("sheets_crossing", "sheet", lambda: joined(sheet(7, 7), placed(sheet(8, 8), turn=(80.0, 10.0, 0.0))),
               opened(2, 0, 2), sheet=True, free=False)  # fmt: skip
    yield Case("one_triangle", "sheet", lambda: TRIANGLE, opened(1), sheet=True, quick=True)
    yield Case(
        "one_needle", "sheet", lambda: TRIANGLE.with_vertices(TRIANGLE.vertices * [1, 1e-4, 1]), opened(1), sheet=True
    )
    yield Case(
        "two_triangles",
        "sheet",
        lambda: joined(TRIANGLE, placed(TRIANGLE, (0.0, 0.0, 0.5))),
        opened(2, 0, 2),
        sheet=True,
        quick=True,
    )
    crossing = placed(TRIANGLE, (0.1, 0.2, -0.2), turn=(70.0, 20.0, 0.0))
    two = opened(2, 0, 2)
    yield Case("two_crossing_triangles", "sheet", lambda: joined(TRIANGLE, crossing), two, sheet=True, free=None)
    yield Case("disc_with_ears", "sheet", _starfish, opened(1), sheet=True)


def _one_sided() -> Iterator[Case]:
    odd, even = Known(1, None, 1, True, False), opened(2, oriented=True)
    for turns in (1, 2, 3, 4):
        yield Case(
            f"moebius_{turns}",
            "one_sided",
            lambda t=turns: moebius(t),
            odd if turns % 2 else even,
            sheet=True,
            quick=turns == 1,
        )
    yield Case("moebius_coarse", "one_sided", lambda: moebius(1, 7, 1), odd, sheet=True)
    yield Case("moebius_wide", "one_sided", lambda: moebius(1, 100, 20, 1.6), odd, sheet=True)
    yield Case("klein_bottle", "one_sided", klein, Known(1, None, 0, True, False), free=False, quick=True)
    yield Case("klein_fine", "one_sided", lambda: klein(160, 60), Known(1, None, 0, True, False), free=False)
    yield Case(
        "projective_plane", "one_sided", projective_plane, Known(1, None, 0, True, False), free=False, quick=True
    )
    yield Case(
        "moebius_and_ball",
        "one_sided",
        lambda: joined(moebius(1), ball(5, (0.5,) * 3)),
        Known(2, None, 1, True, False),
        sheet=False,
    )


def _soups() -> Iterator[Case]:
    yield Case("soup_ball", "soup", lambda: soup(ball(6)), opened(720, 0, 720), free=None, quick=True)
    yield Case("soup_torus", "soup", lambda: soup(torus()), opened(1024, 0, 1024), free=None, quick=True)
    yield Case(
        "soup_torus_jittered", "soup", lambda: jittered(soup(torus(60, 24)), 1e-9, 1), opened(2880, 0, 2880), free=None
    )
    yield Case("soup_ball_loose", "soup", lambda: jittered(soup(ball(10)), 1e-3, 2), opened(2000, 0, 2000), free=None)
    yield Case(
        "soup_blob_rough", "soup", lambda: jittered(soup(blob(12, 5)), 5e-3, 3), opened(2880, 0, 2880), free=None
    )
    yield Case("soup_cup", "soup", lambda: soup(cup(30, 0.2)), free=None)
    for count in (10, 100, 800):
        yield Case(
            f"confetti_{count}",
            "soup",
            lambda n=count: _confetti(n),
            opened(count, 0, count),
            sheet=True,
            free=None,
            quick=count == 10,
        )
    yield Case("soup_t_junctions", "soup", lambda: t_junctions(ball(8), 200, 4), free=None)


def _holes() -> Iterator[Case]:
    for count, radius, seed in ((1, 0.15, 1), (4, 0.08, 2), (20, 0.04, 3), (100, 0.015, 4)):
        yield Case(
            f"holes_ball_{count}",
            "holes",
            lambda n=count, r=radius, s=seed: punched(ball(30 if n > 4 else 16), n, r, s),
            opened(count),
            quick=count == 4,
        )
    yield Case("holes_torus", "holes", lambda: punched(torus(60, 30), 8, 0.06, 5), opened(8, 1), quick=True)
    yield Case("holes_blob", "holes", lambda: punched(blob(30, 6), 12, 0.04, 6), opened(12))
    yield Case(
        "holes_single_faces", "holes", lambda: picked(ball(10), 60, 7), Known(1, None, None, None, True), quick=True
    )
    yield Case("holes_half_the_faces", "holes", lambda: picked(ball(10), 1000, 8), Known(None, None, None, None, True))
    yield Case("holes_islands", "holes", lambda: ringed(ball(30), 5, 0.1, 0.06, 9), opened(10, 0, 6), quick=True)
    yield Case("slit", "holes", lambda: slit(ball(12)), opened(2, 0, 2), quick=True)
    yield Case("slit_torus", "holes", lambda: slit(torus(60, 30), 0, 0.03, 1e-3), opened(4, 0, 2))
    yield Case("half_a_torus", "holes", lambda: cut_above(torus(40, 20), 0, 0.0), opened(2), quick=False)
    yield Case("cracked_box", "holes", lambda: _cracked(), opened(6, 0, 6))


def _tube(n: int, m: int, height: float) -> Mesh:
    angle = 2.0 * np.pi * np.arange(m) / m
    x, z = np.meshgrid(np.cos(angle), np.linspace(0.0, height, n))
    y = np.broadcast_to(np.sin(angle), x.shape)
    return Mesh(np.stack([x, y, z], axis=-1).reshape(-1, 3), strip(n, m, wrap=False)[:, ::-1])


def _double_bowl() -> Mesh:
    inner = cut_above(ball(10, (0.9,) * 3), 2, 0.2)
    return joined(cut_above(ball(12), 2, 0.2), Mesh(inner.vertices, inner.faces[:, ::-1]))


def _perforated() -> Mesh:
    square = sheet(40, 40, 0.1)
    x, y = square.vertices[square.faces].mean(axis=1)[:, :2].T
    places = np.linspace(-0.6, 0.6, 3)
    near = np.min([np.hypot(x - a, y - b) for a in places for b in places], axis=0)
    return without(square, np.flatnonzero(near < 0.16))


def _scroll() -> Mesh:
    flat = sheet(90, 6)
    angle = 2.0 * np.pi * (flat.vertices[:, 0] + 1.0) * 1.5
    radius = 0.3 + 0.08 * angle
    return flat.with_vertices(np.stack([radius * np.cos(angle), radius * np.sin(angle), flat.vertices[:, 1]], axis=1))


def _starfish() -> Mesh:
    """A flat figure with five thin arms."""
    n, rings = 100, 8
    angle = 2.0 * np.pi * np.arange(n) / n
    rim = 0.15 + 0.85 * np.maximum(np.cos(5.0 * angle), 0.0) ** 6
    part = np.arange(1, rings + 1) / rings
    x, y = (part[:, None] * rim * wave(angle) for wave in (np.cos, np.sin))
    vertices = np.stack([x, y, 0.1 * x**2], axis=-1).reshape(-1, 3)
    middle = np.stack([np.full(n, len(vertices)), np.arange(n), np.roll(np.arange(n), -1)], axis=1)
    faces = np.concatenate([strip(rings, n, wrap=False), middle])
    return Mesh(np.concatenate([vertices, np.zeros((1, 3))]), faces)


def _confetti(count: int) -> Mesh:
    generator = np.random.default_rng(count)
    corner = generator.uniform(-1, 1, (count, 1, 3)) + generator.uniform(-0.2, 0.2, (count, 3, 3))
    return Mesh(corner.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


def _cracked() -> Mesh:
    """The six sides of a box, a little apart."""
    side = placed(sheet(6, 6), (0.0, 0.0, 1.001))
    turns = ((0, 0, 0), (90, 0, 0), (180, 0, 0), (270, 0, 0), (0, 90, 0), (0, 270, 0))
    return joined(*(placed(side, turn=turn) for turn in turns))
