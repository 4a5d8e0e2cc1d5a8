# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetric templates: their tables, symmetrising by number, and the schemes that need fewer numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.edges import is_closed_manifold
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.symmetry.by_index import mirrored_pairs_error, symmetrisation, symmetrise_vertices
from spherical_cow.symmetry.tables import mirror_tables
from spherical_cow.symmetry.templates import SCHEMES, SHARES, refinement, revolution, template

CASE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "mcmr_symmetrize" / "case.npz"
LEVELS = [(2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (4, 1)]
KINDS = {"sym1": 1, "sym2": 2, "sym3": 3, "symL1": [1], "symL1_2": [1, 2], "symL3_2": [3, 2], "symL2_1": [2, 1]}
MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def case() -> dict[str, np.ndarray]:
    if not CASE.exists():
        pytest.skip(f"tables and outputs of the original are not in {CASE.parent}")
    with np.load(CASE, allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize(("level", "subdivisions"), LEVELS)
def test_templates_and_tables_are_those_of_the_original(case, level: int, subdivisions: int) -> None:
    made, key = template(level, subdivisions, as_published=True), f"n{level}_s{subdivisions}_"
    np.testing.assert_allclose(0.25 * made.mesh.vertices, case[key + "sphere_v"], atol=3e-8)
    np.testing.assert_array_equal(made.mesh.faces, case[key + "sphere_f"])
    for name in ("right", "left", "middle", "opposite"):
        np.testing.assert_array_equal(getattr(made.tables, name), case[key + name], err_msg=name)
    for k in range(2):
        np.testing.assert_array_equal(made.tables.right_slices[k], case[f"{key}right_slice{k}"])
        np.testing.assert_array_equal(made.tables.left_slices[k], case[f"{key}left_slice{k}"])


@pytest.mark.parametrize(("level", "subdivisions"), LEVELS)
@pytest.mark.parametrize("name", KINDS)
def test_symmetrising_gives_the_numbers_of_the_original(case, level: int, subdivisions: int, name: str) -> None:
    key = f"n{level}_s{subdivisions}_"
    values, expected = case[key + "V"], case[key + name]
    found = symmetrise_vertices(values, template(level, subdivisions, as_published=True).tables, KINDS[name])
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, expected)
    ours = symmetrise_vertices(values, template(level, subdivisions).tables, KINDS[name])
    if level % 2 == 0:
        np.testing.assert_array_equal(ours, expected)
    elif len(np.atleast_1d(KINDS[name])) == 1 and name != "symL1":  # rounding puts some middles on a side there
        inside = np.setdiff1d(np.arange(values.shape[1]), template(level, subdivisions).tables.middle)
        np.testing.assert_array_equal(ours[:, inside], expected[:, inside])


@pytest.mark.parametrize(("level", "subdivisions"), [(1, 0), (3, 1), (5, 0), (6, 1), (2, 2)])
def test_tables_part_the_vertices_of_any_level(level: int, subdivisions: int) -> None:
    made = template(level, subdivisions)
    mesh, tables = made.mesh, made.tables
    assert is_closed_manifold(mesh.faces) and signed_volume(mesh) > 2.0
    assert mesh.n_vertices == 10 * (level * 2**subdivisions) ** 2 + 2
    everyone = np.concatenate([tables.right, tables.left, tables.middle])
    np.testing.assert_array_equal(np.sort(everyone), np.arange(mesh.n_vertices))
    np.testing.assert_array_equal(np.sort(tables.opposite[tables.right]), tables.left)
    np.testing.assert_array_equal(np.sort(np.concatenate(tables.right_slices)), tables.right)
    for right, left in zip(tables.right_slices, tables.left_slices, strict=True):
        np.testing.assert_array_equal(tables.opposite[right], left)
    np.testing.assert_allclose(mesh.vertices[tables.opposite], mesh.vertices * MIRROR, atol=1e-12)
    faces = {tuple(np.roll(face, -face.argmin())) for face in mesh.faces}
    mirrored = tables.opposite[mesh.faces][:, ::-1]
    assert {tuple(np.roll(face, -face.argmin())) for face in mirrored} == faces


def test_symmetrising_is_a_projection_by_slices_too() -> None:
    tables = template(4, 0, slices=3).tables
    values = np.random.default_rng(1).standard_normal((2, 162, 3))
    for kind in (1, 2, 3, [1, 2, 3], ["average", "right_to_left", "left_to_right"]):
        once = symmetrise_vertices(values, tables, kind)
        assert mirrored_pairs_error(once[0], tables).max() < 1e-15
        np.testing.assert_allclose(symmetrise_vertices(once, tables, kind), once, atol=1e-15)
        flat = symmetrisation(tables, kind).matrix() @ values[0].ravel()
        np.testing.assert_allclose(flat.reshape(-1, 3), once[0], atol=1e-15)
    np.testing.assert_array_equal(symmetrise_vertices(values, tables, 1)[:, tables.left], values[:, tables.left])
    np.testing.assert_array_equal(symmetrise_vertices(values, tables, "keep"), values)
    top = symmetrise_vertices(values, tables, [2])
    np.testing.assert_array_equal(top[:, tables.left_slices[1]], values[:, tables.left_slices[1]])
    with pytest.raises(InvalidParameter, match="4 kinds were given for 3"):
        symmetrise_vertices(values, tables, [1, 1, 1, 1])
    with pytest.raises(InvalidParameter, match="no kind"):
        symmetrise_vertices(values, tables, 7)
    with pytest.raises(InvalidParameter, match="shape"):
        symmetrise_vertices(values[:, :10], tables, 1)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize(("level", "subdivisions"), [(4, 0), (4, 1), (3, 1)])
def test_schemes_need_the_share_of_numbers_that_they_say(name: str, level: int, subdivisions: int) -> None:
    made = template(level, subdivisions)
    scheme = made.scheme(name)
    share = scheme.n_parameters() / (3 * made.mesh.n_vertices)
    assert SHARES[name] <= share + 0.02 and share < 1.2 * SHARES[name] + 1e-9
    np.testing.assert_allclose(scheme(scheme.fit(made.mesh.vertices)), made.mesh.vertices, atol=0.02)
    rows = np.random.default_rng(0).standard_normal((5, scheme.n_rows, scheme.n_columns)).astype(np.float32)
    vertices = scheme(rows)
    assert vertices.dtype == np.float32 and vertices.shape == (5, made.mesh.n_vertices, 3)
    np.testing.assert_allclose(scheme.matrix() @ rows[0].ravel(), vertices[0].ravel(), atol=1e-6)


def test_reflection_schemes_give_exactly_symmetric_shapes() -> None:
    made = template(3, 1)
    for name, axes in (("plane", (0,)), ("two_planes", (0, 2))):
        scheme = made.scheme(name)
        shape = scheme(np.random.default_rng(2).standard_normal((scheme.n_rows, 3)))
        for axis in axes:
            tables = mirror_tables(np.roll(made.mesh.vertices, -axis, axis=1))
            assert mirrored_pairs_error(np.roll(shape, -axis, axis=1), tables).max() == 0.0


def test_a_revolved_profile_is_the_same_after_any_turn() -> None:
    made = template(4)
    scheme = revolution(made.mesh.vertices, axis=1, points=9)
    profile = np.random.default_rng(3).random((9, 2))
    shape = scheme(profile)
    tilt = np.arccos(made.mesh.vertices[:, 1]) * 8.0 / np.pi
    off_axis = np.abs(made.mesh.vertices[:, 1]) < 1.0 - 1e-9
    radius = np.interp(tilt, np.arange(9), profile[:, 0]) * off_axis
    np.testing.assert_allclose(np.hypot(shape[:, 0], shape[:, 2]), radius, atol=1e-9)
    np.testing.assert_allclose(shape[:, 1], np.interp(tilt, np.arange(9), profile[:, 1]), atol=1e-9)


@pytest.mark.parametrize(("level", "subdivisions"), [(2, 0), (4, 0), (3, 1)])
def test_refinement_doubles_what_moves_with_the_same_numbers(level: int, subdivisions: int) -> None:
    coarse, refined = template(level, subdivisions), refinement(level, subdivisions)
    tables, count = refined.fine.tables, coarse.mesh.n_vertices
    assert refined.fine.mesh.n_vertices == template(level, subdivisions + 1).mesh.n_vertices
    assert len(set(refined.driven)) == len(coarse.tables.left)
    outputs = np.random.default_rng(4).standard_normal((count, 3))
    shape = refined.gather(outputs)
    assert mirrored_pairs_error(shape, tables).max() == 0.0
    # All numbers but x of the vertices in the mirror count; reflection alone uses half of them.
    assert refined.gather.n_parameters() == 3 * count - len(coarse.tables.middle)
    by_reflection = coarse.scheme("plane").n_parameters()
    free = np.linalg.matrix_rank(refined.gather.matrix().toarray())
    assert free == 3 * count - len(coarse.tables.middle) and free > 1.75 * by_reflection
    # Right and middle vertices are where their outputs say; new ones hang on edges.
    np.testing.assert_array_equal(shape[coarse.tables.right], outputs[coarse.tables.right])
    moved = outputs.copy()
    moved[coarse.tables.left] += 1.0
    change = np.abs(refined.gather(moved) - shape).max(axis=1) > 0.5
    np.testing.assert_array_equal(np.flatnonzero(change), np.sort([*refined.driven, *tables.opposite[refined.driven]]))
    flat = coarse.mesh.vertices.copy()
    flat[coarse.tables.left] = 0.0  # no displacement: the subdivided template itself
    np.testing.assert_allclose(refined.gather(flat), refined.fine.mesh.vertices, atol=1e-12)
    # The driven vertices are spread out: every one is near an output's place.
    assert (refined.points[:, 0] > -1e-9).all()


def test_bad_templates_are_refused() -> None:
    for arguments in ((0, 0), (129, 0), (3, -1), (100, 3)):
        with pytest.raises(InvalidParameter):
            template(*arguments)
    with pytest.raises(InvalidParameter, match="no mirror image"):
        mirror_tables(np.random.default_rng(0).random((20, 3)))
    with pytest.raises(InvalidParameter, match="finite"):
        mirror_tables(np.full((3, 3), np.nan))
    with pytest.raises(InvalidParameter, match="Choose from"):
        template(2).scheme("helix")
