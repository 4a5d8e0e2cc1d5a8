# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetrize: mirror one half, move partners, or take the asymmetry out of the coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from .. import bridge, jobs, mirroring, resynthesis, storage, symmetries
from ..core.errors import InvalidParameter
from ..core.harmonics.container import POSITION, Harmonics
from ..core.shape import Shape
from ..core.symmetry.elements import Plane, element_from_dict
from ..core.symmetry.uv import symmetric_uvs
from ..idnames import Operators
from ..properties.symmetrise import SymmetriseSettings
from ..shape_keys import add_key
from .reconstruct import finish, object_on_source
from .shell import JobOperator

AXES = ("x", "y", "z")
ASYMMETRY = "Asymmetry"
"""Name of the shape key that brings the original back at 1, and exaggerates beyond."""


class PlaneOperator(SymmetriseSettings, JobOperator):
    """What measuring and symmetrising have in common: the plane, and the mesh with its polygons."""

    def chosen_plane(self, obj: bpy.types.Object) -> Any:
        """The plane for the worker: a letter, that of the Symmetry section, or "auto" to look for one."""
        if self.plane.lower() in AXES:
            return self.plane.lower()
        element = symmetries.chosen(bridge.mesh_of(obj))
        return element.to_dict() if isinstance(element, Plane) and not symmetries.is_stale(obj) else "auto"

    def mesh_request(self, obj: bpy.types.Object) -> jobs.Request:
        """Mesh, polygons, plane and method."""
        with bridge.object_mode(obj):
            mesh, data = bridge.read(obj).mesh, bridge.mesh_of(obj)
            arrays = {"vertices": mesh.vertices, "faces": mesh.faces}
            if self.method == "INDEX":
                arrays |= {"corner_vertex": bridge.corner_vertices(data)}
                arrays |= {"loop_start": bridge.connectivity(data).loop_start}
        parameters = {"plane": self.chosen_plane(obj), "side": self.side.lower(), "method": self.method.lower()}
        return jobs.Request("symmetrise", parameters, arrays)


def store_errors(obj: bpy.types.Object, result: jobs.Result, plane: Plane) -> None:
    """Leave the errors between left and right on the mesh."""
    group = storage.data_of(bridge.mesh_of(obj)).left_right
    for name in ("mean", "max", "surface_mean", "hausdorff"):
        setattr(group, name, result.data["errors"].get(name, 0.0))
    group.by_index, group.about = "mean" in result.data["errors"], plane_text(plane)
    group.fingerprint = bridge.current_fingerprint(obj)


def plane_text(plane: Plane) -> str:
    """The plane in a few letters: "X", or its normal."""
    for k, letter in enumerate("XYZ"):
        if np.abs(plane.normal - np.eye(3)[k]).max() < 1e-9 and plane.offset == 0.0:
            return letter
    return ", ".join(f"{round(float(value), 3) + 0.0:.3g}" for value in plane.normal)


class SPHERICAL_COW_OT_measure_left_right(PlaneOperator, bpy.types.Operator):
    """Measure the halves against each other."""

    bl_idname = Operators.MEASURE_LEFT_RIGHT
    bl_label = "Measure Left/Right"
    bl_description = (
        "Measure how far the mirror image of the mesh is from the mesh, as parts of its width. Nothing is aligned and"
        " nothing is changed"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh and the plane."""
        return self.mesh_request(obj)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Keep the numbers."""
        plane = _plane_of(result)
        store_errors(obj, result, plane)
        errors = result.data["errors"]
        return f"Left/right about {plane_text(plane)}: largest distance {errors['hausdorff']:.3%} of the width"


def _plane_of(result: jobs.Result) -> Plane:
    plane = element_from_dict(result.data["plane"])
    assert isinstance(plane, Plane)
    return plane


class SPHERICAL_COW_OT_symmetrise(PlaneOperator, bpy.types.Operator):
    """Make the mesh symmetric."""

    bl_idname = Operators.SYMMETRISE
    bl_label = "Symmetrize"
    bl_description = (
        "Make the mesh symmetric about the plane. UV maps, colors, materials and vertex groups come along; groups named"
        " for a side, as Arm.L, change sides"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh, or the coefficients."""
        if self.method == "HARMONIC":
            shape = shape_of(obj)
            return jobs.Request(
                "symmetrise_shape", {"plane": self.chosen_plane(obj)}, {"shape": storage.shape_array(shape)}
            )
        if bridge.mesh_of(obj).shape_keys is not None:
            raise InvalidParameter(f"{obj.name!r} has shape keys, which cannot follow.", "Apply or remove them first.")
        return self.mesh_request(obj)

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Write the mesh, or make the symmetric object."""
        plane = _plane_of(result)
        if self.method == "HARMONIC":
            return self._reconstruct(context, obj, result, plane)
        with bridge.object_mode(obj):
            if self.method == "INDEX":
                mirroring.move_to_partners(
                    obj,
                    plane,
                    result.arrays["vertices"],
                    result.arrays["vertex_partner"],
                    result.arrays["corner_partner"],
                    self.side.lower(),
                    self.uvs,
                )
                count = len(bridge.mesh_of(obj).vertices)
            else:
                if self.side == "AVERAGE":
                    bridge.write_positions(bridge.mesh_of(obj), result.arrays["vertices"])
                side = "negative" if self.side == "NEGATIVE" else "positive"
                count = mirroring.cut_and_mirror(obj, plane, side, self.uvs)
            storage.data_of(bridge.mesh_of(obj)).live = False
        before = result.data["errors"]["hausdorff"]
        return f"Symmetric about {plane_text(plane)}: {count:,} vertices. Left/right was {before:.3%} of the width"

    def _reconstruct(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result, plane: Plane) -> str:
        shape = storage.shape_from(result.arrays["shape"])
        sphere = result.arrays["sphere"]
        asymmetric = Harmonics(result.arrays["asymmetric"], shape.harmonics.channels)
        symmetric = resynthesis.evaluate(shape.harmonics.select(POSITION), sphere)
        original = symmetric + resynthesis.evaluate(asymmetric.select(POSITION), sphere)
        made = object_on_source(obj, symmetric)
        mesh = bridge.mesh_of(made)
        add_key(made, "Symmetric", symmetric)
        add_key(made, ASYMMETRY, original, low=-1.0, high=3.0)
        full = replace(shape, sphere=sphere, faces=bridge.triangles(mesh)[0])
        storage.store_reconstruction(mesh, full, live=False)
        storage.write_fields(mesh, sphere, {})
        normal = np.array(result.data["normal"])
        mirroring.add_uvs(mesh, symmetric_uvs(sphere, *_polygons(mesh), normal, self.uvs.lower()))
        finish(context, obj, made, hide=self.hide_original, name=f"{obj.name} Symmetric")
        share = result.data["asymmetry_rel"]
        return f"Made {made.name!r}; asymmetry {share:.3%} of the diagonal about {plane_text(plane)}"


def _polygons(mesh: bpy.types.Mesh) -> tuple[Any, Any]:
    return bridge.corner_vertices(mesh), bridge.connectivity(mesh).loop_start


def shape_of(obj: bpy.types.Object) -> Shape:
    """The shape of an encoded mesh with the place of each of its vertices on the sphere.

    Raises `InvalidParameter` where it was not encoded, or has other vertices by now.
    """
    mesh = bridge.mesh_of(obj)
    if not storage.has_shape(obj):
        raise InvalidParameter(f"{obj.name!r} has no coefficients.", "Encode it first, or choose another method.")
    shape = storage.load_shape(mesh, full=True)
    if shape.sphere is None:
        directions = resynthesis.directions(mesh)
        if directions is None:
            raise InvalidParameter(
                "The vertices have lost their sphere positions.", "Encode the mesh again, or reconstruct it again."
            )
        shape = replace(shape, sphere=directions, faces=bridge.triangles(mesh)[0])
    return shape


classes = (SPHERICAL_COW_OT_measure_left_right, SPHERICAL_COW_OT_symmetrise)
