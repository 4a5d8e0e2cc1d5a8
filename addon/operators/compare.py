# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare: how far the mesh is from another one, in numbers, as colours, and as a histogram."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import BoolProperty, FloatProperty, StringProperty

from .. import bridge, comparisons, image_pixels, jobs, messages, storage
from ..core.errors import InvalidParameter
from ..idnames import Attributes, Operators
from ..properties.comparison import CompareSettings
from ..transforms import placed
from .attributes import color_viewports, paint
from .shell import JobOperator, MeshOperator, SaveOperator, guarded

HISTOGRAM = "distances"
"""The image is named after the object and this."""
_PLAIN = ("align", "scaling", "samples", "volume", "points", "resolution", "seed")


@dataclass(frozen=True)
class Moment:
    """What a comparison depends on: the fingerprints of the mesh and of the other one, and how they stand."""

    own: str
    other: str
    place: str

    @staticmethod
    def now(obj: bpy.types.Object, other: bpy.types.Object, space: str) -> Moment:
        """As it is. In the space "OBJECT" it does not matter how objects stand."""
        where = comparisons.place(obj, other) if space == "WORLD" else ""
        return Moment(bridge.current_fingerprint(obj), bridge.current_fingerprint(other), where)


def compare_request(
    obj: bpy.types.Object,
    other: bpy.types.Object,
    parameters: Mapping[str, Any],
    *,
    space: str = "WORLD",
    use_modifiers: bool = False,
) -> jobs.Request:
    """What the worker is asked: first the other mesh, as the reference."""
    meshes = [bridge.read(item, use_modifiers=use_modifiers).mesh for item in (other, obj)]
    if space == "WORLD":
        meshes = [placed(mesh, item) for mesh, item in zip(meshes, (other, obj), strict=True)]
    a, b = meshes
    arrays = {"vertices_a": a.vertices, "faces_a": a.faces, "vertices_b": b.vertices, "faces_b": b.faces}
    return jobs.Request("compare", parameters, arrays)


def keep(obj: bpy.types.Object, other: bpy.types.Object, result: jobs.Result, moment: Moment) -> None:
    """Put the numbers and, where they are of its own vertices, the distances on the mesh of `obj`."""
    mesh, values = bridge.mesh_of(obj), result.arrays["distances"]
    with bridge.object_mode(obj):
        fits = len(values) == len(mesh.vertices)  # modifiers may have made others
        comparisons.store_distances(mesh, values if fits else None, signed=bool(result.data["signed"]))
        comparisons.store(obj, other, result.data, (moment.own, moment.other), moment.place)
        if fits and storage.data_of(mesh).shown in (Attributes.DISTANCE, Attributes.SIGNED_DISTANCE):
            options = bpy.context.scene.spherical_cow.compare
            show_distances(mesh, signed=options.signed, limit=options.limit)


class SPHERICAL_COW_OT_compare(CompareSettings, JobOperator, bpy.types.Operator):
    """Measure this mesh against another one."""

    bl_idname = Operators.COMPARE
    bl_label = "Compare"
    bl_description = (
        "Measure how far this mesh is from the other selected one or, for a reconstruction, a repaired or a symmetric"
        " copy, from its original: distances, F-score, normals and volumes"
    )
    bl_options = {"UNDO"}

    other_uid: int
    moment: Moment

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """There is another mesh."""
        if comparisons.other_mesh(bpy.context) is None:
            cls.poll_message_set("Select a second mesh object, then this one")
            return False
        return True

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """Both meshes and the settings."""
        other = comparisons.other_mesh(context)
        if other is None:
            raise InvalidParameter("There is no second mesh.", "Select two mesh objects.")
        self.other_uid, self.moment = other.session_uid, Moment.now(obj, other, self.space)
        parameters: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        parameters |= {"threshold_rel": self.threshold / 100.0, "protocols": sorted(self.protocols)}
        return compare_request(obj, other, parameters, space=self.space, use_modifiers=self.use_modifiers)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Keep the numbers, and the distances of the vertices, on the mesh."""
        other = messages.object_of(self.other_uid)
        if other is None or bridge.current_fingerprint(other) != self.moment.other:
            raise InvalidParameter("The other mesh was edited or deleted meanwhile.", "Compare again.")
        keep(obj, other, result, self.moment)
        mean, worst = result.data["mean_rel"], result.data["hausdorff_rel"]
        return f"Mean distance {mean:.3%}, largest {worst:.3%} of the diagonal of {other.name!r}"


def show_distances(mesh: bpy.types.Mesh, *, signed: bool, limit: float) -> str:
    """Colour the mesh by its distances; gives the line to report. limit: end of the scale, 0 for a fitting one.

    Raises `InvalidParameter` where the mesh has no distances.
    """
    from ..core.metrics.heat_map import HeatMap, fitting_range

    found = comparisons.distances(mesh)
    if found is None:
        raise InvalidParameter("This mesh has no distances.", "Compare it first, without its modifiers.")
    values, with_signs = found
    with_signs = with_signs and signed
    values = (values if with_signs else np.abs(values)).astype(np.float64)
    heat = HeatMap(values, with_signs, *fitting_range(values, with_signs))
    heat = heat.with_limit(limit) if limit > 0.0 else heat
    paint(mesh, heat.name, heat.colours(), heat.low, heat.high)
    return f"Showing distances from {heat.low:.3g} to {heat.high:.3g}"


class _ComparedOperator(MeshOperator):
    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The mesh has been compared."""
        if not storage.data_of(bridge.mesh_of(obj)).comparison.numbers:
            cls.poll_message_set("Compare the mesh first")
            return False
        return True


class SPHERICAL_COW_OT_show_distances(MeshOperator, bpy.types.Operator):
    """Show the distances as colours."""

    bl_idname = Operators.SHOW_DISTANCES
    bl_label = "Heat Map"
    bl_description = (
        "Color the mesh by the distance of each vertex from the other mesh; the scale is below. Solid viewports"
        " are set to show the color attribute"
    )
    bl_options = {"REGISTER", "UNDO"}

    if TYPE_CHECKING:
        signed: bool
        limit: float
    else:
        signed: BoolProperty(
            name="Signed", description="Blue inside the other mesh, red outside, where that is known", default=True
        )
        limit: FloatProperty(
            name="Limit", description="Distance at the end of the scale; 0 for a fitting one", min=0.0, unit="LENGTH"
        )

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """The mesh has distances."""
        if obj.mode != "EDIT" and comparisons.distances(bridge.mesh_of(obj)) is None:
            numbers = storage.data_of(bridge.mesh_of(obj)).comparison.numbers
            cls.poll_message_set(
                "Compared with modifiers, which make other vertices" if numbers else "Compare the mesh first"
            )
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Colour the mesh."""
        obj = context.object
        color_viewports(context)
        with bridge.object_mode(obj):
            mesh = bridge.mesh_of(obj)
            return guarded(self, obj, lambda: show_distances(mesh, signed=self.signed, limit=self.limit))


class SPHERICAL_COW_OT_distance_histogram(_ComparedOperator, bpy.types.Operator):
    """Draw the histogram."""

    bl_idname = Operators.DISTANCE_HISTOGRAM
    bl_label = "Histogram"
    bl_description = "Make an image of how the distances between both surfaces are spread. See it in an Image Editor"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the image."""
        obj = context.object
        return guarded(self, obj, lambda: self._make(obj))

    def _make(self, obj: bpy.types.Object) -> str:
        from ..core.metrics.histogram import draw_histogram, histogram_from

        group = storage.data_of(bridge.mesh_of(obj)).comparison
        counted = histogram_from((comparisons.load(bridge.mesh_of(obj)) or {})["histogram"])
        title = f"Distances: A is {group.other}, B is {obj.name}"
        image = image_pixels.new_image(f"{obj.name} {HISTOGRAM}", draw_histogram(counted, title))
        return f"Made the image {image.name!r}"


def table_text(mesh: bpy.types.Mesh, delimiter: str) -> str:
    """The table of the last comparison, with a line of names on top."""
    from ..core.metrics.table import rows, to_csv

    return to_csv(rows(comparisons.load(mesh) or {}), delimiter)


class SPHERICAL_COW_OT_copy_comparison(_ComparedOperator, bpy.types.Operator):
    """Copy the table."""

    bl_idname = Operators.COPY_COMPARISON
    bl_label = "Copy"
    bl_description = "Copy all numbers to the clipboard, as lines with tabs that a spreadsheet takes"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        obj = context.object
        return guarded(self, obj, lambda: self._copy(context, bridge.mesh_of(obj)))

    def _copy(self, context: bpy.types.Context, mesh: bpy.types.Mesh) -> str:
        text = table_text(mesh, "\t")
        context.window_manager.clipboard = text
        return f"Copied {len(text.splitlines()) - 1} numbers"


class SPHERICAL_COW_OT_save_comparison(_ComparedOperator, SaveOperator, bpy.types.Operator):
    """Save the table."""

    bl_idname = Operators.SAVE_COMPARISON
    bl_label = "Save Comparison"
    bl_description = "Save all numbers: as a table (.csv), or with all that was measured (.json)"
    filename_ext = ".csv"
    check_extension = None

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filter_glob: StringProperty(
            name="Filter", description="Files shown", default="*.csv;*.json", options={"HIDDEN"}
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        obj = context.object
        return guarded(self, obj, lambda: save(bridge.mesh_of(obj), self.filepath))


def save(mesh: bpy.types.Mesh, filepath: str) -> str:
    """Write the last comparison as .csv or .json; gives the line to report."""
    from ..core.files import atomic_write

    path = Path(bpy.path.abspath(filepath))
    if path.suffix.lower() not in (".csv", ".json"):
        raise InvalidParameter(f"{path.name!r} has an ending that is not known.", "End the name in .csv or .json.")
    as_json = path.suffix.lower() == ".json"
    group = storage.data_of(mesh).comparison
    facts = {"a": group.other, "b": mesh.name, **(comparisons.load(mesh) or {})}
    text = json.dumps(facts, indent=1) + "\n" if as_json else table_text(mesh, ",")
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return f"Saved {path.name!r}"


classes = (
    SPHERICAL_COW_OT_compare,
    SPHERICAL_COW_OT_show_distances,
    SPHERICAL_COW_OT_distance_histogram,
    SPHERICAL_COW_OT_copy_comparison,
    SPHERICAL_COW_OT_save_comparison,
)
