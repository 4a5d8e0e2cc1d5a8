# SPDX-License-Identifier: GPL-3.0-or-later
"""Check: what is right and wrong with the mesh, and the buttons that select what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import BoolProperty, StringProperty
from numpy.typing import NDArray

from .. import bridge, jobs, storage
from ..core.errors import InvalidParameter
from ..idnames import Operators
from .batch import BatchOperator
from .shell import MeshOperator, guarded

KINDS = {"vertex": "VERT", "edge": "EDGE", "face": "FACE"}
HARMLESS = {"degenerate_faces", "self_intersections", "outward"}
"""Rows that do not hinder encoding."""

SELECT_MODES = {"VERT": (True, False, False), "EDGE": (False, True, False), "FACE": (False, False, True)}


def check_request(reading: bridge.Reading, self_intersections: bool) -> jobs.Request:
    """The worker's task for this mesh."""
    arrays = {"vertices": reading.mesh.vertices, "faces": reading.mesh.faces}
    return jobs.Request("check", {"self_intersections": self_intersections}, arrays)


class SPHERICAL_COW_OT_check(BatchOperator, bpy.types.Operator):
    """Look whether the mesh can be encoded."""

    bl_idname = Operators.CHECK
    bl_label = "Check"
    bl_description = (
        "Look whether the mesh is one closed surface without handles, which encoding needs. Nothing is"
        " changed; each finding can be selected"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        self_intersections: bool
    else:
        self_intersections: BoolProperty(
            name="Self-Intersections",
            description="Also look for faces that pass through each other",
            default=True,
        )

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh, in triangles."""
        return check_request(bridge.read(obj), self.self_intersections)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Store the rows, and which elements they are about."""
        polygon = bridge.read(obj).polygon
        rows: list[storage.Row] = []
        elements: dict[str, NDArray[Any]] = {}
        for item in result.data["rows"]:
            name, kind = str(item["name"]), KINDS[item["element"]]
            elements[name] = blender_elements(obj, kind, result.arrays[f"indices_{name}"], polygon)
            rows.append(_row(item, kind if len(elements[name]) else ""))
        passed = bool(result.data["is_genus_zero"])
        storage.store_check(bridge.mesh_of(obj), rows, elements, self.before, passed)
        wrong = ", ".join(result.data["reasons"])
        return f"{obj.name!r} can be encoded" if passed else f"{obj.name!r} cannot be encoded: {wrong}"


def _row(item: dict[str, Any], kind: str) -> storage.Row:
    name, ok = str(item["name"]), bool(item["ok"])
    return storage.Row(name, str(item["text"]), ok, name not in HARMLESS, int(item["count"]), kind)


def blender_elements(obj: bpy.types.Object, kind: str, indices: NDArray[Any], polygon: NDArray[Any]) -> NDArray[Any]:
    """Indices of Blender's vertices, edges or polygons.

    indices: (n,) vertices or triangles, or (n, 2) edges as pairs of vertices. polygon: (F,) of each triangle.
    Edges that only cut a polygon into triangles have no counterpart.
    """
    if kind == "FACE":
        return np.unique(polygon[indices])
    return bridge.edge_indices(obj, indices) if kind == "EDGE" else indices


class SPHERICAL_COW_OT_select_problem(MeshOperator, bpy.types.Operator):
    """Select what a row of the check is about."""

    bl_idname = Operators.SELECT_PROBLEM
    bl_label = "Select"
    bl_description = "Go to Edit Mode and select what this row is about; only that, so that F or . shows it"
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        row: str
    else:
        row: StringProperty(name="Row", description="Name of the row", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """The finding itself, then what the button does."""
        obj = context.object
        rows = storage.load_check(bridge.mesh_of(obj)) if obj is not None and obj.type == "MESH" else []
        found = [row.text for row in rows if row.name == properties.row]
        return "\n".join([*found, cls.bl_description])

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """There is a check of this mesh as it is."""
        if not storage.load_check(bridge.mesh_of(obj)):
            cls.poll_message_set("Check the mesh first")
        elif storage.check_is_stale(obj):
            cls.poll_message_set("The mesh has changed since: check it again")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Select, in Edit Mode."""
        obj = context.object
        return guarded(self, obj, lambda: select(context, obj, self.row))


def select(context: bpy.types.Context, obj: bpy.types.Object, name: str) -> str:
    """Select the elements of a row in Edit Mode; gives the line to report."""
    rows = {row.name: row for row in storage.load_check(bridge.mesh_of(obj))}
    if name not in rows or rows[name].kind not in SELECT_MODES:
        raise InvalidParameter("There is nothing to select in this row.", "Choose a row that has a count.")
    row, indices = rows[name], storage.elements_of(bridge.mesh_of(obj), name)
    context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    context.tool_settings.mesh_select_mode = SELECT_MODES[row.kind]
    bpy.ops.mesh.reveal(select=False)
    bpy.ops.mesh.select_all(action="DESELECT")
    with bridge.object_mode(obj):
        bridge.select(bridge.mesh_of(obj), row.kind, indices)
    return f"{len(indices):,} selected"


classes = (SPHERICAL_COW_OT_check, SPHERICAL_COW_OT_select_problem)
