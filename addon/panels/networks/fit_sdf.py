# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit SDF: the settings, the button, and the field that a mesh carries."""

from __future__ import annotations

from typing import Any

import bpy

from ... import bridge
from ...choices import SDF_NETWORKS
from ...idnames import Operators, Panels
from ...networks import fitted_fields
from ..common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, percent, settings, wrapped

OPTIONS = (
    "preset",
    "network",
    "loss",
    "samples",
    "epochs",
    "seed",
    "resolution",
    "use_modifiers",
    "hide_original",
)
EXTRACTION = ("resolution", "level", "faces", "refinement")


class SPHERICAL_COW_PT_fit_sdf(SidebarPanel, bpy.types.Panel):
    """A mesh as a neural distance field."""

    bl_idname = Panels.FIT_SDF
    bl_parent_id = Panels.NETWORKS
    bl_label = "Fit SDF"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """On an object that carries a field, that; else what fits one."""
        obj = mesh_object(context)
        if obj is not None and fitted_fields.has_field(obj):
            draw_field(self.layout, context, obj)
        else:
            draw_fit(self.layout, context)
        row = self.layout.row(align=True)
        row.operator(Operators.LOAD_SDF, text="Load", icon="IMPORT")
        row.operator(Operators.SAVE_SDF, text="Save", icon="EXPORT")
        job_of_file(self.layout, context)


def draw_fit(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Settings and button."""
    options = settings(context).networks.fit_sdf
    column = fields(layout)
    for name in OPTIONS:
        column.prop(options, name)
    values = {name: getattr(options, name) for name in OPTIONS}
    job_button(layout, context, Operators.FIT_SDF, icon="MOD_FLUIDSIM", **values)
    error_box(layout, context, Operators.FIT_SDF)


def draw_field(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """The field of the mesh: whether it holds, how good it is, and what takes another mesh out of it."""
    if reason := fitted_fields.why_stale(obj):
        wrapped(layout.column(align=True), context, reason, icon="ERROR")
    draw_report(layout, bridge.mesh_of(obj))
    options = settings(context).networks.extract_sdf
    column = fields(layout)
    for name in EXTRACTION:
        column.prop(options, name)
    values = {name: getattr(options, name) for name in EXTRACTION}
    job_button(layout, context, Operators.EXTRACT_SDF, icon="MESH_ICOSPHERE", **values)
    error_box(layout, context, Operators.EXTRACT_SDF)


def draw_report(layout: bpy.types.UILayout, mesh: bpy.types.Mesh) -> None:
    """What was measured, on points that the network had not seen."""
    group, report = fitted_fields.group_of(mesh), fitted_fields.report_of(mesh)
    column = layout.box().column(align=True)
    column.scale_y = 0.85
    if group.source:
        fact(column, "Of", group.source)
    names = {name: title for name, title, _ in SDF_NETWORKS}
    if group.network:
        fact(column, "Network", names.get(group.network, group.network))
    fact(column, "Size", size_text(group.size))
    for text, name in (("F1 Near Surface", "f1_near"), ("F1 in Volume", "f1_volume")):
        if name in report:
            fact(column, text, f"{report[name]:.4f}")
    for text, name in (("Error Near", "error_near_rel"), ("Chamfer", "chamfer_rel")):
        if report.get(name, -1.0) >= 0.0:
            fact(column, text, percent(report[name]))
    if seconds := total(report.get("seconds", {})):
        fact(column, "Time", f"{seconds:.0f} s")


def total(seconds: Any) -> float:
    """The sum of the times of all stages."""
    return float(sum(seconds.values())) if isinstance(seconds, dict) else 0.0


def size_text(size: int) -> str:
    """Bytes as people say them."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def job_of_file(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far the file is that is being loaded, and what went wrong with one."""
    from ... import jobs

    job = jobs.running(context.scene)
    if job is not None and job.operator == Operators.LOAD_SDF:
        job_button(layout, context, Operators.LOAD_SDF, icon="IMPORT", tall=False, owner=context.scene)
    error_box(layout, context, Operators.LOAD_SDF, of_object=False)
    error_box(layout, context, Operators.SAVE_SDF)


classes = (SPHERICAL_COW_PT_fit_sdf,)
