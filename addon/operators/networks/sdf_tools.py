# SPDX-License-Identifier: GPL-3.0-or-later
"""SDF Tools: offset, shell, union, intersection, difference and blend by distances, and slices."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ... import bridge, jobs, layers, messages
from ...core.errors import InvalidParameter
from ...core.mesh import Mesh
from ...idnames import Operators
from ...networks import fitted_fields, runtime, slices
from ...properties.networks.sdf_tools import SdfToolSettings
from ...transforms import moved, require_solid, world_matrix
from ..attributes import color_viewports
from ..reconstruct import finish
from ..shell import JobOperator, guarded
from .shell import device

TITLES = {
    "offset": "Offset",
    "shell": "Shell",
    "union": "Union",
    "intersection": "Intersection",
    "difference": "Difference",
    "blend": "Blend",
}
WITH_TWO = ("union", "intersection", "difference", "blend")
SHARP = 40.0
"""Degrees between faces from which on an edge of the result is a crease."""


def second_mesh(context: bpy.types.Context) -> bpy.types.Object | None:
    """The one selected mesh object besides the active one, or None where there are none or several."""
    others = [obj for obj in context.selected_objects if obj != context.object and obj.type == "MESH"]
    return others[0] if len(others) == 1 else None


def frame_of(obj: bpy.types.Object) -> NDArray[np.float64]:
    """(4, 4) where the new object stands: as `obj`, but unscaled, so that its units are those of the scene."""
    location, rotation, _ = obj.matrix_world.decompose()
    return np.array(Matrix.LocRotScale(location, rotation, None), dtype=np.float64)


def shape_of(
    obj: bpy.types.Object, frame: NDArray[np.float64], suffix: str, *, use_modifiers: bool, use_fields: bool
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """(arrays, parameters) for the worker: the mesh of an object in a frame of the scene, or its fitted field."""
    require_solid(obj)
    matrix = np.linalg.inv(frame) @ world_matrix(obj)
    if use_fields and fitted_fields.has_field(obj):
        field = fitted_fields.array_of(bridge.mesh_of(obj))
        return {f"field{suffix}": field}, {f"matrix{suffix}": matrix.tolist()}
    mesh = moved(bridge.read(obj, use_modifiers=use_modifiers).mesh, matrix)
    return {f"vertices{suffix}": mesh.vertices, f"faces{suffix}": mesh.faces}, {}


class SPHERICAL_COW_OT_sdf_tool(SdfToolSettings, JobOperator, bpy.types.Operator):
    """One body of one or two, by their distances."""

    bl_idname = Operators.SDF_TOOL
    bl_label = "SDF Tool"
    bl_description = (
        "Make a new object by distances from the surface: grown, hollow, or put together from the active and the"
        " other selected object, with sharp or smooth creases. It is always closed, also where the meshes are not"
    )
    bl_options = {"UNDO"}

    other_uid: int
    other_before: str
    frame: NDArray[np.float64]

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The shapes in the frame of the new object, and the settings."""
        self.other_uid, self.other_before, self.frame = 0, "", frame_of(obj)
        given = {"use_modifiers": self.use_modifiers, "use_fields": self.use_fields}
        arrays, parameters = shape_of(obj, self.frame, "", **given)
        if self.tool in WITH_TWO:
            other = second_mesh(context)
            if other is None:
                raise InvalidParameter(f"A {self.tool} needs two objects.", "Select one more mesh, then this one.")
            self.other_uid, self.other_before = other.session_uid, bridge.current_fingerprint(other)
            more, also = shape_of(other, self.frame, "_b", **given)
            arrays, parameters = arrays | more, parameters | also
        fitted = any(name.startswith("field") for name in arrays)
        if fitted and (reason := runtime.why_not()):
            raise InvalidParameter(reason, "Or switch Fitted Fields off.")
        amount = self.distance if self.tool == "offset" else self.thickness
        parameters |= {"tool": self.tool, "amount": amount, "side": self.side, "radius": self.radius}
        parameters |= {"weight": self.weight, "resolution": self.resolution, "faces": self.faces}
        parameters |= {"device": device(context)}
        return jobs.Request("field_tool", parameters, arrays, torch=fitted)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the object, with the materials of both."""
        other = messages.object_of(self.other_uid) if self.other_uid else None
        if self.other_uid and (other is None or bridge.current_fingerprint(other) != self.other_before):
            raise InvalidParameter("The other object was edited or deleted meanwhile.", "Run it again.")
        arrays, name = result.arrays, f"{obj.name} {TITLES[self.tool]}"
        data = bridge.new_mesh(name, Mesh(arrays["vertices"], arrays["faces"]))
        add_materials(data, obj, other, arrays["of_second"])
        if self.radius == 0.0:
            data.set_sharp_from_angle(angle=float(np.radians(SHARP)))
        made = bpy.data.objects.new(name, data)
        made.matrix_world = Matrix(self.frame.tolist())
        finish(context, obj, made, hide=self.hide_original, name=name)
        if other is not None and self.hide_original and other.name in context.view_layer.objects:
            other.hide_set(True)
        return f"Made {made.name!r}: {len(data.polygons):,} faces, volume {result.data['volume']:.4g}"


def add_materials(
    data: bpy.types.Mesh, obj: bpy.types.Object, other: bpy.types.Object | None, second: NDArray[Any]
) -> None:
    """The first material of each object, on the faces that come from it."""
    own, its = (one.data.materials[0] if one is not None and len(one.data.materials) else None for one in (obj, other))
    if own is None and its is None:
        return
    data.materials.append(own)
    if its is not None and its != own and second.any():
        data.materials.append(its)
        layers.write_slots(data, second)


class SPHERICAL_COW_OT_sdf_slice(JobOperator, bpy.types.Operator):
    """A plane with the distance as colour."""

    bl_idname = Operators.SDF_SLICE
    bl_label = "Slice"
    bl_description = (
        "Add a plane through the object with the distance from its surface as color: blue inside, red outside, with"
        " lines of equal distance. Its sliders move it. On a slice: cut again"
    )
    bl_options = {"UNDO"}

    source_uid: int

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Small meshes take no time: no worker for those."""
        return self._at_once(context) if self._is_quick(context) else super().execute(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """As `execute`, without waiting."""
        return self._at_once(context) if self._is_quick(context) else super().invoke(context, event)

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh as it stands in the scene."""
        source = source_for(obj)
        self.source_uid = source.session_uid
        mesh, group = slices.world_mesh(source), slices.group_of(bridge.mesh_of(obj))
        parameters = {"axis": group.axis, "position": group.position, "resolution": group.resolution}
        return jobs.Request("field_slice", parameters, {"vertices": mesh.vertices, "faces": mesh.faces})

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Make the plane, or cut it again."""
        from ...core.fields.section import Section

        source = messages.object_of(self.source_uid)
        if source is None:
            raise InvalidParameter("The object was deleted meanwhile.", "Nothing needs to be done.")
        return show(context, obj, source, Section(**result.arrays))

    def _is_quick(self, context: bpy.types.Context) -> bool:
        obj = context.object
        source = slices.source_of(bridge.mesh_of(obj)) if slices.is_slice(obj) else obj
        return source is None or len(bridge.mesh_of(source).loops) <= 3 * slices.QUICK

    def _at_once(self, context: bpy.types.Context) -> set[str]:
        return guarded(self, context.object, lambda: self._cut(context, context.object))

    def _cut(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        source, group = source_for(obj), slices.group_of(bridge.mesh_of(obj))
        return show(context, obj, source, slices.cut(source, group.axis, group.position, group.resolution))


def source_for(obj: bpy.types.Object) -> bpy.types.Object:
    """What is cut: the object, or for a slice the one that it is of. Raises `InvalidParameter` where that is gone."""
    if not slices.is_slice(obj):
        return obj
    source = slices.source_of(bridge.mesh_of(obj))
    if source is None:
        name = slices.group_of(bridge.mesh_of(obj)).source
        raise InvalidParameter(f"{name!r} is gone or renamed.", "Slice another object.")
    return source


def show(context: bpy.types.Context, obj: bpy.types.Object, source: bpy.types.Object, found: Any) -> str:
    """Put a section on the slice `obj`, or on a new one where `obj` is the object itself."""
    if obj != source:
        slices.store(bridge.mesh_of(obj), found, source)
        return f"Cut {source.name!r} again"
    data = bpy.data.meshes.new(f"{source.name} Slice")
    slices.store(data, found, source)
    data.materials.append(slices.material())
    made = bpy.data.objects.new(data.name, data)
    made.lock_location = made.lock_rotation = made.lock_scale = (True, True, True)
    finish(context, obj, made, hide=False, name=data.name)
    color_viewports(context)
    group = slices.group_of(data)
    return f"Distances from {group.smallest:.3g} to {group.largest:.3g}"


classes = (SPHERICAL_COW_OT_sdf_tool, SPHERICAL_COW_OT_sdf_slice)
