# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataset of made symmetric coloured shapes, drawn by our own renderer: no Blender, no meshes of anybody's needed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ...datasets.arrays import Camera
from ...datasets.layout import CAMERAS, IMAGES, MASKS
from ...datasets.lists import MADE, Split, require_split, write_lists
from ...datasets.model import make_arrays, placement_of, seed_of, write_arrays
from ...datasets.render import QUALITY
from ...datasets.symmetric import FAMILIES, symmetric_shape
from ...datasets.views import cameras_file, metadata_text, random_views
from ...errors import InvalidParameter, OutputError
from ...files import expanded
from ...mesh import Mesh
from ...meshfile import write_mesh
from ...meshfile.color import linear_to_srgb
from ...progress import Progress, silent
from ..rendering.camera import stacked
from ..rendering.light import Light
from ..rendering.paint import VertexColours
from ..rendering.render import render

Bytes = NDArray[np.uint8]

SHAPE = "model.ply"
"""The true shape with its colours, in the folder of each model."""

_FINER = 2
"""Pictures are drawn so many times as large, and reduced."""


@dataclass(frozen=True)
class MadeSettings:
    """families: names of `datasets.symmetric.FAMILIES`. count: shapes of each. views: pictures of each shape, of size ×
    size pixels. points: in the box, and as many on the surface. split: shares of train, val and test. shaded: with
    light, in place of colours as they are."""

    families: tuple[str, ...] = tuple(FAMILIES)
    count: int = 24
    views: int = 8
    size: int = 128
    points: int = 20_000
    split: Split = (0.7, 0.1, 0.2)
    seed: int = 0
    shaded: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (("count", 1, 10**6), ("views", 1, 999), ("size", 8, 1024), ("points", 1, 10**7)):
            if not low <= getattr(self, name) <= high:
                raise InvalidParameter(f"{name} cannot be {getattr(self, name)}.", f"Give {low} to {high}.")
        unknown = [name for name in self.families if name not in FAMILIES]
        if unknown or not self.families:
            raise InvalidParameter(f"There is no family {', '.join(unknown)!r}.", f"Choose from {', '.join(FAMILIES)}.")
        require_split(self.split)


def make_symmetric(
    out: str | Path, settings: MadeSettings | None = None, progress: Progress = silent
) -> dict[str, dict[str, int]]:
    """Make the dataset in a folder that is empty or not there; gives family → split → how many.

    Each model has points, a cloud, voxels, pictures, masks, cameras and `model.ply`. The same settings give the same
    files. Stopped, it keeps what is finished, but lists nothing. Raises `InvalidParameter`, `OutputError`.
    """
    chosen, root = settings or MadeSettings(), expanded(out)
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise InvalidParameter(f"{root} is not empty.", "Choose another folder, or empty it.")
        total = len(chosen.families) * chosen.count
        for done in range(total):
            family, number = chosen.families[done // chosen.count], done % chosen.count
            progress(done / total, f"{family} {number + 1} of {chosen.count}")
            _make(root / family, f"{number:04}", family, number, chosen)
    except OSError as error:
        raise OutputError(f"Cannot write in {root}: {error.strerror or error}.", "Choose another place.") from error
    return write_lists(root, chosen.split, chosen.seed)


def _make(parent: Path, name: str, family: str, number: int, settings: MadeSettings) -> None:
    """One model, in place whole or not at all."""
    mesh = symmetric_shape(family, number, settings.seed)
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".") as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        write_arrays(folder, make_arrays(mesh, f"{family}/{number}", settings.points, seed=settings.seed))
        write_mesh(mesh, folder / SHAPE)
        _write_pictures(folder, mesh, f"{family}/{number}", settings)
        record = {"key": "", "source": "", "facts": {"family": family, "number": number, "settings": asdict(settings)}}
        (folder / MADE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        folder.rename(parent / name)


def _write_pictures(folder: Path, mesh: Mesh, name: str, settings: MadeSettings) -> None:
    views = random_views(settings.views, seed_of(settings.seed, name, 3))
    centre, diagonal = placement_of(mesh).loc, float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    cameras = [view.camera(settings.size, centre, diagonal) for view in views]
    (folder / IMAGES).mkdir()
    (folder / MASKS).mkdir()
    for number, (image, mask) in enumerate(zip(*drawn(mesh, cameras, settings.size, settings.shaded), strict=True)):
        Image.fromarray(image).save(folder / IMAGES / f"{number:03}.jpg", quality=QUALITY, subsampling=0)
        Image.fromarray(mask).save(folder / MASKS / f"{number:03}.png")
    (folder / IMAGES / CAMERAS).write_bytes(cameras_file(cameras))
    (folder / "rendering_metadata.txt").write_text(metadata_text(views), encoding="ascii")


def drawn(mesh: Mesh, cameras: Sequence[Camera], size: int, shaded: bool = False) -> tuple[Bytes, Bytes]:
    """(n, size, size, 3) sRGB on white, and masks (n, size, size), of a mesh with linear `color`."""
    colours = torch.from_numpy(linear_to_srgb(mesh.attributes["color"])).float()
    with torch.no_grad():
        seen = render(
            torch.from_numpy(mesh.vertices).float(),
            torch.from_numpy(mesh.faces),
            stacked(cameras, size),
            _FINER * size,
            paint=VertexColours(colours),
            light=Light() if shaded else None,
        )
        assert seen.colour is not None
        both = torch.cat([seen.colour, seen.mask[:, None]], dim=1).clamp(0.0, 1.0)
        small = torch.nn.functional.avg_pool2d(both, _FINER)
    pixels = (255.0 * small.permute(0, 2, 3, 1)).round().byte().numpy()
    return pixels[..., :3].copy(), pixels[..., 3].copy()
