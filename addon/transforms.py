# SPDX-License-Identifier: GPL-3.0-or-later
"""Move objects, or the vertices of their meshes with all that describes them, by a matrix of the scene."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from . import bridge, storage
from .core.alignment.similarity import Similarity, proper_rotation
from .core.errors import InvalidParameter
from .core.mesh import Mesh

_SAME = 1e-4
"""Difference of matrices, relative to their size, that single precision may leave."""


def placed(mesh: Mesh, obj: bpy.types.Object) -> Mesh:
    """The mesh where the object stands in the scene. One that is mirrored there keeps its outside."""
    return moved(mesh, world_matrix(obj))


def moved(mesh: Mesh, matrix: NDArray[np.float64]) -> Mesh:
    """The mesh moved by a matrix (4, 4). One that is mirrored by it keeps its outside."""
    vertices = mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3]
    return Mesh(vertices, mesh.faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0.0 else mesh.faces)


def world_matrix(obj: bpy.types.Object) -> NDArray[np.float64]:
    """(4, 4) from the mesh's coordinates to those of the scene."""
    return np.array(obj.matrix_world, dtype=np.float64)


def seen_from(active: bpy.types.Object, obj: bpy.types.Object) -> NDArray[np.float64]:
    """(4, 4) from the coordinates of the mesh of `obj` to those of `active`.

    Raises `InvalidParameter` where one of them is scaled to nothing.
    """
    for one in (active, obj):
        require_solid(one)
    return np.asarray(np.linalg.inv(world_matrix(active)) @ world_matrix(obj))


def require_solid(obj: bpy.types.Object) -> None:
    """Raise `InvalidParameter` for an object that is scaled to nothing."""
    matrix = world_matrix(obj)
    if not np.isfinite(matrix).all() or np.linalg.det(matrix[:3, :3]) == 0.0:
        raise InvalidParameter(f"{obj.name!r} is scaled to nothing.", "Give it a scale that is not 0.")


def require_movable(obj: bpy.types.Object, change: str) -> None:
    """Raise `InvalidParameter` where `move` could not do what it says, before anything is changed.

    change: "OBJECT" or "MESH".
    """
    require_solid(obj)
    matrix, mesh = world_matrix(obj), bridge.mesh_of(obj)
    if change == "OBJECT":
        return
    if mesh.users > 1:
        raise InvalidParameter(
            f"The mesh of {obj.name!r} is shared by {mesh.users} objects, which would all change.",
            "Make it a single user, or change the object.",
        )
    group = storage.data_of(mesh)
    if group.morph.count or group.space.key:
        raise InvalidParameter(
            f"{obj.name!r} shows a morph or a shape space, whose shapes do not move along.", "Change the object."
        )
    if group.lmax and _similarity(matrix) is None:
        raise InvalidParameter(
            f"{obj.name!r} has different scales along its axes, so its coefficients cannot move along.",
            "Apply its scale and encode it again, or change the object.",
        )


def move(context: bpy.types.Context, obj: bpy.types.Object, matrix: NDArray[np.float64], change: str) -> None:
    """Move an object by a similarity (4, 4) of the scene: itself, or with "MESH" the vertices under it.

    The children of an object come along, as always in Blender; those of a mesh do not.
    Raises `InvalidParameter` where something holds the object; then it is as it was.
    """
    if change == "MESH":
        own = world_matrix(obj)
        _move_mesh(obj, np.linalg.inv(own) @ matrix @ own)
        return
    wanted, before = matrix @ world_matrix(obj), obj.matrix_basis.copy()
    obj.matrix_world = Matrix(wanted.tolist())
    context.view_layer.update()
    if np.abs(world_matrix(obj) - wanted).max() > _SAME * np.abs(wanted).max():
        obj.matrix_basis = before
        context.view_layer.update()
        raise InvalidParameter(
            f"{obj.name!r} cannot be moved there: constraints, or a parent with different scales, hold it.",
            "Remove them, or change the mesh.",
        )


def _move_mesh(obj: bpy.types.Object, matrix: NDArray[np.float64]) -> None:
    """The vertices and shape keys moved by an affine map (4, 4) of the mesh's own coordinates, coefficients along."""
    from .core.shape_alignment import transform_shape

    mesh = bridge.mesh_of(obj)
    group = storage.data_of(mesh)
    similarity = _similarity(matrix)
    with bridge.object_mode(obj):
        was_current = bool(group.lmax) and group.fingerprint == bridge.fingerprint(mesh)
        mesh.transform(Matrix(matrix.tolist()), shape_keys=True)
        mesh.update()
        if group.lmax and similarity is not None:
            shape = transform_shape(storage.load_shape(mesh, full=True), similarity)
            fingerprint = bridge.fingerprint(mesh) if was_current else group.fingerprint
            storage.store_shape(mesh, shape, role=group.role, fingerprint=fingerprint, scalars=storage.scalars(mesh))


def _similarity(matrix: NDArray[np.float64]) -> Similarity | None:
    """The similarity that a matrix (4, 4) is, or None where it stretches or mirrors."""
    linear = matrix[:3, :3]
    determinant = np.linalg.det(linear)
    if not determinant > 0.0:
        return None
    scale = float(np.cbrt(determinant))
    rotation = proper_rotation(linear)
    if np.abs(linear - scale * rotation).max() > _SAME * scale:
        return None
    return Similarity(rotation, scale, matrix[:3, 3])
