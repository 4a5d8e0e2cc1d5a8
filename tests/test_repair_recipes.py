# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes as data: what is refused, what survives a round trip, and the books that steps keep."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from meshes import cube, joined, random_rotation, subdivided_sphere, uv_sphere
from spherical_cow.errors import InvalidParameter
from spherical_cow.mesh import Mesh
from spherical_cow.repairs.catalogue import STEPS
from spherical_cow.repairs.recipe import Recipe, Step, recipe_from_json, recipe_to_json
from spherical_cow.repairs.recipes import RECIPES, find_recipe
from spherical_cow.repairs.run import repair
from spherical_cow.repairs.steps import FUNCTIONS
from spherical_cow.repairs.traced import NEW, Traced
from spherical_cow.repairs.transfer import barycentric, origin_of, with_attributes
from spherical_cow.repairs.words import PHRASES, phrases


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=str)
def test_recipes_survive_json(recipe: Recipe) -> None:
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


def test_own_recipes_come_from_files(tmp_path: Path) -> None:
    mine = Recipe("mine", "Mine", (Step("merge_vertices", {"distance_rel": 0.01}), Step("orient", enabled=False)))
    (tmp_path / "mine.json").write_text(recipe_to_json(mine), encoding="utf-8")
    assert find_recipe(tmp_path / "mine.json") == mine


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"steps": 3}',
        '{"format_version": 2, "name": "a", "title": "A", "steps": []}',
        '{"format_version": 1, "name": "", "title": "A", "steps": []}',
        '{"format_version": 1, "name": "a", "title": "A", "steps": [3]}',
        '{"format_version": 1, "name": "a", "title": "A", "steps": [{"name": "explode"}]}',
        '{"format_version": 1, "name": "a", "title": "A", "steps": [{"name": "orient", "parameters": {"speed": 1}}]}',
        '{"format_version": 1, "name": "a", "title": "A", "steps": [{"name": "orient", "enabled": "no"}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        recipe_from_json(text)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("merge_vertices", {"distance_rel": -1.0}),
        ("merge_vertices", {"distance_rel": float("nan")}),
        ("merge_vertices", {"distance_rel": "far"}),
        ("merge_vertices", {"distance_rel": True}),
        ("ensure_genus_zero", {"resolution": 128.0}),
        ("ensure_genus_zero", {"resolution": 10**6}),
        ("ensure_genus_zero", {"resolution": 10**400}),
        ("merge_vertices", {"distance_rel": 10**400}),
        ("remove_handles", {"prefer": "both"}),
        ("remove_handles", {"prefer": ["cut"]}),
        ("fill_holes", {"smooth": 1}),
    ],
)
def test_values_out_of_range_are_refused(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        Step(name, parameters)  # type: ignore[arg-type]


def test_usual_values_are_in_their_own_ranges() -> None:
    for info in STEPS.values():
        for parameter in info.parameters:
            parameter.require(parameter.default)


def test_functions_have_the_usual_values_of_the_catalogue() -> None:
    assert set(FUNCTIONS) == set(STEPS)
    for name, info in STEPS.items():
        known = inspect.signature(FUNCTIONS[name]).parameters
        assert {each.name: known[each.name].default for each in info.parameters} == {
            each.name: each.default for each in info.parameters
        }


def test_settings_reach_every_step_that_has_them() -> None:
    recipe = RECIPES["genus0"].with_settings(parts="largest", resolution=64)
    assert [step.settings["parts"] for step in recipe.steps if "parts" in step.settings] == ["largest", "largest"]
    with pytest.raises(InvalidParameter):
        RECIPES["genus0"].with_settings(colour="red")
    with pytest.raises(InvalidParameter):
        RECIPES["genus0"].with_settings(resolution=1)


def test_showing_recipes_loads_no_compiler() -> None:
    code = "import sys, spherical_cow.repairs.recipes; sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_phrases_count_one_and_several() -> None:
    assert phrases({"handles_cut": 1, "holes_filled": 1200, "faces_turned": 0}) == (
        "1,200 holes filled",
        "1 handle cut",
    )
    assert all(one != several for one, several in PHRASES.values() if "removed" not in one)


def test_json_of_a_recipe_is_plain() -> None:
    data = json.loads(recipe_to_json(RECIPES["clean"]))
    assert data["steps"][1] == {"name": "merge_vertices", "enabled": True, "parameters": {}}


def test_books_are_kept_through_changes() -> None:
    mesh = cube(1.0, 2)
    start = Traced.start(mesh)
    moved = mesh.vertices.copy()
    moved[3] += 0.1
    after = start.moved(moved)
    assert after.vertex_source[3] == NEW
    at_three = (mesh.faces == 3).any(axis=1)
    np.testing.assert_array_equal(after.new_faces, at_three)
    kept = after.keep_faces(~at_three).without_loose()
    np.testing.assert_array_equal(kept.mesh.vertices[kept.mesh.faces], mesh.vertices[mesh.faces[kept.face_source]])
    grown = kept.added(np.zeros((1, 3)), np.array([[0, 1, kept.mesh.n_vertices]]))
    assert (grown.vertex_source[-1], grown.face_source[-1]) == (NEW, NEW)
    target = np.arange(mesh.n_vertices)
    target[5] = 0
    assert set(np.flatnonzero(start.merged(target).new_faces)) == set(np.flatnonzero((mesh.faces == 5).any(axis=1)))


def test_attributes_are_exact_where_the_vertex_is_the_inputs_and_near_elsewhere() -> None:
    mesh = uv_sphere(32)
    height = mesh.vertices[:, 2]
    colored = mesh.with_attributes(color=0.5 + 0.5 * mesh.vertices, height=height)
    traced = Traced.start(colored).added(
        np.array([[0.0, 0.0, 1.2], [0.8, 0.0, 0.0]]), np.array([[0, mesh.n_vertices, mesh.n_vertices + 1]])
    )
    result = with_attributes(traced, origin_of(traced))
    np.testing.assert_array_equal(result.attributes["color"][:-2], colored.attributes["color"])
    np.testing.assert_allclose(result.attributes["height"][-2:], [1.0, 0.0], atol=0.01)
    assert result.attributes["color"].max() <= 1.0


def test_origins_find_turned_and_renumbered_faces() -> None:
    mesh = cube(1.0, 2)
    order = np.random.default_rng(0).permutation(mesh.n_faces)
    faces = mesh.faces[order]
    faces[::2] = faces[::2][:, [1, 0, 2]]
    faces[1::2] = np.roll(faces[1::2], 1, axis=1)
    traced = Traced(mesh, Mesh(mesh.vertices, faces), np.arange(mesh.n_vertices), order)
    origin = origin_of(traced)
    np.testing.assert_array_equal(origin.turned, np.arange(mesh.n_faces) % 2 == 0)
    np.testing.assert_array_equal(origin.nearest_face, order)
    corners = np.einsum("fck,fkd->fcd", origin.corner_weights, mesh.vertices[mesh.faces[order]])
    np.testing.assert_array_equal(corners, mesh.vertices[faces])


def test_barycentric_coordinates_give_the_point_back() -> None:
    random = np.random.default_rng(1)
    triangles = random.normal(size=(50, 3, 3)) @ random_rotation(2)
    weights = random.dirichlet(np.ones(3), 50)
    points = np.einsum("nk,nkd->nd", weights, triangles)
    np.testing.assert_allclose(barycentric(points, triangles), weights, atol=1e-9)
    flat = np.repeat(triangles[:, :1], 3, axis=1)
    np.testing.assert_array_equal(barycentric(points, flat), np.tile([1.0, 0.0, 0.0], (50, 1)))


def test_numbers_of_numpy_are_numbers() -> None:
    recipe = find_recipe("genus0").with_settings(resolution=np.int64(64))
    assert '"resolution": 64' in recipe_to_json(recipe)


def test_the_report_tells_of_intersections_and_time() -> None:
    sphere = subdivided_sphere(2)
    both = joined(sphere, sphere.with_vertices(sphere.vertices + np.array([0.5, 0.1, 0.2])))
    report = repair(both).report
    assert any("pass through" in text or "touch" in text for text in report.found), report.found
    assert report.after.row("self_intersections").ok and report.seconds > 0.0
