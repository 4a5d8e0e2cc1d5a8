# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients: pictures of them, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from .. import bridge, choices, image_pixels, storage
from ..core.shape import Shape
from ..idnames import Operators
from .shell import EncodedOperator, SaveOperator, guarded

if TYPE_CHECKING:
    from ..core.interchange import WriteOptions

GLOB = "*.npz;*.psh;*.sh;*.coef;*.csv;*.txt;*.npy"
"""The files that the browser shows: the endings of `core.interchange.FORMATS`."""


def make_images(name: str, shape: Shape) -> list[bpy.types.Image]:
    """One picture per channel of log amplitudes (m = 0 on the diagonal), and one of the power spectrum."""
    from ..core.pictures import coefficient_image, spectrum_plot

    harmonics = shape.harmonics
    rows = zip(harmonics.channels, harmonics.coefficients, strict=True)
    images = [image_pixels.new_image(f"{name} {channel}", coefficient_image(rows_)) for channel, rows_ in rows]
    return [*images, image_pixels.new_image(f"{name} power spectrum", spectrum_plot(harmonics))]


class SPHERICAL_COW_OT_coefficient_images(EncodedOperator, bpy.types.Operator):
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


class SPHERICAL_COW_OT_save_shape(EncodedOperator, SaveOperator, bpy.types.Operator):
    """Save the coefficients."""

    bl_idname = Operators.SAVE_SHAPE
    bl_label = "Save Harmonics"
    bl_description = (
        "Save the coefficients: everything as .npz, for this extension, the command line and NumPy; small and rounded"
        " as .psh; or for another program"
    )
    filename_ext = ".npz"
    ending = ".harmonics.npz"
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


classes = (
    SPHERICAL_COW_OT_coefficient_images,
    SPHERICAL_COW_OT_save_shape,
)
