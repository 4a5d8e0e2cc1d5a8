# SPDX-License-Identifier: GPL-3.0-or-later
"""The live sliders and the shape keys made of them."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest
from conftest import coefficients, positions

ops = bpy.ops.spherical_cow


def test_degree_one_is_an_ellipsoid_and_reset_brings_all_back(live):
    sliders = live.data.spherical_cow.equaliser
    full = positions(live).copy()
    assert sliders.degree == 12
    sliders.degree = 1
    points = positions(live).astype(float)
    x, y, z = (points - points.mean(axis=0)).T
    design = np.stack([x * x, y * y, z * z, x * y, x * z, y * z, x, y, z], axis=1)
    residual = design @ np.linalg.lstsq(design, np.ones(len(x)), rcond=None)[0] - 1.0
    assert np.abs(residual).max() < 1e-3
    assert ops.reset_equaliser() == {"FINISHED"}
    assert np.allclose(positions(live), full, atol=1e-6)


def test_degree_cannot_exceed_what_is_there(live):
    live.data.spherical_cow.equaliser.degree = 500
    assert live.data.spherical_cow.equaliser.degree == 12


def test_gains_are_linear(live):
    sliders = live.data.spherical_cow.equaliser
    one = positions(live).astype(float)
    sliders.gains[2] = 0.0
    none = positions(live).astype(float)
    sliders.gains[2] = 2.0
    two = positions(live).astype(float)
    assert np.abs(one - none).max() > 0.01
    assert np.allclose(two - one, one - none, atol=1e-5)


@pytest.mark.parametrize(("kind", "field", "value"), [("GAUSSIAN", "angle", 0.5), ("HEAT", "time", 0.05)])
def test_smoothing_shrinks_detail_and_keeps_the_coefficients(live, kind, field, value):
    before, stored = positions(live).copy(), coefficients(live)
    sliders = live.data.spherical_cow.equaliser
    sliders.smoothing = kind
    setattr(sliders, field, value)
    assert np.ptp(positions(live), axis=0).max() < 0.98 * np.ptp(before, axis=0).max()
    assert np.array_equal(coefficients(live), stored)


def test_a_reconstruction_starts_with_its_sliders_at_rest(live):
    full = positions(live).copy()
    live.data.spherical_cow.equaliser.gains[2] = 0.0
    assert ops.reconstruct(sampling="icosphere", frequency=12) == {"FINISHED"}
    again = bpy.context.object
    assert again != live and again.data.spherical_cow.equaliser.gains[2] == 1.0
    assert np.allclose(positions(again), full, atol=1e-5)


def test_sliders_leave_the_source_alone(encoded):
    before = positions(encoded).copy()
    encoded.data.spherical_cow.equaliser.degree = 1
    assert np.array_equal(positions(encoded), before)
    assert not ops.reset_equaliser.poll()


def test_normals_follow(live):
    live.data.spherical_cow.equaliser.degree = 1
    bpy.context.view_layer.update()
    vertex = live.data.vertices[0]
    assert np.isclose(vertex.normal.length, 1.0, atol=1e-4)
    flat = np.array(vertex.normal)
    live.data.spherical_cow.equaliser.gains[1] = 0.1
    live.data.spherical_cow.equaliser.degree = 12
    bpy.context.view_layer.update()
    assert not np.allclose(np.array(live.data.vertices[0].normal), flat, atol=1e-3)


def test_bands_to_shape_keys_add_up(live):
    live.data.spherical_cow.equaliser.gains[3] = 1.5
    shape = positions(live).astype(float)
    assert ops.bands_to_shape_keys() == {"FINISHED"}
    keys = live.data.shape_keys.key_blocks
    assert [key.name for key in keys] == ["Degrees 0–1", "Degrees 2–3", "Degrees 4–7", "Degrees 8–12"]
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mixed = live.evaluated_get(graph).to_mesh()
    points = np.empty((len(shape), 3), np.float32)
    mixed.vertices.foreach_get("co", points.ravel())
    assert np.allclose(points, shape, atol=1e-5)
    assert not ops.bands_to_shape_keys.poll() and not ops.reset_equaliser.poll()


def test_one_update_is_quick(fine):
    assert len(fine.data.vertices) > 20_000
    sliders = fine.data.spherical_cow.equaliser
    times = []
    for step in range(15):
        start = time.perf_counter()
        sliders.gains[4] = 1.0 + 0.01 * step
        times.append(time.perf_counter() - start)
    assert min(times) < 0.04  # the best: other programs may hold the processor
