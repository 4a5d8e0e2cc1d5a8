# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to Pictures: the list of pictures, what is known of the object, the button, and how the active mesh was made."""

from __future__ import annotations

from typing import Any

import bpy

from ... import bridge, storage
from ...idnames import PICTURE_LIST, Operators, Panels
from ...networks import runtime
from ...networks.picture_choices import PICTURE_SYMMETRIES
from ...operators.networks.fit_pictures import FINENESS
from ...operators.networks.pictures import stem_of
from ...properties.networks.fit_pictures import FitPicturesSettings
from ..common import SidebarPanel, error_box, fact, fields, job_button, mesh_object, settings, wrapped

_OPTIONS = tuple(FitPicturesSettings.__annotations__)
_TURNTABLE = ("azimuth", "turn", "elevation", "field_of_view")
_MORE = ("start", "smoothness", "color_weight", "seconds", "seed")


class SPHERICAL_COW_UL_pictures(bpy.types.UIList):
    """Pictures, with their cameras."""

    bl_idname = PICTURE_LIST

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
        """Switch, picture, and which camera it was taken with."""
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        names = row.split(factor=0.6, align=True) if data.cameras == "scene" else row.row(align=True)
        names.active = item.enabled
        image = item.image
        if image is None:
            names.label(text="No picture", icon="ERROR")
        else:
            preview = image.preview_ensure()
            names.label(text=stem_of(item), icon_value=preview.icon_id if preview is not None else 0)
        if data.cameras == "scene":
            names.label(text=item.camera.name if item.camera is not None else "No camera")


class SPHERICAL_COW_PT_fit_pictures(SidebarPanel, bpy.types.Panel):
    """A mesh with a texture from pictures of an object."""

    bl_idname = Panels.FIT_PICTURES
    bl_parent_id = Panels.NETWORKS
    bl_label = "Fit to Pictures"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        """The pictures, what is known, the button, the facts of the active mesh."""
        layout, options = self.layout, settings(context).networks.fit_pictures
        if runtime.why_not():
            layout.label(text="Needs PyTorch: see above", icon="INFO")
            return
        draw_list(layout, context, options)
        if options.pictures:
            draw_known(layout, options)
            draw_fineness(layout, options)
            values = {name: getattr(options, name) for name in _OPTIONS}
            job_button(layout, context, Operators.FIT_PICTURES, icon="IMAGE_REFERENCE", owner=context.scene, **values)
        else:
            wrapped(layout.column(align=True), context, "Add pictures of one object from several sides", icon="INFO")
        error_box(layout, context, Operators.FIT_PICTURES, of_object=False)
        obj = mesh_object(context)
        if obj is not None:
            draw_facts(layout, context, storage.data_of(bridge.mesh_of(obj)).pictured)


def draw_list(layout: bpy.types.UILayout, context: bpy.types.Context, options: Any) -> None:
    """The pictures, and the one that is chosen."""
    row = layout.row()
    many = len(options.pictures) > 3
    row.template_list(PICTURE_LIST, "", options, "pictures", options, "active_picture", rows=5 if many else 3)
    column = row.column(align=True)
    column.operator(Operators.PICTURES_ADD, text="", icon="FILE_FOLDER")
    column.operator(Operators.PICTURE_NEW, text="", icon="ADD")
    column.operator(Operators.PICTURE_REMOVE, text="", icon="REMOVE")
    if many:
        column.separator()
        column.operator(Operators.PICTURE_MOVE, text="", icon="TRIA_UP").direction = "UP"
        column.operator(Operators.PICTURE_MOVE, text="", icon="TRIA_DOWN").direction = "DOWN"
    job_button(
        layout,
        context,
        Operators.PICTURES_TAKE,
        icon="RENDER_STILL",
        tall=False,
        text="Take Pictures of Active Object",
        owner=context.scene,
    )
    for operator in (Operators.PICTURES_ADD, Operators.PICTURES_CAMERAS, Operators.PICTURES_TAKE):
        error_box(layout, context, operator, of_object=False)
    if not 0 <= options.active_picture < len(options.pictures):
        return
    chosen = options.pictures[options.active_picture]
    layout.template_ID(chosen, "image", open="image.open")
    layout.row(align=True).prop(options, "cameras", expand=True)
    if options.cameras == "scene":
        row = layout.row(align=True)
        row.prop(chosen, "camera", text="")
        row.operator(Operators.PICTURES_CAMERAS, text="Assign All", icon="CAMERA_DATA")


def draw_known(layout: bpy.types.UILayout, options: Any) -> None:
    """What is known of the pictures and of the object."""
    column = fields(layout)
    if options.cameras == "turntable":
        several = sum(entry.enabled for entry in options.pictures) > 1
        for name in _TURNTABLE:
            if several or name != "turn":
                column.prop(options, name)
        column.prop(options, "refine_cameras")
    column.prop(options, "background")
    column.prop(options, "symmetry")
    if options.symmetry not in ("free", "rotational"):
        column.prop(options, "symmetric_texture")


def draw_fineness(layout: bpy.types.UILayout, options: Any) -> None:
    """How fine, and how long."""
    column = fields(layout)
    column.prop(options, "quality")
    if options.quality == "custom":
        for name in FINENESS:
            column.prop(options, name)
    header, body = layout.panel("spherical_cow_fit_pictures_more", default_closed=True)
    header.label(text="More")
    if body is not None:
        column = fields(body)
        for name in _MORE:
            column.prop(options, name)


def draw_facts(layout: bpy.types.UILayout, context: bpy.types.Context, facts: Any) -> None:
    """How the active mesh was fitted, where it was."""
    if not facts.count:
        return
    box = layout.box()
    column = box.column(align=True)
    column.scale_y = 0.85
    fact(column, "Fitted to", "1 picture" if facts.count == 1 else f"{facts.count} pictures")
    if facts.iou:
        fact(column, "IoU of Outlines", f"{facts.iou:.3f}")
    if facts.psnr:
        fact(column, "PSNR of Colors", f"{facts.psnr:.1f} dB")
    names = {name: title for name, title, _ in PICTURE_SYMMETRIES}
    if facts.symmetry != "free":
        fact(column, "Symmetry", names.get(facts.symmetry, facts.symmetry))
    if facts.seconds:
        fact(column, "Time", f"{facts.seconds:.0f} s")
    if facts.stopped:
        column.label(text="Stopped before the end", icon="INFO")
    for remark in facts.remarks.splitlines():
        wrapped(box.column(align=True), context, remark, icon="INFO")


classes = (SPHERICAL_COW_UL_pictures, SPHERICAL_COW_PT_fit_pictures)
