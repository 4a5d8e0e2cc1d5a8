# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair and Encode: both jobs one after the other, written together at the end."""

from __future__ import annotations

from collections.abc import Generator

import bpy

from .. import bridge, jobs, messages
from ..core.errors import InvalidParameter
from ..core.repairs.recipe import Recipe
from ..core.repairs.recipes import GENUS_ZERO
from ..idnames import Operators
from ..properties.coding import EncodeSettings
from .batch import BatchOperator
from .encode import encode_request, store_result
from .repair import RepairSettings, repair_request, require_no_shape_keys, store_report, write_result


def read_repaired(obj: bpy.types.Object, result: jobs.Result) -> bridge.Reading:
    """The mesh as it would be after this repair, read from a copy that is gone afterwards."""
    if obj.mode == "EDIT":
        obj.update_from_editmode()
    mesh = bridge.mesh_of(obj).copy()
    copy = bpy.data.objects.new(obj.name, mesh)
    try:
        write_result(copy, result)
        return bridge.read(copy)
    finally:
        bpy.data.objects.remove(copy)
        bpy.data.meshes.remove(mesh)


def _half(working: jobs.Work, start: float, words: str) -> Generator[jobs.Step, None, jobs.Result]:
    """One job as half of the whole."""
    try:
        while True:
            step = next(working)
            yield jobs.Step(start + 0.5 * step.fraction, f"{words}: {step.phase}")
    except StopIteration as end:
        result: jobs.Result = end.value
        return result
    finally:
        working.close()


class SPHERICAL_COW_OT_repair_and_encode(EncodeSettings, RepairSettings, BatchOperator, bpy.types.Operator):
    """Make a mesh encodable, and encode it."""

    bl_idname = Operators.REPAIR_AND_ENCODE
    bl_label = "Repair and Encode"
    bl_description = (
        "Make the mesh one closed surface without handles, then encode it. The recipe is the one of the Repair"
        " section if it ends in such a surface, else Make Genus 0. When either fails, nothing is changed"
    )
    bl_options = {"UNDO"}

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """First the one, then, on what it gives, the other."""
        require_no_shape_keys(obj)
        if self.use_modifiers and len(obj.modifiers):
            raise InvalidParameter(
                f"{obj.name!r} has modifiers, and a repair works on the mesh below them.",
                "Apply the modifiers, or switch off Apply Modifiers.",
            )
        request = repair_request(bridge.read(obj).mesh, self._recipe(context), blender_steps=self.blender_steps)
        return self._both(obj.session_uid, request)

    def _recipe(self, context: bpy.types.Context) -> Recipe:
        recipe = self.chosen_recipe(context)
        guaranteed = [step.enabled for step in recipe.steps if step.name in {"ensure_genus_zero", "remesh_volume"}]
        return recipe if self.recipe or any(guaranteed) else GENUS_ZERO

    def _both(self, uid: int, request: jobs.Request) -> jobs.Work:
        repaired = yield from _half(jobs.work(request), 0.0, "Repair")
        obj = messages.object_of(uid)
        if obj is None:
            raise InvalidParameter("The object was deleted meanwhile.", "Nothing needs to be done.")
        reading = read_repaired(obj, repaired)
        encoded = yield from _half(jobs.work(encode_request(self, reading)), 0.5, "Encode")
        return jobs.Result({"repaired": repaired, "encoded": encoded}, {})

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Write the mesh, then its coefficients."""
        repaired: jobs.Result = result.data["repaired"]
        write_result(obj, repaired)
        store_report(obj, repaired, dry_run=False)
        shape = store_result(obj, result.data["encoded"], bridge.current_fingerprint(obj), False)
        done = ", ".join(repaired.data["done"]) or "nothing to repair"
        return f"{obj.name!r}: {done}. Encoded at degree {shape.lmax}: mean error {shape.certificate.fit_error_rel:.3%}"


classes = (SPHERICAL_COW_OT_repair_and_encode,)
