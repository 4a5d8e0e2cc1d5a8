# SPDX-License-Identifier: GPL-3.0-or-later
"""UV maps of spheres: cut in the plane x = 0, nothing torn, nothing bled."""

from __future__ import annotations

import numpy as np
import pytest
from spherical_cow.errors import InvalidParameter
from spherical_cow.mesh import FloatArray, IntArray
from spherical_cow.meshfile.color import srgb_to_linear
from spherical_cow.sphere.uv import colours_at, sphere_atlas, sphere_uv
from spherical_cow.symmetry.tables import mirror_tables
from spherical_cow.symmetry.templates import template

FRONT, CUT, TOP, BOTTOM, RIGHT, LEFT = np.array([[0.0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0]])


@pytest.fixture(params=[(4, 0), (4, 1), (3, 0), (3, 1), (2, 1)], ids=str)
def sphere(request: pytest.FixtureRequest) -> tuple[FloatArray, IntArray]:
    mesh = template(*request.param).mesh
    return mesh.vertices, mesh.faces


def longitude(points: FloatArray) -> FloatArray:
    """From 0 at the cut, through the side −x, the front and +x, to 1."""
    return 0.5 + np.arctan2(points[..., 0], points[..., 1]) / (2.0 * np.pi)


def colours_of(points: FloatArray) -> FloatArray:
    """A smooth picture of all directions, different left and right."""
    unit = points / np.linalg.norm(points, axis=-1, keepdims=True)
    return 0.5 + 0.4 * np.stack([unit[..., 0], unit[..., 1] * unit[..., 2], unit[..., 2] * unit[..., 0]], axis=-1)


def picture(height: int, width: int, mirrored: bool = False) -> FloatArray:
    """`colours_of` as a picture, whose outermost pixels have their middles on its borders."""
    down = np.linspace(0.0, np.pi, height)[:, None]
    around = np.linspace(0.0, np.pi, width) if mirrored else np.linspace(-np.pi, np.pi, width)
    return colours_of(
        np.stack(
            [np.sin(down) * np.sin(around), np.sin(down) * np.cos(around), np.cos(down) * np.ones_like(around)], axis=-1
        )
    )


def between_pixels(pixels: FloatArray, uv: FloatArray) -> FloatArray:
    """(N, C) read at (N, 2), without leaving the picture."""
    height, width = pixels.shape[:2]
    x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
    assert x.min() > -1e-9 and x.max() < width - 1 + 1e-9 and y.min() > -1e-9 and y.max() < height - 1 + 1e-9
    left, top = np.clip(x.astype(int), 0, width - 2), np.clip(y.astype(int), 0, height - 2)
    fx, fy = (x - left)[:, None], (y - top)[:, None]
    rows = [pixels[top + k, left] * (1 - fx) + pixels[top + k, left + 1] * fx for k in (0, 1)]
    return rows[0] * (1 - fy) + rows[1] * fy


def test_where_directions_are() -> None:
    faces = np.array([[0, 1, 2], [3, 1, 2]])
    points = np.array([RIGHT, FRONT, TOP, LEFT])
    uv = sphere_uv(points, faces)
    np.testing.assert_allclose(uv[0], [[0.75, 0.5], [0.5, 0.5], [0.625, 1.0]], atol=1e-12)
    np.testing.assert_allclose(uv[1], [[0.25, 0.5], [0.5, 0.5], [0.375, 1.0]], atol=1e-12)
    folded = sphere_uv(points, faces, mirrored=True)
    np.testing.assert_allclose(folded, [[[0.5, 0.5], [0.0, 0.5], [0.25, 1.0]]] * 2, atol=1e-12)
    back = sphere_uv(np.array([CUT, RIGHT, BOTTOM, LEFT]), np.array([[0, 1, 2], [0, 3, 2]]))
    np.testing.assert_allclose(back[0], [[1.0, 0.5], [0.75, 0.5], [0.875, 0.0]], atol=1e-12)
    np.testing.assert_allclose(back[1], [[0.0, 0.5], [0.25, 0.5], [0.125, 0.0]], atol=1e-12)


def test_directions_may_have_any_length() -> None:
    mesh = template(2).mesh
    longer = mesh.vertices * np.linspace(0.1, 9.0, mesh.n_vertices)[:, None]
    np.testing.assert_allclose(sphere_uv(longer, mesh.faces), sphere_uv(mesh.vertices, mesh.faces), atol=1e-12)


@pytest.mark.parametrize("mirrored", [False, True])
def test_no_face_is_torn(sphere: tuple, mirrored: bool) -> None:
    vertices, faces = sphere
    uv = sphere_uv(vertices, faces, mirrored)
    assert uv.shape == (len(faces), 3, 2) and uv.min() >= 0.0 and uv.max() <= 1.0
    corners = vertices[faces]
    apart = 2.0 * np.arcsin(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2) / 2.0).max() / np.pi
    away = np.abs(corners[..., 2]).max(axis=1) < 0.8
    assert np.ptp(uv[away, :, 0], axis=1).max(initial=0.0) < (2.0 if mirrored else 1.0) * apart
    assert np.ptp(uv[..., 1], axis=1).max() < 1.2 * apart


def test_faces_at_the_cut_stay_on_their_side(sphere: tuple) -> None:
    vertices, faces = sphere
    uv, side = sphere_uv(vertices, faces), vertices[faces, 0].mean(axis=1)
    across = np.sign(np.where(np.abs(vertices[faces, 0]) < 1e-9, 0.0, vertices[faces, 0])) != np.sign(side)[:, None]
    whole = ~((across & (np.abs(vertices[faces, 0]) > 1e-9)).any(axis=1))
    assert whole.sum() > len(faces) // 3
    right = whole & (side > 1e-6)
    assert uv[right, :, 0].min() > 0.5 - 1e-9
    left = whole & (side < -1e-6)
    assert uv[left, :, 0].max() < 0.5 + 1e-9


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_atlas_shows_the_picture_of_the_sphere(sphere: tuple, mirrored: bool) -> None:
    """Read at places inside of faces, as every program does: the cut is nowhere to be seen."""
    vertices, faces = sphere
    pixels = picture(64, 64 if mirrored else 127, mirrored)
    atlas, uv = sphere_atlas(pixels, vertices, faces, mirrored)
    assert atlas.shape[0] == 64 and atlas.shape[1] > pixels.shape[1]
    rng = np.random.default_rng(0)
    face, weights = rng.integers(0, len(faces), 4000), rng.dirichlet((1, 1, 1), 4000)
    points = np.einsum("nk,nkc->nc", weights, vertices[faces[face]])
    if mirrored:
        points[:, 0] = np.abs(points[:, 0])
    seen = between_pixels(atlas, np.einsum("nk,nkc->nc", weights, uv[face]))
    gap = np.abs(seen - colours_of(points)).max(axis=1)
    edge = np.linalg.norm(vertices[faces[:, 0]] - vertices[faces[:, 1]], axis=1).max()
    assert gap[np.abs(points[:, 2]) < 0.7].max() < 0.3 * edge**2 + 0.005
    assert gap.mean() < 0.05 * edge


def test_the_two_halves_of_a_template_mirror_each_other() -> None:
    mesh = template(4, 1).mesh
    opposite = mirror_tables(mesh.vertices).opposite
    images = opposite[mesh.faces][:, ::-1]
    one, other = (sphere_uv(mesh.vertices, faces) for faces in (mesh.faces, images))
    away = np.abs(mesh.vertices[mesh.faces, 0].mean(axis=1)) > 1e-6  # a face that is its own image chooses a side
    np.testing.assert_allclose(one[away, :, 0], 1.0 - other[away, ::-1, 0], atol=1e-9)
    np.testing.assert_allclose(one[..., 1], other[:, ::-1, 1], atol=1e-12)
    folded = [sphere_uv(mesh.vertices, faces, mirrored=True) for faces in (mesh.faces, images)]
    np.testing.assert_allclose(folded[0], folded[1][:, ::-1], atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
def test_colours_of_vertices(mirrored: bool) -> None:
    mesh = template(4, 1).mesh
    pixels = picture(128, 128 if mirrored else 255, mirrored)
    atlas, uv = sphere_atlas(pixels, mesh.vertices, mesh.faces, mirrored)
    points = mesh.vertices * ([1.0, 1.0, 1.0] if not mirrored else np.where(mesh.vertices[:, :1] < 0, [-1, 1, 1], 1))
    expected = srgb_to_linear(colours_of(points))
    poles = np.abs(mesh.vertices[:, 2]) > 0.999
    found = colours_at(atlas, uv, mesh.faces, mesh.n_vertices)
    np.testing.assert_allclose(found[~poles], expected[~poles], atol=2e-3)
    np.testing.assert_allclose(found[poles], expected[poles], atol=0.02)
    plain = colours_at(pixels, sphere_uv(mesh.vertices, mesh.faces, mirrored, pixels.shape[:2]), mesh.faces, 642)
    np.testing.assert_allclose(plain[~poles], expected[~poles], atol=0.05)  # clipped in the few faces across the cut
    assert np.median(np.abs(plain - expected)) < 1e-3
    coarse = colours_at(np.rint(atlas * 255).astype(np.uint8), uv, mesh.faces, mesh.n_vertices)
    np.testing.assert_allclose(coarse, found, atol=0.01)
    alone = colours_at(atlas, uv[:1], mesh.faces[:1], mesh.n_vertices)
    assert (np.delete(alone, mesh.faces[0], axis=0) == 1.0).all(), "white where there is no face"


def test_nothing_bleeds_in_from_the_other_end() -> None:
    """A picture that is black but for its first columns: nothing of it is seen on the other side of the cut."""
    mesh = template(4, 1).mesh
    pixels = np.zeros((64, 128, 3))
    pixels[:, 4:40] = 1.0
    atlas, uv = sphere_atlas(pixels, mesh.vertices, mesh.faces)
    color = colours_at(atlas, uv, mesh.faces, mesh.n_vertices)
    right = mesh.vertices[:, 0] > 0.15
    assert right.sum() > 200 and color[right].max() < 1e-9
    assert color[longitude(mesh.vertices) == 0.25].min() > 0.99


def test_what_is_no_sphere_and_no_picture() -> None:
    mesh = template(2).mesh
    for bad in (0.0, np.nan):
        vertices = mesh.vertices.copy()
        vertices[3] = bad
        with pytest.raises(InvalidParameter, match="directions"):
            sphere_uv(vertices, mesh.faces)
    for shape in ((64, 64), (1, 64, 3)):
        with pytest.raises(InvalidParameter, match="no texture"):
            sphere_atlas(np.zeros(shape), mesh.vertices, mesh.faces)
