# SPDX-License-Identifier: GPL-3.0-or-later
"""Task of the worker: pictures of scenes, rendered by the program that the worker runs in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import numpy as np
from PIL import Image

from ..errors import ImageError
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task


def take_pictures(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`pixels_0`, … (H, W, 4) uint8 sRGB with straight alpha, one of each of the `scenes`. Raises `ImageError` where
    nothing could be rendered."""
    host = import_module(str(parameters["renderer"]))
    found = {}
    paths = host.render(parameters["file"], parameters["scenes"], parameters["changed_images"], progress)
    for number, path in enumerate(paths):
        if not path.is_file():
            raise ImageError("The picture could not be rendered.", "Render an image yourself, and choose its file.")
        with Image.open(path) as image:
            found[f"pixels_{number}"] = np.asarray(image.convert("RGBA"))
    return Outcome(found)


TASKS: Mapping[str, Task] = {"take_pictures": take_pictures}
