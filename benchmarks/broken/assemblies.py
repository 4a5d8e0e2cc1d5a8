# SPDX-License-Identifier: GPL-3.0-or-later
"""Many solids and sheets as one mesh: as CAD programs export assemblies, and as props for games are modelled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from spherical_cow.mesh import FloatArray, Mesh

from .case import Case, Known, closed
from .defects import duplicated, flipped, joined, soup, t_junctions, welded, without
from .shapes import ball, blob, box, cone, cylinder, placed, revolved, sheet, torus, tube
from .solids import gear

STEEP = ((90.0, 0.0, 0.0), (0.0, 90.0, 0.0), (0.0, 0.0, 0.0))


def cases() -> Iterator[Case]:
    """All cases of this group."""
    yield from _cad()
    yield from _props()


def _cad() -> Iterator[Case]:
    for seed in range(12):
        count = 3 + seed
        yield Case(f"assembly_{seed}", "cad", lambda s=seed, n=count: assembly(n, s), free=False, quick=seed == 3)
    yield Case(
        "assembly_welded", "cad", lambda: welded(_bricks(4, 3, 2)), Known(1, None, None, False), free=None, quick=True
    )
    yield Case("bricks", "cad", lambda: _bricks(4, 3, 2), closed(0, 24), free=False)
    yield Case("bricks_apart", "cad", lambda: _bricks(3, 3, 2, 1.01), closed(0, 18))
    yield Case("bricks_soup_flipped", "cad", lambda: flipped(soup(_bricks(3, 2, 2)), 0.3, 1), free=False)
    yield Case("bolt", "cad", _bolt, closed(0, 3), free=False)
    yield Case("bracket", "cad", _bracket, closed(0, 3), free=False, quick=True)
    yield Case("axle", "cad", _axle, closed(14, 3), free=False)
    yield Case("heat_sink", "cad", _heat_sink, closed(0, 13), free=False)
    yield Case("pipes", "cad", _pipes, free=False)
    yield Case("shelf_of_sheets", "cad", _shelf, free=None)
    yield Case("box_in_sides", "cad", lambda: soup(box()), Known(12), free=None)
    yield Case(
        "duplicate_shells", "cad", lambda: joined(cylinder(), flipped(cylinder(), 1.0)), closed(0, 2), free=False
    )
    yield Case(
        "tessellated_t",
        "cad",
        lambda: t_junctions(joined(gear(7), placed(cylinder(0.2, 1.0), (0.0, 0.0, 0.2))), 80, 3),
        free=None,
    )


def _props() -> Iterator[Case]:
    makers = {
        "chair": chair, "table": _table, "tree": tree, "tree_with_cards": _tree_with_cards, "car": car, "house": house,
        "lamp": _lamp, "snowman": _snowman, "robot": robot, "ladder": _ladder, "castle": _castle, "barrel": _barrel,
        "cactus": _cactus, "sword": _sword, "figure": _figure,
    }  # fmt: skip
    for name, make in makers.items():
        yield Case(f"prop_{name}", "prop", make, free=None, quick=name in ("chair", "car"))
    yield Case(
        "prop_forest",
        "prop",
        lambda: joined(*(placed(tree(k), (3.0 * (k % 3), 3.0 * (k // 3), 0)) for k in range(6))),
        free=None,
    )
    yield Case("prop_car_flipped", "prop", lambda: flipped(car(), 0.2, 1), free=None)
    yield Case("prop_robot_open", "prop", lambda: without(robot(), np.arange(0, 40, 7)), free=None)
    yield Case("prop_house_doubled", "prop", lambda: duplicated(house(), 20, 2), free=None)


def assembly(count: int, seed: int) -> Mesh:
    """Random boxes, cylinders and rings on a coarse grid of sizes, so that sides coincide; some damaged."""
    generator = np.random.default_rng(seed)
    parts: list[Mesh] = []
    place = np.zeros(3)
    for _ in range(count):
        size = generator.integers(1, 5, 3) * 0.25
        kind = generator.integers(0, 5)
        if kind <= 2:
            part = box((float(size[0]), float(size[1]), float(size[2])))
        elif kind == 3:
            part = placed(cylinder(0.5 * float(size[0]), 2.0 * float(size[2]), 16), turn=STEEP[generator.integers(3)])
        else:
            part = placed(torus(20, 8, float(size[0]), 0.3 * float(size[0])), turn=STEEP[generator.integers(3)])
        if generator.random() < 0.25:
            part = flipped(part, 1.0)
        if generator.random() < 0.2:
            part = without(part, generator.permutation(part.n_faces)[:2])
        parts.append(part.with_vertices(part.vertices + place))
        place = place + generator.integers(-2, 3, 3) * 0.25
    if generator.random() < 0.4:
        parts.append(parts[int(generator.integers(len(parts)))])
    return joined(*parts)


def _bricks(a: int, b: int, c: int, gap: float = 1.0) -> Mesh:
    places = np.indices((a, b, c)).reshape(3, -1).T * gap
    return joined(*(box(centre=(float(x), float(y), float(z))) for x, y, z in places))


def _bolt() -> Mesh:
    return joined(
        cylinder(0.25, 2.0, 24), placed(cylinder(0.5, 0.3, 6), (0, 0, 1.1)), placed(cone(0.25, 0.3), (0, 0, -1.1))
    )


def _bracket() -> Mesh:
    leg = box((1.0, 0.1, 0.6), (0.5, 0.05, 0.0))
    return joined(
        leg,
        box((0.1, 1.0, 0.6), (0.05, 0.5, 0.0)),
        placed(box((0.9, 0.08, 0.1)), (0.35, 0.35, 0.0), turn=(0, 0, -45.0)),
    )


def _axle() -> Mesh:
    wheels = [placed(gear(7, 12), (0.0, 0.0, z)) for z in (-1.0, 1.0)]
    return joined(cylinder(0.15, 3.0, 20), *wheels)


def _heat_sink() -> Mesh:
    return joined(box((2.0, 2.0, 0.2)), *(box((0.05, 2.0, 0.8), (-0.9 + 0.16 * k, 0.0, 0.5)) for k in range(12)))


def _pipes() -> Mesh:
    wall = [(0.3, -1.0), (0.3, 1.0), (0.25, 1.0), (0.25, -1.0)]
    pipe = revolved(wall, 20)
    angle = np.linspace(0.0, 0.5 * np.pi, 10)
    bend = np.stack([np.sin(angle), np.zeros(10), -np.cos(angle)], axis=1)
    return joined(pipe, placed(pipe, turn=(90.0, 0.0, 0.0)), placed(tube(bend, 0.3, 20, ends=True), (0.0, 0.0, 2.0)))


def _shelf() -> Mesh:
    board = sheet(1, 1)
    level = [placed(board, (0.0, 0.0, 0.7 * k)) for k in range(4)]
    side = [placed(board, (x, 0.0, 1.05), turn=(0.0, 90.0, 0.0)) for x in (-1.0, 1.0)]
    return joined(*level, *side, placed(board, (0.0, 1.0, 1.05), turn=(90.0, 0.0, 0.0)))


def chair() -> Mesh:
    """Seat, four legs, back and three bars."""
    legs = [box((0.08, 0.08, 0.9), (x, y, -0.45)) for x in (-0.4, 0.4) for y in (-0.4, 0.4)]
    posts = [box((0.07, 0.07, 1.0), (x, 0.4, 0.5)) for x in (-0.4, 0.4)]
    bars = [box((0.8, 0.04, 0.1), (0.0, 0.4, z)) for z in (0.4, 0.65, 0.9)]
    return joined(box((1.0, 1.0, 0.1)), *legs, *posts, *bars)


def _table() -> Mesh:
    legs = [placed(cylinder(0.06, 1.0, 10), (x, y, -0.5)) for x in (-0.8, 0.8) for y in (-0.4, 0.4)]
    return joined(box((2.0, 1.0, 0.08)), *legs)


def tree(seed: int = 0) -> Mesh:
    """A trunk, branches and balls of leaves."""
    generator = np.random.default_rng(seed)
    parts = [placed(cylinder(0.2, 2.0, 10, top=0.12), (0, 0, 1.0))]
    for _ in range(6):
        turn = generator.uniform(0.0, 360.0)
        branch = placed(cylinder(0.07, 1.0, 6, top=0.04), (0, 0, 0.5))
        height = float(generator.uniform(1.2, 1.9))
        parts.append(placed(branch, (0, 0, height), turn=(float(generator.uniform(30, 70)), 0.0, turn)))
        parts.append(placed(blob(4, int(generator.integers(99))), (0, 0, 1.0), scale=0.4))
        parts[-1] = placed(parts[-1], (0, 0, height), turn=(50.0, 0.0, turn))
    return joined(*parts)


def _tree_with_cards() -> Mesh:
    generator = np.random.default_rng(3)
    parts = [placed(cylinder(0.2, 2.0, 10, top=0.12), (0, 0, 1.0))]
    for _ in range(40):
        turn = tuple(float(a) for a in generator.uniform(0.0, 360.0, 3))
        at = tuple(float(a) for a in generator.standard_normal(3) * 0.5 + np.array([0, 0, 2.2]))
        parts.append(placed(sheet(1, 1), at, scale=0.25, turn=turn))
    return joined(*parts)


def car() -> Mesh:
    """A body, a cabin without a floor, wheels, lamps and flat windows."""
    wheels = [
        placed(cylinder(0.3, 0.2, 18), (x, y, 0.3), turn=(90.0, 0.0, 0.0)) for x in (-0.8, 0.8) for y in (-0.5, 0.5)
    ]
    lamps = [placed(ball(3), (1.25, y, 0.6), scale=0.1) for y in (-0.35, 0.35)]
    cabin = without(placed(box((1.2, 0.9, 0.5)), (-0.1, 0, 1.05)), np.array([4, 10]))
    panes = [placed(sheet(1, 1), (x, 0.0, 1.05), scale=0.2, turn=(0.0, 90.0, 0.0)) for x in (-0.72, 0.52)]
    mirror = placed(torus(12, 6, 0.1, 0.03), (0.4, 0.55, 1.0))
    return joined(placed(box((2.5, 1.0, 0.5)), (0, 0, 0.55)), cabin, *wheels, *lamps, *panes, mirror)


def house() -> Mesh:
    """Walls without a floor, two sheets as a roof, a chimney, a door of one side."""
    walls = without(placed(box((2.0, 1.5, 1.0)), (0, 0, 0.5)), np.array([3, 9, 4, 10]))
    roof = [placed(sheet(1, 1), (0.0, y, 1.4), turn=(angle, 0.0, 0.0)) for y, angle in ((-0.5, 40.0), (0.5, -40.0))]
    return joined(
        walls,
        *roof,
        box((0.2, 0.2, 0.6), (0.5, 0.2, 1.7)),
        placed(sheet(1, 1), (0, -0.76, 0.3), scale=0.3, turn=(90.0, 0.0, 0.0)),
    )


def _lamp() -> Mesh:
    shade = revolved([(0.2, 0.3), (0.5, -0.3), (0.48, -0.3), (0.19, 0.3)], 24)
    return joined(
        placed(shade, (0, 0, 1.5)),
        placed(cylinder(0.03, 1.5, 8), (0, 0, 0.75)),
        cylinder(0.4, 0.08, 24),
        placed(ball(5), (0, 0, 1.45), scale=0.12),
    )


def _snowman() -> Mesh:
    balls = [placed(ball(8), (0, 0, z), scale=s) for z, s in ((0.0, 0.6), (0.8, 0.45), (1.4, 0.3))]
    nose = placed(cone(0.05, 0.4, 10), (0.0, 0.4, 1.4), turn=(-90.0, 0.0, 0.0))
    eyes = [placed(ball(2), (x, 0.27, 1.5), scale=0.04) for x in (-0.1, 0.1)]
    return joined(
        *balls,
        nose,
        *eyes,
        placed(cylinder(0.2, 0.3, 16), (0, 0, 1.75)),
        placed(cylinder(0.35, 0.03, 16), (0, 0, 1.62)),
    )


def robot() -> Mesh:
    """Boxes and cylinders, some of which touch exactly and some of which do not touch."""
    body = [box((0.8, 0.5, 1.0)), box((0.5, 0.5, 0.4), (0, 0, 0.7)), box((0.1, 0.1, 0.3), (0, 0, 1.1))]
    arms = [placed(cylinder(0.1, 0.9, 12), (x, 0, 0.0)) for x in (-0.52, 0.52)]
    legs = [placed(cylinder(0.13, 0.8, 12), (x, 0, -0.9)) for x in (-0.2, 0.2)]
    eyes = [placed(torus(12, 6, 0.08, 0.03), (x, 0.27, 0.75), turn=(90.0, 0.0, 0.0)) for x in (-0.12, 0.12)]
    return joined(*body, *arms, *legs, *eyes)


def _ladder() -> Mesh:
    steps = [placed(cylinder(0.03, 0.6, 8), (0, 0, 0.25 * k), turn=(0.0, 90.0, 0.0)) for k in range(9)]
    return joined(box((0.06, 0.06, 2.4), (-0.28, 0, 1.0)), box((0.06, 0.06, 2.4), (0.28, 0, 1.0)), *steps)


def _castle() -> Mesh:
    towers = [placed(cylinder(0.3, 1.5, 14), (x, y, 0.75)) for x in (-1, 1) for y in (-1, 1)]
    roofs = [placed(cone(0.4, 0.6, 14), (x, y, 1.8)) for x in (-1, 1) for y in (-1, 1)]
    walls = [box((2.0, 0.15, 1.0), (0, y, 0.5)) for y in (-1, 1)] + [
        box((0.15, 2.0, 1.0), (x, 0, 0.5)) for x in (-1, 1)
    ]
    return joined(*towers, *roofs, *walls)


def _barrel() -> Mesh:
    outline = [(0.0, -0.8), (0.5, -0.8), (0.6, -0.4), (0.65, 0.0), (0.6, 0.4), (0.5, 0.8), (0.0, 0.8)]
    hoops = [placed(torus(24, 6, 0.62, 0.04), (0, 0, z)) for z in (-0.3, 0.3)]
    return joined(revolved(outline, 24), *hoops)


def _cactus() -> Mesh:
    arms = [np.array([[0, 0, 0.8], [s * 0.4, 0, 0.8], [s * 0.6, 0, 1.0], [s * 0.6, 0, 1.5]]) for s in (-1.0, 1.0)]
    trunk = np.column_stack([np.zeros((6, 2)), np.linspace(0.0, 2.0, 6)])
    return joined(tube(trunk, 0.25, 12, ends=True), *(tube(_finer(arm), 0.12, 10, ends=True) for arm in arms))


def _sword() -> Mesh:
    blade = cone(0.1, 2.0, 4)
    blade = blade.with_vertices(blade.vertices * [1.0, 0.2, 1.0] + [0.0, 0.0, 1.0])
    return joined(
        blade,
        box((0.6, 0.1, 0.08)),
        placed(cylinder(0.05, 0.5, 10), (0, 0, -0.25)),
        placed(torus(16, 8, 0.08, 0.03), (0, 0, -0.55)),
    )


def _figure() -> Mesh:
    limbs = [
        ((0, 0, 1.0), (0.9, 0, 1.3)),
        ((0, 0, 1.0), (-0.9, 0, 1.3)),
        ((0, 0, 0.2), (0.4, 0, -1.0)),
        ((0, 0, 0.2), (-0.4, 0, -1.0)),
    ]
    parts = [tube(_finer(np.array(limb, dtype=float)), 0.15, 10, ends=True) for limb in limbs]
    return joined(placed(blob(9, 3), (0, 0, 0.6), scale=0.45), placed(blob(8, 4), (0, 0, 1.5), scale=0.3), *parts)


def _finer(points: FloatArray) -> FloatArray:
    """Four points for each stretch of a line."""
    return np.concatenate(
        [a + (b - a) * t for a, b in pairwise(points) for t in np.arange(4)[:, None, None] / 4] + [points[-1:]]
    )
