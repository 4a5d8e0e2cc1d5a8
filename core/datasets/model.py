# SPDX-License-Identifier: GPL-3.0-or-later
"""From one mesh to what is learned from: points with occupancies, a point cloud with normals, voxels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..archive import archive_bytes
from ..errors import InvalidMesh, OutputError, RepairFailed
from ..fields.voxels import voxelise
from ..geometry.inside import contains, why_no_inside
from ..geometry.measure import face_normals
from ..geometry.sampling import sample_surface
from ..geometry.upright import Z_TO_Y
from ..mesh import FloatArray, Mesh, require_usable
from ..meshfile import read_mesh
from ..progress import Progress, part, silent
from ..repairs.run import repair
from .arrays import Placement
from .binvox import Voxels, write_binvox
from .layout import CLOUD, POINTS, VOXELS

PADDED = 1.1
"""Edge of the box of points, around the unit cube."""
RENDERED = "render.npz"
"""What the renderer is given: the mesh with its middle at the origin and a diagonal of 1."""

_RECIPES = ("clean", "genus0")


@dataclass(frozen=True)
class ModelArrays:
    """points (N, 3) float16 in the padded box, inside (N,); cloud, normals (N, 3) float16 on the surface;
    voxels (n, n, n); all in the unit cube, which `placement` puts into the source. repairs: what was done."""

    points: NDArray[np.float16]
    inside: NDArray[np.bool_]
    cloud: NDArray[np.float16]
    normals: NDArray[np.float16]
    voxels: NDArray[np.bool_]
    placement: Placement
    repairs: tuple[str, ...]


def seed_of(seed: int, name: str, part_of: int = 0) -> Any:
    """Random numbers of their own for each model and each part of it, whatever else is made beside it."""
    digest = hashlib.sha256(f"{seed}\n{part_of}\n{name}".encode()).digest()
    return np.frombuffer(digest[:16], dtype="<u4").copy()


def upright(mesh: Mesh, up: str) -> Mesh:
    """The mesh with y up, as all datasets of this layout have it. up: the axis that is up in the mesh, "y" or "z"."""
    return mesh if up == "y" else mesh.with_vertices(mesh.vertices @ Z_TO_Y.T)


def placement_of(mesh: Mesh) -> Placement:
    """The unit cube around the faces: their box has its middle at `loc`, and a longest edge of `scale`.

    Raises `InvalidMesh` for a mesh without faces that have a place.
    """
    used = mesh.vertices[np.unique(mesh.faces)] if mesh.n_faces else mesh.vertices[:0]
    used = used[np.isfinite(used).all(axis=1)]
    scale = float(np.ptp(used, axis=0).max()) if len(used) else 0.0
    if not 0.0 < scale < np.inf:
        raise InvalidMesh("The mesh has no faces with a size.", "Give a mesh with a surface.")
    return Placement(0.5 * (used.min(axis=0) + used.max(axis=0)), scale)


def make_arrays(
    mesh: Mesh, name: str, points: int = 100_000, resolution: int = 32, seed: int = 0, progress: Progress = silent
) -> ModelArrays:
    """What the tools of the Occupancy Networks make of a mesh: uniform points in the box, points on the surface.

    mesh: in any place and size, y up; one that has no inside is mended first. name: with the seed it decides all random
    numbers. Raises `InvalidMesh` and `RepairFailed` where there is nothing that has an inside.
    """
    placement = placement_of(mesh)
    closed, repairs = closed_surface(mesh, part(progress, 0.0, 0.4))
    unit = Mesh(placement.to_unit(closed.vertices), closed.faces)
    require_usable(unit)
    progress(0.4, "Points inside and outside")
    draw = np.random.default_rng(seed_of(seed, name)).random((points, 3))
    # What is stored is asked about, so that the label is that of the point as it will be read.
    stored = (PADDED * (draw - 0.5)).astype(np.float16)
    inside = contains(unit, stored.astype(np.float64))
    progress(0.8, "Points on the surface")
    cloud, triangle, _ = sample_surface(unit, points, seed_of(seed, name, 1))
    normals = face_normals(unit)[triangle]
    progress(0.9, "Voxels")
    voxels = voxelise(unit, resolution, seed_of(seed, name, 2))
    return ModelArrays(stored, inside, cloud.astype(np.float16), normals.astype(np.float16), voxels, placement, repairs)


def closed_surface(mesh: Mesh, progress: Progress = silent) -> tuple[Mesh, tuple[str, ...]]:
    """A mesh that has an inside, and what was done to make it: mended, or where that is not enough, rebuilt."""
    found = mesh
    if mesh.n_faces and np.isfinite(mesh.vertices).all() and not why_no_inside(mesh):
        return mesh, ()
    for recipe in _RECIPES:
        try:
            result = repair(mesh, recipe, progress=progress)
        except RepairFailed:
            continue
        found = result.mesh
        if not why_no_inside(found):
            return found, result.report.done
    raise RepairFailed(f"The mesh could not be mended: {why_no_inside(found)}.", "Repair it by hand.")


def write_arrays(folder: Path, arrays: ModelArrays) -> None:
    """Write `points.npz`, `pointcloud.npz` and `model.binvox` as published. Raises `OutputError`."""
    place = {"loc": arrays.placement.loc, "scale": np.float64(arrays.placement.scale)}
    bits = np.packbits(arrays.inside)
    (folder / POINTS).write_bytes(archive_bytes({"points": arrays.points, "occupancies": bits, **place}))
    (folder / CLOUD).write_bytes(archive_bytes({"points": arrays.cloud, "normals": arrays.normals, **place}))
    corner = arrays.placement.to_source(np.full(3, -0.5))
    write_binvox(folder / VOXELS, Voxels(arrays.voxels, corner, arrays.placement.scale))


def write_rendered(folder: Path, mesh: Mesh, placement: Placement) -> float:
    """Write what is rendered where a renderer cannot read the source itself; gives the diagonal of its box."""
    kept = np.isfinite(mesh.vertices).all(axis=1)
    faces = mesh.faces[kept[mesh.faces].all(axis=1)]
    used, corners = np.unique(faces, return_inverse=True)
    vertices = mesh.vertices[used] - placement.loc
    diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    named: dict[str, Any] = {
        "vertices": (vertices / diagonal).astype(np.float32),
        "faces": corners.reshape(-1, 3).astype(np.int32),
    }
    color: FloatArray | None = mesh.attributes.get("color")
    if color is not None:
        named["color"] = np.clip(color[used], 0.0, 1.0).astype(np.float32)
    (folder / RENDERED).write_bytes(archive_bytes(named))
    return diagonal


def make_model(source: Path, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Read a mesh and write all but its images into the folder; gives facts about it, in plain JSON.

    options: `name`, `points`, `resolution`, `seed`, `up`, and `views`: whether it will be rendered.
    """
    mesh = upright(read_mesh(source), str(options["up"]))
    arrays = make_arrays(mesh, options["name"], options["points"], options["resolution"], options["seed"])
    try:
        write_arrays(folder, arrays)
        diagonal = write_rendered(folder, mesh, arrays.placement) if options["views"] else 0.0
    except OSError as error:
        raise OutputError(f"Cannot write in {folder}: {error.strerror or error}.", "Free some space.") from error
    return {
        "loc": arrays.placement.loc.tolist(),
        "scale": arrays.placement.scale,
        "diagonal": diagonal,
        "vertices": mesh.n_vertices,
        "faces": mesh.n_faces,
        "inside": round(float(arrays.inside.mean()), 6),
        "repairs": list(arrays.repairs),
    }
