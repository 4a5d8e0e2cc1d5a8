# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair: the recipe, its steps, and the report."""

from __future__ import annotations

import json
from typing import Any

import bpy

from .. import bridge, recipe_book, storage
from ..core.repairs.catalogue import STEPS
from ..idnames import STEP_LIST, Attributes, Menus, Operators, Panels
from ..operators.repair import uses_blender
from ..properties.repair import SHARED, property_name, with_parameter
from .common import (
    SidebarPanel,
    batch_button,
    error_box,
    fact,
    fields,
    job_button,
    mesh_object,
    percent,
    settings,
    wrapped,
)


class SPHERICAL_COW_UL_steps(bpy.types.UIList):
    """The steps of the recipe."""

    bl_idname = STEP_LIST

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
    ) -> None:
        """Switch and name."""
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        name = row.row()
        name.active = item.enabled
        name.label(text=STEPS[item.step].title if item.step in STEPS else item.step)


class SPHERICAL_COW_PT_repair(SidebarPanel, bpy.types.Panel):
    """From any mesh to one that can be encoded."""

    bl_idname = Panels.REPAIR
    bl_label = "Repair"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Recipe, button, report."""
        layout, options = self.layout, settings(context).repair
        draw_chooser(layout, options)
        if options.recipe:
            draw_recipe(layout, context, options)
        else:
            recipe_book.ask_to_fill()
        layout.row(align=True).prop(options, "target", expand=True)
        values = {"target": options.target, "keep_stages": options.keep_stages, "blender_steps": options.blender_steps}
        row = layout.row(align=True)
        if job_button(row, context, Operators.REPAIR, icon="TOOL_SETTINGS", **values) is not None:
            job_button(row, context, Operators.REPAIR, icon="NONE", text="Dry Run", **values, dry_run=True)
        batch_button(layout, context, Operators.REPAIR, **values)
        job_button(
            layout,
            context,
            Operators.REPAIR_FOLDER,
            icon="FILE_FOLDER",
            tall=False,
            text="Repair Folder…",
            owner=context.scene,
            keep_stages=options.keep_stages,
            blender_steps=options.blender_steps,
        )
        error_box(layout, context, Operators.REPAIR)
        obj = mesh_object(context)
        if obj is not None and storage.data_of(bridge.mesh_of(obj)).repair.report:
            draw_report(layout, context, obj)


def draw_chooser(layout: bpy.types.UILayout, options: Any) -> None:
    """Which recipe, and whether it was changed."""
    row = layout.row(align=True)
    changed = bool(options.recipe) and recipe_book.is_changed(options)
    row.menu(Menus.RECIPES, text=f"{options.title or 'Make Genus 0'}{' *' if changed else ''}", icon="PRESET")
    if changed:
        row.operator(Operators.RECIPE_LOAD, text="", icon="LOOP_BACK").name = options.recipe
    row.operator(Operators.RECIPE_SAVE, text="", icon="ADD")
    row.operator(Operators.RECIPE_DELETE, text="", icon="REMOVE")


def draw_recipe(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """The settings of several steps at once; then, unfolded, the steps themselves."""
    column = fields(layout)
    for name in SHARED:
        if with_parameter(options, name):
            column.prop(options, name)
    count = sum(item.enabled for item in options.steps)
    header, body = layout.panel("spherical_cow_steps", default_closed=True)
    header.label(text=f"{count} of {len(options.steps)} Steps" if count < len(options.steps) else f"{count} Steps")
    if body is None:
        return
    row = body.row()
    row.template_list(STEP_LIST, "", options, "steps", options, "active_step", rows=5, maxrows=14)
    side = row.column(align=True)
    side.menu(Menus.STEPS, text="", icon="ADD")
    side.operator(Operators.STEP_REMOVE, text="", icon="REMOVE")
    side.separator()
    side.operator(Operators.STEP_MOVE, text="", icon="TRIA_UP").direction = "UP"
    side.operator(Operators.STEP_MOVE, text="", icon="TRIA_DOWN").direction = "DOWN"
    if options.active_step < len(options.steps):
        draw_step(body, context, options.steps[options.active_step])
    if uses_blender(recipe_book.shown(options)):
        body.prop(options, "blender_steps")
    body.prop(options, "keep_stages")


def draw_step(layout: bpy.types.UILayout, context: bpy.types.Context, item: Any) -> None:
    """What the chosen step does, and its settings."""
    if item.step not in STEPS:
        return
    step = STEPS[item.step]
    words = layout.column(align=True)
    words.active = False
    wrapped(words, context, step.description)
    column = layout.column()
    column.active = item.enabled
    column.use_property_split, column.use_property_decorate = True, False
    for parameter in step.parameters:
        column.prop(item, property_name(step.name, parameter.name))


def draw_report(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """What was found and done, and how much that changed."""
    group = storage.data_of(bridge.mesh_of(obj)).repair
    report = json.loads(group.report)
    stale = storage.has_changed(obj, group.fingerprint)
    box = layout.box()
    box.active = not stale
    draw_verdict(box, report, dry_run=group.dry_run, stale=stale)
    column = box.column(align=True)
    for name, icon in (("found", "DOT"), ("done", "CHECKMARK"), ("warnings", "ERROR")):
        for text in report[name]:
            wrapped(column, context, text[0].upper() + text[1:], icon=icon, margin=78)
    if report["done"]:
        draw_change(box, report["change"])
    if not group.dry_run and Attributes.REPAIRED in obj.data.attributes:
        box.operator(Operators.SELECT_REPAIRED, icon="RESTRICT_SELECT_OFF")


def draw_verdict(box: bpy.types.UILayout, report: dict[str, Any], *, dry_run: bool, stale: bool) -> None:
    """The first line."""
    if stale:
        box.label(text="Changed since this repair", icon="FILE_REFRESH")
    elif dry_run:
        box.label(text="Dry run: nothing was changed", icon="INFO")
    elif not report["done"]:
        box.label(text="Nothing to repair", icon="CHECKMARK")
    elif report["after"]["is_genus_zero"]:
        box.label(text="Repaired: ready to encode", icon="CHECKMARK")
    else:
        box.label(text="Repaired", icon="CHECKMARK")


def draw_change(box: bpy.types.UILayout, change: dict[str, Any]) -> None:
    """The numbers."""
    column = box.column(align=True)
    column.scale_y = 0.85
    fact(column, "Distance, mean", percent(change["mean_rel"]))
    fact(column, "Distance, largest", percent(change["hausdorff_rel"]))
    fact(column, "Volume", relative(change["volume_before"], change["volume_after"]))
    fact(column, "Area", relative(change["area_before"], change["area_after"]))
    fact(column, "Triangles kept", f"{100.0 * change['faces_kept'] / max(change['faces_before'], 1):.1f} %")
    fact(column, "Triangles new", f"{change['faces_new']:,}")


def relative(before: float | None, after: float) -> str:
    """The change from one number to another, in percent."""
    if not before:
        return f"{after:.3g}"
    return f"{100.0 * (after / before - 1.0):+.2f} %"


classes = (SPHERICAL_COW_UL_steps, SPHERICAL_COW_PT_repair)
