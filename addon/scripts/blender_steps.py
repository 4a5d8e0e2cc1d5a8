# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair steps done by Blender itself, for the worker that runs inside a Blender without a window.

Each function has the signature of the library's own step of that name, which it takes the place of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import bmesh
import bpy
import numpy as np

from core.mesh import Mesh
from core.progress import Progress, silent
from core.repairs.traced import StepResult, Traced


@contextmanager
def _object(mesh: Mesh) -> Iterator[tuple[bpy.types.Object, bpy.types.Mesh]]:
    """A temporary object with this mesh, alone in the scene, and its data."""
    data = bpy.data.meshes.new("step")
    data.from_pydata(mesh.vertices.tolist(), [], mesh.faces.tolist())
    obj = bpy.data.objects.new("step", data)
    bpy.context.scene.collection.objects.link(obj)
    try:
        yield obj, data
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(data)


def _triangles(data: bpy.types.Mesh) -> Mesh:
    data.calc_loop_triangles()
    vertices = np.empty((len(data.vertices), 3), np.float32)
    data.vertices.foreach_get("co", vertices.ravel())
    faces = np.empty((len(data.loop_triangles), 3), np.int32)
    data.loop_triangles.foreach_get("vertices", faces.ravel())
    return Mesh(vertices.astype(np.float64), faces.astype(np.int64))


def _modified(traced: Traced, kind: Any, settings: Mapping[str, Any]) -> Traced:
    """The mesh as one modifier makes it."""
    with _object(traced.mesh) as (obj, _):
        modifier = obj.modifiers.new(kind, kind)
        for name, value in settings.items():
            setattr(modifier, name, value)
        evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = _triangles(evaluated.to_mesh())
        evaluated.to_mesh_clear()
    return Traced.remade(traced.source, mesh).without_loose()


def _edited(traced: Traced, edit: Callable[[bmesh.types.BMesh], None]) -> Traced:
    """The mesh after `edit`, in triangles."""
    with _object(traced.mesh) as (_, data):
        edited = bmesh.new()
        edited.from_mesh(data)
        edit(edited)
        edited.to_mesh(data)
        edited.free()
        mesh = _triangles(data)
    return Traced.remade(traced.source, mesh).without_loose()


def dissolve_planar(traced: Traced, *, angle: float = 5.0, progress: Progress = silent) -> StepResult:
    """Limited Dissolve; its polygons are cut into triangles again."""

    def edit(mesh: bmesh.types.BMesh) -> None:
        bmesh.ops.dissolve_limit(mesh, angle_limit=math.radians(angle), verts=mesh.verts[:], edges=mesh.edges[:])

    result = _edited(traced, edit)
    dissolved = traced.mesh.n_faces - result.mesh.n_faces
    return StepResult(result, {"faces_dissolved": dissolved} if dissolved > 0 else {})


def solidify(traced: Traced, *, thickness_rel: float = 0.006, progress: Progress = silent) -> StepResult:
    """The Solidify modifier, inward."""
    thickness = thickness_rel * traced.mesh.diagonal
    result = _modified(traced, "SOLIDIFY", {"thickness": thickness, "offset": -1.0})
    return StepResult(result, {"surfaces_solidified": 1})


def voxel_remesh(traced: Traced, *, resolution: int = 111, progress: Progress = silent) -> StepResult:
    """The Remesh modifier with voxels; unlike the library's step it keeps inner walls."""
    size = float(np.ptp(traced.mesh.vertices, axis=0).max()) / resolution
    result = _modified(traced, "REMESH", {"mode": "VOXEL", "voxel_size": size})
    return StepResult(result, {"surfaces_rebuilt": 1})


def decimate(traced: Traced, *, ratio: float = 0.1, min_faces: int = 1500, progress: Progress = silent) -> StepResult:
    """The Decimate modifier, by collapsing edges."""
    count = traced.mesh.n_faces
    goal = max(round(ratio * count), min_faces)
    if goal >= count:
        return StepResult(traced)
    result = _modified(traced, "DECIMATE", {"ratio": goal / count, "use_collapse_triangulate": True})
    return StepResult(result, {"faces_removed": count - result.mesh.n_faces})


def smooth(traced: Traced, *, factor: float = 0.5, iterations: int = 1, progress: Progress = silent) -> StepResult:
    """The Smooth modifier. It moves toward the middles of edges, which are half as far away as the neighbours."""
    result = _modified(traced, "SMOOTH", {"factor": 2.0 * factor, "iterations": iterations})
    return StepResult(result, {"vertices_moved": result.mesh.n_vertices} if iterations and factor else {})


def cubify(traced: Traced, *, resolution: int = 64, progress: Progress = silent) -> StepResult:
    """The Remesh modifier with blocks: an octree of 2ⁿ cells along the longest side, the power of two nearest to
    `resolution`."""
    depth = min(max(round(math.log2(resolution)), 1), 10)
    settings = {"mode": "BLOCKS", "octree_depth": depth, "scale": 0.9, "use_remove_disconnected": False}
    return StepResult(_modified(traced, "REMESH", settings), {"surfaces_rebuilt": 1})


FUNCTIONS = {
    function.__name__: function for function in (dissolve_planar, solidify, voxel_remesh, decimate, smooth, cubify)
}
"""name of a step → its function."""
