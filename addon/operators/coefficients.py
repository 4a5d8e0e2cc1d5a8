# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients: pictures of them, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import bridge, choices, messages, storage
from ..core.errors import InvalidParameter
from ..core.mesh import Mesh
from ..core.shape import Shape
from ..idnames import Attributes, Operators
from .reconstruct import colors_at, fields_at, positions_at
from .shell import MeshOperator, guarded

if TYPE_CHECKING:
    from ..core.interchange import Content, WriteOptions

FREQUENCY = 32
"""Of the icosphere on which a file without its own mesh is opened."""
GLOB = "*.npz;*.psh;*.sh;*.coef;*.csv;*.txt;*.npy"
"""The files that the browser shows: the endings of `core.interchange.FORMATS`."""
MOST_ROWS = 64
"""Shapes of one file that become objects."""


class _ShapeOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The object carries coefficients."""
        if not storage.has_shape(obj):
            cls.poll_message_set("Encode the mesh first")
            return False
        return True


def make_images(name: str, shape: Shape) -> list[bpy.types.Image]:
    """One picture per channel of log amplitudes (m = 0 on the diagonal), and one of the power spectrum."""
    from ..core.pictures import coefficient_image, spectrum_plot

    harmonics = shape.harmonics
    rows = zip(harmonics.channels, harmonics.coefficients, strict=True)
    images = [bridge.new_image(f"{name} {channel}", coefficient_image(rows_)) for channel, rows_ in rows]
    return [*images, bridge.new_image(f"{name} power spectrum", spectrum_plot(harmonics))]


class SPHERICAL_COW_OT_coefficient_images(_ShapeOperator, bpy.types.Operator):
    """Make pictures of the coefficients."""

    bl_idname = Operators.COEFFICIENT_IMAGES
    bl_label = "Make Images"
    bl_description = (
        "Make one image per channel, where each pixel is the size of one coefficient (low degrees at the"
        " upper left, order 0 on the diagonal), and one of the power spectrum. See them in an Image Editor"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the images."""
        obj = context.object
        return guarded(self, obj, lambda: self._make(obj))

    def _make(self, obj: bpy.types.Object) -> str:
        images = make_images(obj.name, storage.load_shape(bridge.mesh_of(obj)))
        return f"{len(images)} images, from {images[0].name!r} to {images[-1].name!r}"


class SPHERICAL_COW_OT_save_shape(_ShapeOperator, ExportHelper, bpy.types.Operator):
    """Save the coefficients."""

    bl_idname = Operators.SAVE_SHAPE
    bl_label = "Save Harmonics"
    bl_description = (
        "Save the coefficients: everything as .npz, for this extension, the command line and NumPy; small and rounded"
        " as .psh; or for another program"
    )
    filename_ext = ".npz"
    check_extension = None

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        file_format: str
        bits: int
        compact: bool
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default=GLOB, options={"HIDDEN"})
        file_format: EnumProperty(
            name="Format", items=choices.SHAPE_FORMATS, description="What kind of file is written, and its ending"
        )
        bits: IntProperty(
            name="Bits",
            default=12,
            min=4,
            max=24,
            description="Accuracy of a progressive file: that of coordinates rounded to so many bits of the extent",
        )
        compact: BoolProperty(
            name="Compact",
            default=False,
            description="Leave the sphere map of the original mesh out: smaller, but not to be rebuilt on"
            " its own vertices",
        )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        name = f"{bpy.path.clean_name(context.object.name)}.harmonics.npz"
        self.filepath = str(Path(self.filepath).with_name(name)) if self.filepath else name
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Give the name the ending of the chosen format."""
        path = fitting_name(self.filepath, self.file_format)
        changed = path != self.filepath
        self.filepath = path
        return changed

    def draw(self, context: bpy.types.Context) -> None:
        """The format, and what there is to choose in it."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "file_format")
        ending = Path(self.filepath).suffix.lower()
        row = layout.row()
        row.active = ending == ".psh"
        row.prop(self, "bits")
        row = layout.row()
        row.active = ending == ".npz"
        row.prop(self, "compact")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        obj = context.object
        mesh = bridge.mesh_of(obj)
        return guarded(self, obj, lambda: self._save(storage.load_shape(mesh, full=True)))

    def _save(self, shape: Shape) -> str:
        from ..core.interchange import WriteOptions

        name = None if self.file_format == "AUTO" else format_name(self.file_format)
        return save(shape, self.filepath, name, WriteOptions(self.bits, self.compact))


def format_name(identifier: str) -> str:
    """The name in the library of a format of `choices.SHAPE_FORMATS`."""
    return identifier.lower().replace("_", "-")


def fitting_name(filepath: str, identifier: str) -> str:
    """The path with an ending of the chosen format; as it is where the ending chooses the format."""
    from ..core.interchange.registry import named

    if identifier == "AUTO" or not filepath:
        return filepath
    endings, path = named(format_name(identifier)).endings, Path(filepath)
    if path.suffix.lower() in endings:
        return filepath
    stem = path.name.removesuffix(path.suffix).removesuffix(".harmonics")
    return str(path.with_name(stem + (".harmonics" if endings[0] == ".npz" else "") + endings[0]))


def save(shape: Shape, filepath: str, name: str | None = None, options: WriteOptions | None = None) -> str:
    """Write a shape in the format `name`, or that of the ending; gives the line to report."""
    from ..core.interchange import save_as

    written = save_as(shape, bpy.path.abspath(filepath), name, options)
    files = [file.name for file in written.files]
    what = f"{files[0]!r}" if len(files) == 1 else f"{len(files)} files, from {files[0]!r} to {files[-1]!r}"
    return with_notes(f"Saved {what}", written.notes)


def with_notes(text: str, notes: Sequence[str]) -> str:
    """The line to report, with what was noticed on the way."""
    return f"{text}. {' '.join(notes)}" if notes else text


class SPHERICAL_COW_OT_load_shape(ImportHelper, bpy.types.Operator):
    """Open coefficients as a new object."""

    bl_idname = Operators.LOAD_SHAPE
    bl_label = "Load Harmonics"
    bl_description = (
        "Make an object from a file of coefficients, also of other programs: on its own vertices where the file has"
        " them, else on an icosphere. It carries the coefficients, so it can be reconstructed otherwise"
    )
    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ".npz"

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
        directory: str
        files: bpy.types.bpy_prop_collection[bpy.types.OperatorFileListElement]
    else:
        filter_glob: StringProperty(name="Filter", description="Files shown", default=GLOB, options={"HIDDEN"})
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
        names = [file.name for file in self.files if file.name]
        paths = [Path(self.directory, name) for name in names] or [Path(bpy.path.abspath(self.filepath))]
        contents = [content for path in paths for content in open_file(path)]
        shapes = [(content.name, content.to_shape()) for content in contents]  # all of it before anything is made
        objects = [_object_of(context, shape, name) for name, shape in shapes]
        notes = list(dict.fromkeys(note for content in contents for note in content.notes))
        return with_notes(f"Loaded {', '.join(obj.name for obj in objects)}", notes)


def open_file(path: Path) -> list[Content]:
    """The shapes in a file. Raises what `core.interchange.open_contents` raises, and for a file with very many."""
    from ..core.interchange import open_contents

    contents = open_contents(path)
    if len(contents) > MOST_ROWS:
        raise InvalidParameter(
            f"{path.name!r} holds {len(contents)} shapes.", f"Open a table of at most {MOST_ROWS} rows here."
        )
    return contents


def _object_of(context: bpy.types.Context, shape: Shape, name: str) -> bpy.types.Object:
    from ..core.sphere.icosphere import icosphere

    unit = icosphere(FREQUENCY) if shape.sphere is None else Mesh(*shape.require_sphere())
    mesh = bridge.new_mesh(name, Mesh(positions_at(shape, unit.vertices), unit.faces))
    storage.store_shape(mesh, shape, role="RECONSTRUCTION", fingerprint="", scalars={})
    group = storage.data_of(mesh)
    group.live, group.equaliser.cutoff = True, shape.lmax
    storage.write_fields(mesh, unit.vertices, fields_at(shape, unit.vertices))
    colors = colors_at(shape, unit.vertices)
    if colors is not None:
        bridge.write_color(mesh, Attributes.COLOR, colors)
    return place(context, mesh, name)


def place(context: bpy.types.Context, mesh: bpy.types.Mesh, name: str) -> bpy.types.Object:
    """A new object of the mesh at the 3D cursor, selected."""
    obj = bpy.data.objects.new(name, mesh)
    obj.location = context.scene.cursor.location
    context.collection.objects.link(obj)
    context.view_layer.update()  # else the view layer does not know the new object yet
    messages.select_only(context, obj)
    return obj


classes = (
    SPHERICAL_COW_OT_coefficient_images,
    SPHERICAL_COW_OT_save_shape,
    SPHERICAL_COW_OT_load_shape,
)
