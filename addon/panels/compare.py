# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare: against what, the table, the heat map and the histogram."""

from __future__ import annotations

from typing import Any

import bpy

from .. import bridge, comparisons, storage
from ..choices import PROTOCOLS
from ..idnames import Attributes, Operators, Panels
from ..operators.compare import HISTOGRAM
from .attributes import draw_scale
from .common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped

OPTIONS = (
    "space", "use_modifiers", "align", "scaling", "samples", "threshold", "volume", "points", "resolution", "seed",
    "protocols",
)  # fmt: skip

_DISTANCES = (("mean", "Mean"), ("rms", "RMS"), ("percentile_95", "95 % Within"), ("hausdorff", "Largest"))
_SIDES = (("forward", "Other to This"), ("backward", "This to Other"))
_SYMMETRIC = (
    ("symmetric_max", "Largest"),
    ("symmetric_max_mean", "Larger Mean"),
    ("symmetric_mean", "Mean"),
)


class SPHERICAL_COW_PT_compare(SidebarPanel, bpy.types.Panel):
    """One mesh against another."""

    bl_idname = Panels.COMPARE
    bl_label = "Compare"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 10

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, button, table, pictures."""
        layout, options, obj = self.layout, settings(context).compare, mesh_object(context)
        draw_settings(layout, context, options)
        values = {name: getattr(options, name) for name in OPTIONS}
        job_button(layout, context, Operators.COMPARE, icon="DRIVER_DISTANCE", **values)
        error_box(layout, context, Operators.COMPARE)
        numbers = None if obj is None else comparisons.load(bridge.mesh_of(obj))
        if obj is None or numbers is None:
            return
        stale = comparisons.why_stale(obj)
        draw_table(layout, context, numbers, storage.data_of(bridge.mesh_of(obj)).comparison.other, stale)
        row = layout.row(align=True)
        row.operator(Operators.COPY_COMPARISON, icon="COPYDOWN")
        row.operator(Operators.SAVE_COMPARISON, text="Save", icon="EXPORT")
        for name in (Operators.COPY_COMPARISON, Operators.SAVE_COMPARISON):
            error_box(layout, context, name)
        draw_pictures(layout, context, obj)
        draw_more(layout, numbers, stale)


def draw_settings(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """Against what, and how."""
    other = comparisons.other_mesh(context)
    if other is not None:
        layout.label(text=f"Against {other.name}", icon="MESH_DATA")
    else:
        wrapped(layout.column(align=True), context, "Select a second mesh, then this one", icon="INFO")
    layout.row(align=True).prop(options, "space", expand=True)
    column = fields(layout)
    column.prop(options, "align")
    row = column.row()
    row.enabled = options.align != "none"
    row.prop(options, "scaling")
    header, body = layout.panel("spherical_cow_compare_options", default_closed=True)
    header.label(text="Options")
    if body is None:
        return
    column = fields(body)
    column.prop(options, "use_modifiers")
    column.prop(options, "samples")
    column.prop(options, "threshold")
    column.prop(options, "volume")
    row = column.row()  # always one, so that nothing jumps
    row.enabled = options.volume != "none"
    row.prop(options, "resolution" if options.volume == "grid" else "points")
    column.prop(options, "seed")
    body.label(text="Also as in")
    body.column(align=True).prop(options, "protocols", expand=True)


def draw_table(
    layout: bpy.types.UILayout, context: bpy.types.Context, numbers: dict[str, Any], other: str, stale: str
) -> None:
    """The most used numbers, and why there is no volume."""
    header, body = layout.panel("spherical_cow_compared", default_closed=False)
    header.label(text=stale or f"From {other}", icon="FILE_REFRESH" if stale else "CHECKMARK")
    if body is None:
        return
    column = body.column(align=True)
    column.active = not stale
    for name, label in _DISTANCES:
        distance(column, label, numbers[name], numbers[f"{name}_rel"])
    fact(column, "F-Score", f"{numbers['f_score']:.4f}")
    fact(column, "Normal Consistency", f"{numbers['normal_consistency']:.4f}")
    fact(column, "Volume IoU", plain(numbers["iou"], 4))
    reason = numbers["missing"].get("iou", "")
    if reason:
        told = reason.replace("A has", "the other has").replace("B has", "this has")
        wrapped(column.column(align=True), context, f"No volume IoU: {told}", icon="INFO")


def draw_more(layout: bpy.types.UILayout, numbers: dict[str, Any], stale: str) -> None:
    """All other numbers, folded away, and those of protocols."""
    parts = [("more", "All Numbers", True), *((name, _protocol_name(name), False) for name in numbers["protocols"])]
    for name, title, closed in parts:
        header, body = layout.panel(f"spherical_cow_compared_{name}", default_closed=closed)
        header.label(text=title)
        if body is None:
            continue
        column = body.column(align=True)
        column.active = not stale
        if name == "more":
            draw_sides(column, numbers)
        else:
            for key, value in numbers["protocols"][name].items():
                fact(column, words(key), plain(value))


def _protocol_name(identifier: str) -> str:
    return next((name for known, name, _ in PROTOCOLS if known == identifier), identifier)


def draw_sides(column: bpy.types.UILayout, numbers: dict[str, Any]) -> None:
    """Each direction by itself, sizes, and the other ways to sum up."""
    for side, title in _SIDES:
        column.label(text=title)
        for name, label in _DISTANCES:
            distance(column, f"   {label}", numbers[f"{name}_{side}"], numbers[f"{name}_{side}_rel"])
    column.label(text="Both Ways")
    distance(column, "   Chamfer-L1", numbers["chamfer_l1"], numbers["mean_rel"])
    fact(column, "   Chamfer-L2", plain(numbers["chamfer_l2"]))
    fact(column, "   Angle of Normals", f"{numbers['normal_angle']:.2f}°")
    fact(column, "   Threshold", plain(numbers["threshold"]))
    fact(column, "   Precision", f"{numbers['precision']:.4f}")
    fact(column, "   Recall", f"{numbers['recall']:.4f}")
    column.label(text="Vertices, Over the Extent")
    for name, label in _SYMMETRIC:
        distance(column, f"   {label}", numbers[name], numbers[f"{name}_minmax"])
    for title, side in (("Other Mesh", "a"), ("This Mesh", "b")):
        column.label(text=title)
        for quantity in ("volume", "area"):
            fact(column, f"   {quantity.title()}", plain(numbers[f"{quantity}_{side}"]))


def draw_pictures(layout: bpy.types.UILayout, context: bpy.types.Context, obj: bpy.types.Object) -> None:
    """The heat map with its scale, and the histogram."""
    options, mesh = settings(context).compare, bridge.mesh_of(obj)
    row = layout.row(align=True)
    button = row.operator(Operators.SHOW_DISTANCES, icon="COLOR")
    button.signed, button.limit = options.signed, options.limit
    row.operator(Operators.DISTANCE_HISTOGRAM, icon="IMAGE_DATA")
    row = layout.row(align=True)
    row.prop(options, "signed", toggle=True)
    row.prop(options, "limit")
    for name in (Operators.SHOW_DISTANCES, Operators.DISTANCE_HISTOGRAM):
        error_box(layout, context, name)
    if storage.data_of(mesh).shown in (Attributes.DISTANCE, Attributes.SIGNED_DISTANCE):
        draw_scale(layout, mesh)
    image: bpy.types.Image | None = bpy.data.images.get(f"{obj.name} {HISTOGRAM}")
    preview = image.preview_ensure() if image is not None else None
    if preview is not None:
        layout.template_icon(icon_value=preview.icon_id, scale=10.0)


def distance(column: bpy.types.UILayout, label: str, value: float, relative: float) -> None:
    """A line with a distance in units, and as a part of the size: more room for the numbers than for the words."""
    row = column.split(factor=0.38, align=True)
    row.label(text=label)
    right = row.row()
    right.alignment = "RIGHT"
    percent = 100.0 * relative
    right.label(text=f"{value:.3g} ({percent:.{3 if percent >= 0.1 else 2}g} %)")


def plain(value: float | None, digits: int = 5) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}g}"


def words(name: str) -> str:
    """A name of the library as the panel writes it."""
    return name.replace("_", " ").title().replace("Iou", "IoU").replace("Chamfer L1", "Chamfer-L1")


classes = (SPHERICAL_COW_PT_compare,)
