# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape spaces: known modes come back, however the parameter spheres and the objects lie."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from meshes import random_rotation, real_mesh, subdivided_sphere
from scipy.linalg import subspace_angles
from spherical_cow import archive
from spherical_cow.alignment.parameter import transform_positions
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.cli.main import main
from spherical_cow.codec import encode
from spherical_cow.errors import HarmonicsFileError, InvalidParameter
from spherical_cow.harmonics.container import COLOR, POSITION, Harmonics
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.harmonics.transforms import analyse
from spherical_cow.interchange import shape_of
from spherical_cow.statistics.descriptors import descriptor, distance_matrix, form_descriptor, most_similar
from spherical_cow.statistics.evaluation import evaluate, outliers
from spherical_cow.statistics.groupwise import align_group
from spherical_cow.statistics.search import best_traces
from spherical_cow.statistics.space import ShapeSpace, build_space
from spherical_cow.statistics.spacefile import load_space, space_from_bytes, space_to_bytes
from spherical_cow.statistics.tables import scores_table

LMAX, DEVIATIONS = 8, np.array([0.2, 0.1, 0.04])


def smooth(seed: int, channels: int = 3, lmax: int = LMAX) -> np.ndarray:
    """(K, L+1, L+1) random numbers that fade out with the degree; nothing in degree 0."""
    degree = np.maximum.outer(np.arange(lmax + 1), np.arange(lmax + 1))
    coefficients = np.random.default_rng(seed).standard_normal((channels, lmax + 1, lmax + 1)) * (1.0 + degree) ** -2.0
    coefficients[:, 0, 0] = 0.0
    return coefficients


def body(seed: int = 0) -> np.ndarray:
    """A bumpy ellipsoid."""
    coefficients = 0.3 * smooth(seed)
    coefficients[0, 0, 1] += 1.0
    coefficients[1, 1, 0] += 0.7
    coefficients[2, 1, 1] += 0.5
    return coefficients


def modes(count: int = 3) -> np.ndarray:
    """(P, n) orthonormal directions."""
    return np.linalg.qr(np.stack([smooth(100 + k).ravel() for k in range(count)], axis=1))[0].T


def collection(count: int, seed: int = 1) -> tuple[list[Harmonics], np.ndarray]:
    """Shapes that differ along `modes` with `DEVIATIONS` exactly, and their scores (N, 3)."""
    drawn = np.random.default_rng(seed).standard_normal((count, 3))
    scores = np.linalg.qr(drawn - drawn.mean(axis=0))[0] * np.sqrt(count - 1)
    flat = body().ravel() + (scores * DEVIATIONS) @ modes()
    return [Harmonics(row.reshape(3, LMAX + 1, LMAX + 1), POSITION) for row in flat], scores


def turned(shapes: list[Harmonics], *, pose: bool = False, scaling: bool = False) -> list[Harmonics]:
    result = []
    for number, shape in enumerate(shapes):
        moved = rotate(shape, random_rotation(number))
        if pose:
            scale = 1.0 + 0.1 * number if scaling else 1.0
            moved = transform_positions(moved, Similarity(random_rotation(50 + number), scale, np.full(3, number)))
        result.append(moved)
    return result


def flat_of(space: ShapeSpace) -> np.ndarray:
    return space.components.reshape(space.n_components, -1)


# Mean and components


def test_known_modes_are_recovered_exactly():
    shapes, scores = collection(12)
    space = build_space(shapes, alignment="none")
    assert np.abs(space.mean.coefficients - body()).max() < 1e-14
    assert space.n_components == 3
    assert np.abs(space.variances / DEVIATIONS**2 - 1.0).max() < 1e-10
    assert np.abs(space.explained - DEVIATIONS**2 / np.square(DEVIATIONS).sum()).max() < 1e-10
    assert subspace_angles(flat_of(space).T, modes().T).max() < 1e-9
    assert np.abs(flat_of(space) @ flat_of(space).T - np.eye(3)).max() < 1e-12
    signs = np.sign((flat_of(space) * modes()).sum(axis=1))
    assert np.abs(space.scores * signs - scores).max() < 1e-9


def test_against_the_textbook_on_more_members_than_rank_and_on_few():
    for count, seed in ((5, 3), (40, 4)):
        flat = np.random.default_rng(seed).standard_normal((count, 3 * 25)) * 0.1
        shapes = [Harmonics(row.reshape(3, 5, 5) + 1.0, POSITION) for row in flat]
        space = build_space(shapes, alignment="none")
        values = np.linalg.eigvalsh(np.cov(flat.T))[::-1][: count - 1]
        assert np.abs(space.variances - values).max() < 1e-14
        for number, shape in enumerate(shapes):  # all components rebuild all members
            assert np.abs(space.harmonics_at(space.scores[number]).coefficients - shape.coefficients).max() < 1e-12


@pytest.mark.parametrize("alignment", ["parameters", "rigid", "similarity"])
def test_one_shape_in_many_positions_comes_together(alignment):
    one = Harmonics(body(), POSITION)
    shapes = turned([one] * 6, pose=alignment != "parameters", scaling=alignment == "similarity")
    space = build_space(shapes, alignment=alignment, reference=2)
    assert np.sqrt(space.total_variance) < 1e-6
    assert np.abs(space.mean.coefficients - shapes[2].coefficients).max() < 1e-6
    for number, shape in enumerate(shapes):
        gauge = space.gauge(number)
        assert np.abs(gauge.apply(shape).coefficients - shapes[2].coefficients).max() < 1e-6
        assert np.abs(gauge.undo(gauge.apply(shape)).coefficients - shape.coefficients).max() < 1e-11


@pytest.mark.parametrize(("alignment", "pose"), [("parameters", False), ("rigid", True)])
def test_the_modes_of_turned_shapes_do_not_depend_on_how_they_were_turned(alignment, pose):
    shapes, _ = collection(10)
    straight = build_space(shapes, alignment=alignment)
    again = build_space(turned(shapes, pose=pose), alignment=alignment)
    assert np.allclose(again.explained[:3], straight.explained[:3], atol=1e-5)
    assert np.allclose(again.variances[:3], straight.variances[:3], rtol=1e-4)
    # An alignment can only lower the variance.
    assert again.total_variance < np.square(DEVIATIONS).sum()
    assert sum(again.explained[:3]) > 0.9


def test_the_mean_does_not_depend_on_the_reference():
    shapes = turned(collection(6)[0])
    one, two = (build_space(shapes, alignment="parameters", reference=number) for number in (0, 4))
    assert np.allclose(one.variances, two.variances, rtol=1e-4, atol=1e-9)


def test_round_shapes_have_no_direction_and_still_align():
    ball = np.zeros((3, 3, 3))
    ball[0, 0, 1] = ball[1, 1, 0] = ball[2, 1, 1] = 1.0
    shapes = turned([Harmonics(ball, POSITION)] * 3, pose=True)
    assert np.sqrt(build_space(shapes).total_variance) < 1e-6


def test_largest_traces_over_rotations():
    rng = np.random.default_rng(0)
    matrices = np.concatenate([rng.standard_normal((3, 3, 50)), -np.eye(3)[:, :, None], np.eye(3)[:, :, None]], axis=2)
    expected = []
    for matrix in np.moveaxis(matrices, 2, 0):
        u, s, vt = np.linalg.svd(matrix)
        expected.append(s[0] + s[1] + s[2] * np.sign(np.linalg.det(u @ vt)))
    error = np.abs(best_traces(matrices) - expected)
    assert error[:50].max() < 1e-6 and error.max() < 0.05  # slower where the root is threefold


def test_a_real_mesh_bent_in_two_ways():
    """The same mesh, bent; every time on another parameter sphere and in another pose."""
    mesh = real_mesh("spot_color")
    shape = encode(mesh, 16)
    sphere, faces = shape.require_sphere()
    unit = (mesh.vertices - mesh.vertices.mean(axis=0)) / mesh.diagonal
    shapes, amounts = [], np.random.default_rng(0).standard_normal((8, 2))
    for number, (wide, bent) in enumerate(amounts):
        points = unit * [1.0 + 0.2 * wide, 1.0, 1.0] + np.outer(unit[:, 2] ** 2, [0.0, 0.5 * bent, 0.0])
        turn, pose = random_rotation(number), random_rotation(90 + number)
        shapes.append(Harmonics(analyse(sphere @ turn.T, faces, points @ pose.T, 16), POSITION))
    space = build_space(shapes)
    assert sum(space.explained[:2]) > 0.99 > space.explained[0]
    # What varies is what was bent: the scores are linear in the amounts.
    design = np.column_stack([amounts, np.ones(8)])
    fitted = design @ np.linalg.lstsq(design, space.scores[:, :2], rcond=None)[0]
    assert 1.0 - np.square(space.scores[:, :2] - fitted).sum() / np.square(space.scores[:, :2]).sum() > 0.95


def test_meshes_that_were_encoded_one_by_one():
    """Their maps differ a little, since each was made anew; still they come together."""
    ball = subdivided_sphere(3)
    x, y, z = ball.vertices.T
    body = ball.vertices * (1.0 + 0.2 * np.sin(3.0 * x) + 0.15 * np.cos(4.0 * z + y))[:, None]
    shapes = []
    for number, stretch in enumerate((0.8, 1.0, 1.25)):
        points = body * [stretch, 0.7, 1.5] @ random_rotation(number).T
        shapes.append(encode(ball.with_vertices(points), 8))
    space = build_space(shapes)
    assert space.explained[0] > 0.9
    assert np.sqrt(space.total_variance) < 0.3 * space.size
    assert list(np.argsort(space.scores[:, 0])) in ([0, 1, 2], [2, 1, 0])


# Scores, projection, samples, exaggeration


@pytest.mark.parametrize("scores", [[1.5, -0.5, 1.0], [-2.5, 2.0, 0.0]])
def test_what_has_scores_projects_back_to_them(scores):
    found = SPACE.project(rotate(SPACE.harmonics_at(scores), random_rotation(7)))
    assert found.residual_rel < 0.05  # aligning to the mean turns away a little of what is far from it
    assert np.abs(found.scores - scores).max() < 0.35
    again = SPACE.project(found.aligned)
    assert np.abs(again.scores - found.scores).max() < 1e-3


def test_members_project_to_their_own_scores():
    shapes = turned(collection(7)[0], pose=True, scaling=True)
    for alignment in ("rigid", "similarity"):
        space = build_space(shapes, alignment=alignment)
        found = space.project(shapes[3])
        assert np.abs(found.scores - space.scores[3]).max() < 1e-3
        assert found.residual_rel < 1e-5


def test_samples_are_normal_and_repeat():
    scores = SPACE.sample_scores(4000, seed=1)
    assert np.array_equal(scores, SPACE.sample_scores(4000, seed=1))
    assert np.abs(scores.mean(axis=0)).max() < 0.06 and np.abs(scores.std(axis=0) - 0.987).max() < 0.04
    assert np.abs(scores).max() <= 3.0 < np.abs(SPACE.sample_scores(4000, seed=1, limit=None)).max()
    assert np.abs(np.corrcoef(scores.T) - np.eye(3)).max() < 0.06
    member = SPACE.sample(1, seed=5)[0]
    assert np.allclose(member.harmonics.coefficients, SPACE.harmonics_at(SPACE.sample_scores(1, 5)[0]).coefficients)


def test_a_caricature_doubles_the_difference_and_stays_in_place():
    shapes = turned(collection(8)[0], pose=True)
    space = build_space(shapes)
    own = TEMPLATE.with_harmonics(shapes[5])
    assert np.abs(space.exaggerate(own, 1.0).harmonics.coefficients - shapes[5].coefficients).max() < 1e-12
    loud = space.exaggerate(own, 2.0)
    gauge = space.project(own).gauge
    before, after = (gauge.apply(h).coefficients - space.mean.coefficients for h in (own.harmonics, loud.harmonics))
    assert np.abs(after - 2.0 * before)[:, 1:, 1:].max() < 1e-9
    assert np.allclose(loud.harmonics.coefficients[:, 0, 0], own.harmonics.coefficients[:, 0, 0], atol=1e-12)
    assert loud.sphere is own.sphere


def test_a_band_of_degrees_alone_is_exaggerated_and_other_channels_are_kept():
    shapes, _ = collection(6)
    space = build_space(shapes, alignment="none", lmax=6)
    rich = Harmonics(np.concatenate([shapes[1].coefficients, smooth(9, 1)]), (*POSITION, "vertex_density"))
    loud = space.exaggerate(TEMPLATE.with_harmonics(rich), 3.0, 3, 4).harmonics
    change = loud.coefficients - rich.coefficients
    degrees = rich.degrees()
    assert np.abs(change[:3, (degrees >= 3) & (degrees <= 4)]).max() > 1e-3
    assert np.abs(change[:, (degrees < 3) | (degrees > 4)]).max() < 1e-12 and not change[3].any()


def test_colors_vary_with_the_shape_and_count_as_much():
    shapes, _ = collection(6)
    rich = [
        Harmonics(np.concatenate([shape.coefficients, 0.5 + smooth(number, 3)]), (*POSITION, *COLOR))
        for number, shape in enumerate(shapes)
    ]
    space = build_space(rich, alignment="parameters", color=True)
    assert space.mean.channels == (*POSITION, *COLOR)
    weighted = space.components * space.weights[:, None, None]
    flat = weighted.reshape(5, -1)
    assert np.abs(flat @ flat.T - np.eye(5)).max() < 1e-12
    members = ((space.scores * np.sqrt(space.variances)) @ flat).reshape(6, 6, -1)
    spread = np.square(members).sum(axis=(0, 2))
    assert spread[:3].sum() == pytest.approx(spread[3:].sum())
    again = space.harmonics_at(space.scores[2]).coefficients
    assert np.abs(again - space.gauge(2).apply(rich[2]).coefficients).max() < 1e-12


# Figures of a space


def test_leave_one_out_is_what_leaving_out_gives():
    flat = np.random.default_rng(2).standard_normal((7, 3 * 16)) * np.linspace(1.0, 0.1, 48)
    shapes = [Harmonics(row.reshape(3, 4, 4), POSITION) for row in flat]
    space = build_space(shapes, alignment="none")
    found = evaluate(space.truncated(2), samples=50)
    squares = np.zeros(6)
    for number in range(7):
        others = build_space(shapes[:number] + shapes[number + 1 :], alignment="none")
        for count in range(6):
            part = flat[number] - others.mean.coefficients.ravel()
            basis = flat_of(others)[:count]
            squares[count] += np.square(part - (basis @ part) @ basis).sum()
    assert np.allclose(found.generalisation, np.sqrt(squares / 7.0), rtol=1e-10)
    assert all(a >= b for a, b in pairwise(found.generalisation))
    assert len(found.compactness) == 3 and len(found.specificity) == 3


def test_specificity_is_the_distance_to_the_nearest_member():
    space = build_space(collection(9)[0], alignment="none")
    found = evaluate(space, samples=40, seed=3)
    drawn = [space.harmonics_at(row).coefficients for row in space.sample_scores(40, 3, None)]
    members = [space.harmonics_at(row).coefficients for row in space.scores]
    nearest = [min(np.linalg.norm(one - member) for member in members) for one in drawn]
    assert found.specificity[-1] == pytest.approx(np.mean(nearest), rel=1e-10)
    assert found.compactness[-1] == pytest.approx(1.0)


def test_what_does_not_belong_is_ranked_first():
    shapes, _ = collection(12)
    shapes[7] = Harmonics(shapes[7].coefficients + smooth(77), POSITION)
    ranked = outliers(build_space(shapes, alignment="none"))
    assert ranked[0].name == "shape 8" and ranked[0].outlyingness > 2.0 * ranked[1].outlyingness
    assert sorted(row.name for row in ranked) == sorted(f"shape {k + 1}" for k in range(12))
    assert 0.8 < np.median([row.outlyingness for row in ranked]) < 1.2


def test_members_on_a_line_are_ranked_along_it():
    places = np.array([-2.0, -1.0, -0.5, 0.2, 0.7, 1.0, 2.5])
    line = [Harmonics(body() + place * smooth(1), POSITION) for place in places]
    for number, row in enumerate(sorted(outliers(build_space(line, alignment="none")), key=lambda row: row.name)):
        others = np.delete(places, number)
        assert row.mahalanobis == pytest.approx(abs(places[number] - others.mean()) / others.std(ddof=1), rel=1e-6)
        assert row.residual < 1e-6 and row.outlyingness < 3.0


@pytest.mark.parametrize("count", [2, 3])
def test_tiny_and_uniform_collections(count):
    shapes, _ = collection(5)
    space = build_space(shapes[:count])
    assert space.n_components == count - 1 and len(outliers(space)) == count
    assert np.isfinite(evaluate(space, samples=10).generalisation).all()
    same = build_space(shapes[:1] * count, alignment="none")
    assert same.n_components == 0 and not same.explained.size
    assert np.abs(same.harmonics_at(()).coefficients - shapes[0].coefficients).max() < 1e-15
    assert evaluate(same, samples=5).specificity.max() < 1e-15
    assert same.project(shapes[0]).residual < 1e-12
    assert len(outliers(same)) == count


def test_wrong_collections_are_refused():
    shapes, _ = collection(3)
    with pytest.raises(InvalidParameter, match="0 members"):
        evaluate(build_space(shapes, alignment="none"), samples=0)
    for arguments, words in (
        (([],), "0 shapes"),
        ((shapes[:1],), "1 shapes"),
        ((shapes, ["a", "a", "b"]), "names"),
        (([*shapes[:2], shapes[2].select("xy")],), "'z'"),
        (([*shapes[:2], Harmonics(np.zeros((3, 9, 9)), POSITION)],), "single point"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            build_space(*arguments)
    for options, words in (
        ({"alignment": "sideways"}, "sideways"),
        ({"lmax": 9}, "9"),
        ({"color": True}, "'r'"),
        ({"reference": 3}, "number 3"),
        ({"components": 0}, "0"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            build_space(shapes, **options)
    with pytest.raises(InvalidParameter):
        SPACE.harmonics_at([0.0] * 4)
    with pytest.raises(InvalidParameter):
        SPACE.harmonics_at([np.nan])
    with pytest.raises(InvalidParameter):
        SPACE.exaggerate(SPACE.at(), np.inf)
    assert len(align_group(shapes, "none")) == 3


# Files


def test_a_space_survives_its_file(tmp_path):
    space = build_space(turned(collection(4)[0]), ["a", "b", "c", "ü"])
    space.save(tmp_path / "x.space.npz")
    again = load_space(tmp_path / "x.space.npz")
    for name, value in vars(space).items():
        other = getattr(again, name)
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, other)
        elif isinstance(value, Harmonics):
            assert np.array_equal(value.coefficients, other.coefficients) and value.channels == other.channels
        else:
            assert value == other
    small = space_to_bytes(space, single=True)
    assert len(small) < len(space_to_bytes(space))
    assert np.abs(space_from_bytes(small).components - space.components).max() < 1e-7


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 255), st.booleans())
@example(17582, 0, False)  # a header that is no Python
def test_damaged_files_are_refused_or_harmless(where, value, cut):
    data = bytearray(DATA)
    where %= len(data)
    if cut:
        del data[where:]
    else:
        data[where] = value
    try:
        found = space_from_bytes(bytes(data))
    except HarmonicsFileError:
        return
    assert bytes(data) == DATA or not cut
    assert found.n_members == SPACE.n_members


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variances": -np.ones(3)}, "'variances'"),
        ({"scores": np.zeros((2, 3))}, "'scores'"),
        ({"components": np.full((3, 3, 9, 9), np.nan)}, "'components'"),
        ({"gram": np.zeros((9, 9), np.int64)}, "'gram'"),
        ({"names": np.array(["a"] * 8)}, "'names'"),
        ({"names": np.array([None] * 8)}, "'names'"),
        ({"alignment": np.str_("sideways")}, "'alignment'"),
        ({"space_version": np.int64(99)}, "'space_version'"),
        ({"channels": np.array(["x", "x", "z"])}, "'channels'"),
        ({"size": np.zeros(2)}, "'size'"),
        ({"mean": np.zeros((3, 9, 8))}, "'mean'"),
        ({"turns": None}, "'turns'"),
    ],
)
def test_files_that_do_not_fit_are_refused(change, words, tmp_path):
    with np.load(put(tmp_path), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files} | change
    arrays = {name: value for name, value in arrays.items() if value is not None}
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(HarmonicsFileError, match=words):
        load_space(tmp_path / "bad.npz")


def put(folder):
    path = folder / "good.npz"
    path.write_bytes(DATA)
    return path


def test_a_space_and_a_shape_are_not_taken_for_each_other(tmp_path, monkeypatch):
    SPACE.at().save(tmp_path / "x.harmonics.npz")
    with pytest.raises(HarmonicsFileError, match="space_version"):
        load_space(tmp_path / "x.harmonics.npz")
    monkeypatch.setattr(archive, "LARGEST_CONTENT", 1000)
    with pytest.raises(HarmonicsFileError, match="claims"):
        load_space(put(tmp_path))


# Likeness


def test_descriptors_do_not_depend_on_place_direction_size_or_parametrisation():
    shape = Harmonics(body(), POSITION)
    moved = transform_positions(rotate(shape, random_rotation(1)), Similarity(random_rotation(2), 3.7, np.ones(3)))
    for kind in ("form", "power"):
        assert np.abs(descriptor(moved, kind) - descriptor(shape, kind)).max() < 1e-6
    values = form_descriptor(shape)
    assert values.shape == (LMAX, 3) and np.square(values).sum() == pytest.approx(1.0)
    ellipsoid = np.zeros((3, 2, 2))
    ellipsoid[0, 0, 1], ellipsoid[1, 1, 0], ellipsoid[2, 1, 1] = 3.0, 2.0, 6.0
    assert np.allclose(form_descriptor(Harmonics(ellipsoid, POSITION)), [[6 / 7, 3 / 7, 2 / 7]])


def test_like_finds_like():
    kinds = [Harmonics(body(seed), POSITION) for seed in (0, 10, 20)]
    shapes = [Harmonics(k.coefficients + 0.05 * smooth(300 + n), POSITION) for n in range(3) for k in kinds]
    names = [f"{kind}{n}" for n in range(3) for kind in "abc"]
    shapes = turned(shapes, pose=True, scaling=True)
    for number, name in enumerate(names):
        rest = [k for k in range(9) if k != number]
        found = most_similar(shapes[number], [shapes[k] for k in rest], [names[k] for k in rest], count=2)
        assert {row.name[0] for row in found} == {name[0]}
    distances = distance_matrix(shapes)
    assert np.allclose(distances, distances.T) and not np.diag(distances).any()


def test_likeness_of_colors_and_what_is_missing():
    shape = Harmonics(np.concatenate([body(), 0.5 * smooth(1, 3)]), (*POSITION, *COLOR))
    turned_shape = rotate(shape, random_rotation(3))
    assert np.abs(descriptor(turned_shape, "color") - descriptor(shape, "color")).max() < 1e-12
    for kind, words in (("curvature", "curvature_density"), ("smell", "smell")):
        with pytest.raises(InvalidParameter, match=words):
            descriptor(shape, kind)
    assert distance_matrix([]).shape == (0, 0)


# Tables and the command line


def test_the_table_of_scores_holds_all_numbers():
    rows = list(csv.DictReader(scores_table(SPACE).splitlines()))
    assert [row["name"] for row in rows] == list(SPACE.names)
    assert float(rows[3]["component_2"]) == SPACE.scores[3, 1]


@pytest.fixture
def folder(tmp_path):
    shapes, _ = collection(5)
    (tmp_path / "herd").mkdir()
    for number, shape in enumerate(turned(shapes)):
        TEMPLATE.with_harmonics(shape).save(tmp_path / "herd" / f"cow_{number}.harmonics.npz")
    return tmp_path


def run(capsys, *words: object) -> tuple[int, dict]:
    status = main([*map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_command_line_from_files_to_new_members(folder, capsys):
    space, herd = folder / "herd" / "herd.space.npz", folder / "herd"
    more = ("--csv", folder / "s.csv", "--report", "--reference", "cow_2")
    status, built = run(capsys, "space", "build", herd, space, *more)
    assert status == 0 and built["members"] == [f"cow_{k}" for k in range(5)]
    assert sum(built["explained"]) == pytest.approx(1.0)
    assert len(built["outliers"]) == 5 and built["evaluation"]["generalisation"]
    assert len((folder / "s.csv").read_text().splitlines()) == 6
    assert main(["space", "at", str(space), str(folder / "a.harmonics.npz"), "--score", "999999999999=1"]) == 2
    assert "no component 999999999999" in capsys.readouterr().err
    status, _ = run(capsys, "space", "at", space, folder / "a.harmonics.npz", "--score", "2=1.5")
    assert status == 0
    status, found = run(capsys, "space", "project", space, folder / "a.harmonics.npz", herd, "--csv", folder / "p.csv")
    assert status == 0 and len(found["shapes"]) == 6
    assert found["shapes"][0]["scores"][1] == pytest.approx(1.5, abs=0.05)
    status, drawn = run(capsys, "space", "sample", space, folder / "new", "--count", 2, "--seed", 4)
    assert status == 0 and len(list((folder / "new").iterdir())) == 2 == len(drawn["files"])
    one = herd / "cow_1.harmonics.npz"
    status, _ = run(
        capsys, "space", "exaggerate", space, one, folder / "b.harmonics.npz", "--factor", "2", "--degrees", "2-"
    )
    assert status == 0
    status, like = run(capsys, "similar", one, herd, "--csv", folder / "d.csv", "--count", 2)
    assert status == 0 and len(like["similar"]) == 2 and "cow_1" not in [row["name"] for row in like["similar"]]
    assert len((folder / "d.csv").read_text().splitlines()) == 6
    assert main(["space", "build", str(herd), str(space), "--report"]) == 0
    assert "leave-one-out" in capsys.readouterr().out


def test_the_command_line_says_what_is_wrong(folder, capsys):
    herd, one = folder / "herd", folder / "herd" / "cow_0.harmonics.npz"
    (folder / "empty").mkdir()
    (folder / "ball.obj").write_text("v 0 0 0\n")
    for words, text in (
        (("space", "build", herd, folder / "x.npz"), "space.npz"),
        (("space", "build", one, folder / "x.space.npz"), "only one"),
        (("space", "build", folder / "empty", folder / "x.space.npz"), "no coefficients"),
        (("space", "build", folder / "ball.obj", herd, folder / "x.space.npz"), "is a mesh"),
        (("space", "build", one, herd, folder / "x.space.npz"), "several shapes"),
        (("space", "build", herd, folder / "x.space.npz", "--reference", "dog"), "dog"),
        (("space", "at", one, folder / "y.harmonics.npz"), "space_version"),
        (("space", "at", one, folder / "y.harmonics.npz", "--score", "0=1"), "not a score"),
        (("space",), "STEP"),
        (("similar", one, folder / "nowhere.npz"), "no file"),
    ):
        assert main([*map(str, words)]) == 2
        assert text in capsys.readouterr().err
    assert not list(folder.glob("*.space.npz"))


SPACE = build_space(collection(8)[0], alignment="rigid").truncated(3)
TEMPLATE = shape_of(SPACE.mean).compact()
DATA = space_to_bytes(replace(SPACE, turns=SPACE.turns.copy()))
