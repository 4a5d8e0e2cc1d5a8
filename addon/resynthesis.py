# SPDX-License-Identifier: GPL-3.0-or-later
"""What the live sliders do: filter the stored coefficients and move the vertices, here and now."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from . import bridge, masks, storage
from .core.harmonics.container import COLOR, POSITION, Harmonics
from .idnames import Attributes


def original(mesh: bpy.types.Mesh) -> Harmonics:
    """The position channels of the mesh's shape as they were encoded."""
    return storage.load_shape(mesh).harmonics.select(POSITION)


def filtered(mesh: bpy.types.Mesh) -> Harmonics:
    """The position channels of the mesh's shape as its sliders leave them."""
    from .core.harmonics.filters import apply_gains

    harmonics = original(mesh)
    sliders = storage.data_of(mesh).equaliser
    harmonics = harmonics.truncate(sliders.degree)
    return apply_gains(harmonics, gains_per_degree(mesh, harmonics.lmax))


def gains_per_degree(mesh: bpy.types.Mesh, lmax: int) -> NDArray[np.float64]:
    """(lmax + 1,) the product of the band gains and the smoothing of the mesh's sliders."""
    from .core.harmonics.filters import band_gains, gaussian, heat
    from .core.harmonics.spectrum import bands

    sliders = storage.data_of(mesh).equaliser
    gains = band_gains(lmax, list(sliders.gains)[: len(bands(lmax))])
    if sliders.smoothing == "GAUSSIAN":
        gains = gains * gaussian(lmax, sliders.angle)
    elif sliders.smoothing == "HEAT":
        gains = gains * heat(lmax, sliders.time)
    return gains


def directions(mesh: bpy.types.Mesh) -> NDArray[np.float64] | None:
    """(V, 3) where each vertex is on the sphere, or None where the mesh no longer has it."""
    sphere = bridge.read_attribute(mesh, Attributes.SPHERE)
    return None if sphere is None or sphere.ndim != 2 else sphere.astype(np.float64)


def evaluate(harmonics: Harmonics, sphere: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, K) the channels at the directions `sphere` (V, 3)."""
    from .core.harmonics.transforms import synthesize

    return synthesize(harmonics, sphere)


def write_colors(mesh: bpy.types.Mesh, harmonics: Harmonics, sphere: NDArray[np.float64]) -> None:
    """Give the vertices the colours at their directions `sphere` (V, 3); nothing for harmonics without colour."""
    if harmonics.has(COLOR):
        bridge.write_color(mesh, Attributes.COLOR, np.clip(evaluate(harmonics.select(COLOR), sphere), 0.0, 1.0))


def why_not_live(mesh: bpy.types.Mesh) -> str:
    """Why the sliders do not move this mesh, in words for the panel; "" when they do."""
    group = storage.data_of(mesh)
    if not group.lmax or group.role != "RECONSTRUCTION":
        return "Reconstruct first: the sliders move the new object"
    if not group.live:
        return "Made from curvature: the sliders need a reconstruction from positions"
    if mesh.shape_keys is not None:
        return "The shape keys move this mesh now: reconstruct again"
    if mesh.is_editmode:
        return "Leave Edit Mode first"
    if directions(mesh) is None:
        return "The vertices have lost their sphere positions: reconstruct again"
    return ""


def refresh(mesh: bpy.types.Mesh) -> None:
    """Move the vertices to where the sliders put them. Does nothing for a mesh that is not live."""
    sphere = directions(mesh)
    if sphere is None or why_not_live(mesh):
        return
    points = evaluate(filtered(mesh), sphere)
    if storage.data_of(mesh).equaliser.mask:
        points = masks.limited(mesh, points, lambda: evaluate(original(mesh), sphere))
    bridge.write_positions(mesh, points)
