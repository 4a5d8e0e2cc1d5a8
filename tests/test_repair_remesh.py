# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces made from volumes: spheres without self-intersections, near to the mesh that they replace."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from meshes import cube, joined, real_mesh, subdivided_sphere, torus
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import compare
from spherical_cow.repairs.traced import NEW, Traced
from spherical_cow.repairs.volume.fit import fit_to
from spherical_cow.repairs.volume.grid import Field
from spherical_cow.repairs.volume.remesh import remesh_volume
from spherical_cow.repairs.volume.simplify import simplify
from spherical_cow.repairs.volume.surface import extract
from spherical_cow.topology.checks import check
from spherical_cow.topology.intersections import intersecting_faces


def ball_field(n: int = 32) -> Field:
    """A sphere of radius 1."""
    axis = np.linspace(-1.3, 1.3, n)
    distance = np.linalg.norm(np.stack(np.meshgrid(axis, axis, axis, indexing="ij")), axis=0) - 1.0
    return Field(np.full(3, -1.3), 2.6 / (n - 1), distance.astype(np.float32), distance < 0.0)


def assert_sphere(mesh: Mesh) -> None:
    """Closed, oriented outward, manifold, genus 0, one part, without self-intersections: by us and by trimesh."""
    report = check(mesh)
    assert report.is_genus_zero, report.reasons
    assert next(row for row in report.rows if row.name == "self_intersections").ok
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert other.is_watertight and other.is_winding_consistent and other.volume > 0.0
    assert other.euler_number == 2 and other.body_count == 1


def test_extract_places_crossings_by_the_distance() -> None:
    field = ball_field()
    surface = extract(field, field.inside)
    assert_sphere(surface)
    assert np.abs(np.linalg.norm(surface.vertices, axis=1) - 1.0).max() < 0.1 * field.spacing
    assert not surface.attributes["free"].any()


@pytest.mark.parametrize("seed", range(3))
def test_extract_is_closed_and_free_of_intersections_for_any_labels(seed: int) -> None:
    field = ball_field(12)
    inside = np.zeros_like(field.inside)
    inside[1:-1, 1:-1, 1:-1] = np.random.default_rng(seed).random((10, 10, 10)) < 0.5
    surface = extract(field, inside)
    report = check(surface)
    assert all(r.ok for r in report.rows if r.name in {"closed", "manifold_edges", "manifold_vertices", "oriented"})
    assert not len(intersecting_faces(surface))
    assert surface.attributes["free"].any()


def test_simplify_keeps_genus_and_surface() -> None:
    mesh = torus(96, 48)
    simple = simplify(mesh, 1500)
    report = check(simple)
    assert 1400 <= simple.n_faces <= 1500 and report.genus == 1 and report.components == 1
    assert not len(intersecting_faces(simple))
    assert compare(mesh, simple, 10_000).hausdorff_rel < 0.01


def test_simplify_keeps_thin_walls_apart() -> None:
    """Two concentric spheres so near that triangles of few faces would meet."""
    outer, inner = subdivided_sphere(5), subdivided_sphere(5)
    shell = joined(outer, Mesh(0.995 * inner.vertices, inner.faces[:, ::-1]))
    simple = simplify(shell, 600)
    assert not len(intersecting_faces(simple))
    assert check(simple).components == 2


def test_simplify_stops_at_the_tolerance() -> None:
    mesh = subdivided_sphere(4)
    loose, tight = simplify(mesh, 100, 0.1), simplify(mesh, 100, 0.003)
    assert loose.n_faces <= 100 < tight.n_faces < mesh.n_faces
    assert np.abs(distances_to_surface(mesh.vertices, tight)).max() < 0.02


def test_simplify_of_a_plane_sided_solid_keeps_its_edges() -> None:
    simple = simplify(cube(1.0, 16), 60)
    assert compare(cube(), simple, 5_000).hausdorff < 1e-3
    assert_sphere(simple)


def test_fit_reaches_the_target() -> None:
    field, target = ball_field(), subdivided_sphere(5)
    surface = extract(field, field.inside)
    fitted = fit_to(surface, target, 1.5 * field.spacing)
    assert_sphere(fitted)
    assert distances_to_surface(fitted.vertices, target).mean() < 1e-4


def test_fit_steps_back_from_self_intersections() -> None:
    """A target without volume: the sides of a slab would all be drawn into one plane."""
    field = ball_field()
    surface = extract(field, field.inside)
    flat = Mesh(surface.vertices * [1.0, 1.0, 0.05], surface.faces)
    plane = Mesh([[-3, -3, 0], [3, -3, 0], [3, 3, 0], [-3, 3, 0]], [[0, 1, 2], [0, 2, 3]])
    assert_sphere(fit_to(flat, plane, 0.2))


@pytest.mark.parametrize("mesh", [torus(48, 24), joined(cube(1.0, 4), Mesh(cube().vertices + 0.5, cube().faces))])
def test_remesh_gives_a_sphere_on_the_visible_surface(mesh: Mesh) -> None:
    result = remesh_volume(Traced.start(mesh), resolution=48)
    after = result.traced
    assert result.counts["surfaces_rebuilt"] == 1 and (after.face_source == NEW).all() and after.source is mesh
    assert_sphere(after.mesh)
    assert np.median(distances_to_surface(after.mesh.vertices, mesh)) < 2e-3 * mesh.diagonal


def test_remesh_obeys_the_number_of_faces_and_repeats_itself() -> None:
    mesh = subdivided_sphere(4)
    first, second = (remesh_volume(Traced.start(mesh), resolution=40, n_faces=800).traced.mesh for _ in range(2))
    assert 700 <= first.n_faces <= 800
    assert np.array_equal(first.vertices, second.vertices) and np.array_equal(first.faces, second.faces)


def test_remesh_of_turned_faces_and_coordinates_that_are_not_numbers() -> None:
    good = subdivided_sphere(4)
    faces, vertices = good.faces.copy(), good.vertices.copy()
    faces[::3] = faces[::3, ::-1]
    vertices[7] = np.nan
    result = remesh_volume(Traced.start(Mesh(vertices, faces)), resolution=40).traced.mesh
    assert_sphere(result)
    assert compare(good, result, 5_000).mean_rel < 2e-3


def test_remesh_of_a_single_triangle_is_a_thin_solid() -> None:
    triangle = Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0.2]], [[0, 1, 2]])
    result = remesh_volume(Traced.start(triangle), resolution=40)
    assert_sphere(result.traced.mesh)
    assert result.warnings


def test_remesh_of_a_real_part_with_a_hole_through() -> None:
    mesh = real_mesh("broken/rocker_arm")
    result = remesh_volume(Traced.start(mesh), resolution=64)
    assert_sphere(result.traced.mesh)
    assert distances_to_surface(result.traced.mesh.vertices, mesh).mean() < 3e-3 * mesh.diagonal
