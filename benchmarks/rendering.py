# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures with gradients: beside the published rasteriser's time, and beside all pixels times all faces in PyTorch."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spherical_cow.datasets.arrays import Camera
from spherical_cow.errors import MissingLibrary
from spherical_cow.networks.runtime import require_torch
from spherical_cow.sphere.icosphere import icosphere

from .report import Quantity, Row
from .setup import Setup
from .timing import best_of, peak_memory

if TYPE_CHECKING:
    from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
ORIGINAL = 0.054
"""Seconds that the published rasteriser takes on one core for 1,280 faces with textures at 96 pixels, forward 0.026 and
backward 0.028: its kernels compiled by g++ -O2 for the processor, on another day on a machine with two cores."""
MOST_OF_ORIGINAL, MOST_OF_DENSE, LARGEST_DIFFERENCE = 3.0, 0.25, 1e-3


def run(setup: Setup) -> Iterator[Row]:
    """Time forward and backward on one thread, what it is of the others', and memory."""
    try:
        torch = require_torch()
    except MissingLibrary as error:
        yield Row("Pictures with gradients", remark=str(error))
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield _beside_the_original(setup)
        yield _beside_all_pairs(setup)
    finally:
        torch.set_num_threads(threads)
    setup.log("memory of pictures, in a process of its own")
    frequency, size = (8, 128) if setup.quick else (16, 256)
    held = [_memory(frequency, size, draw) for draw in (False, True)]
    yield Row(
        f"Memory of a process that draws {20 * frequency**2:,} faces at {size}² four times",
        (Quantity("more than before", held[1] - held[0], "GB"), Quantity("in all", held[1], "GB")),
    )


def _beside_the_original(setup: Setup) -> Row:
    setup.log("a picture of 1,280 faces")
    scene = Scene(8, 96, 1)
    scene.both_ways()
    _, timing = best_of(scene.both_ways, 3 * setup.repeats)
    return Row(
        "1,280 faces with a texture at 96², forward and backward",
        (
            Quantity("of the published code's time", timing.cpu_seconds / ORIGINAL, "×", most=MOST_OF_ORIGINAL),
            *timing.quantities(),
        ),
        remark=f"{1000 * ORIGINAL:.0f} ms when it was compiled for one core",
    )


def _beside_all_pairs(setup: Setup) -> Row:
    torch = require_torch()
    size = 24 if setup.quick else 48
    setup.log("masks beside all pixels times all faces")
    scene = Scene(4, size, 1)
    masks: list[Any] = []
    times = []
    for way in (scene.mask, scene.dense_mask):

        def once(way: Any = way) -> None:
            mask = way()
            mask.sum().backward()
            masks.append(mask.detach())

        once()
        times.append(best_of(once, setup.repeats)[1])
    ours, dense = times
    apart = float(torch.stack([masks[0] - masks[-1]]).abs().max())
    return Row(
        f"Mask of 320 faces at {size}², forward and backward",
        (
            Quantity("of all pairs", ours.cpu_seconds / dense.cpu_seconds, "×", most=MOST_OF_DENSE),
            *ours.quantities(),
            *dense.quantities(name="all pairs"),
            Quantity("differ", apart, most=LARGEST_DIFFERENCE),
        ),
    )


class Scene:
    """A ball of 20 f² faces with a texture of noise, seen from `pictures` sides."""

    def __init__(self, frequency: int, size: int, pictures: int) -> None:
        torch = require_torch()
        ball = icosphere(frequency)
        self.size, self.way = size, torch.from_numpy(ball.vertices).float()
        self.faces = torch.from_numpy(ball.faces).long()
        draw = torch.Generator().manual_seed(0)
        self.vertices = (0.4 + 0.05 * torch.rand(len(self.way), 1, generator=draw)) * self.way
        self.vertices.requires_grad_()
        self.texture = torch.rand(3, 256, 256, generator=draw).requires_grad_()
        from spherical_cow.networks.rendering.camera import stacked

        self.views = stacked([_camera(2.0 * math.pi * k / pictures, size) for k in range(pictures)], size)

    def both_ways(self) -> None:
        """A picture with light, and its gradients."""
        from spherical_cow.networks.rendering.light import Light
        from spherical_cow.networks.rendering.paint import SphereTexture
        from spherical_cow.networks.rendering.render import render

        paint = SphereTexture(self.texture, self.way)
        picture = render(self.vertices, self.faces, self.views, self.size, paint=paint, light=Light())
        assert picture.colour is not None
        (picture.colour.sum() + picture.mask.sum()).backward()

    def mask(self) -> Tensor:
        """The mask, as the library draws it."""
        from spherical_cow.networks.rendering.render import render

        return render(self.vertices, self.faces, self.views, self.size).mask[0]

    def dense_mask(self) -> Tensor:
        """The same of all pixels and all faces, in operations of PyTorch."""
        torch = require_torch()
        from spherical_cow.networks.rendering.rasterise import Softness, barycentric, centres, squared_distance
        from spherical_cow.networks.rendering.render import WIDTH
        from spherical_cow.networks.rendering.triangles import triangles_of

        soft = Softness.of_pixels(WIDTH, self.size)
        corners = triangles_of(self.vertices, self.faces, self.views).corners[:, :, :2]
        pixels = torch.arange(self.size**2)
        places = centres(pixels, self.size, corners.dtype).repeat_interleave(len(corners), 0)
        all_corners = corners.repeat(self.size**2, 1, 1)
        within = (barycentric(all_corners, places) > 0).all(dim=1)
        squared = squared_distance(all_corners, places)
        missed = torch.sigmoid(torch.where(within, -squared, squared) / soft.sigma)
        return 1.0 - missed.reshape(self.size, self.size, -1).prod(dim=2)


def _camera(angle: float, size: int) -> Camera:
    """From the side, two away from the origin, y up."""
    eye = 2.0 * np.array([math.sin(angle), 0.0, math.cos(angle)])
    away, down = -eye / 2.0, np.array([0.0, -1.0, 0.0])
    turn = np.stack([np.cross(down, away), down, away])
    matrix = np.array([[1.7 * size, 0.0, size / 2], [0.0, 1.7 * size, size / 2], [0.0, 0.0, 1.0]])
    return Camera(matrix, np.column_stack([turn, -turn @ eye]))


def _memory(frequency: int, size: int, draw: bool) -> float:
    script = f"from benchmarks.rendering import report_memory; report_memory({frequency}, {size}, {draw})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak"])


def report_memory(frequency: int, size: int, draw: bool) -> None:
    """Draw four pictures with gradients, or only make ready to; print the peak as JSON."""
    Scene(4, 16, 1).both_ways()
    scene = Scene(frequency, size, 4)
    if draw:
        scene.both_ways()
    print(json.dumps({"peak": peak_memory() or math.nan}))
