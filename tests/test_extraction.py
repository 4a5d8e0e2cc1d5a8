# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces out of fields: closed whatever the field, on the surface, simplified, with normals and colours."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from spherical_cow.errors import Cancelled, InvalidParameter
from spherical_cow.fields.extraction import Extraction, extract
from spherical_cow.fields.multiresolution import Box
from spherical_cow.geometry.distance import distances_to_surface
from spherical_cow.geometry.measure import directed_edges, face_normals, signed_volume
from spherical_cow.geometry.sampling import sample_surface
from spherical_cow.mesh import Mesh

BOX = Box((0.3, -0.2, 0.1), 2.0)


def waves(seed: int, lowest: float = 0.0):
    """A smooth function that goes on beyond the box."""
    random = np.random.default_rng(seed)
    turns, phases, weights = random.normal(0.0, 3.0, (6, 3)), random.uniform(0.0, 6.3, 6), random.normal(size=6)
    return lambda points: np.cos(points @ turns.T + phases) @ weights + lowest


def ball(points: np.ndarray) -> np.ndarray:
    return 0.7 - np.linalg.norm(points - BOX.centre, axis=1)


def ellipsoid(points: np.ndarray) -> np.ndarray:
    """Inside where it is positive; no distance."""
    return 0.6 - np.square((points - BOX.centre) * [1.0, 1.4, 0.9]).sum(axis=1)


def ellipsoid_gradient(points: np.ndarray) -> np.ndarray:
    return -2.0 * np.square([1.0, 1.4, 0.9]) * (points - BOX.centre)


def is_closed(mesh: Mesh) -> bool:
    """Every edge has one triangle on each side."""
    edges = directed_edges(mesh.faces)
    forward, backward = (np.sort(e @ [len(mesh.vertices), 1]) for e in (edges, edges[:, ::-1]))
    return np.array_equal(forward, backward) and len(np.unique(forward)) == len(forward)


@given(
    st.integers(0, 10_000),
    st.sampled_from([None, 0.5, 2.0]),
    st.floats(-1.0, 1.0),
    st.sampled_from([(16, 0), (16, 2), (24, 3)]),
    st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_closed_whatever_the_field(
    seed: int, rounding: float | None, threshold: float, grid: tuple[int, int], refinement: int
) -> None:
    """Also where it leaves the box, and where whole regions have exactly the threshold."""
    smooth = waves(seed)
    value = round(threshold / rounding) * rounding if rounding else threshold
    field = (lambda p: np.round(smooth(p) / rounding) * rounding) if rounding else smooth
    mesh = extract(field, BOX, value, Extraction(*grid, refinement=refinement))
    assert is_closed(mesh) and np.isfinite(mesh.vertices).all()
    assert (np.abs(mesh.vertices - BOX.centre) <= 0.5 * BOX.size * (1 + 1e-12)).all()
    assert signed_volume(mesh) >= 0.0


@pytest.mark.parametrize(("value", "volume"), [(-1.0, 0.0), (1.0, 8.0), (0.0, 8.0)])
def test_constant_fields_are_nothing_or_the_box(value: float, volume: float) -> None:
    mesh = extract(lambda p: np.full(len(p), value), BOX, 0.0, Extraction(8, 1, refinement=2, normals=True))
    assert is_closed(mesh) and signed_volume(mesh) == pytest.approx(volume, rel=1e-2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(InvalidParameter, match="not numbers"):
        extract(lambda p: np.where(p[:, 0] > 0.5, bad, ball(p)), BOX, 0.0, Extraction(16, 1))


@pytest.mark.parametrize("gradient", [None, ellipsoid_gradient])
def test_newton_steps_lead_onto_the_surface(gradient) -> None:
    plain, near = (extract(ellipsoid, BOX, 0.1, Extraction(32, 1, refinement=n), gradient) for n in (0, 3))
    gaps = [np.abs(ellipsoid(mesh.vertices) - 0.1).max() for mesh in (plain, near)]
    assert gaps[0] > 1e-4 and gaps[1] < 1e-9
    assert np.array_equal(plain.faces, near.faces)
    turned = (face_normals(plain) * face_normals(near)).sum(axis=1)
    assert (turned < 0).mean() < 1e-3


def test_a_step_is_never_worse_and_never_long() -> None:
    """A field with cliffs, as of a network that is sure of itself."""

    def cliffs(points: np.ndarray) -> np.ndarray:
        return np.tanh(40.0 * ellipsoid(points)) + 0.3 * np.sin(50.0 * points[:, 0])

    plain, near = (extract(cliffs, BOX, 0.0, Extraction(32, 1, refinement=n)) for n in (0, 4))
    assert (np.abs(cliffs(near.vertices)) <= np.abs(cliffs(plain.vertices)) + 1e-12).all()
    assert np.linalg.norm(near.vertices - plain.vertices, axis=1).max() <= 4 * 0.5 * BOX.size / 32 + 1e-12


def test_normals_are_those_of_the_field() -> None:
    mesh = extract(ellipsoid, BOX, 0.1, Extraction(32, 1, refinement=2, normals=True), ellipsoid_gradient)
    expected = -ellipsoid_gradient(mesh.vertices)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.abs(mesh.attributes["normal"] - expected).max() < 1e-9
    assert "normal" not in extract(ellipsoid, BOX, 0.1, Extraction(32, 1)).attributes


@pytest.mark.parametrize("faces", [200, 1000])
def test_simplified_is_closed_and_near(faces: int) -> None:
    exact = extract(ellipsoid, BOX, 0.1, Extraction(96, 1, refinement=3))
    errors = []
    for refinement in (0, 2):
        mesh = extract(ellipsoid, BOX, 0.1, Extraction(24, 1, faces=faces, refinement=refinement))
        other = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        assert other.is_watertight and other.euler_number == 2
        assert 0.95 * faces <= mesh.n_faces <= faces
        errors.append(distances_to_surface(sample_surface(mesh, 20_000)[0], exact).mean())
    assert errors[1] < errors[0] < 0.01


def test_noise_is_simplified_too() -> None:
    """Triangles meet there before, so that they may afterwards."""
    noise = np.random.default_rng(1).normal(size=(13, 13, 13))
    mesh = extract(lambda p: noise[tuple(np.rint(p * 6.0 + 6.0).astype(int).T)], Box(size=2.0), 0.0, Extraction(12, 0))
    fewer = extract(
        lambda p: noise[tuple(np.rint(p * 6.0 + 6.0).astype(int).T)], Box(size=2.0), 0.0, Extraction(12, 0, faces=3000)
    )
    assert mesh.n_faces > 5000 and fewer.n_faces < 0.7 * mesh.n_faces and is_closed(fewer)


def test_colours_are_asked_for_at_the_vertices() -> None:
    mesh = extract(ball, BOX, 0.0, Extraction(16, 1, refinement=2), colour=lambda points: points * 2.0)
    assert np.allclose(mesh.attributes["color"], np.clip(2.0 * mesh.vertices, 0.0, 1.0))
    assert "color" not in extract(ball, BOX, 0.0, Extraction(16, 1)).attributes


def test_few_points_are_asked_for_at_once() -> None:
    most = [0]

    def field(points: np.ndarray) -> np.ndarray:
        most[0] = max(most[0], len(points))
        return ball(points)

    extract(field, BOX, 0.0, Extraction(32, 1, refinement=2, normals=True, batch=500), colour=lambda p: p)
    assert 0 < most[0] <= 500


def test_it_can_be_cancelled() -> None:
    def stop(fraction: float, phase: str) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        extract(ball, BOX, 0.0, Extraction(32, 1, refinement=2), progress=stop)


@pytest.mark.parametrize("wrong", [{"resolution": 30, "steps": 2}, {"resolution": 2048}, {"batch": 0}, {"faces": -1}])
def test_impossible_extractions_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidParameter):
        Extraction(**wrong)
