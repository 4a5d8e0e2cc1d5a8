# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of scenes that another Blender has written to a file, for the worker that runs inside a Blender without a
window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from core.errors import ImageError
from core.progress import Progress

SAMPLES = 16


def render(file: str, names: Sequence[str], changed_images: Mapping[str, str], progress: Progress) -> list[Path]:
    """Where the pictures of the scenes of those names are, if they could be rendered.

    changed_images: name of an image → the file that has its pixels as they were there. Raises `ImageError` for a file
    that cannot be read.
    """
    progress(0.1, "Reading the scene")
    try:
        with bpy.data.libraries.load(file) as (_, wanted):
            wanted.scenes = list(names)
    except OSError as error:
        raise ImageError(f"The scene cannot be read: {error}.", "Is there room on the disk?") from error
    for image in bpy.data.images:
        if image.name in changed_images:
            image.source, image.filepath = "FILE", changed_images[image.name]
    paths = [Path(file).with_name(f"picture-{number}.png") for number in range(len(names))]
    for number, (scene, path) in enumerate(zip(wanted.scenes, paths, strict=True)):
        which = f"picture {number + 1} of {len(names)}" if len(names) > 1 else "the picture"
        progress(0.2 + 0.8 * number / len(names), f"Rendering {which}")
        _render(scene, path)
    return paths


def _render(scene: Any, path: Path) -> None:
    scene.render.filepath = str(path)
    # On the processor it needs no window and no graphics card, and is the same everywhere.
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", SAMPLES
    scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    scene.cycles.max_bounces = 3
    bpy.context.scene.frame_current = scene.frame_current  # a render of any scene takes the frame of this one
    with suppress(RuntimeError):
        bpy.ops.render.render(write_still=True, scene=scene.name)
