# SPDX-License-Identifier: GPL-3.0-or-later
"""The function behind each step of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .cad.dissolve import dissolve_planar
from .cad.shaping import cubify, decimate, outer_surface, smooth, solidify, voxel_remesh
from .cad.symmetry import symmetrise
from .clean.degenerate import remove_degenerate
from .clean.duplicates import remove_duplicates
from .clean.merge import merge_vertices
from .clean.nonmanifold import split_non_manifold
from .clean.orient import orient
from .clean.parts import keep_parts
from .clean.stitch import stitch
from .clean.unusable import remove_unusable
from .genus import ensure_genus_zero
from .surgery.handles import remove_handles
from .surgery.holes import fill_holes
from .surgery.parts import resolve_parts
from .surgery.thicken import thicken_sheets
from .surgery.union import resolve_self_intersections
from .traced import StepResult
from .volume.remesh import remesh_volume

StepFunction = Callable[..., StepResult]
"""(traced, *, parameters of the step …, progress) → `StepResult`."""

FUNCTIONS: Mapping[str, StepFunction] = {
    function.__name__: function
    for function in (
        remove_unusable,
        merge_vertices,
        remove_degenerate,
        remove_duplicates,
        stitch,
        split_non_manifold,
        orient,
        keep_parts,
        thicken_sheets,
        fill_holes,
        resolve_parts,
        resolve_self_intersections,
        remove_handles,
        ensure_genus_zero,
        remesh_volume,
        dissolve_planar,
        solidify,
        voxel_remesh,
        outer_surface,
        decimate,
        smooth,
        symmetrise,
        cubify,
    )
}
"""name of a step → its function."""
