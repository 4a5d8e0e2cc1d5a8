# SPDX-License-Identifier: GPL-3.0-or-later
"""Known objects from eight drawn pictures of each: how much of their shape and colours comes back, and how soon."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import MissingLibrary
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.meshfile.color import linear_to_srgb
from spherical_cow.metrics.overlap import intersection_over_union
from spherical_cow.networks.picture_fit.cameras import looking
from spherical_cow.networks.picture_fit.settings import PictureFitSettings
from spherical_cow.networks.runtime import require_torch

from .report import Quantity, Row
from .setup import Setup

if TYPE_CHECKING:
    from spherical_cow.networks.picture_fit.result import PictureFit
    from spherical_cow.networks.picture_fit.shots import Shot

PICTURES, SIZE, MOST = 8, 256, 4
IOU, PSNR, SECONDS = 0.9, 24.0, 180.0
_FOCAL, _AWAY = 1.7, 2.0


def run(setup: Setup) -> Iterator[Row]:
    """IoU of outlines and volume, PSNR, and time, of each object; also through cameras of which there is no picture."""
    try:
        require_torch()
    except MissingLibrary as error:
        yield Row("Fit to eight pictures", remark=str(error))
        return
    from spherical_cow.networks.picture_fit.learning.fit import fit_pictures

    for name, mesh in objects(setup):
        setup.log(f"fit to pictures of {name}")
        shots = photographed(mesh, cameras(PICTURES, 12.0, (28.0, -14.0)))
        begin, worked = time.perf_counter(), time.process_time()
        fit = fit_pictures(shots, PictureFitSettings())
        seconds, worked = time.perf_counter() - begin, time.process_time() - worked
        others = photographed(mesh, cameras(5, 40.0, (5.0, 40.0, -35.0)))
        iou, psnr = agreement(fit, shots)
        other_iou, other_psnr = agreement(fit, others)
        assert fit.report is not None
        yield Row(
            f"Fit to {PICTURES} pictures: {name}",
            (
                Quantity("IoU of outlines", iou, "%", least=IOU),
                Quantity("PSNR", psnr, least=PSNR),
                Quantity("time", seconds, "s", most=SECONDS),
                Quantity("of the processor", worked, "s"),
                Quantity("IoU of volumes", intersection_over_union(mesh, fit.reconstruction.mesh), "%"),
                Quantity("IoU where there is no picture", other_iou, "%"),
                Quantity("PSNR there", other_psnr),
                Quantity("faces that meet others", fit.report.self_intersections, "count", most=0),
            ),
        )


def objects(setup: Setup) -> Iterator[tuple[str, Mesh]]:
    """Names and closed meshes about 1 large, with their own colours or with made ones."""
    names = [setup.meshes.cow(), *(name for name in setup.meshes.compared() if name != setup.meshes.cow())]
    for name in names[: 1 if setup.quick else MOST]:
        mesh = setup.meshes.get(name)
        middle = 0.5 * (mesh.vertices.max(axis=0) + mesh.vertices.min(axis=0))
        points = (mesh.vertices - middle) / np.ptp(mesh.vertices, axis=0).max()
        color = mesh.attributes.get("color", _pattern(points))
        yield name, Mesh(points, mesh.faces, {"color": color})


def _pattern(points: FloatArray) -> FloatArray:
    x, y, z = points.T
    waves = np.stack(
        [np.sin(9.0 * x + 2.0 * np.sin(5.0 * y)), np.sin(11.0 * y + 1.0), np.sin(8.0 * z + 4.0 * x)], axis=1
    )
    return np.asarray(0.3 + 0.25 * waves)


def cameras(count: int, first: float, elevations: tuple[float, ...]) -> list[Camera]:
    """Around the object, evenly, at these elevations in turn; degrees."""
    matrix = np.array([[_FOCAL * SIZE, 0.0, SIZE / 2], [0.0, _FOCAL * SIZE, SIZE / 2], [0.0, 0.0, 1.0]])
    worlds = [looking(first + 360.0 * k / count, elevations[k % len(elevations)], _AWAY) for k in range(count)]
    return [Camera(matrix, world) for world in worlds]


def photographed(mesh: Mesh, views: list[Camera]) -> list[Shot]:
    """Pictures of a coloured mesh, drawn at twice the size and averaged."""
    import torch
    from spherical_cow.networks.picture_fit.shots import Shot
    from spherical_cow.networks.rendering.camera import stacked
    from spherical_cow.networks.rendering.paint import VertexColours
    from spherical_cow.networks.rendering.render import render

    colour = torch.from_numpy(linear_to_srgb(mesh.attributes["color"])).float()
    points, faces = torch.from_numpy(mesh.vertices).float(), torch.from_numpy(mesh.faces)
    found = []
    for camera in views:
        finer = Camera(np.diag([2.0, 2.0, 1.0]) @ camera.matrix, camera.world)
        matrix = stacked([finer], 2 * SIZE)
        picture = render(points, faces, matrix, 2 * SIZE, paint=VertexColours(colour), background=0.0)
        assert picture.colour is not None
        mask = torch.nn.functional.avg_pool2d(picture.mask[None], 2)[0, 0]
        colours = torch.nn.functional.avg_pool2d(picture.colour, 2)[0] / mask.clamp_min(1e-3)
        pixels = colours.clamp(0.0, 1.0).permute(1, 2, 0).double().numpy()
        found.append(Shot(pixels, mask.clamp(0.0, 1.0).double().numpy(), camera))
    return found


def agreement(fit: PictureFit, shots: list[Shot]) -> tuple[float, float]:
    """Means over pictures of the IoU of outlines, and of the PSNR of all pixels that both show whole."""
    import torch
    from spherical_cow.networks.rendering.camera import stacked
    from spherical_cow.networks.rendering.paint import UvTexture
    from spherical_cow.networks.rendering.render import render

    mesh, texture = fit.reconstruction.mesh, fit.reconstruction.texture
    assert texture is not None
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(texture.pixels, 2, 0))).float()
    paint = UvTexture(pixels, torch.from_numpy(texture.uv).float())
    points, faces = torch.from_numpy(mesh.vertices).float(), torch.from_numpy(mesh.faces)
    ious, psnrs = [], []
    for shot in shots:
        assert shot.camera is not None
        matrix = stacked([shot.camera], SIZE)
        picture = render(points, faces, matrix, SIZE, paint=paint, background=0.0, closed=True)
        assert picture.colour is not None
        mask, wanted = picture.mask[0].numpy(), shot.mask
        ious.append(((mask > 0.5) & (wanted > 0.5)).sum() / ((mask > 0.5) | (wanted > 0.5)).sum())
        whole = (mask > 0.99) & (wanted > 0.99)
        error = np.square(picture.colour[0].permute(1, 2, 0).numpy() - shot.pixels)[whole].mean()
        psnrs.append(-10.0 * math.log10(max(float(error), 1e-10)))
    return float(np.mean(ious)), float(np.mean(psnrs))
