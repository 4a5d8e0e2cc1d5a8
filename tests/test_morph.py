# SPDX-License-Identifier: GPL-3.0-or-later
"""Morphs: linear in the coefficients, whatever the pose and the sphere; in-between shapes of one kind stay sound."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import spherical_cow as sc
from meshes import ellipsoid, random_rotation, real_mesh, subdivided_sphere
from spherical_cow.blending.morph import align_shapes, blend, ends_of, moved
from spherical_cow.blending.region import filter_region
from spherical_cow.blending.weights import normalised_weights, path_weights, weight_fields
from spherical_cow.cli.main import main
from spherical_cow.errors import InvalidParameter
from spherical_cow.geometry.measure import signed_volume
from spherical_cow.geometry.spherical import spherical_areas
from spherical_cow.harmonics.container import COLOR, POSITION
from spherical_cow.harmonics.filters import band_gains
from spherical_cow.harmonics.rotation import rotate
from spherical_cow.harmonics.spectrum import power_spectrum
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.shape import Shape
from spherical_cow.sphere.icosphere import icosphere


def lumpy(bend: float = 0.0, color: tuple[float, float, float] | None = None, level: int = 3) -> Mesh:
    """A closed surface without symmetry; `bend` gives it another pose."""
    sphere = subdivided_sphere(level)
    x, y, z = sphere.vertices.T
    points = sphere.vertices * np.array([1.6, 1.0, 0.7]) * (1.0 + 0.2 * np.sin(2.0 * x + y) + 0.1 * z * y)[:, None]
    points[:, 2] += bend * points[:, 0] ** 2
    attributes = {} if color is None else {"color": np.tile(color, (len(points), 1))}
    return Mesh(points, sphere.faces, attributes)


@cache
def encoded(bend: float = 0.0, lmax: int = 10, color: tuple[float, float, float] | None = None) -> Shape:
    return sc.encode(lumpy(bend, color), lmax)


def elsewhere(shape: Shape, seed: int = 1, scale: float = 1.0) -> Shape:
    """The same surface in another pose, reached from other points of the sphere."""
    turn = np.eye(4)
    turn[:3, :3], turn[:3, 3] = scale * random_rotation(seed), (5.0, -2.0, 1.0)
    posed = moved(shape, turn)
    rotation = random_rotation(seed + 1)
    assert posed.sphere is not None
    turned = posed.with_harmonics(rotate(posed.harmonics, rotation))
    return Shape(turned.harmonics, shape.source, shape.certificate, posed.sphere @ rotation.T, shape.faces)


def test_a_shape_and_itself_elsewhere_give_that_shape():
    shape = encoded()
    between = blend([shape, elsewhere(shape)], [0.4, 0.6])
    assert np.allclose(between.harmonics.coefficients, shape.harmonics.coefficients, atol=1e-5)
    assert sc.decode(between).n_vertices == shape.source.n_vertices


def test_similarity_takes_the_size_of_the_first_and_rigid_keeps_it():
    shape, large = encoded(), elsewhere(encoded(), scale=3.0)
    alike = blend([shape, large], [0.0, 1.0], pose="similarity", match=False)
    assert np.allclose(alike.harmonics.coefficients, shape.harmonics.coefficients, atol=1e-5)
    rigid = blend([shape, large], [0.0, 1.0], match=False)
    assert rigid.source.area == pytest.approx(9.0 * alike.source.area, rel=1e-3)


def test_keep_leaves_the_others_where_they_are():
    shape, other = encoded(), elsewhere(encoded(0.25))
    family = align_shapes([shape, other], "keep", match=False)
    mesh = ends_of(family, "icosphere", 12)
    assert np.allclose(
        mesh.vertices[1].mean(axis=0), sc.decode(other, "icosphere", 12).vertices.mean(axis=0), atol=0.05
    )
    assert sc.compare(mesh.at([0.0, 1.0]), sc.decode(other, "icosphere", 24)).mean_rel < 2e-3


def test_the_ends_are_the_shapes_and_the_middle_is_linear():
    first, other = encoded(), encoded(0.25, 14)
    family = align_shapes([first, elsewhere(other)])
    ends = ends_of(family)
    assert np.allclose(ends.at([1.0, 0.0]).vertices, sc.decode(first).vertices, atol=1e-9)
    assert np.allclose(ends.at([1.0, 1.0]).vertices, 0.5 * (ends.vertices[0] + ends.vertices[1]))
    assert np.allclose(ends.at([1.5, -0.5]).vertices, 1.5 * ends.vertices[0] - 0.5 * ends.vertices[1])
    whole = sc.decode(blend([first, elsewhere(other)], [0.3, 0.7]))
    assert np.abs(whole.vertices - ends.at([0.3, 0.7]).vertices).max() < 5e-3  # expanded again, to the same degree
    assert family.harmonics[0].lmax == 14 and not family.far


def test_without_matching_the_blend_is_the_mean_of_the_turned_coefficients():
    first, other = encoded(), elsewhere(encoded(0.25, 14))
    family = align_shapes([first, other], match=False)
    between = blend([first, other], [0.3, 0.7], match=False)
    assert np.allclose(sc.decode(between).vertices, ends_of(family).at([0.3, 0.7]).vertices, atol=1e-6)
    wide = first.harmonics.select(between.harmonics.channels).padded(14).coefficients
    assert np.allclose(family.harmonics[0].coefficients, wide)
    expected = 0.3 * wide + 0.7 * family.harmonics[1].coefficients
    assert np.allclose(between.harmonics.coefficients, expected)
    assert np.allclose(power_spectrum(family.harmonics[1]).sum(axis=1)[3:], power_spectrum(other.harmonics).sum(1)[3:])


def test_matching_brings_what_belongs_together_nearer_and_keeps_the_surface():
    first, other = encoded(), elsewhere(encoded(0.4, 14))
    loose, close = (align_shapes([first, other], match=match) for match in (False, True))
    assert close.distances_rel[1] < 0.85 * loose.distances_rel[1]
    warp = close.members[1].warp
    assert warp is not None
    sphere = icosphere(40)
    assert spherical_areas(warp.at(sphere.vertices), sphere.faces).min() > 0.0
    far, near = (ends_of(family, "icosphere", 24).at([0.0, 1.0]) for family in (loose, close))
    assert sc.compare(far, near).mean_rel < 2e-3
    again = align_shapes([first, first]).members[1]
    assert again.distance_rel < 1e-6 and again.warp is not None
    assert np.allclose(again.warp.at(sphere.vertices), sphere.vertices, atol=1e-5)


def test_how_far_shapes_are_does_not_depend_on_their_unit_of_length():
    pair = [encoded(), encoded(0.25, 14)]
    larger = [moved(shape, np.diag([100.0, 100.0, 100.0, 1.0])) for shape in pair]
    here, there = (align_shapes(shapes, match=False) for shapes in (pair, larger))
    assert there.distances_rel[1] == pytest.approx(here.distances_rel[1], rel=1e-6) and not there.far


def test_colours_blend_where_all_have_them():
    red, blue, plain = encoded(0.0, 10, (1.0, 0.0, 0.0)), encoded(0.25, 10, (0.0, 0.0, 1.0)), encoded(0.2)
    between = ends_of(align_shapes([red, elsewhere(blue)], match=False)).at([0.25, 0.75])
    assert np.allclose(between.attributes["color"], [0.25, 0.0, 0.75], atol=5e-3)
    assert "color" not in ends_of(align_shapes([red, plain], match=False)).at([0.5, 0.5]).attributes
    assert not align_shapes([red, plain], match=False).harmonics[0].has(COLOR)


def test_three_shapes():
    shapes = [encoded(), elsewhere(encoded(0.25)), elsewhere(encoded(-0.25), 5)]
    mean = blend(shapes, [2.0, 1.0, 1.0], match=False)
    assert mean.certificate.flips == 0 and mean.certificate.method == "blend"
    # The two bends cancel out, but for what bending does to the map.
    assert sc.compare(sc.decode(mean), sc.decode(shapes[0])).mean_rel < 0.02


def test_path():
    weights = path_weights(3, 5)
    assert np.allclose(weights, [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]])
    with pytest.raises(InvalidParameter, match="too few"):
        path_weights(2, 1)


def test_weights_are_found_again_from_positions():
    ends = np.random.default_rng(3).normal(size=(4, 30, 3))
    fields, weights = weight_fields(ends), np.array([0.7, -0.2, 1.5])
    mixed = ends[0] + np.tensordot(weights, ends[1:] - ends[0], 1)
    assert np.allclose(np.einsum("nvk,vk->n", fields, mixed - ends[0]), weights)
    twice = np.stack([ends[0], ends[1], ends[1]])  # shapes that are the same share the weight
    assert np.allclose(np.einsum("nvk,vk->n", weight_fields(twice), ends[1] - ends[0]), 0.5)


def test_weights():
    assert np.allclose(normalised_weights([1, 3], 2), [0.25, 0.75])
    for wrong in ([1.0], [1.0, 2.0, 3.0], [0.0, 0.0], [1.0, -1.0], [np.nan, 1.0], [-1.0, 0.5]):
        with pytest.raises(InvalidParameter):
            normalised_weights(wrong, 2)


def test_what_cannot_be_blended():
    shape = encoded()
    with pytest.raises(InvalidParameter, match="two shapes"):
        align_shapes([shape])
    with pytest.raises(InvalidParameter, match="no pose"):
        align_shapes([shape, shape], "sideways")
    pointless = shape.with_harmonics(shape.harmonics.select(["x", "y"]))
    with pytest.raises(InvalidParameter, match="'z'"):
        blend([shape, pointless], [1.0, 1.0])
    with pytest.raises(InvalidParameter, match="matrix"):
        moved(shape, np.zeros((4, 4)))
    with pytest.raises(InvalidParameter, match="sphere map"):
        ends_of(align_shapes([shape.compact(), shape], match=False))


def test_padding_changes_nothing_but_the_degree():
    shape = encoded()
    wide = shape.harmonics.padded(20)
    assert wide.lmax == 20 and wide.padded(5).lmax == 20
    sphere, _ = shape.require_sphere()
    assert np.allclose(synthesize(wide, sphere), synthesize(shape.harmonics, sphere), atol=1e-9)


def test_very_different_shapes_are_said_to_be():
    ball, needle = sc.encode(ellipsoid((1, 1, 1), 3), 6), sc.encode(ellipsoid((4, 0.3, 0.3), 3), 6)
    assert align_shapes([ball, needle], match=False).far == (1,)


def bent(mesh: Mesh, angle: float) -> Mesh:
    """The mesh bent around an arc of this angle along its longest side: the same body in another pose."""
    points = mesh.vertices - mesh.vertices.mean(axis=0)
    along = int(np.argmax(np.ptp(points, axis=0)))
    aside, length = (along + 1) % 3, np.ptp(points[:, along])
    turn, radius = angle * points[:, along] / length, length / angle
    result = points.copy()
    result[:, along] = (radius - points[:, aside]) * np.sin(turn)
    result[:, aside] = radius - (radius - points[:, aside]) * np.cos(turn)
    return mesh.with_vertices(result)


def test_between_two_poses_of_a_body_nothing_collapses_or_folds():
    mesh = real_mesh("hand")
    shapes = [sc.encode(mesh, 24), elsewhere(sc.encode(bent(mesh, 1.2), 24))]
    ends = ends_of(align_shapes(shapes), "icosphere", 24)
    volumes = np.array([signed_volume(ends.at(w)) for w in path_weights(2, 7)])
    low, high = sorted(volumes[[0, -1]])
    assert volumes.min() > 0.97 * low and volumes.max() < 1.03 * high
    rows = {row.name: row.count for row in sc.check(ends.at([0.5, 0.5])).rows}
    assert next(count for name, count in rows.items() if "intersect" in name) == 0


def test_a_region_is_filtered_as_far_as_the_mask_says():
    shape = encoded()
    sphere, _ = shape.require_sphere()
    gains = band_gains(shape.lmax, [1.0, 1.0, 0.0, 3.0])
    before = sc.decode(shape).vertices
    after = filter_region(shape, gains, np.ones(len(sphere)))
    mask = np.clip(sphere[:, 0] + 0.5, 0.0, 1.0)
    found = sc.filter_region(shape, gains, mask)
    assert np.allclose(found, before + mask[:, None] * (after - before), atol=1e-9)
    assert np.allclose(found[mask == 0.0], before[mask == 0.0], atol=1e-12) and (mask == 0.0).any()
    assert np.abs(after - before).max() > 0.05
    there = filter_region(shape.compact(), gains, mask[:5], sphere[:5])
    assert np.allclose(there, found[:5], atol=1e-8)
    for wrong in (mask[:3], np.full(len(sphere), np.nan)):
        with pytest.raises(InvalidParameter, match="mask"):
            filter_region(shape, gains, wrong)
    with pytest.raises(InvalidParameter, match="gains"):
        filter_region(shape, gains[:4], mask)


def test_command_line(tmp_path, capsys):
    files = [str(tmp_path / f"{name}.harmonics.npz") for name in "ab"]
    encoded().save(files[0])
    elsewhere(encoded(0.25, 12)).save(files[1])
    assert main(["morph", *files, str(tmp_path / "m.ply"), "--steps", "3", "--icosphere", "6", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["weights"] == [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]] and said["lmax"] == 12
    series = [sc.load(tmp_path / f"m_00{number}.ply") for number in range(3)]
    assert np.allclose(series[1].vertices, 0.5 * (series[0].vertices + series[2].vertices))
    output = str(tmp_path / "half.harmonics.npz")
    assert main(["morph", *files, output, "--weights", "1.5", "-0.5", "--pose", "keep", "--no-match"]) == 0
    assert sc.load_shape(output).harmonics.has(POSITION)
    assert main(["morph", *files, str(tmp_path / "s.npz"), "--steps", "2", "--no-match"]) == 0
    assert (tmp_path / "s_001.npz").exists()
    for wrong in (["--weights", "1"], ["--steps", "1"], ["--weights", "0", "0"]):
        assert main(["morph", *files, output, *wrong]) == 2
    assert main(["morph", *files]) == 2 and main(["morph", *files, str(tmp_path / "m.txt")]) == 2
    capsys.readouterr()


def test_locality_on_the_command_line(tmp_path, capsys):
    file = str(tmp_path / "a.harmonics.npz")
    encoded().save(file)
    assert main(["locality", file, str(tmp_path / "l.csv"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bands"] == [[1, 1], [2, 3], [4, 7], [8, 10]] and sum(said["share"]) == pytest.approx(1.0)
    lines = (tmp_path / "l.csv").read_text().splitlines()
    assert lines[0] == "vertex,degree,share_1_1,share_2_3,share_4_7,share_8_10"
    assert len(lines) == 1 + encoded().source.n_vertices
    assert main(["locality", file, str(tmp_path / "l.ply"), "--show", "4-7", "--icosphere", "5"]) == 0
    assert "color" in sc.load(tmp_path / "l.ply").attributes
    assert main(["locality", file, str(tmp_path / "l.npz"), "--measure", "bending"]) == 0
    with np.load(tmp_path / "l.npz", allow_pickle=False) as arrays:
        assert arrays["share"].shape == (encoded().source.n_vertices, 4)
    assert main(["locality", file]) == 0
    assert main(["locality", file, str(tmp_path / "l.txt")]) == 2
    assert main(["locality", file, "--show", "4-6"]) == 2 and main(["locality", file, "--show", "x"]) == 2
    capsys.readouterr()
