# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields made of fields: against formulas, against promises that hold for any shape, and against other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, HalfspaceIntersection
from spherical_cow.alignment.similarity import Similarity
from spherical_cow.errors import InvalidMesh, InvalidParameter
from spherical_cow.fields.creases import with_creases
from spherical_cow.fields.extraction import Extraction
from spherical_cow.fields.field import Bounds, Field, Foreign, MeshField, as_field
from spherical_cow.fields.multiresolution import Box, sample_near_surface
from spherical_cow.fields.narrow_band import sample_distance
from spherical_cow.fields.operations import (
    OPERATIONS,
    blend,
    difference,
    intersection,
    offset,
    placed,
    redistanced,
    shell,
    smooth_minimum,
    union,
)
from spherical_cow.fields.shapes import Ball, Block, HalfSpace
from spherical_cow.geometry.measure import face_normals, signed_volume
from spherical_cow.mesh import Mesh
from spherical_cow.sphere.icosphere import icosphere
from spherical_cow.topology import check

POINTS = np.random.default_rng(0).uniform(-2.5, 2.5, (4000, 3))
COARSE = Extraction(32, 2)
FINE = Extraction(48, 1, refinement=1)
SHAPES = (Ball(), Ball((0.8, 0.3, 0.0), 0.7), Block((0.2, 0.0, 0.4), (1.5, 1.0, 2.0)))

shapes = st.sampled_from(SHAPES)
radii = st.floats(0.0, 0.6)


def as_mesh(made: trimesh.Trimesh) -> Mesh:
    return Mesh(np.asarray(made.vertices), np.asarray(made.faces))


def slopes(field: Field, points: np.ndarray) -> np.ndarray:
    """How much values change over the distance, between random pairs of points near and far."""
    other = points + np.random.default_rng(1).normal(0.0, 0.3, points.shape)
    return np.abs(field.distance(points) - field.distance(other)) / np.linalg.norm(points - other, axis=1)


def test_a_mesh_gives_the_distances_of_its_shape():
    box = MeshField(as_mesh(trimesh.creation.box((2.0, 2.0, 2.0))))
    truth = Block()
    assert np.allclose(box.distance(POINTS), truth.distance(POINTS), atol=1e-12)
    off = np.linalg.norm(box.gradient(POINTS) - truth.gradient(POINTS), axis=1)
    assert (off < 1e-4).mean() > 0.99  # a few points are where the nearest face changes
    on_it = np.array([[1.0, 0.3, -0.2], [0.1, -1.0, 0.5]])
    assert np.allclose(box.gradient(on_it), [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    assert box.bounds == Bounds((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
    inward = MeshField(Mesh(box.source.vertices, box.source.faces[:, ::-1]))
    assert np.allclose(inward.distance(POINTS), truth.distance(POINTS), atol=1e-12)
    assert np.allclose(inward.gradient(on_it), [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


def test_an_offset_ball_is_a_ball_and_an_offset_box_is_rounded():
    for amount in (0.4, -0.3):
        assert np.allclose(offset(Ball(), amount).distance(POINTS), Ball(radius=1.0 + amount).distance(POINTS))
    r = 0.2
    volume = 8.0 + 24.0 * r + 3.0 * np.pi * r**2 * 2.0 + 4.0 / 3.0 * np.pi * r**3  # Steiner's formula
    grown = offset(as_mesh(trimesh.creation.box((2.0, 2.0, 2.0))), r).mesh(FINE)
    assert signed_volume(grown) == pytest.approx(volume, rel=3e-3)
    shrunk = offset(Block(), -r).mesh(FINE)
    assert np.allclose(np.ptp(shrunk.vertices, axis=0), 1.6, atol=1e-9)


@pytest.mark.parametrize(
    ("side", "low", "high"), [("outside", 1.0, 1.1), ("inside", 0.9, 1.0), ("centred", 0.95, 1.05)]
)
def test_a_shell_has_its_thickness_on_its_side(side, low, high):
    walls = shell(Ball(), 0.1, side)
    radius = np.linalg.norm(POINTS, axis=1)
    assert np.array_equal(walls.distance(POINTS) < 0.0, (radius > low) & (radius < high))
    assert np.allclose(walls.distance(POINTS), np.maximum(low - radius, radius - high))
    mesh = walls.mesh(FINE)
    report = check(mesh, self_intersections=False)
    assert report.components == 2 and report.genus == 0
    assert signed_volume(mesh) == pytest.approx(4.0 / 3.0 * np.pi * (high**3 - low**3), rel=0.02)


def test_a_wall_thinner_than_a_cell_is_closed_and_a_thick_one_is_solid():
    thin = shell(Ball(), 0.005).mesh(Extraction(32, 2, refinement=4))
    assert signed_volume(thin) == pytest.approx(4.0 * np.pi * 0.005, rel=0.05)
    solid = shell(Ball(), 1.5, "inside").mesh(COARSE)
    assert check(solid, self_intersections=False).components == 1
    assert signed_volume(solid) == pytest.approx(4.0 / 3.0 * np.pi, rel=0.02)


def test_sharp_operations_are_those_of_sets():
    a, b = SHAPES[0], SHAPES[2]
    in_a, in_b = a.distance(POINTS) < 0.0, b.distance(POINTS) < 0.0
    assert np.array_equal(union(a, b).distance(POINTS) < 0.0, in_a | in_b)
    assert np.array_equal(intersection(a, b).distance(POINTS) < 0.0, in_a & in_b)
    assert np.array_equal(difference(a, b).distance(POINTS) < 0.0, in_a & ~in_b)
    lens = signed_volume(intersection(Ball(), Ball((1.0, 0.0, 0.0))).mesh(FINE))
    assert lens == pytest.approx(5.0 / 12.0 * np.pi, rel=6e-3)
    half = signed_volume(difference(Block(), HalfSpace()).mesh(FINE))
    assert half == pytest.approx(4.0, rel=6e-3)


def convex_volume(*meshes: Mesh) -> float:
    """Exact, of what convex meshes around the origin have in common."""
    planes = []
    for mesh in meshes:
        normals = face_normals(mesh)
        planes.append(np.column_stack([normals, -(normals * mesh.vertices[mesh.faces[:, 0]]).sum(axis=1)]))
    corners = HalfspaceIntersection(np.concatenate(planes), np.zeros(3)).intersections
    return float(ConvexHull(corners).volume)


def test_volumes_are_those_of_exact_booleans():
    a = icosphere(12)
    place = trimesh.transformations.rotation_matrix(0.5, (1.0, 2.0, 0.3)) + np.array([[0.0, 0, 0, 0.5]] * 3 + [[0] * 4])
    b = as_mesh(trimesh.creation.box((1.2, 1.3, 1.4), place))
    both = convex_volume(a, b)
    exact = {
        "union": signed_volume(a) + signed_volume(b) - both,
        "intersection": both,
        "difference": signed_volume(a) - both,
    }
    assert 0.2 < both < 2.0
    for name, operation in OPERATIONS.items():
        made = operation(a, b, 0.0).mesh(FINE)
        assert signed_volume(made) == pytest.approx(exact[name], rel=6e-3)
        report = check(made, self_intersections=False)
        assert report.row("closed").ok and report.genus == 0  # of all its parts: the box leaves slivers of the ball


@given(shapes, shapes, radii, st.sampled_from(sorted(OPERATIONS)))
@settings(max_examples=40, deadline=None)
def test_smooth_operations_keep_their_promises(a, b, radius, name):
    points = POINTS[:500]
    made, sharp = OPERATIONS[name](a, b, radius), OPERATIONS[name](a, b, 0.0)
    gap = made.distance(points) - sharp.distance(points)
    grows = -1.0 if name == "union" else 1.0  # a union fills, the others round off
    assert (grows * gap >= -1e-12).all() and np.abs(gap).max() <= 0.25 * radius + 1e-12
    assert slopes(made, points).max() <= 1.0 + 1e-9
    if name == "union":
        assert (made.distance(points) <= np.minimum(a.distance(points), b.distance(points)) + 1e-12).all()
    inside = points[made.distance(points) < 0.0]
    assert (inside >= np.array(made.bounds.low) - 1e-9).all() and (inside <= np.array(made.bounds.high) + 1e-9).all()


@given(shapes, shapes, st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_blend_is_between_and_reaches_both(a, b, weight):
    points = POINTS[:500]
    values = blend(a, b, weight).distance(points)
    first, second = a.distance(points), b.distance(points)
    assert (values >= np.minimum(first, second) - 1e-12).all() and (values <= np.maximum(first, second) + 1e-12).all()
    assert np.allclose(blend(a, b, 0.0).distance(points), first)
    assert np.allclose(blend(a, b, 1.0).distance(points), second)
    assert slopes(blend(a, b, weight), points).max() <= 1.0 + 1e-9


def test_a_smooth_minimum_tends_to_the_sharp_one():
    a, b = POINTS[:, 0], POINTS[:, 1]
    gaps = [np.abs(smooth_minimum(a, b, radius)[0] - np.minimum(a, b)).max() for radius in (0.4, 0.1, 0.025, 0.0)]
    assert gaps[-1] == 0.0 and np.allclose(gaps[:-1], [0.1, 0.025, 0.00625], rtol=0.05)
    value, share = smooth_minimum(np.array([0.0]), np.array([0.0]), 1.0)
    assert value[0] == -0.25 and share[0] == 0.5


@pytest.mark.parametrize(
    "field",
    [
        offset(SHAPES[1], 0.2),
        shell(SHAPES[1], 0.3),
        union(SHAPES[0], SHAPES[1], 0.5),
        intersection(SHAPES[0], SHAPES[1], 0.5),
        difference(SHAPES[0], SHAPES[1], 0.5),
        blend(SHAPES[0], SHAPES[1], 0.3),
        placed(SHAPES[1], Similarity(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), 2.0, np.array([0.1, 0.2, 0.3]))),
    ],
    ids=lambda field: type(field).__name__,
)
def test_gradients_are_those_of_the_values(field):
    points, step = POINTS[:400], 1e-6
    shift = step * np.eye(3)
    found = np.stack([field.distance(points + s) - field.distance(points - s) for s in shift], axis=1) / (2.0 * step)
    off = np.linalg.norm(field.gradient(points) - found, axis=1)
    assert (off < 1e-5).mean() > 0.99  # a few points are on a crease


def test_a_placed_field_is_the_field_of_the_placed_mesh():
    turn = trimesh.transformations.rotation_matrix(0.7, (1.0, 2.0, 0.5))[:3, :3]
    move = Similarity(turn, 1.7, np.array([0.3, -0.2, 0.5]))
    mesh = as_mesh(trimesh.creation.box((1.0, 0.6, 0.8)))
    there = MeshField(move.apply_to(mesh))
    field = placed(mesh, move)
    assert np.allclose(field.distance(POINTS), there.distance(POINTS), atol=1e-12)
    assert (np.array(field.bounds.low) <= np.array(there.bounds.low) + 1e-12).all()
    assert (np.array(field.bounds.high) >= np.array(there.bounds.high) - 1e-12).all()


def test_redistanced_fields_are_exact_where_the_others_are_bounds():
    cut = difference(Block(), Ball((1.0, 1.0, 1.0), 1.0))
    exact = redistanced(cut, Extraction(64, 2, refinement=2))
    far = np.array([[2.0, 2.0, 2.0], [1.5, 1.5, 1.5]])  # the nearest of the surface is the edge of the hole
    assert (cut.distance(far) < exact.distance(far) - 0.1).all()
    assert (np.abs(cut.distance(POINTS)) <= np.abs(exact.distance(POINTS)) + 0.02).all()


def test_nothing_thin_is_missed():
    """A disc a quarter of the first grid's voxels thick, which the signs of that grid cannot see."""
    disc, box = Block((0.01, 0.01, 0.06), (1.6, 1.6, 0.04)), Box((0.0, 0.0, 0.0), 2.0)

    def inside(points: np.ndarray) -> np.ndarray:
        return -disc.distance(points)

    found = sample_distance(inside, box, start=16, steps=3)
    missed = sample_near_surface(inside, box, start=16, steps=3)
    assert not (missed.values > 0.0).any() and (found.values > 0.0).any()
    axis = box.points(np.arange(129)[:, None] * np.ones(3, int), 128)[:, 0]
    dense = inside(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)).reshape(129, 129, 129)
    assert np.array_equal(found.values > 0.0, dense > 0.0)
    assert sum(found.rounds) < 0.15 * dense.size
    assert offset(disc, 0.0).mesh(Extraction(128, 3)).n_faces > 1000


def test_signs_of_the_whole_grid_are_right_for_any_start():
    for start, steps in ((5, 3), (40, 0), (8, 2)):
        cells = start << steps
        found = sample_distance(lambda points: -Ball().distance(points), Ball().box, start=start, steps=steps)
        axis = Ball().box.points(np.arange(cells + 1)[:, None] * np.ones(3, int), cells)[:, 0]
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
        assert np.array_equal(found.values.ravel() > 0.0, Ball().distance(grid) < 0.0)


def test_any_object_with_distances_will_do():
    class Fitted:
        box = Box((0.0, 0.0, 0.0), 2.4)

        def distance(self, points: np.ndarray) -> np.ndarray:
            return Ball().distance(points)

        def gradient(self, points: np.ndarray) -> np.ndarray:
            return Ball().gradient(points)

    field = as_field(Fitted())
    assert isinstance(field, Foreign) and field.steepness > 1.0
    made = union(Fitted(), Ball((1.0, 0.0, 0.0)), 0.1)
    assert made.steepness == field.steepness
    assert signed_volume(made.mesh(COARSE)) == pytest.approx(27.0 / 12.0 * np.pi, rel=0.03)


def test_what_makes_no_sense_is_refused_in_words():
    with pytest.raises(InvalidMesh, match="empty"):
        union(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)), Ball())
    flat = Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]))
    with pytest.raises(InvalidMesh, match="no inside"):
        offset(flat, 0.1)
    with pytest.raises(InvalidMesh, match="not numbers"):
        MeshField(icosphere(2)).distance(np.array([[np.nan, 0.0, 0.0]]))
    with pytest.raises(InvalidMesh, match=r"\(N, 3\)"):
        Ball().distance(np.zeros((3, 2)))
    for wrong in (lambda: offset(Ball(), np.nan), lambda: shell(Ball(), 0.0), lambda: shell(Ball(), 0.1, "left")):
        with pytest.raises(InvalidParameter):
            wrong()
    for wrong in (lambda: union(Ball(), Ball(), -1.0), lambda: blend(Ball(), Ball(), 1.5), lambda: Ball(radius=0.0)):
        with pytest.raises(InvalidParameter):
            wrong()
    with pytest.raises(InvalidParameter, match="Nothing is left"):
        offset(Ball(), -1.5).mesh(COARSE)
    with pytest.raises(InvalidParameter, match="Nothing is left"):
        intersection(Ball(), Ball((5.0, 0.0, 0.0))).mesh(COARSE)
    with pytest.raises(InvalidParameter, match="no end"):
        HalfSpace().mesh(COARSE)


def test_sharp_creases_are_cut_along_the_curve_where_both_surfaces_meet():
    a, b = Ball(), Ball((1.0, 0.13, 0.21), 0.9)
    for operation in (union, intersection, difference):
        field = operation(a, b)
        rounded = field.mesh(Extraction(40, 1, refinement=1))
        sharp = with_creases(rounded, field)
        middles = [np.abs(field.distance(m.vertices[m.faces].mean(axis=1))).max() for m in (rounded, sharp)]
        assert middles[1] < 0.2 * middles[0]
        report = check(sharp, self_intersections=False)
        assert report.row("closed").ok and report.genus == 0 and signed_volume(sharp) > 0.0
        on_both = np.maximum(np.abs(a.distance(sharp.vertices)), np.abs(b.distance(sharp.vertices))) < 1e-9
        assert on_both.sum() > 60
        side = np.sign(field.lead_of_second(sharp.vertices[~on_both]))
        assert set(side) == {-1.0, 1.0}
    alone = union(Ball(), Ball((5.0, 0.0, 0.0)))
    apart = alone.mesh(COARSE)
    assert with_creases(apart, alone) is apart
    coloured = rounded.with_attributes(height=rounded.vertices[:, 2])
    assert np.allclose(with_creases(coloured, field).attributes["height"], sharp.vertices[:, 2], atol=0.05)
