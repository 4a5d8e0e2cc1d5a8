# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair through its operator: what it changes, what it leaves, what it says."""

from __future__ import annotations

import json

import bpy
import pytest
from test_rewrite import picture, rich, same  # noqa: F401

ops = bpy.ops.spherical_cow


def report(obj) -> dict:
    return json.loads(obj.data.spherical_cow.repair.report)


@pytest.fixture
def torus() -> bpy.types.Object:
    bpy.ops.mesh.primitive_torus_add(major_segments=24, minor_segments=12)
    return bpy.context.object


def test_a_torus_becomes_a_ball_that_can_be_encoded(torus):
    faces = {frozenset(polygon.vertices) for polygon in torus.data.polygons}
    assert ops.repair(recipe="genus0") == {"FINISHED"}
    found = report(torus)
    assert found["after"]["is_genus_zero"] and found["done"] and found["change"]["faces_new"] > 0
    kept = {frozenset(polygon.vertices) for polygon in torus.data.polygons} & faces
    assert len(kept) > 0.8 * len(faces)
    marked = [item.value for item in torus.data.attributes["repaired"].data]
    assert 0 < sum(marked) < 0.3 * len(marked)
    assert [polygon.select for polygon in torus.data.polygons] == marked
    assert ops.encode(lmax=6) == {"FINISHED"}
