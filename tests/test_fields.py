# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling near a surface, and the surface itself: against formulas and against the published code."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from meshes import reference
from spherical_cow.errors import InvalidParameter
from spherical_cow.fields.multiresolution import Box, sample_near_surface
from spherical_cow.fields.surface import iso_surface

PUBLISHED_THRESHOLD = np.log(0.2 / 0.8)


def ball(radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)):
    return lambda points: radius - np.linalg.norm(points - np.array(centre), axis=1)


@pytest.mark.parametrize("name", ["sphere_8_2", "sphere_16_2", "torus_8_2", "torus_16_2", "thin_plate_16_2"])
def test_the_published_code_asks_for_the_same_points(name: str) -> None:
    case, facts = reference("onet_tools")
    grid, expected = case[f"mise_{name}_grid"], facts[f"mise_{name}"]
    box, cells, asked = Box(size=1.1), len(grid) - 1, list[np.ndarray]()

    def field(points: np.ndarray) -> np.ndarray:
        index = np.rint((points / 1.1 + 0.5) * cells).astype(int)
        asked.append(index)
        return grid[tuple(index.T)]

    start = int(name.split("_")[-2])
    sampled = sample_near_surface(field, box, start=start, steps=2, threshold=PUBLISHED_THRESHOLD)
    assert list(sampled.rounds) == expected["rounds"]
    ours, theirs = (np.unique(points, axis=0) for points in (np.concatenate(asked), case[f"mise_{name}_points"]))
    assert np.array_equal(ours, theirs)
    assert np.array_equal(sampled.values.astype(np.float32), grid)
    mesh = iso_surface(sampled.values, box, PUBLISHED_THRESHOLD)
    assert (mesh.n_vertices, mesh.n_faces) == (expected["nv"], expected["nf"])
    if mesh.n_faces:
        other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        assert other.is_watertight and other.volume == pytest.approx(expected["volume"], rel=1e-6)
        ours, theirs = (np.unique(v.round(5), axis=0) for v in (mesh.vertices, case[f"mise_{name}_v"]))
        assert np.abs(ours.min(axis=0) - theirs.min(axis=0)).max() < 1e-5 and abs(len(ours) - len(theirs)) <= 2


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_ball_has_its_volume_wherever_it_is(steps: int) -> None:
    centre = (3.0, -1.0, 0.5)
    box = Box(centre, 2.0)
    sampled = sample_near_surface(ball(0.7, centre), box, start=64 >> steps, steps=steps)
    mesh = trimesh.Trimesh(*_arrays(iso_surface(sampled.values, box)), process=False)
    assert mesh.is_watertight and mesh.volume == pytest.approx(4.0 / 3.0 * np.pi * 0.7**3, rel=3e-3)
    assert np.abs(np.linalg.norm(mesh.vertices - centre, axis=1) - 0.7).max() < 1e-3
    assert sum(sampled.rounds) <= 65**3


def test_only_points_near_the_surface_are_evaluated() -> None:
    sampled = sample_near_surface(ball(0.4), Box(), start=16, steps=3)
    dense = sample_near_surface(ball(0.4), Box(), start=128, steps=0)
    assert sum(sampled.rounds) < 0.15 * sum(dense.rounds)
    fine, coarse = (iso_surface(s.values, Box()) for s in (dense, sampled))
    assert np.array_equal(np.unique(fine.vertices, axis=0), np.unique(coarse.vertices, axis=0))


def test_what_reaches_the_border_is_closed_there() -> None:
    sampled = sample_near_surface(lambda p: 0.31 - np.abs(p[:, 0]), Box(size=1.0), start=8, steps=1)
    mesh = trimesh.Trimesh(*_arrays(iso_surface(sampled.values, Box(size=1.0))), process=False)
    assert mesh.is_watertight and mesh.volume == pytest.approx(0.62, rel=1e-3)
    assert np.abs(mesh.vertices).max() <= 0.5


@pytest.mark.parametrize("threshold", [0.0, -1.4])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_values_on_the_threshold_leave_no_faces_without_area(norm: float, threshold: float) -> None:
    """Whole numbers, as of voxels: the surface passes through hundreds of grid points."""
    axis = np.arange(17.0) - 8.0
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    grid = threshold + 6.0 - np.linalg.norm(points, norm, axis=-1)
    assert (np.abs(grid - threshold) < 1e-9).sum() > 20
    mesh = trimesh.Trimesh(*_arrays(iso_surface(grid, Box(size=16.0), threshold)), process=False)
    assert mesh.is_watertight and mesh.area_faces.min() > 1e-8
    assert np.abs(np.linalg.norm(mesh.vertices, norm, axis=1) - 6.0).max() < 0.15
    exact = {1: 288.0, 2: 4.0 / 3.0 * np.pi * 216.0, np.inf: 1728.0}[norm]
    assert mesh.volume == pytest.approx(exact, rel=0.02)


def test_nothing_inside_is_a_mesh_without_faces() -> None:
    assert iso_surface(np.full((5, 5, 5), -1.0), Box()).n_faces == 0


@pytest.mark.parametrize(("start", "steps"), [(0, 2), (8, -1), (1024, 1)])
def test_impossible_grids_are_refused(start: int, steps: int) -> None:
    with pytest.raises(InvalidParameter, match="grid"):
        sample_near_surface(ball(1.0), Box(), start=start, steps=steps)


def test_a_field_of_nan_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="not numbers"):
        sample_near_surface(lambda p: np.full(len(p), np.nan), Box(), start=4, steps=1)


def _arrays(mesh):
    return mesh.vertices, mesh.faces
