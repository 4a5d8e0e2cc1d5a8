# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole repairs: what is spared, what is reported, and what happens when a step cannot go on."""

from __future__ import annotations

import numpy as np
import pytest
import spherical_cow as sc
from meshes import cube, joined, random_rotation, real_mesh, torus, uv_sphere
from spherical_cow.errors import Cancelled, InvalidMesh, InvalidParameter, RepairFailed
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.genus import ensure_genus_zero
from spherical_cow.repairs.recipe import Recipe, Step
from spherical_cow.repairs.recipes import RECIPES
from spherical_cow.repairs.run import repair
from spherical_cow.repairs.traced import StepResult, Traced
from spherical_cow.topology import check


def test_a_sphere_is_given_back_as_it_is() -> None:
    mesh = uv_sphere(16).with_attributes(color=np.full((uv_sphere(16).n_vertices, 3), 0.5))
    result = repair(mesh)
    assert result.mesh is mesh
    assert (result.report.method, result.report.done, result.report.steps) == ("unchanged", (), ())
    assert result.report.change.faces_kept == mesh.n_faces and not result.repaired.any()


def test_a_sphere_that_looks_inward_is_turned_and_nothing_else() -> None:
    mesh = uv_sphere(16)
    result = repair(Mesh(mesh.vertices, mesh.faces[:, ::-1]))
    assert result.report.done == (f"{mesh.n_faces:,} faces turned",)
    assert signed_volume(result.mesh) == pytest.approx(signed_volume(mesh))
    assert result.origin.turned.all() and not result.repaired.any()


def test_a_torus_keeps_all_but_a_strip() -> None:
    mesh = torus(64, 32)
    result = repair(mesh)
    report = result.report
    assert check(result.mesh).is_genus_zero and check(result.mesh).row("self_intersections").ok
    assert report.counts.get("handles_cut", 0) + report.counts.get("tunnels_filled", 0) == 1
    kept = result.origin.face_source >= 0
    assert kept.sum() == report.change.faces_kept >= 0.95 * mesh.n_faces
    turned = mesh.vertices[mesh.faces[result.origin.face_source[kept]]]
    assert {tuple(np.sort(t.ravel())) for t in turned} == {
        tuple(np.sort(t.ravel())) for t in result.mesh.vertices[result.mesh.faces[kept]]
    }
    assert report.change.volume_before == pytest.approx(signed_volume(mesh))
    assert report.change.hausdorff_rel < 0.2 and report.change.mean_rel < 0.005
    assert report.before.genus == 1 and report.after.genus == 0


def test_the_change_is_measured_as_by_the_comparison_of_whole_surfaces() -> None:
    mesh = real_mesh("broken/rocker_arm")
    result = repair(mesh)
    whole = sc.compare(result.mesh, mesh, 200_000)
    scale = whole.diagonal_a / mesh.diagonal
    assert result.report.change.mean_to_input_rel == pytest.approx(whole.mean_forward_rel * scale, rel=0.1)
    assert result.report.change.hausdorff_rel == pytest.approx(whole.hausdorff_rel * scale, rel=0.05)


def test_clean_leaves_handles_and_parts() -> None:
    result = repair(joined(torus(), uv_sphere(12)), "clean")
    assert (result.report.method, result.report.after.components, result.report.after.genus) == ("unchanged", 2, 1)


def test_bricks_side_by_side_become_one_and_lose_only_their_inner_walls() -> None:
    brick = cube(1.0, 2)
    shifts = np.stack(np.meshgrid(*[np.arange(2.0)] * 3), axis=-1).reshape(-1, 3)
    result = repair(joined(*(brick.with_vertices(brick.vertices + shift) for shift in shifts)))
    assert check(result.mesh).is_genus_zero and check(result.mesh).row("self_intersections").ok
    assert signed_volume(result.mesh) == pytest.approx(8.0)
    assert result.mesh.n_faces == 6 * 4 * 4 * 2 and not result.repaired.any()


def test_a_surface_that_is_there_twice_stays_once() -> None:
    for mesh in (uv_sphere(16), cube(1.0, 3)):
        result = repair(Mesh(mesh.vertices, np.concatenate([mesh.faces, mesh.faces[::2], mesh.faces[1::2, ::-1]])))
        assert result.mesh.n_faces == mesh.n_faces and not result.repaired.any()


def test_parts_can_be_dropped_or_joined() -> None:
    ball = uv_sphere(16)
    beside = ball.with_vertices(0.5 * ball.vertices + np.array([3.0, 0.0, 0.0]))
    largest = repair(joined(ball, beside), parts="largest")
    assert largest.report.done == ("1 part dropped",) and largest.mesh.n_faces == ball.n_faces
    bridged = repair(joined(ball, beside), parts="join")
    assert bridged.report.counts == {"parts_joined": 1} and check(bridged.mesh).is_genus_zero


def test_handles_can_be_cut_or_filled_as_the_user_says() -> None:
    mesh = torus(48, 24)
    assert repair(mesh, prefer="cut").report.counts == {"handles_cut": 1}
    assert repair(mesh, prefer="fill").report.counts == {"tunnels_filled": 1}


def test_attributes_come_along() -> None:
    mesh = torus(48, 24)
    mesh = mesh.with_attributes(color=0.5 + 0.3 * mesh.vertices, weight=mesh.vertices[:, 2])
    result = repair(mesh)
    old = result.origin.vertex_source >= 0
    np.testing.assert_array_equal(
        result.mesh.attributes["color"][old], mesh.attributes["color"][result.origin.vertex_source[old]]
    )
    weight = result.mesh.attributes["weight"]
    assert weight.min() >= mesh.vertices[:, 2].min() and weight.max() <= mesh.vertices[:, 2].max()
    distance = distances_to_surface(result.mesh.vertices, mesh)
    assert (np.abs(weight - result.mesh.vertices[:, 2]) <= distance + 0.02).all()


def test_every_recipe_of_a_moved_mesh_does_the_same() -> None:
    mesh, turn = torus(40, 20), random_rotation(1)
    moved = mesh.with_vertices(100.0 * mesh.vertices @ turn.T + 7.0)
    assert repair(mesh).report.counts == repair(moved).report.counts


@pytest.mark.parametrize("name", ["solidify", "symmetrise", "cubify", "smooth", "decimate", "voxel_remesh"])
def test_a_step_that_changes_the_shape_is_never_called_unchanged(name: str) -> None:
    mesh = torus().with_vertices(torus().vertices @ random_rotation(3))
    report = repair(
        mesh, Recipe("one", "One", (Step(name),)), **({"min_faces": 16} if name == "decimate" else {})
    ).report
    assert report.change.faces_new > 0
    assert report.done and report.method != "unchanged"


def test_stages_are_kept_on_request() -> None:
    result = repair(cube(1.0, 4), "cad", resolution=32, keep_stages=True)
    names = [stage.name for stage in result.stages]
    assert names == [step.name for step in RECIPES["cad"].steps if step.enabled]
    assert check(result.mesh).is_genus_zero and result.stages[-1].mesh.n_faces == result.mesh.n_faces
    assert repair(cube(1.0, 2), "clean").stages == ()


def test_a_failing_step_leads_to_the_last_resort_or_to_the_user() -> None:
    def fails(traced: Traced, **_: object) -> StepResult:
        raise RepairFailed("There is no way on.", "Turn back.")

    mesh = torus(32, 16)
    result = repair(mesh, engines={"fill_holes": fails}, resolution=48)
    assert result.report.method == "volume" and check(result.mesh).is_genus_zero
    assert "There is no way on." in result.report.warnings
    with pytest.raises(RepairFailed, match="no way on"):
        repair(mesh, "clean", engines={"fill_holes": fails})


def test_numbers_without_a_solution_lead_to_the_last_resort() -> None:
    def singular(traced: Traced, **_: object) -> StepResult:
        raise np.linalg.LinAlgError("Singular matrix")

    result = repair(torus(32, 16), engines={"remove_handles": singular}, resolution=48)
    assert result.report.method == "volume" and check(result.mesh).is_genus_zero
    with pytest.raises(RepairFailed, match="numbers that it could not compute with"):
        repair(torus(32, 16), "clean", engines={"fill_holes": singular})


def test_what_was_mended_badly_is_rebuilt_from_the_volume() -> None:
    ball = uv_sphere(24)
    tiny = Traced.remade(ball, ball.with_vertices(0.5 * ball.vertices))
    result = ensure_genus_zero(tiny, resolution=32)
    assert result.counts["surfaces_rebuilt"] == 1
    assert signed_volume(result.traced.mesh) == pytest.approx(signed_volume(ball), rel=0.05)
    kept = ensure_genus_zero(tiny, resolution=32, rebuild_from="current")
    assert kept.counts == {} and kept.traced is tiny


def test_what_encloses_nothing_is_refused_in_words() -> None:
    cloud = Mesh(np.random.default_rng(0).normal(size=(100, 3)), np.zeros((0, 3), np.int64))
    with pytest.raises(InvalidMesh, match="cloud"):
        repair(cloud)
    with pytest.raises(InvalidMesh, match="no area"):
        repair(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])))
    with pytest.raises(InvalidMesh):
        repair(Mesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])))
    with pytest.raises(InvalidParameter):
        repair(torus(), resolution=3)
    with pytest.raises(InvalidParameter):
        repair(torus(), "no such recipe")


def test_a_single_triangle_becomes_a_thin_solid_with_a_warning() -> None:
    result = repair(Mesh(np.eye(3), np.array([[0, 1, 2]])))
    assert check(result.mesh).is_genus_zero
    assert result.report.counts == {"sheets_thickened": 1} and result.report.warnings
    assert result.report.change.faces_kept == 1


def test_it_can_be_cancelled_and_tells_how_far_it_is() -> None:
    told: list[float] = []
    repair(torus(), progress=lambda fraction, phase: told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0

    def stop(fraction: float, phase: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        repair(torus(), progress=stop)


def test_own_recipes_run_in_their_order() -> None:
    recipe = Recipe("mine", "Mine", (Step("smooth", {"iterations": 3}), Step("orient", enabled=False)))
    result = repair(cube(1.0, 4), recipe)
    assert [step.name for step in result.report.steps] == ["smooth"]
    assert result.report.change.faces_kept == 0


def test_the_report_is_plain_data() -> None:
    import json

    data = json.loads(json.dumps(repair(torus()).report.to_dict(), allow_nan=False))
    assert data["found"] and data["done"] and data["change"]["faces_before"] == torus().n_faces
    assert data["after"]["is_genus_zero"] is True
