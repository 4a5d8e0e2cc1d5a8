# SPDX-License-Identifier: GPL-3.0-or-later
"""Task of the worker: a picture of a scene, rendered by the program that the worker runs in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import numpy as np
from PIL import Image

from ..errors import ImageError
from ..progress import Progress
from .outcome import Arrays, Outcome, Parameters, Task


def take_picture(arrays: Arrays, parameters: Parameters, progress: Progress) -> Outcome:
    """`pixels` (H, W, 4) uint8 sRGB with straight alpha. Raises `ImageError` where nothing could be rendered."""
    host = import_module(str(parameters["renderer"]))
    path = host.render(parameters["file"], parameters["scene"], parameters["changed_images"], progress)
    if not path.is_file():
        raise ImageError("The picture could not be rendered.", "Render an image yourself, and choose its file.")
    with Image.open(path) as image:
        return Outcome({"pixels": np.asarray(image.convert("RGBA"))})


TASKS: Mapping[str, Task] = {"take_picture": take_picture}
