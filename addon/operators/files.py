# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh files that Blender itself does not read, the sample cow, and what is dropped into the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from .. import bridge, messages
from ..idnames import Operators
from .shell import guarded


class SPHERICAL_COW_OT_import_off(ImportHelper, bpy.types.Operator):
    """Open OFF files."""

    bl_idname = Operators.IMPORT_OFF
    bl_label = "Import OFF"
    bl_description = "Open Object File Format meshes (.off), each as a new object"
    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ".off"

    if TYPE_CHECKING:
        filepath: str
        directory: str
        files: bpy.types.bpy_prop_collection[bpy.types.OperatorFileListElement]
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default="*.off", options={"HIDDEN"})
        directory: StringProperty(name="Folder", description="Where the files are", options={"HIDDEN", "SKIP_SAVE"})
        files: CollectionProperty(
            name="Files",
            description="Several files",
            type=bpy.types.OperatorFileListElement,
            options={"HIDDEN", "SKIP_SAVE"},
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file, unless it was dropped."""
        if self.directory and len(self.files):
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open each file."""
        return guarded(self, None, lambda: self._open(context))

    def _open(self, context: bpy.types.Context) -> str:
        from ..core.meshfile import read_mesh

        names = [file.name for file in self.files if file.name]
        paths = [Path(self.directory, name) for name in names] or [Path(bpy.path.abspath(self.filepath))]
        meshes = [(path.stem, read_mesh(path)) for path in paths]
        for name, mesh in meshes:
            messages.place(context, bridge.new_mesh(name, mesh), name)
        return f"Imported {', '.join(name for name, _ in meshes)}"


class SPHERICAL_COW_OT_add_cow(bpy.types.Operator):
    """Add the sample."""

    bl_idname = Operators.ADD_COW
    bl_label = "Spherical Cow"
    bl_description = "Add a small cow: closed, without handles, with colors; the sample to try this extension on"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it at the 3D cursor."""
        return guarded(self, None, lambda: self._add(context))

    def _add(self, context: bpy.types.Context) -> str:
        from ..core.sample import sample_cow

        mesh = bridge.new_mesh("Cow", sample_cow())
        mesh.materials.append(painted_material())
        messages.place(context, mesh, "Cow")
        return "Added the sample cow"


def painted_material() -> bpy.types.Material:
    """A material that shows the colour attribute of whatever mesh it is on."""
    name = "Spherical Cow Colors"
    material: bpy.types.Material | None = bpy.data.materials.get(name)
    if material is not None:
        return material
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    nodes = material.node_tree.nodes
    colors = nodes.new("ShaderNodeVertexColor")  # without a name it takes the one that is rendered
    colors.location = (-250.0, 200.0)
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    material.node_tree.links.new(colors.outputs["Color"], surface.inputs["Base Color"])
    return material


class SPHERICAL_COW_FH_shape(bpy.types.FileHandler):
    """Coefficients dropped into the 3D view, and saved from File ▸ Export of a collection."""

    bl_idname = "SPHERICAL_COW_FH_shape"
    bl_label = "Spherical Harmonics"
    bl_import_operator = Operators.LOAD_SHAPE
    bl_file_extensions = ".npz;.psh;.coef"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Into a 3D view."""
        return context.area is not None and context.area.type == "VIEW_3D"


class SPHERICAL_COW_FH_off(bpy.types.FileHandler):
    """OFF meshes dropped into the 3D view."""

    bl_idname = "SPHERICAL_COW_FH_off"
    bl_label = "Object File Format"
    bl_import_operator = Operators.IMPORT_OFF
    bl_file_extensions = ".off"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Into a 3D view."""
        return context.area is not None and context.area.type == "VIEW_3D"


def _import_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(Operators.LOAD_SHAPE, text="Spherical Harmonics (.npz, .psh, .coef, .sh …)")
    menu.layout.operator(Operators.IMPORT_OFF, text="Object File Format (.off)")


def _export_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(Operators.SAVE_SHAPE, text="Spherical Harmonics (.npz, .psh, .coef, .sh …)")


def _add_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(Operators.ADD_COW, icon="MESH_UVSPHERE")


MENUS = (
    (bpy.types.TOPBAR_MT_file_import, _import_menu),
    (bpy.types.TOPBAR_MT_file_export, _export_menu),
    (bpy.types.VIEW3D_MT_mesh_add, _add_menu),
)
"""Blender's menus that get an entry, and what draws it."""

classes = (
    SPHERICAL_COW_OT_import_off,
    SPHERICAL_COW_OT_add_cow,
    SPHERICAL_COW_FH_shape,
    SPHERICAL_COW_FH_off,
)
