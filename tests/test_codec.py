# SPDX-License-Identifier: GPL-3.0-or-later
"""The main road: encode and decode, on analytic shapes and real meshes."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import ellipsoid, real_mesh, tetrahedron, torus, uv_sphere
from spherical_cow.codec import decode, encode
from spherical_cow.errors import Cancelled, InvalidMesh, InvalidParameter, NotGenusZero
from spherical_cow.geometry.subdivide import midpoint_sphere
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.transforms import synthesize
from spherical_cow.mesh import Mesh
from spherical_cow.metrics import compare
from spherical_cow.sphere.distortion import flips

FIVE = ["spot_color", "genus0/stanford_bunny", "armadillo", "homer", "cortex_left"]


def bumpy(n: int = 24) -> Mesh:
    """A sphere with bumps and a colour, which is its direction."""
    sphere = uv_sphere(n)
    x, y, z = sphere.vertices.T
    radius = 1.0 + 0.2 * x * y + 0.15 * z**3 - 0.1 * np.cos(3 * z)
    return sphere.with_vertices(sphere.vertices * radius[:, None]).with_attributes(color=0.5 + 0.5 * sphere.vertices)


def measured(mesh: Mesh, lmax: int, shape_harmonics: Harmonics, sphere: np.ndarray) -> tuple[float, float]:
    """Mean and Hausdorff error on the source connectivity subdivided once, as the requirement defines it."""
    directions, faces = midpoint_sphere(sphere, mesh.faces)
    rebuilt = Mesh(synthesize(shape_harmonics.truncate(lmax).select(["x", "y", "z"]), directions), faces)
    result = compare(mesh, rebuilt, samples=50_000)
    return result.mean_rel, result.hausdorff_rel


@pytest.mark.parametrize("name", FIVE)
def test_real_meshes_meet_the_error_bounds(name: str) -> None:
    mesh = real_mesh(name)
    shape = encode(mesh, 256)
    sphere, _ = shape.require_sphere()
    assert shape.certificate.flips == 0
    assert measured(mesh, 64, shape.harmonics, sphere)[0] <= 0.00065
    assert measured(mesh, 128, shape.harmonics, sphere)[0] <= 0.00026
    assert measured(mesh, 256, shape.harmonics, sphere)[1] <= 0.0035


@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize(("sampling", "size"), [("icosphere", 64), ("adaptive", 40_000)])
def test_fresh_meshes_are_as_good_as_the_source_connectivity(name: str, sampling: str, size: int) -> None:
    mesh = real_mesh(name)
    result = compare(mesh, decode(encode(mesh, 64), sampling, size))
    assert result.mean_rel <= 0.001
    assert result.hausdorff_rel <= 0.02


def test_the_whole_demo_of_spot_at_degree_300() -> None:
    mesh = real_mesh("spot_color")
    channels = ["position", "color", "curvature_density", "log_area_distortion", "vertex_density"]
    rebuilt = decode(encode(mesh, 300, channels=channels).compact(), "adaptive", 20_000)
    result = compare(mesh, rebuilt)
    assert rebuilt.n_vertices == 20_000
    assert result.mean_rel <= 0.0002
    assert result.hausdorff_rel <= 0.006


def test_colours_come_back() -> None:
    mesh = bumpy()
    shape = encode(mesh, 24)
    rebuilt = decode(shape)
    assert np.abs(rebuilt.attributes["color"] - mesh.attributes["color"]).max() < 0.05
    assert 0.0 <= rebuilt.attributes["color"].min() <= rebuilt.attributes["color"].max() <= 1.0


def test_vertex_order_and_faces_of_the_source_are_kept() -> None:
    mesh = bumpy()
    rebuilt = decode(encode(mesh, 40))
    assert np.array_equal(rebuilt.faces, mesh.faces)
    assert np.linalg.norm(rebuilt.vertices - mesh.vertices, axis=1).max() < 0.02 * mesh.diagonal


def test_degree_one_of_an_ellipsoid_is_that_ellipsoid() -> None:
    # An ellipsoid with the sphere's own parametrization has no other degrees. Ours is another map, but the
    # axes of its degree 1 must still be those of the shape, in the right order.
    shape = encode(ellipsoid((3.0, 2.0, 1.0)), 8)
    first = shape.harmonics.select(["x", "y", "z"]).truncate(1)
    axes = np.ptp(synthesize(first, np.vstack([np.eye(3), -np.eye(3)])), axis=0) / 2.0
    assert axes[0] > axes[1] > axes[2] > 0.8


def test_degree_zero_is_the_centre() -> None:
    mesh = uv_sphere(24)
    shape = encode(mesh.with_vertices(mesh.vertices + np.array([5.0, -3.0, 2.0])), 8)
    centre = shape.harmonics.select(["x", "y", "z"]).coefficients[:, 0, 0]
    assert np.allclose(centre, [5.0, -3.0, 2.0], atol=1e-3)
    assert np.allclose(shape.source.centre, [5.0, -3.0, 2.0], atol=1e-9)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 1e6), (1e-9, 0.0), (1e6, -1e9)])
def test_offset_and_scale_do_not_matter(scale: float, offset: float) -> None:
    mesh = bumpy(12)
    moved = mesh.with_vertices(mesh.vertices * scale + offset)
    here, there = encode(mesh, 16), encode(moved, 16)
    assert there.certificate.flips == 0
    assert there.certificate.fit_error_rel == pytest.approx(here.certificate.fit_error_rel, rel=0.02)
    rebuilt = (decode(there).vertices - offset) / scale
    assert np.abs(rebuilt - decode(here).vertices).max() < 1e-2


def test_inward_faces_are_turned() -> None:
    mesh = bumpy(12)
    shape = encode(Mesh(mesh.vertices, mesh.faces[:, ::-1], mesh.attributes), 16)
    sphere, faces = shape.require_sphere()
    assert flips(sphere, faces) == 0
    assert np.array_equal(np.sort(faces, axis=1), np.sort(mesh.faces, axis=1))


def test_target_gives_the_smallest_degree() -> None:
    mesh = bumpy()
    shape = encode(mesh, 64, target=0.002)
    assert shape.certificate.fit_error_rel <= 0.002
    one_less = encode(mesh, shape.lmax - 1)
    assert one_less.certificate.fit_error_rel > 0.002


def test_a_target_that_is_not_reached_says_what_is() -> None:
    with pytest.raises(InvalidParameter, match="target"):
        encode(bumpy(), 3, target=1e-6)


@pytest.mark.parametrize("lmax", [0, -1, 10**6])
def test_degrees_out_of_range(lmax: int) -> None:
    with pytest.raises(InvalidParameter, match=str(lmax)):
        encode(uv_sphere(8), lmax)


def test_too_few_vertices_for_the_degree() -> None:
    with pytest.raises(InvalidParameter, match="too few"):
        encode(tetrahedron(), 64)


def test_a_tetrahedron_is_encoded() -> None:
    shape = encode(tetrahedron(), 16)
    assert shape.certificate.flips == 0
    assert shape.certificate.area_sum == pytest.approx(1.0, abs=1e-12)


def test_a_torus_is_refused_with_its_reason() -> None:
    with pytest.raises(NotGenusZero, match=r"(?i)handle|genus"):
        encode(torus())


def test_nan_is_refused() -> None:
    mesh = uv_sphere(8)
    vertices = mesh.vertices.copy()
    vertices[3, 1] = np.nan
    with pytest.raises(InvalidMesh, match="NaN"):
        encode(mesh.with_vertices(vertices))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="wobble"):
        encode(uv_sphere(8), 4, channels=["wobble"])
    with pytest.raises(InvalidParameter, match="wobble"):
        encode(uv_sphere(8), 4, "wobble")
    with pytest.raises(InvalidParameter, match="colour"):
        encode(uv_sphere(8), 4, channels=["color"])
    with pytest.raises(InvalidParameter, match="wobble"):
        decode(encode(uv_sphere(8), 4), "wobble")


def test_a_compact_shape_has_no_source_vertices() -> None:
    shape = encode(uv_sphere(8), 4).compact()
    with pytest.raises(InvalidParameter, match="compact"):
        decode(shape)
    assert decode(shape, "icosphere", 3).n_vertices == 92


def test_encode_is_deterministic() -> None:
    first, second = encode(bumpy(12), 8), encode(bumpy(12), 8)
    assert np.array_equal(first.require_sphere()[0], second.require_sphere()[0])
    # transforms on several threads add in an order of their own, so the last digits may differ
    difference = np.abs(first.harmonics.coefficients - second.harmonics.coefficients).max()
    assert difference < 1e-12


def test_progress_rises_and_can_cancel() -> None:
    seen: list[float] = []
    encode(bumpy(12), 8, progress=lambda fraction, phase: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def cancel(fraction: float, phase: str) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        encode(bumpy(12), 8, progress=cancel)
