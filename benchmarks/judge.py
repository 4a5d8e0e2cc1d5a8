# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a repaired mesh one sphere, and how far is it from what could be seen of the input?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from spherical_cow.errors import SphericalCowError
from spherical_cow.geometry.distance import SurfaceTree
from spherical_cow.geometry.sampling import sample_surface
from spherical_cow.geometry.visibility import sample_visible
from spherical_cow.mesh import Mesh
from spherical_cow.topology import check

SAMPLES = 20_000


@dataclass(frozen=True)
class Verdict:
    """What was found in one result; lengths as parts of the input's diagonal.

    sphere: one closed, manifold, oriented, outward component of genus 0, by our check. trimesh: the same by the
    library of that name (watertight, consistent winding, Euler characteristic 2, one body, positive volume); None
    where it is not installed.
    mean: of `to_result` and `to_input`. to_result: mean distance of what can be seen of the input to the result.
    to_input: mean distance of the result to the input. hausdorff: the largest of all these distances.
    kept: the part of the input's faces that are there at exactly the same place.
    crossing_before, crossing_after: faces that touch or pass through others.
    """

    sphere: bool
    trimesh: bool | None
    mean: float
    to_result: float
    to_input: float
    hausdorff: float
    kept: float
    crossing_before: int
    crossing_after: int
    faces_before: int
    faces_after: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def judge(before: Mesh, after: Mesh) -> Verdict:
    """Compare a result with the input. Faces of the input without a place in space do not count."""
    usable = _usable(before)
    report = check(after)
    to_result, to_input = _distances(usable, after)
    return Verdict(
        sphere=report.is_genus_zero and report.row("outward").ok,
        trimesh=_by_trimesh(after),
        mean=0.5 * float(to_result.mean() + to_input.mean()),
        to_result=float(to_result.mean()),
        to_input=float(to_input.mean()),
        hausdorff=float(max(to_result.max(), to_input.max())),
        kept=_kept(before, after),
        crossing_before=check(usable).row("self_intersections").count,
        crossing_after=report.row("self_intersections").count,
        faces_before=before.n_faces,
        faces_after=after.n_faces,
    )


def _usable(mesh: Mesh) -> Mesh:
    """Without faces that have no place, and without loose vertices."""
    finite = np.isfinite(mesh.vertices).all(axis=1)
    faces = mesh.faces[finite[mesh.faces].all(axis=1)]
    used, number = np.unique(faces, return_inverse=True)
    return Mesh(mesh.vertices[used], number.reshape(-1, 3))


def _distances(before: Mesh, after: Mesh) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    scale = before.diagonal
    try:
        seen = sample_visible(before, SAMPLES)
        to_result = SurfaceTree(after).nearest(seen)[0] / scale
        to_input = SurfaceTree(before).nearest(sample_surface(after, SAMPLES)[0])[0] / scale
    except SphericalCowError:  # a result of another tool may be empty
        return np.full(1, np.nan), np.full(1, np.nan)
    return (to_result if len(to_result) else np.zeros(1)), to_input


def _kept(before: Mesh, after: Mesh) -> float:
    _, place = np.unique(np.concatenate([before.vertices, after.vertices]), axis=0, return_inverse=True)
    place = place.ravel()
    old = np.unique(np.sort(place[before.faces], axis=1), axis=0)
    new = np.unique(np.sort(place[before.n_vertices :][after.faces], axis=1), axis=0)
    both = len(old) + len(new) - len(np.unique(np.concatenate([old, new]), axis=0))
    return both / max(len(old), 1)


def _by_trimesh(mesh: Mesh) -> bool | None:
    try:
        import trimesh
    except ImportError:
        return None
    found = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    if not len(found.faces):
        return False
    closed = bool(found.is_watertight and found.is_winding_consistent)
    return closed and found.euler_number == 2 and found.body_count == 1 and bool(found.volume > 0)
