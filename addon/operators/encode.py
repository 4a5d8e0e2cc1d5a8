# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode: the active mesh becomes spherical harmonics."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy

from .. import bridge, jobs, storage
from ..core.shape import Shape
from ..idnames import SCALARS, Operators
from ..properties.coding import EncodeSettings
from .batch import BatchOperator

CHANNEL_NAMES = {
    "color": ("color",),
    "curvature": ("curvature_density", "log_area_distortion"),
    "density": ("vertex_density",),
}


def encode_request(settings: Any, reading: bridge.Reading) -> jobs.Request:
    """The worker's task for these settings (`EncodeSettings`) and this mesh."""
    mesh = reading.mesh
    parameters = {
        "lmax": settings.lmax,
        "method": settings.method,
        "channels": _channels(settings.channels, "color" in mesh.attributes),
        "target": settings.target / 100.0 if settings.use_target else None,
    }
    return jobs.Request("encode", parameters, {"vertices": mesh.vertices, "faces": mesh.faces, **mesh.attributes})


def _channels(chosen: Collection[str], has_color: bool) -> list[str]:
    names = [name for group in CHANNEL_NAMES if group in chosen for name in CHANNEL_NAMES[group]]
    return ["position", *(name for name in names if name != "color" or has_color)]


def store_result(obj: bpy.types.Object, result: jobs.Result, fingerprint: str, with_modifiers: bool) -> Shape:
    """Put what `encode` answered on the object's mesh: shape, certificate, named attributes."""
    from ..core.shapefile import shape_from_bytes

    shape = shape_from_bytes(result.arrays["shape"].tobytes())
    scalars = {str(name): result.arrays[name] for name in SCALARS if name in result.arrays}
    with bridge.object_mode(obj):
        mesh = bridge.mesh_of(obj)
        storage.store_shape(mesh, shape, role="SOURCE", fingerprint=fingerprint, scalars=scalars)
        storage.data_of(mesh).with_modifiers = with_modifiers
        storage.data_of(mesh).live = False
        sphere, _ = shape.require_sphere()
        if not with_modifiers:
            storage.write_fields(mesh, sphere, scalars)
    return shape


class SPHERICAL_COW_OT_encode(EncodeSettings, BatchOperator, bpy.types.Operator):
    """From a mesh to its coefficients."""

    bl_idname = Operators.ENCODE
    bl_label = "Encode"
    bl_description = (
        "Lay the mesh out on the sphere and expand it in spherical harmonics. The mesh must be closed, of"
        " one piece and without handles. Its shape is not changed; it carries the coefficients from then on"
    )
    bl_options = {"UNDO"}

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The mesh and the settings."""
        return encode_request(self, bridge.read(obj, use_modifiers=self.use_modifiers))

    def commit(self, context: bpy.types.Context, obj: bpy.types.Object, result: jobs.Result) -> str:
        """Store the shape on the mesh."""
        shape = store_result(obj, result, self.before, self.use_modifiers)
        return f"Encoded {obj.name!r} at degree {shape.lmax}: mean error {shape.certificate.fit_error_rel:.3%}"


classes = (SPHERICAL_COW_OT_encode,)
