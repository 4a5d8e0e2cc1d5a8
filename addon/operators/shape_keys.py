# SPDX-License-Identifier: GPL-3.0-or-later
"""Bands to shape keys: each band of degrees becomes one shape key, which animates without this extension."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import bridge, masks, resynthesis
from ..choices import band_label
from ..core.harmonics.container import Harmonics
from ..idnames import Operators
from ..shape_keys import add_key
from .shell import MeshOperator

FloatArray = NDArray[np.float64]

BASIS_BANDS = 2
"""The first bands, degrees 0 and 1, are the basis: the best-fitting ellipsoid."""


def only_degrees(harmonics: Harmonics, low: int, high: int) -> Harmonics:
    """The harmonics with all degrees outside low … high set to 0."""
    from ..core.harmonics.filters import apply_gains

    degrees = np.arange(harmonics.lmax + 1)
    return apply_gains(harmonics, ((degrees >= low) & (degrees <= high)).astype(float), keep_constant=False)


def bake(obj: bpy.types.Object) -> int:
    """Give the object a basis (degrees 0–1) and a shape key for each further band; gives their number.

    All keys at 1 are the mesh as its sliders have it now.
    """
    from ..core.blending.region import masked
    from ..core.harmonics.spectrum import bands

    mesh = bridge.mesh_of(obj)
    original, filtered = resynthesis.original(mesh), resynthesis.filtered(mesh)
    mask, sphere = masks.weights_of(mesh), resynthesis.directions(mesh)
    assert sphere is not None  # poll has looked

    def points(low: int, high: int) -> FloatArray:
        before, after = (only_degrees(harmonics, low, high) for harmonics in (original, filtered))
        return resynthesis.evaluate(after, sphere) if mask is None else masked(before, after, mask, sphere)

    chosen = bands((filtered if mask is None else original).lmax)
    basis = points(0, 1)
    bridge.write_positions(mesh, basis)
    add_key(obj, "Degrees 0–1", basis)
    for low, high in chosen[BASIS_BANDS:]:
        name = f"Degrees {band_label(low, high)}"
        add_key(obj, name, basis + points(low, high), low=-1.0, high=2.0, value=1.0)
    mesh.update()
    return len(chosen[BASIS_BANDS:])


class SPHERICAL_COW_OT_bands_to_shape_keys(MeshOperator, bpy.types.Operator):
    """Bake the bands of degrees as shape keys."""

    bl_idname = Operators.BANDS_TO_SHAPE_KEYS
    bl_label = "Bands to Shape Keys"
    bl_description = (
        "Make one shape key per band of degrees. All at 1 give the shape as it is now; 0 leaves the band out,"
        " 2 doubles it. They animate and render without this extension"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll_object(cls, obj: bpy.types.Object) -> bool:
        """A live reconstruction without shape keys."""
        reason = resynthesis.why_not_live(bridge.mesh_of(obj))
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake, and say how many."""
        count = bake(context.object)
        self.report({"INFO"}, f"{count} shape keys, one per band of degrees")
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_bands_to_shape_keys,)
