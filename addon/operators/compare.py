# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare: how far two meshes are from each other."""

from __future__ import annotations

import json

import bpy

from .. import bridge, jobs
from ..core.errors import InvalidParameter
from ..idnames import Operators
from .shell import JobOperator


def other_mesh(context: bpy.types.Context) -> bpy.types.Object | None:
    """The one selected mesh object besides the active one, else the mesh that it is named after."""
    obj = context.object
    others = [other for other in context.selected_objects if other != obj and other.type == "MESH"]
    if len(others) == 1:
        return others[0]
    source = bpy.data.objects.get(obj.name.partition(" Reconstruction")[0]) if obj is not None else None
    return source if source is not None and source != obj and source.type == "MESH" else None


class SPHERICAL_COW_OT_compare(JobOperator, bpy.types.Operator):
    """Measure the distance between two meshes."""

    bl_idname = Operators.COMPARE
    bl_label = "Compare"
    bl_description = (
        "Measure the distance between the surfaces of this mesh and of the other selected one (or, for a"
        " reconstruction, of its original), in the coordinates of the objects"
    )
    bl_options = {"INTERNAL"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """There is another mesh."""
        if other_mesh(bpy.context) is None:
            cls.poll_message_set("Select a second mesh object, then this one")
            return False
        return True

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """Both meshes: first the other, as the reference."""
        other = other_mesh(context)
        if other is None:
            raise InvalidParameter("There is no second mesh.", "Select two mesh objects.")
        a, b = bridge.read(other).mesh, bridge.read(obj).mesh
        arrays = {"vertices_a": a.vertices, "faces_a": a.faces, "vertices_b": b.vertices, "faces_b": b.faces}
        return jobs.Request("compare", {}, arrays)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Keep the numbers for the panel; nothing in the file changes."""
        session = context.window_manager.spherical_cow
        session.comparison, session.compared = json.dumps(dict(result.data)), str(obj.session_uid)
        mean, worst = result.data["mean_rel"], result.data["hausdorff_rel"]
        return f"Mean distance {mean:.3%}, largest {worst:.3%} of the diagonal"


classes = (SPHERICAL_COW_OT_compare,)
