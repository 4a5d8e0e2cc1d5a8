# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh of one image by an Occupancy Network: beside the way in which the authors' code computes it, in one run."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spherical_cow.errors import MissingLibrary
from spherical_cow.fields.extraction import Extraction
from spherical_cow.fields.multiresolution import Box, Sampled, sample_near_surface
from spherical_cow.fields.surface import iso_surface
from spherical_cow.mesh import FloatArray, Mesh
from spherical_cow.networks.runtime import require_torch

from .report import Quantity, Row
from .setup import Setup
from .timing import best_of, peak_memory

if TYPE_CHECKING:
    from spherical_cow.networks.occupancy.network import OccupancyNetwork
    from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
START, STEPS, SIZE = 32, 2, 1.1
SHARE_OF_THEIRS, LARGEST_DIFFERENCE, BYTES = 0.7, 1e-4, 1.5e9
THEIR_BATCH = 100_000
INSIDE = 0.15
"""Part of the box that the network without training sees as inside."""

Way = Callable[["OccupancyNetwork", "Tensor", int], Mesh]


def run(setup: Setup) -> Iterator[Row]:
    """Time and memory of an extraction at 32 × 2², ours and theirs; and what the log odds differ by, of the largest."""
    try:
        require_torch()
    except MissingLibrary as error:
        yield Row("Mesh of one image", remark=str(error))
        return
    network, image = untrained()
    start = START // 2 if setup.quick else START
    setup.log("extraction as the authors do it, and ours")
    ratios, times, meshes = [], [], [iso_surface(np.zeros((2, 2, 2)) - 1.0, Box())] * 2
    for _ in range(setup.repeats):
        pair = []
        for place, way in enumerate((theirs, ours)):
            meshes[place], timing = best_of(lambda way=way: way(network, image, start), 1)  # type: ignore[misc]
            pair.append(timing)
        times.append(pair)
        ratios.append(pair[1].seconds / pair[0].seconds)
    best = [min((pair[place] for pair in times), key=lambda timing: timing.seconds) for place in (0, 1)]
    yield Row(
        f"Mesh of one image, {start} × 2², {meshes[1].n_faces:,} faces",
        (
            Quantity("ours of theirs", best[1].seconds / best[0].seconds, "×", most=SHARE_OF_THEIRS),
            *best[1].quantities(),
            *best[0].quantities(name="theirs"),
            Quantity("log odds differ", _difference(network, image, start), most=LARGEST_DIFFERENCE),
            Quantity("faces beyond theirs", abs(meshes[1].n_faces - meshes[0].n_faces), "count", most=0),
        ),
        details={"ratios": ratios},
    )
    setup.log("memory, in processes of their own")
    memory = {way: _memory(way, start) for way in ("ours", "theirs")}
    yield Row(
        "Memory of a process that extracts it",
        (Quantity("ours", memory["ours"], "GB", most=BYTES), Quantity("theirs", memory["theirs"], "GB")),
    )


def untrained(seed: int = 0) -> tuple[OccupancyNetwork, Tensor]:
    """A network for images with random weights in which part of the box is inside, and an image of noise."""
    torch = require_torch()
    from spherical_cow.networks.occupancy.network import THRESHOLD, OccupancyNetwork, log_odds

    draw = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # of the encoder
    network = OccupancyNetwork("image").eval()
    with torch.no_grad():
        for name, value in network.decoder.named_parameters():
            spread = 1.5 / math.sqrt(value[0].numel()) if value.ndim > 1 else 0.3
            value.normal_(1.0 if "conv_gamma.bias" in name else 0.0, spread, generator=draw)
        network.decoder.fc_p.weight.mul_(10.0)
        image = torch.rand(1, 3, 224, 224, generator=draw)
        points = SIZE * (torch.rand(1, 4096, 3, generator=draw) - 0.5)
        values = network(points, image)
        network.decoder.fc_out.bias += log_odds(THRESHOLD) - torch.quantile(values, 1.0 - INSIDE)
    return network, image


def ours(network: OccupancyNetwork, image: Tensor, start: int) -> Mesh:
    """As the library does it."""
    return network.mesh(image, Extraction(start << STEPS, STEPS))


def theirs(network: OccupancyNetwork, image: Tensor, start: int) -> Mesh:
    """As the authors' code does it: every layer with its conditional normalisation, 100,000 points at once.

    Grid and triangles are ours in both, so that what differs is the network.
    """
    return iso_surface(_sampled(network, image, start).values, Box(size=SIZE), _threshold())


def _sampled(network: OccupancyNetwork, image: Tensor, start: int) -> Sampled:
    torch = require_torch()
    with torch.no_grad():
        code = network.code(image)

        def field(points: FloatArray) -> FloatArray:
            given = torch.from_numpy(points.astype(np.float32))[None]
            return network.decoder(given, None, code)[0].numpy().astype(np.float64)

        return sample_near_surface(
            field, Box(size=SIZE), start=start, steps=STEPS, threshold=_threshold(), batch=THEIR_BATCH
        )


def _threshold() -> float:
    from spherical_cow.networks.occupancy.network import THRESHOLD, log_odds

    return log_odds(THRESHOLD)


def _difference(network: OccupancyNetwork, image: Tensor, start: int) -> float:
    torch = require_torch()
    points = SIZE * (torch.rand(20_000, 3, generator=torch.Generator().manual_seed(1)) - 0.5)
    with torch.no_grad():
        exact, fast = network.point_functions(image)
        truth = exact(points)
        return float((truth - fast(points)).abs().max() / truth.abs().max().clamp(min=1.0))


def _memory(way: str, start: int) -> float:
    """Peak bytes of a process that does nothing but extract, and what it needs for that."""
    script = f"from benchmarks.extraction import report_memory; report_memory({way!r}, {start})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return float(told["peak"])


def report_memory(way: str, start: int) -> None:
    """Extract, and print the peak as JSON."""
    ways: dict[str, Way] = {"ours": ours, "theirs": theirs}
    ways[way](*untrained(), start)
    print(json.dumps({"peak": peak_memory() or math.nan}))
