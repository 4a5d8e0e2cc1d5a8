# SPDX-License-Identifier: GPL-3.0-or-later
"""Locate Detail: how much of each band of degrees there is at each vertex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import EnumProperty
from numpy.typing import NDArray

from .. import bridge, jobs, resynthesis, storage
from ..choices import MEASURES
from ..core.errors import InvalidParameter
from ..core.shape import Shape
from ..idnames import DETAIL, Attributes, Operators
from .attributes import color_viewports, show
from .shell import EncodedOperator, JobOperator, guarded

QUICK_DEGREE, QUICK_VERTICES = 96, 50_000
"""Up to these it takes a moment, and needs no worker."""


def shape_now(mesh: bpy.types.Mesh) -> Shape:
    """The shape of a mesh as its sliders, where it has some, leave it."""
    shape = storage.load_shape(mesh)
    return shape if resynthesis.why_not_live(mesh) else shape.with_harmonics(resynthesis.filtered(mesh))


class SPHERICAL_COW_OT_locate_detail(EncodedOperator, JobOperator, bpy.types.Operator):
    """Find where the detail is."""

    bl_idname = Operators.LOCATE_DETAIL
    bl_label = "Locate Detail"
    bl_description = (
        "Find how much of each band of degrees there is around each vertex, and show the dominant degree: dark where"
        " the shape is smooth, bright where its detail is fine"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        measure: str
    else:
        measure: EnumProperty(name="Measure", description="What of a band of degrees counts as detail", items=MEASURES)

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """An encoded mesh or a reconstruction, with its sphere positions."""
        if not super().poll_object(obj):
            return False
        if obj.mode == "EDIT":
            cls.poll_message_set("Leave Edit Mode first")
        elif resynthesis.directions(bridge.mesh_of(obj)) is None:
            cls.poll_message_set("The vertices have no sphere positions: reconstruct, and look at the new object")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Small ones here and now."""
        return self._at_once(context) if self._is_quick(context) else super().execute(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """As `execute`, without waiting."""
        return self._at_once(context) if self._is_quick(context) else super().invoke(context, event)

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The shape, and where the vertices are."""
        mesh = bridge.mesh_of(obj)
        sphere = resynthesis.directions(mesh)
        if sphere is None:
            raise InvalidParameter("The vertices have no sphere positions.", "Encode the mesh again.")
        arrays: dict[str, NDArray[Any]] = {"shape": storage.shape_array(shape_now(mesh).compact()), "sphere": sphere}
        return jobs.Request("locality", {"measure": self.measure}, arrays)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Leave the fields on the vertices, and show the dominant degree."""
        mesh = bridge.mesh_of(obj)
        for name in [layer.name for layer in mesh.attributes if layer.name.startswith(DETAIL)]:
            mesh.attributes.remove(mesh.attributes[name])
        bridge.write_attribute(mesh, Attributes.DOMINANT, result.arrays["degree"])
        for (low, _), share in zip(result.data["bands"], result.arrays["share"].T, strict=True):
            bridge.write_attribute(mesh, f"{DETAIL}{low}", share)
        show(mesh, Attributes.DOMINANT)
        context.scene.spherical_cow.attribute = Attributes.DOMINANT
        color_viewports(context)
        low, high = (float(value) for value in np.percentile(result.arrays["degree"], (2.0, 98.0)))
        return f"The dominant degree is {low:.1f} to {high:.1f}"

    def _is_quick(self, context: bpy.types.Context) -> bool:
        mesh = bridge.mesh_of(context.object)
        return storage.data_of(mesh).lmax <= QUICK_DEGREE and len(mesh.vertices) <= QUICK_VERTICES

    def _at_once(self, context: bpy.types.Context) -> set[str]:
        obj = context.object
        return guarded(self, obj, lambda: self._here(context, obj))

    def _here(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        from ..core.harmonics.locality import locality

        mesh = bridge.mesh_of(obj)
        sphere = resynthesis.directions(mesh)
        if sphere is None:
            raise InvalidParameter("The vertices have no sphere positions.", "Encode the mesh again.")
        found = locality(shape_now(mesh).harmonics, sphere, self.measure)
        arrays = {"degree": found.degree, "share": found.share}
        return self.commit(context, obj, jobs.Result({"bands": found.bands}, arrays))


classes = (SPHERICAL_COW_OT_locate_detail,)
