# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconstruct: a new object from the coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
from numpy.typing import NDArray

from .. import bridge, jobs, messages, morph_colors, resynthesis, storage
from ..core.errors import InvalidParameter
from ..core.harmonics.container import CURVATURE_DENSITY, POSITION, SCALARS, VERTEX_DENSITY
from ..core.mesh import Mesh
from ..core.shape import Shape
from ..idnames import Operators
from ..properties.coding import ReconstructSettings
from .shell import EncodedOperator, JobOperator, guarded


def object_on_source(obj: bpy.types.Object, vertices: NDArray[Any]) -> bpy.types.Object:
    """A copy of the object whose vertices are moved to `vertices` (V, 3): UVs, weights and materials stay.

    The copy of a mesh that was encoded with its modifiers has them applied; shape keys are not copied.
    Raises `InvalidParameter` where the mesh no longer has as many vertices.
    """
    with_modifiers = storage.data_of(bridge.mesh_of(obj)).with_modifiers
    if obj.mode == "EDIT":
        obj.update_from_editmode()
    mesh = _evaluated_copy(obj) if with_modifiers else bridge.mesh_of(obj).copy()
    if len(mesh.vertices) != len(vertices):
        bpy.data.meshes.remove(mesh)
        raise InvalidParameter(
            f"{obj.name!r} has other vertices than when it was encoded.",
            "Encode it again, or use a new mesh.",
        )
    copy = obj.copy()
    copy.data = mesh
    if with_modifiers:
        copy.modifiers.clear()
    if mesh.shape_keys is not None:
        copy.shape_key_clear()
    morph_colors.remove(copy)
    bridge.write_positions(mesh, vertices)
    return copy


def _evaluated_copy(obj: bpy.types.Object) -> bpy.types.Mesh:
    graph = bpy.context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(obj.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)


def object_on_new_mesh(obj: bpy.types.Object, mesh: Mesh) -> bpy.types.Object:
    """A new object of these triangles, at the place of `obj` and with its first materials."""
    data = bridge.new_mesh(obj.data.name, mesh)
    for material in obj.data.materials:
        data.materials.append(material)
    copy = bpy.data.objects.new(obj.name, data)
    copy.parent, copy.matrix_parent_inverse = obj.parent, obj.matrix_parent_inverse.copy()
    copy.rotation_mode, copy.matrix_basis = obj.rotation_mode, obj.matrix_basis.copy()
    return copy


def finish(
    context: bpy.types.Context, obj: bpy.types.Object, copy: bpy.types.Object, *, hide: bool, name: str = ""
) -> None:
    """Link the new object beside the old one, name and select it, and hide the old one if so wished."""
    copy.name = name or f"{obj.name} Reconstruction"
    copy.data.name = copy.name
    for collection in obj.users_collection or (context.scene.collection,):
        collection.objects.link(copy)
    context.view_layer.update()  # else the view layer does not know the new object yet
    if obj.mode != "OBJECT":
        with context.temp_override(object=obj, active_object=obj):
            bpy.ops.object.mode_set(mode="OBJECT")
    if copy.name in context.view_layer.objects:
        messages.select_only(context, copy)
        copy.hide_set(False)
    if hide and obj.name in context.view_layer.objects:
        obj.hide_set(True)


def mark(copy: bpy.types.Object, obj: bpy.types.Object, sphere: NDArray[Any] | None, *, live: bool) -> None:
    """Give the reconstruction its own copy of the shape, its sphere positions and its fields.

    sphere: (V, 3) directions of a new mesh, or None on the source's vertices, which have them already.
    """
    shape = storage.load_shape(bridge.mesh_of(obj), full=True)
    on_source = sphere is None
    directions, _ = shape.require_sphere() if sphere is None else (sphere, None)
    fields = storage.scalars(bridge.mesh_of(obj))
    kept = shape if on_source else shape.compact()
    fingerprint = storage.data_of(bridge.mesh_of(obj)).fingerprint
    made = bridge.mesh_of(copy)
    storage.store_reconstruction(made, kept, live=live, fingerprint=fingerprint, scalars=fields)
    storage.write_fields(made, directions, fields if on_source else fields_at(shape, directions))
    resynthesis.write_colors(made, shape.harmonics, directions)


def fields_at(shape: Shape, sphere: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The scalar channels of the shape at directions (V, 3)."""
    names = [name for name in shape.harmonics.channels if name in SCALARS]
    if not names:
        return {}
    return dict(zip(names, resynthesis.evaluate(shape.harmonics.select(names), sphere).T, strict=True))


def positions_at(shape: Shape, sphere: NDArray[Any]) -> NDArray[Any]:
    """(V, 3) positions at directions (V, 3)."""
    return resynthesis.evaluate(shape.harmonics.select(POSITION), sphere)


class SPHERICAL_COW_OT_reconstruct(ReconstructSettings, EncodedOperator, JobOperator, bpy.types.Operator):
    """Make a new object from the coefficients."""

    bl_idname = Operators.RECONSTRUCT
    bl_label = "Reconstruct"
    bl_description = "Make a new object from the coefficients, at the same place. The encoded object is kept"
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Positions on the original vertices take milliseconds: no worker for those."""
        return self._at_once(context) if self._is_quick() else super().execute(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """As `execute`, without waiting."""
        return self._at_once(context) if self._is_quick() else super().invoke(context, event)

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The shape and the settings."""
        shape = storage.load_shape(bridge.mesh_of(obj), full=True)
        _require_channels(shape, self.sampling, self.basis)
        size = size_of(self)
        parameters: Mapping[str, Any] = {
            "sampling": self.sampling,
            "size": size,
            "seed": self.seed,
            "from_curvature": self.basis == "CURVATURE",
        }
        return jobs.Request("decode", parameters, {"shape": storage.shape_array(shape)})

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object of the worker's mesh."""
        arrays = result.arrays
        if self.sampling == "source":
            copy = object_on_source(obj, arrays["vertices"])
            sphere = None
        else:
            copy = object_on_new_mesh(obj, Mesh(arrays["vertices"], arrays["faces"]))
            sphere = arrays["sphere"]
        mark(copy, obj, sphere, live=self.basis == "POSITION")
        finish(context, obj, copy, hide=self.hide_original)
        return f"Made {copy.name!r} with {len(copy.data.vertices):,} vertices"

    def _is_quick(self) -> bool:
        return self.sampling == "source" and self.basis == "POSITION"

    def _at_once(self, context: bpy.types.Context) -> set[str]:
        obj = context.object
        return guarded(self, obj, lambda: self._source_positions(context, obj))

    def _source_positions(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        shape = storage.load_shape(bridge.mesh_of(obj), full=True)
        sphere, faces = shape.require_sphere()
        vertices = positions_at(shape, sphere)
        return self.commit(context, obj, jobs.Result({}, {"vertices": vertices, "faces": faces}))


def size_of(settings: Any) -> int | None:
    """The size that goes with the sampling of these settings; None on the source's own vertices."""
    sizes: dict[str, int] = {"icosphere": settings.frequency, "adaptive": settings.count}
    return sizes.get(settings.sampling)


def _require_channels(shape: Shape, sampling: str, basis: str) -> None:
    names = shape.harmonics.channels
    if sampling == "adaptive" and VERTEX_DENSITY not in names:
        raise InvalidParameter("The coefficients have no vertex density.", "Encode again with the channel Density.")
    if basis == "CURVATURE" and CURVATURE_DENSITY not in names:
        raise InvalidParameter("The coefficients have no curvature.", "Encode again with the channel Curvature.")


classes = (SPHERICAL_COW_OT_reconstruct,)
