# SPDX-License-Identifier: GPL-3.0-or-later
"""The painted mask: a vertex group that says how far the sliders of a reconstruction reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from . import storage

FloatArray = NDArray[np.float64]

PAUSE = 0.3
"""Seconds between two moves of a slider after which the weights are read again."""


@dataclass
class _Pull:
    """What stays as it is while a person pulls at a slider: nobody paints, encodes or chooses a mask meanwhile.

    weights: (V,) as they are painted. before: (V, 3) the vertices as they were encoded. moved: when the slider last
    moved.
    """

    uid: int
    group: str
    weights: FloatArray
    before: FloatArray
    moved: float


_pulls: list[_Pull] = []
"""The pull that goes on, if any: reading weights and evaluating the original takes longer than all else."""


def weights_of(mesh: bpy.types.Mesh) -> FloatArray | None:
    """(V,) how far the sliders reach at each vertex, from 0 to 1, or None where no vertex group limits them."""
    sliders = storage.data_of(mesh).equaliser
    weights = read_weights(mesh, sliders.mask) if sliders.mask else None
    return 1.0 - weights if weights is not None and sliders.invert_mask else weights


def limited(mesh: bpy.types.Mesh, points: FloatArray, original: Callable[[], FloatArray]) -> FloatArray:
    """(V, 3) the filtered `points` (V, 3) as far as the mask of the mesh says, and the original ones elsewhere."""
    sliders = storage.data_of(mesh).equaliser
    pull = next((one for one in _pulls if _goes_on(one, mesh, sliders.mask)), None)
    if pull is None:
        weights = read_weights(mesh, sliders.mask)
        if weights is None:
            return points
        pull = _Pull(mesh.session_uid, sliders.mask, weights, original(), 0.0)
    pull.moved = time.monotonic()
    _pulls[:] = [pull]
    shares = 1.0 - pull.weights if sliders.invert_mask else pull.weights
    return pull.before + shares[:, None] * (points - pull.before)


def _goes_on(pull: _Pull, mesh: bpy.types.Mesh, group: str) -> bool:
    if not is_interactive() or time.monotonic() - pull.moved > PAUSE:
        return False
    return (pull.uid, pull.group, len(pull.weights)) == (mesh.session_uid, group, len(mesh.vertices))


def is_interactive() -> bool:
    """Whether a person moves the sliders; a script may change the weights between two moves."""
    return not bpy.app.background


def read_again() -> None:
    """Let the next move read the weights."""
    _pulls.clear()


def read_weights(data: bpy.types.Mesh, name: str) -> FloatArray | None:
    """(V,) weights in [0, 1] of the vertex group `name`, 0 outside it, or None where no object of the mesh has it.

    Object Mode and Weight Paint. About 10 ms for 20,000 vertices: Blender gives out no array of weights.
    """
    index = _group_index(data, name)
    if index is None:
        return None
    found = bmesh.new()
    try:
        found.from_mesh(data, face_normals=False, vertex_normals=False)
        layer = found.verts.layers.deform.active
        if layer is None:
            return np.zeros(len(data.vertices))
        return np.array([vertex[layer].get(index, 0.0) for vertex in found.verts], np.float64)
    finally:
        found.free()


def _group_index(data: bpy.types.Mesh, name: str) -> int | None:
    """The names of vertex groups are on the objects, the weights in their mesh."""
    active = bpy.context.object
    objects: Iterable[bpy.types.Object] = bpy.data.objects if active is None or active.data != data else (active,)
    return next(
        (obj.vertex_groups[name].index for obj in objects if obj.data == data and name in obj.vertex_groups), None
    )
