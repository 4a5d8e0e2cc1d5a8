# SPDX-License-Identifier: GPL-3.0-or-later
"""The last error, kept for the panel with a button that helps; and small services around the window."""

from __future__ import annotations

import bpy

from .core.errors import InvalidMesh, NotGenusZero, SphericalCowError, WorkerCrashed
from .idnames import Operators


def fix_for(error: SphericalCowError) -> str:
    """The operator that shows or repairs the cause of an error, or ""."""
    if isinstance(error, WorkerCrashed):
        return Operators.COPY_DIAGNOSTICS
    return Operators.CHECK if isinstance(error, NotGenusZero | InvalidMesh) else ""


def words(error: SphericalCowError) -> tuple[str, str]:
    """(what was found, what to do), both short: the last words of a crash are for the diagnostics."""
    if not isinstance(error, WorkerCrashed):
        return error.found, error.remedy
    last = error.remedy.strip().splitlines()[-1:]
    return " ".join([error.found, *last]), "Copy the diagnostics into a bug report."


def put(context: bpy.types.Context, operator: str, obj: bpy.types.ID | None, error: SphericalCowError) -> None:
    """Show an error in the panel of the operator, for this object."""
    session = context.window_manager.spherical_cow
    session.operator, session.uid = operator, str(obj.session_uid) if obj is not None else ""
    session.found, session.remedy = words(error)
    session.fix, session.details = fix_for(error), str(error)


def clear(context: bpy.types.Context) -> None:
    """Take the message away."""
    context.window_manager.spherical_cow.found = ""


def object_of(uid: int) -> bpy.types.Object | None:
    """The object with that `session_uid`, or None when it was deleted."""
    return next((obj for obj in bpy.data.objects if obj.session_uid == uid), None)


def redraw(context: bpy.types.Context) -> None:
    """Draw the sidebars again."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


def select_only(context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """Make this the one selected, active object."""
    for other in context.view_layer.objects:
        other.select_set(other == obj)
    context.view_layer.objects.active = obj


def place(context: bpy.types.Context, mesh: bpy.types.Mesh, name: str) -> bpy.types.Object:
    """A new object of the mesh at the 3D cursor, selected."""
    obj = bpy.data.objects.new(name, mesh)
    obj.location = context.scene.cursor.location
    context.collection.objects.link(obj)
    context.view_layer.update()  # else the view layer does not know the new object yet
    select_only(context, obj)
    return obj
