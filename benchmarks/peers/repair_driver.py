# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="import-not-found, import-untyped"
"""Mends a mesh with one of the tools that users would reach for. `python repair_driver.py IN.npz OUT.npz`.

In: vertices (V, 3), faces (F, 3), way (a key of `WAYS`). Out: vertices, faces, seconds, cpu_seconds,
version.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], NDArray[Any]]


def meshfix(vertices: NDArray[Any], faces: NDArray[Any], *, join: bool = False) -> Arrays:
    """As its documentation says: the whole process; with `join` no part is dropped."""
    import pymeshfix

    tool = pymeshfix.MeshFix(vertices, faces)
    tool.repair(joincomp=join, remove_smallest_components=not join)
    return np.asarray(tool.points), np.asarray(tool.faces)


def meshfix_join(vertices: NDArray[Any], faces: NDArray[Any]) -> Arrays:
    """As `meshfix`, with parts joined."""
    return meshfix(vertices, faces, join=True)


def manifold(vertices: NDArray[Any], faces: NDArray[Any]) -> Arrays:
    """Merged, then the union of what is in the mesh."""
    import manifold3d

    mesh = manifold3d.Mesh(vertices.astype(np.float32), faces.astype(np.uint32))
    mesh.merge()
    body = manifold3d.Manifold(mesh)
    if body.status() != manifold3d.Error.NoError:
        raise SystemExit(f"refused: {body.status()}")
    united = manifold3d.Manifold.batch_boolean(body.decompose(), manifold3d.OpType.Add)
    result = united.to_mesh()
    return np.asarray(result.vert_properties)[:, :3], np.asarray(result.tri_verts)


def alpha_wrap(vertices: NDArray[Any], faces: NDArray[Any]) -> Arrays:
    """Alpha one hundredth of the diagonal, offset one thousandth."""
    import pymeshlab

    meshes = pymeshlab.MeshSet()
    meshes.add_mesh(pymeshlab.Mesh(vertices, faces))
    meshes.generate_alpha_wrap(alpha=pymeshlab.PercentageValue(1.0), offset=pymeshlab.PercentageValue(0.1))
    return meshes.current_mesh().vertex_matrix(), meshes.current_mesh().face_matrix()


def voxel_remesh(vertices: NDArray[Any], faces: NDArray[Any]) -> Arrays:
    """The modifier, with voxels of 1/128 of the longest side, then triangles."""
    import bpy

    data = bpy.data.meshes.new("mesh")
    data.from_pydata(vertices.tolist(), [], faces.tolist())
    body = bpy.data.objects.new("body", data)
    bpy.context.collection.objects.link(body)
    remesh = body.modifiers.new("remesh", "REMESH")
    remesh.mode, remesh.voxel_size = "VOXEL", float(np.ptp(vertices, axis=0).max()) / 128
    triangles = body.modifiers.new("triangles", "TRIANGULATE")
    triangles.quad_method = "BEAUTY"
    result = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    places = np.empty(3 * len(result.vertices))
    corners = np.empty(3 * len(result.polygons), dtype=np.int32)
    result.vertices.foreach_get("co", places)
    result.polygons.foreach_get("vertices", corners)
    return places.reshape(-1, 3), corners.reshape(-1, 3)


WAYS: dict[str, tuple[str, Callable[[NDArray[Any], NDArray[Any]], Arrays]]] = {
    "meshfix": ("pymeshfix", meshfix),
    "meshfix_join": ("pymeshfix", meshfix_join),
    "manifold": ("manifold3d", manifold),
    "alpha_wrap": ("pymeshlab", alpha_wrap),
    "voxel_remesh": ("bpy", voxel_remesh),
}


def main() -> None:
    """Mend once; loading the tool is not counted."""
    with np.load(sys.argv[1], allow_pickle=False) as archive:
        vertices, faces, way = archive["vertices"], archive["faces"], str(archive["way"])
    package, function = WAYS[way]
    __import__(package)
    start, cpu = time.perf_counter(), time.process_time()
    places, triangles = function(vertices, faces)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    np.savez(
        sys.argv[2],
        vertices=np.asarray(places, dtype=float),
        faces=np.asarray(triangles, dtype=np.int64),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        version=version(package),
    )


if __name__ == "__main__":
    main()
