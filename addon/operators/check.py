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
from .shell import JobOperator, MeshOperator, guarded

SELECT_MODES = {"VERT": (True, False, False), "EDGE": (False, True, False), "FACE": (False, False, True)}


def check_request(reading: bridge.Reading, self_intersections: bool) -> jobs.Request:
    """The worker's task for this mesh."""
    arrays = {"vertices": reading.mesh.vertices, "faces": reading.mesh.faces}
    return jobs.Request("check", {"self_intersections": self_intersections}, arrays)


class SPHERICAL_COW_OT_check(JobOperator, bpy.types.Operator):
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
        rows, elements = [], {}
        for item in result.data["rows"]:
            indices = result.arrays.get(f"indices_{item['name']}", np.empty(0, np.int64))
            kind, chosen = _elements(obj.data, str(item["name"]), indices, polygon)
            elements[str(item["name"])] = chosen
            rows.append(
                storage.Row(str(item["name"]), str(item["text"]), bool(item["ok"]), int(item["count"]), kind)
            )
        storage.store_check(obj.data, rows, elements, self.before, bool(result.data["is_genus_zero"]))
        wrong = sum(not row.ok for row in rows)
        return (
            f"{obj.name!r} can be encoded"
            if result.data["is_genus_zero"]
            else f"{wrong} findings in {obj.name!r}"
        )


def _elements(mesh: Any, name: str, indices: NDArray[Any], polygon: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """(kind, indices of Blender's vertices, edges or polygons) for the elements of a row."""
    raise NotImplementedError


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
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """There is a check of this mesh as it is."""
        if not storage.load_check(obj.data):
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
    rows = {row.name: row for row in storage.load_check(obj.data)}
    if name not in rows or rows[name].kind not in SELECT_MODES:
        raise InvalidParameter("There is nothing to select in this row.", "Choose a row that has a count.")
    row, indices = rows[name], storage.elements_of(obj.data, name)
    bpy.ops.object.mode_set(mode="EDIT")
    context.tool_settings.mesh_select_mode = SELECT_MODES[row.kind]
    bpy.ops.mesh.reveal(select=False)
    bpy.ops.mesh.select_all(action="DESELECT")
    with bridge.object_mode(obj):
        bridge.select(obj.data, row.kind, indices)
    return f"{len(indices):,} selected"


classes = (SPHERICAL_COW_OT_check, SPHERICAL_COW_OT_select_problem)
