# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes: show a field of the mesh as colours, on the mesh or on the sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import EnumProperty
from numpy.typing import NDArray

from .. import bridge, messages, resynthesis, storage
from ..choices import SHOWN, SIGNED, color_map
from ..core.errors import InvalidParameter
from ..idnames import DETAIL, Attributes, Operators
from .shell import EncodedOperator, guarded

CLIP = (2.0, 98.0)
"""Percentiles at the ends of the colour map: a few extreme vertices must not flatten all others."""


def display_range(name: str, values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """The values at the two ends of the colour map."""
    low, high = (float(value) for value in np.percentile(values, CLIP))
    if name in SIGNED:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def show(mesh: bpy.types.Mesh, name: str) -> str:
    """Colour the mesh by its attribute `name`, or by its own colours for "rgb"; gives the line to report.

    Raises `InvalidParameter` where the mesh does not have it.
    """
    group = storage.data_of(mesh)
    if name == "rgb":
        _show_own_color(mesh)
        group.shown = name
        return "Showing the colors of the mesh"
    values = bridge.read_attribute(mesh, name)
    if values is None:
        located = name == Attributes.DOMINANT or name.startswith(DETAIL)
        remedy = "Locate Detail finds those that it has." if located else "Encode it again, or show another one."
        raise InvalidParameter(f"This mesh has no attribute {name!r}.", remedy)
    from ..core.colour_map import colour_map

    low, high = display_range(name, values)
    paint(mesh, name, colour_map(values, low, high, color_map(name)), low, high)
    return f"Showing {name} from {low:.3g} to {high:.3g}"


def paint(mesh: bpy.types.Mesh, name: str, colors: NDArray[Any], low: float, high: float) -> None:
    """Put linear RGB (V, 3) on the mesh, and say what it shows and between which values."""
    group = storage.data_of(mesh)
    bridge.write_color(mesh, Attributes.SHOWN, colors)
    group.shown, group.shown_min, group.shown_max = name, low, high


def _show_own_color(mesh: bpy.types.Mesh) -> None:
    own = [index for index, layer in enumerate(mesh.color_attributes) if layer.name != Attributes.SHOWN]
    if not own:
        raise InvalidParameter("This mesh has no colors.", "Add a color attribute, or show another attribute.")
    shown: bpy.types.Attribute | None = mesh.color_attributes.get(Attributes.SHOWN)
    if shown is not None:
        name = mesh.color_attributes[own[0]].name
        mesh.color_attributes.remove(shown)
        own = [mesh.color_attributes.find(name)]
    mesh.color_attributes.active_color_index = mesh.color_attributes.render_color_index = own[0]


def color_viewports(context: bpy.types.Context) -> None:
    """Let the solid viewports of this screen show colour attributes."""
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D" and area.spaces.active.shading.type == "SOLID":
            area.spaces.active.shading.color_type = "VERTEX"


class _AttributeOperator(EncodedOperator):
    if TYPE_CHECKING:
        attribute: str
    else:
        attribute: EnumProperty(name="Attribute", description="What is shown as color", items=SHOWN)

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """An encoded mesh or a reconstruction, with its sphere positions."""
        if not super().poll_object(obj):
            return False
        if resynthesis.directions(bridge.mesh_of(obj)) is None and obj.mode != "EDIT":
            cls.poll_message_set("This mesh has no attributes: reconstruct it, and look at the new object")
            return False
        return True


class SPHERICAL_COW_OT_show_attribute(_AttributeOperator, bpy.types.Operator):
    """Show an attribute as colours."""

    bl_idname = Operators.SHOW_ATTRIBUTE
    bl_label = "Show"
    bl_description = (
        "Color the mesh by this attribute; the scale is below. Solid viewports are set to show the color attribute"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Colour the mesh."""
        obj = context.object
        color_viewports(context)
        with bridge.object_mode(obj):
            return guarded(self, obj, lambda: show(bridge.mesh_of(obj), self.attribute))


class SPHERICAL_COW_OT_show_on_sphere(_AttributeOperator, bpy.types.Operator):
    """Show the map itself."""

    bl_idname = Operators.SHOW_ON_SPHERE
    bl_label = "Show on Sphere"
    bl_description = (
        "Make a second object: this mesh laid out on the sphere, beside the first, in the colors of the"
        " attribute. UV maps and materials come along"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the sphere."""
        obj = context.object
        color_viewports(context)
        return guarded(self, obj, lambda: self._make(context, obj))

    def _make(self, context: bpy.types.Context, obj: bpy.types.Object) -> str:
        with bridge.object_mode(obj):
            sphere = sphere_object(obj)
        try:
            line = show(bridge.mesh_of(sphere), self.attribute)
        except InvalidParameter:
            bpy.data.meshes.remove(bridge.mesh_of(sphere))
            raise
        for collection in obj.users_collection:
            collection.objects.link(sphere)
        context.view_layer.update()  # else the view layer does not know the new object yet
        messages.select_only(context, sphere)
        return line


def sphere_object(obj: bpy.types.Object) -> bpy.types.Object:
    """A copy of the object on its sphere positions: of half its size, one size to the right."""
    directions = resynthesis.directions(bridge.mesh_of(obj))
    if directions is None:
        raise InvalidParameter("The vertices have no sphere positions.", "Encode the mesh again.")
    corners = np.array(obj.bound_box)
    centre, extent = corners.mean(axis=0), float(np.ptp(corners, axis=0).max()) or 1.0
    copy = obj.copy()
    copy.data = obj.data.copy()
    copy.modifiers.clear()
    if copy.data.shape_keys is not None:
        copy.shape_key_clear()
    copy.name = copy.data.name = f"{obj.name} Sphere"
    beside = centre + np.array([1.25 * extent, 0.0, 0.0])
    bridge.write_positions(bridge.mesh_of(copy), directions * (0.5 * extent) + beside)
    group = storage.data_of(bridge.mesh_of(copy))
    group.live, group.role, group.check.rows, group.comparison.numbers = False, "NONE", "", ""
    return copy


classes = (SPHERICAL_COW_OT_show_attribute, SPHERICAL_COW_OT_show_on_sphere)
