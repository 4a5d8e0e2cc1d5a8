# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetry: find planes and axes, show them, and show where the mesh is not symmetric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np
from bpy.props import BoolProperty

from .. import bridge, jobs, symmetries
from ..core.errors import InvalidParameter
from ..core.symmetry.elements import Element
from ..idnames import Attributes, Operators
from ..properties.symmetry import DetectSettings
from .attributes import CLIP, color_viewports, paint
from .shell import JobOperator, MeshOperator, guarded


class SPHERICAL_COW_OT_detect_symmetry(DetectSettings, JobOperator, bpy.types.Operator):
    """Find the symmetries of the mesh."""

    bl_idname = Operators.DETECT_SYMMETRY
    bl_label = "Detect Symmetry"
    bl_description = (
        "Find the planes of reflection and axes of rotation of the mesh, in any pose and also where it is only"
        " nearly symmetric. Nothing is changed"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh, in triangles."""
        mesh = bridge.read(obj).mesh
        arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
        return jobs.Request("symmetries", {"threshold": self.threshold / 100.0}, arrays)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Keep the planes and axes on the mesh; lines that were shown are those of the new ones."""
        symmetries.store(bridge.mesh_of(obj), result.data, self.before)
        if symmetries.guide_of(obj) is not None:
            symmetries.show(context, obj, wanted(obj, only_chosen=False))
        planes, axes = len(result.data["planes"]), len(result.data["axes"])
        if result.data["kind"] == "spherical":
            return f"{obj.name!r} is a sphere"
        if not planes and not axes:
            return f"{obj.name!r} has no symmetry within {self.threshold:.3g} % of its diagonal"
        return f"{obj.name!r} has {_count(planes, 'plane', 'planes')} and {_count(axes, 'axis', 'axes')} of symmetry"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def wanted(obj: bpy.types.Object, *, only_chosen: bool) -> list[Element]:
    """The chosen element, or all that count; the nearest plane where nothing counts.

    Raises `InvalidParameter` where nothing was found.
    """
    mesh = bridge.mesh_of(obj)
    rows = list(symmetries.of(mesh).elements)
    if not rows:
        raise InvalidParameter("This mesh has no planes or axes of symmetry.", "Detect them first.")
    chosen = symmetries.chosen(mesh)
    if only_chosen and chosen is not None:
        return [chosen]
    return [symmetries.element_of(row) for row in rows if row.counts] or [symmetries.element_of(rows[0])]


class _FoundOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """Something was found."""
        if not len(symmetries.of(bridge.mesh_of(obj)).elements):
            cls.poll_message_set("Detect the symmetry first")
            return False
        return True


class SPHERICAL_COW_OT_show_symmetry(_FoundOperator, bpy.types.Operator):
    """Show planes and axes in the viewport."""

    bl_idname = Operators.SHOW_SYMMETRY
    bl_label = "Show Symmetry"
    bl_description = (
        "Draw lines in the viewport: a frame for each plane, and where it cuts the mesh; for each axis a line with a"
        " polygon at its ends. They move with the object, and are never rendered"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        only_chosen: bool
    else:
        only_chosen: BoolProperty(
            name="Only Chosen", description="Show the one that is chosen in the list, not all that count"
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the lines."""
        obj = context.object
        return guarded(self, obj, lambda: self._show(context, obj))

    def _show(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        elements = wanted(obj, only_chosen=self.only_chosen)
        guide = symmetries.show(context, obj, elements)
        return f"Made {guide.name!r} for {_count(len(elements), 'plane or axis', 'planes and axes')}"


class SPHERICAL_COW_OT_hide_symmetry(MeshOperator, bpy.types.Operator):
    """Remove the lines."""

    bl_idname = Operators.HIDE_SYMMETRY
    bl_label = "Hide Symmetry"
    bl_description = "Remove the lines of planes and axes from the scene. What was found is kept"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """Lines are shown."""
        if symmetries.guide_of(obj) is None:
            cls.poll_message_set("No planes or axes are shown")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove them."""
        obj = context.object
        return guarded(self, obj, lambda: "Hidden" if symmetries.hide(obj) else "Nothing was shown")


class SPHERICAL_COW_OT_symmetry_heat_map(_FoundOperator, JobOperator, bpy.types.Operator):
    """Show where the mesh is not symmetric."""

    bl_idname = Operators.SYMMETRY_HEAT_MAP
    bl_label = "Heat Map"
    bl_description = (
        "Color the mesh by how far the image of each vertex is from the mesh, for the chosen plane or axis. Solid"
        " viewports are set to show the color attribute"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh, and the plane or axis."""
        element = wanted(obj, only_chosen=True)[0]
        mesh = bridge.read(obj).mesh
        arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
        return jobs.Request("symmetry_error", {"element": element.to_dict()}, arrays)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Leave the errors on the vertices, and show them."""
        from ..core.colour_map import colour_map

        error = result.arrays["error"]
        high = max(float(np.percentile(error, CLIP[1])), 1e-6)
        with bridge.object_mode(obj):
            mesh = bridge.mesh_of(obj)
            bridge.write_attribute(mesh, Attributes.SYMMETRY, error)
            paint(mesh, Attributes.SYMMETRY, colour_map(error, 0.0, high), 0.0, high)
        color_viewports(context)
        return f"Showing symmetry errors up to {high:.3%} of the diagonal; the largest is {float(error.max()):.3%}"


classes = (
    SPHERICAL_COW_OT_detect_symmetry,
    SPHERICAL_COW_OT_show_symmetry,
    SPHERICAL_COW_OT_hide_symmetry,
    SPHERICAL_COW_OT_symmetry_heat_map,
)
