# SPDX-License-Identifier: GPL-3.0-or-later
"""Small data sets of pictures with cameras, in the layout of the Occupancy Networks; drawn in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from spherical_cow.datasets.layout import CAMERAS, IMAGES
from spherical_cow.datasets.model import make_arrays, write_arrays
from spherical_cow.datasets.views import View, cameras_file, random_views
from spherical_cow.geometry.measure import vertex_normals
from spherical_cow.mesh import Mesh
from spherical_cow.networks.rendering.camera import stacked
from spherical_cow.networks.rendering.paint import VertexColours
from spherical_cow.networks.rendering.render import render
from spherical_cow.sphere.icosphere import icosphere


def blob(seed: int = 0, frequency: int = 10) -> Mesh:
    """A smooth shape with bumps, away from the origin."""
    ball = icosphere(frequency)
    x, y, z = ball.vertices.T
    one, two = np.random.default_rng(seed).uniform(0.7, 1.3, (2, 3))
    radius = 1.0 + 0.2 * np.sin(3.0 * one[0] * x) * np.cos(4.0 * one[1] * y) + 0.1 * z**3
    return Mesh([5.0, 1.0, -2.0] + 3.0 * ball.vertices * radius[:, None] * [1.0, 0.7, 0.8] * two, ball.faces)


def picture_of(mesh: Mesh, view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(size, size, 3) bytes, its normals as colours, on white; and its mask (size, size)."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    camera = view.camera(size, 0.5 * (low + high), float(np.linalg.norm(high - low)))
    colours = torch.from_numpy(0.5 + 0.5 * vertex_normals(mesh)).float()
    vertices, faces = torch.from_numpy(mesh.vertices).float(), torch.from_numpy(np.asarray(mesh.faces, np.int64))
    made = render(vertices, faces, stacked([camera], size), size, paint=VertexColours(colours))
    assert made.colour is not None
    rgb = (255.0 * made.colour[0].permute(1, 2, 0)).round().clamp(0, 255).byte().numpy()
    return rgb, made.mask[0].numpy()


def make_pictured(root: Path, meshes: dict[str, Mesh], views: int = 2, size: int = 64, points: int = 6000) -> Path:
    """A data set of one class, `blobs`; all of its models are in all of its lists."""
    for number, (name, mesh) in enumerate(meshes.items()):
        folder = root / "blobs" / name
        (folder / IMAGES).mkdir(parents=True)
        write_arrays(folder, make_arrays(mesh, name, points, 8))
        low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
        centre, diagonal = 0.5 * (low + high), float(np.linalg.norm(high - low))
        seen = random_views(views, number)
        for place, view in enumerate(seen):
            Image.fromarray(picture_of(mesh, view, size)[0]).save(folder / IMAGES / f"{place:03}.png")
        cameras = [view.camera(size, centre, diagonal) for view in seen]
        (folder / IMAGES / CAMERAS).write_bytes(cameras_file(cameras))
    for split in ("train", "val", "test"):
        (root / "blobs" / f"{split}.lst").write_text("\n".join(meshes))
    return root
