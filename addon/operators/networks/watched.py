# SPDX-License-Identifier: GPL-3.0-or-later
"""A job whose result is there from the first moment, and becomes better while the user watches."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ... import bridge, jobs, messages, previews, textured
from ..shell import SceneOperator

Arrays = Mapping[str, NDArray[Any]]


class WatchedOperator(SceneOperator):
    """A job of the scene that shows what it has so far as an object. Stopped, it keeps that; failed, it removes it.

    A subclass gives `placed` and `keep`, and asks for `preview=self.live`.
    """

    made_name: str
    """Of the new object."""

    live = False
    """Whether somebody watches."""

    latest: Arrays | None = None
    """What is shown."""

    on_escape = "Esc to stop"

    shown_uid = 0
    origin: NDArray[np.float64] | None = None
    """(3,) where the new object stands; None is at the 3D cursor."""

    def placed(self, arrays: Arrays) -> Arrays:
        """What the worker gave, in the coordinates of the new object."""
        raise NotImplementedError

    def keep(self, context: bpy.types.Context, arrays: Arrays, report: Mapping[str, Any]) -> str:
        """Make these the result, by `put`; gives the line that the user reads. report: of a preview, `stopped`."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From the button: what there is so far is shown."""
        self.live = not bpy.app.background
        return super().invoke(context, event)

    def put(self, context: bpy.types.Context, arrays: Arrays, *, live: bool) -> bpy.types.Object:
        """Show the arrays: on the object that is there, or on a new one. live: others will follow."""
        given = self.placed(arrays)
        obj = messages.object_of(self.shown_uid) if self.shown_uid else None
        if obj is not None:
            if not live or obj.mode == "OBJECT":  # who works on it is not disturbed
                textured.update(obj, given, live=live)
            return obj
        # The first one; or it was taken away meanwhile, as by an undo.
        obj = bpy.data.objects.new(self.made_name, textured.textured_mesh(self.made_name, given))
        obj.location = context.scene.cursor.location if self.origin is None else Vector(self.origin.tolist())
        context.collection.objects.link(obj)
        context.view_layer.update()
        self.shown_uid = obj.session_uid
        return obj

    def _look(self, context: bpy.types.Context) -> set[str] | None:
        if self.job.cancel and self.latest is not None:
            return self._finish(context, self.latest, {"stopped": True, "remarks": [self._how_far()]})
        outcome = super()._look(context)
        obj = messages.object_of(self.shown_uid) if self.shown_uid else None
        if outcome == {"CANCELLED"} and obj is not None:
            discard(obj)
        return outcome

    def _how_far(self) -> str:
        """Without what was measured there: that is said of what is kept, which may be of a moment before."""
        return self.job.step.phase.partition(",")[0]

    def _show(self, context: bpy.types.Context, step: jobs.Step) -> None:
        if self.latest is not None:
            self.on_escape = "Esc to stop, and keep the best so far"
        super()._show(context, step)
        if step.preview is None:
            return
        try:
            self.latest = previews.arrays_in(step.preview)
        except (OSError, ValueError, zipfile.BadZipFile):  # the next one will do
            return
        self.put(context, self.latest, live=True)
        redraw_views(context)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        return self._finish(context, result.arrays, result.data)

    def _finish(self, context: bpy.types.Context, arrays: Arrays, report: Mapping[str, Any]) -> set[str]:
        said = self.keep(context, arrays, report)
        obj, active = messages.object_of(self.shown_uid), context.view_layer.objects.active
        if obj is not None and obj.name in context.view_layer.objects and (active is None or active.mode == "OBJECT"):
            messages.select_only(context, obj)
        self.report({"INFO"}, said)
        return {"FINISHED"}


def redraw_views(context: bpy.types.Context) -> None:
    """Draw the 3D views again."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def discard(obj: bpy.types.Object) -> None:
    """Remove an object, and what nothing else uses of it: mesh, material, texture."""
    mesh = bridge.mesh_of(obj)
    image, materials = textured.image_of(mesh), [one for one in mesh.materials if one is not None]
    bpy.data.objects.remove(obj)
    if not mesh.users:
        bpy.data.meshes.remove(mesh)
    for material in materials:
        if not material.users:
            bpy.data.materials.remove(material)
    if image is not None and not image.users:
        bpy.data.images.remove(image)
