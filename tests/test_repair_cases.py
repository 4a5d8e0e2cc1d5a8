# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes that are broken in known ways: what the check finds in them, and what a repair makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshes import random_rotation
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.run import RepairResult, repair
from spherical_cow.topology import check
from spherical_cow.topology.components import component_labels

from benchmarks.broken import Case, all_cases, find_case, quick_cases
from benchmarks.broken.defects import flipped, joined, picked, punched, shuffled
from benchmarks.broken.shapes import ball, blob, placed, torus

QUICK = quick_cases()
SPHERES = ("sphere_ball", "sphere_box")
VARIED = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def by_name(case: Case) -> str:
    return case.name


def test_there_are_two_hundred_cases_with_names_of_their_own() -> None:
    names = [case.name for case in all_cases()]
    assert len(names) >= 200
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["scan_3", "assembly_7", "confetti_100", "noise_knot"])
def test_a_case_is_the_same_every_time(name: str) -> None:
    one, two = find_case(name).mesh, find_case(name).mesh
    np.testing.assert_array_equal(one.vertices, two.vertices)
    np.testing.assert_array_equal(one.faces, two.faces)


@pytest.mark.parametrize("case", QUICK, ids=by_name)
def test_the_check_finds_what_was_built(case: Case) -> None:
    mesh, known = case.mesh, case.known
    report = check(mesh)
    if known.components is not None:
        assert report.components == known.components
    if known.genus is not None:
        assert report.genus == known.genus
    if known.holes is not None:
        assert holes(mesh) == known.holes
        assert report.row("closed").ok == (known.holes == 0)
    if known.manifold is not None:
        assert (report.row("manifold_edges").ok and report.row("manifold_vertices").ok) == known.manifold
    if known.oriented is not None:
        assert report.row("oriented").ok == known.oriented
    if case.free is not None:
        assert report.row("self_intersections").ok == case.free


@pytest.mark.parametrize("case", QUICK, ids=by_name)
def test_the_check_agrees_with_an_independent_library(case: Case) -> None:
    mesh = case.mesh
    report = check(mesh, self_intersections=False)
    other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    used = np.unique(mesh.faces)
    parts = trimesh.graph.connected_components(other.edges_unique, nodes=used)
    assert report.components == len(parts)
    proper = not (mesh.faces == np.roll(mesh.faces, 1, axis=1)).any()
    if proper:
        assert report.euler == len(used) - len(other.edges_unique) + len(other.faces)
        two_faced = report.row("closed").ok and report.row("manifold_edges").ok
        assert other.is_watertight == two_faced
        if two_faced:
            assert other.is_winding_consistent == report.row("oriented").ok


def holes(mesh: Mesh) -> int:
    edges = check(mesh, self_intersections=False).row("closed").indices
    return len(np.unique(component_labels(mesh.n_vertices, edges[:, 0], edges[:, 1])[edges.ravel()]))


def repaired(mesh: Mesh) -> RepairResult:
    """Repaired, and proven to be one sphere by our check and by another library."""
    result = repair(mesh, "genus0")
    report = check(result.mesh, self_intersections=False)
    assert report.is_genus_zero, report.reasons
    assert report.row("outward").ok
    other = trimesh.Trimesh(result.mesh.vertices, result.mesh.faces, process=False)
    assert other.is_watertight
    assert other.is_winding_consistent
    assert other.euler_number == 2
    assert other.body_count == 1
    assert other.volume > 0
    return result


@pytest.mark.parametrize("case", QUICK, ids=by_name)
def test_every_case_becomes_one_sphere(case: Case) -> None:
    mesh = case.mesh
    before = check(mesh, self_intersections=False)
    result = repaired(mesh)
    assert np.isfinite(result.mesh.vertices).all()
    if before.is_genus_zero and before.row("outward").ok:
        np.testing.assert_array_equal(result.mesh.vertices, mesh.vertices)
        np.testing.assert_array_equal(result.mesh.faces, mesh.faces)
    else:
        assert result.report.done
        assert result.report.found
    if case.sheet:
        assert result.report.warnings


@pytest.mark.parametrize("name", SPHERES)
def test_a_sphere_comes_back_as_it_was(name: str) -> None:
    mesh = find_case(name).mesh
    result = repair(mesh, "genus0")
    np.testing.assert_array_equal(result.mesh.vertices, mesh.vertices)
    np.testing.assert_array_equal(result.mesh.faces, mesh.faces)
    assert not result.repaired.any()
    assert result.report.method == "unchanged"


@pytest.mark.parametrize("name", ["torus", "double_torus", "knot_2_3", "gear_7", "lattice_3_3_3", "spool"])
def test_handles_are_counted_and_the_rest_is_kept(name: str) -> None:
    case = find_case(name)
    result = repaired(case.mesh)
    counts = result.report.counts
    assert counts.get("handles_cut", 0) + counts.get("tunnels_filled", 0) == case.known.genus
    assert result.report.method == "surface"


def test_a_handle_on_a_fine_mesh_costs_few_faces() -> None:
    mesh = find_case("rocker_20k").mesh
    result = repaired(mesh)
    assert result.report.change.faces_kept >= 0.99 * mesh.n_faces
    assert check(result.mesh).row("self_intersections").ok


@pytest.mark.parametrize("name", ["holes_ball_4", "holes_torus", "holes_islands"])
def test_holes_are_filled_and_the_rest_is_kept(name: str) -> None:
    case = find_case(name)
    mesh = case.mesh
    result = repaired(mesh)
    assert result.report.change.faces_kept >= 0.9 * mesh.n_faces
    assert result.report.change.mean_to_result_rel < 1e-3


@st.composite
def damaged(draw: st.DrawFn) -> Mesh:
    """A ball, bumpy body or ring with random damage."""
    seed = draw(st.integers(0, 10_000))
    mesh = draw(st.sampled_from([ball(7), blob(8, seed), torus(24, 12), joined(ball(5), placed(ball(5), (1.2, 0, 0)))]))
    harm = draw(st.sampled_from(["holes", "single", "flipped", "all", "none"]))
    if harm in ("holes", "all"):
        mesh = punched(mesh, draw(st.integers(1, 4)), 0.05, seed)
    if harm in ("single", "all"):
        mesh = picked(mesh, draw(st.integers(1, 20)), seed)
    if harm in ("flipped", "all"):
        mesh = flipped(mesh, draw(st.floats(0.05, 0.5)), seed)
    return mesh


@given(damaged())
@VARIED
def test_whatever_the_damage_one_sphere_comes_out_and_stays(mesh: Mesh) -> None:
    once = repaired(mesh).mesh
    twice = repair(once, "genus0").mesh
    np.testing.assert_array_equal(twice.vertices, once.vertices)
    np.testing.assert_array_equal(twice.faces, once.faces)


@given(damaged(), st.integers(0, 1000))
@VARIED
def test_place_and_numbering_do_not_change_the_topology(mesh: Mesh, seed: int) -> None:
    moved = mesh.with_vertices(mesh.vertices @ random_rotation(seed).T * 3.0 + np.array([5.0, -2.0, 1.0]))
    for other in (moved, shuffled(mesh, seed)):
        assert repaired(other).report.after.genus == 0
    a, b = check(mesh, self_intersections=False), check(shuffled(moved, seed), self_intersections=False)
    assert (a.genus, a.components, a.euler) == (b.genus, b.components, b.euler)


@given(damaged(), st.integers(0, 1000))
@VARIED
def test_attributes_stay_within_their_range(mesh: Mesh, seed: int) -> None:
    generator = np.random.default_rng(seed)
    colour = generator.uniform(0.2, 0.7, (mesh.n_vertices, 3))
    weight = generator.uniform(-4.0, -3.0, mesh.n_vertices)
    result = repaired(mesh.with_attributes(color=colour, weight=weight)).mesh
    for name, given_values in (("color", colour), ("weight", weight)):
        values = result.attributes[name]
        assert values.shape[1:] == given_values.shape[1:]
        assert np.isfinite(values).all()
        assert values.min() >= given_values.min() - 1e-12
        assert values.max() <= given_values.max() + 1e-12
