# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies with faults in single elements, at odd places and sizes, and scans that have everything at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from spherical_cow.mesh import Mesh

from .case import Case, Known, closed
from .defects import (
    compact,
    degenerated,
    duplicated,
    flipped,
    half_flipped,
    jittered,
    joined,
    needled,
    noisy,
    picked,
    punched,
    ringed,
    shuffled,
    soup,
    spoiled,
    t_junctions,
    tunnelled,
    with_loose,
)
from .shapes import ball, blob, box, cylinder, knot, placed, torus
from .solids import gear, lattice, rings


def cases() -> Iterator[Case]:
    """All cases of this group."""
    yield from _flipped()
    yield from _elements()
    yield from _sizes()
    yield from _noise()
    yield from _scans()


def _flipped() -> Iterator[Case]:
    turned = Known(1, None, 0, True, False)
    for part in (0.1, 0.3, 0.5):
        yield Case(
            f"flipped_ball_{part:.0%}".rstrip("%"),
            "flipped",
            lambda p=part: flipped(ball(10), p, 1),
            turned,
            quick=part == 0.3,
        )
    yield Case("flipped_torus_30", "flipped", lambda: flipped(torus(), 0.3, 2), turned, quick=True)
    yield Case("flipped_blob_50", "flipped", lambda: flipped(blob(30, 2), 0.5, 3), turned)
    yield Case("flipped_torus_halves", "flipped", lambda: half_flipped(torus(60, 20)), turned)
    yield Case("flipped_gear_30", "flipped", lambda: flipped(gear(7), 0.3, 4), turned)
    yield Case("inward_ball", "flipped", lambda: flipped(ball(8), 1.0), closed(), quick=True)
    yield Case("inward_torus", "flipped", lambda: flipped(torus(), 1.0), closed(1), quick=True)
    yield Case(
        "flipped_parts",
        "flipped",
        lambda: joined(*(placed(flipped(box(), k % 2), (2.0 * k, 0, 0)) for k in range(5))),
        closed(0, 5),
    )
    yield Case(
        "flipped_with_holes",
        "flipped",
        lambda: flipped(punched(ball(20), 6, 0.05, 5), 0.3, 5),
        Known(1, None, 6, True, False),
    )


def _elements() -> Iterator[Case]:
    one = Known(1)
    yield Case("degenerate_ball", "elements", lambda: degenerated(ball(8), 40, 1), one, free=None, quick=True)
    yield Case("degenerate_torus", "elements", lambda: degenerated(torus(), 60, 2), one, free=None, quick=True)
    yield Case(
        "duplicate_ball",
        "elements",
        lambda: duplicated(ball(8), 50, 3),
        Known(1, None, None, False),
        free=None,
        quick=True,
    )
    yield Case(
        "duplicate_all", "elements", lambda: duplicated(torus(), 1024, 4), Known(1, None, None, False), free=None
    )
    yield Case(
        "degenerate_duplicate", "elements", lambda: duplicated(degenerated(blob(12, 3), 60, 5), 60, 5), one, free=None
    )
    yield Case(
        "nan_ball", "elements", lambda: spoiled(ball(8), 5, seed=6), Known(1, 0, 0, True, True), free=None, quick=True
    )
    yield Case(
        "nan_torus", "elements", lambda: spoiled(torus(), 3, seed=7), Known(1, 1, 0, True, True), free=None, quick=True
    )
    yield Case("inf_ball", "elements", lambda: spoiled(ball(8), 2, np.inf, 8), Known(1, 0, 0, True, True), free=None)
    yield Case("loose_vertices", "elements", lambda: with_loose(torus(), 50, 9), closed(1), quick=True)
    yield Case("loose_ball", "elements", lambda: with_loose(ball(6), 1, 10), closed())
    yield Case("needles_ball", "elements", lambda: needled(ball(8), 60, 1e-6, 11), closed(), free=None)
    yield Case("needles_torus", "elements", lambda: needled(torus(), 100, 1e-9, 12), closed(1), free=None, quick=True)
    yield Case("t_junctions_box", "elements", lambda: t_junctions(box(), 4, 13), Known(1, None, None), free=None)
    yield Case("t_junctions_gear", "elements", lambda: t_junctions(gear(3), 50, 14), Known(1, None, None), free=None)
    yield Case("shuffled_torus", "elements", lambda: shuffled(torus(), 15), closed(1))
    yield Case("everything", "elements", _everything, free=None, quick=True)
    yield Case("everything_20k", "elements", lambda: _everything(30), free=None)


def _sizes() -> Iterator[Case]:
    for name, scale in (("tiny", 1e-6), ("minute", 1e-30), ("huge", 1e6), ("vast", 1e30)):
        yield Case(
            f"size_{name}_torus", "sizes", lambda s=scale: placed(torus(), scale=s), closed(1), quick=name == "tiny"
        )
    for name, away in (("far", 1e4), ("very_far", 1e7)):
        yield Case(f"{name}_torus", "sizes", lambda a=away: placed(torus(), (a, a, -a)), closed(1), quick=name == "far")
    yield Case("far_soup", "sizes", lambda: placed(soup(ball(6)), (1e5, 0.0, 0.0)), Known(720), free=None)
    yield Case("far_clean_ball", "sizes", lambda: placed(ball(6), (1e5, -1e5, 0.0)), closed())
    yield Case("thin_plate_hole", "sizes", lambda: _scaled(gear(1), (1.0, 1.0, 0.01)), closed(1))
    yield Case("paper_ring", "sizes", lambda: _scaled(torus(60, 10, 1.0, 0.3), (1.0, 1.0, 1e-4)), closed(1))
    yield Case(
        "long_rods",
        "sizes",
        lambda: joined(cylinder(0.01, 10.0, 8), placed(cylinder(0.01, 10.0, 8), (0.5, 0, 0))),
        closed(0, 2),
    )
    yield Case("needle_ring", "sizes", lambda: _scaled(torus(64, 12, 1.0, 0.05), (50.0, 1.0, 1.0)), closed(1))


def _noise() -> Iterator[Case]:
    for amount, seed in ((0.3, 1), (0.8, 2)):
        yield Case(
            f"noise_torus_{amount}",
            "noise",
            lambda a=amount, s=seed: noisy(torus(48, 24), a, s),
            closed(1),
            free=False,
            quick=amount < 0.5,
        )
    yield Case("noise_knot", "noise", lambda: noisy(knot(2, 3), 0.5, 3), closed(1), free=False)
    yield Case("noise_lattice", "noise", lambda: noisy(lattice(3, 3, 3), 0.15, 4), closed(28), free=None)
    yield Case("noise_rings", "noise", lambda: noisy(rings(3, 24), 0.5, 5), closed(3), free=False)
    yield Case(
        "noise_balls",
        "noise",
        lambda: joined(*(noisy(ball(8, centre=(1.2 * k, 0, 0)), 0.4, k) for k in range(3))),
        closed(0, 3),
        free=False,
    )
    yield Case(
        "noise_holes",
        "noise",
        lambda: noisy(punched(ball(16), 5, 0.07, 6), 0.5, 6),
        Known(1, 0, 5, True, True),
        free=False,
    )
    yield Case("noise_gear", "noise", lambda: noisy(gear(7), 0.1, 7), closed(7), free=None)


def _scans() -> Iterator[Case]:
    for seed in range(10):
        frequency = (10, 14, 20, 26, 32)[seed % 5]
        yield Case(f"scan_{seed}", "scan", lambda f=frequency, s=seed: scan(f, s), free=None, quick=seed in (0, 1))
    yield Case("scan_60k", "scan", lambda: scan(55, 20), free=None)
    yield Case("scan_200k", "scan", lambda: scan(100, 21), free=None)
    yield Case("scan_with_tunnels", "scan", lambda: punched(tunnelled(ball(30), 6, 0.3, 3), 6, 0.03, 4), free=None)


def scan(frequency: int, seed: int) -> Mesh:
    """A bumpy body as scanners leave it: holes, one of them at the foot, islands, specks, noise, single faces gone."""
    generator = np.random.default_rng(seed)
    body = blob(frequency, seed, float(generator.uniform(0.1, 0.3)))
    body = noisy(body, float(generator.uniform(0.0, 0.12)), seed)
    middle = body.vertices[body.faces].mean(axis=1)[:, 2]
    body = compact(Mesh(body.vertices, body.faces[middle > np.quantile(middle, generator.uniform(0.0, 0.15))]))
    body = punched(body, int(generator.integers(1, 8)), float(generator.uniform(0.03, 0.07)), seed)
    body = ringed(body, int(generator.integers(0, 3)) or 1, 0.06, 0.03, seed + 1)
    body = picked(body, max(2, body.n_faces // 200), seed)
    specks = [
        placed(ball(2), tuple(1.3 * p / np.linalg.norm(p)), scale=0.02) for p in generator.standard_normal((3, 3))
    ]
    return joined(body, *specks)


def _everything(frequency: int = 10) -> Mesh:
    mesh = joined(tunnelled(ball(frequency), 2, 0.5, 1), placed(torus(20, 10, 0.5, 0.15), (0.9, 0.0, 0.6)))
    mesh = punched(mesh, 3, 0.05, 2)
    mesh = duplicated(degenerated(flipped(mesh, 0.2, 3), 20, 4), 20, 5)
    return with_loose(spoiled(t_junctions(jittered(mesh, 1e-4, 6), 10, 6), 2, seed=7), 5, 8)


def _scaled(mesh: Mesh, axes: tuple[float, float, float]) -> Mesh:
    return mesh.with_vertices(mesh.vertices * np.array(axes))
