# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs that show coefficients: spectrum, image."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from ..harmonics.container import POSITION
from ..harmonics.spectrum import bands, power_spectrum
from ..interchange import open_shape
from ..pictures import coefficient_image, save_png, spectrum_plot
from ..shape import Shape
from .console import Console, make_folder, require_writable


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("spectrum", help="power per degree, as numbers or as a plot")
    verb.add_argument("input", help="coefficients (*.harmonics.npz, *.psh, or another format, see convert)")
    verb.add_argument("--png", metavar="FILE", help="write the plot here")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_spectrum)

    verb = verbs.add_parser("image", help="a picture of the coefficients of each channel")
    verb.add_argument("input", help="coefficients (*.harmonics.npz, *.psh, or another format, see convert)")
    verb.add_argument("folder", help="where the pictures go; made if need be")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_image)


def run_spectrum(arguments: Namespace, console: Console) -> int:
    """Print the power of each band of degrees (all degrees with --json), and draw it if asked."""
    if arguments.png:
        require_writable(arguments.png)
    harmonics = open_shape(arguments.input).harmonics
    power = power_spectrum(harmonics)
    if arguments.png:
        save_png(spectrum_plot(harmonics), arguments.png)
    data = {
        "lmax": harmonics.lmax,
        "power": {name: row.tolist() for name, row in zip(harmonics.channels, power, strict=True)},
    }
    rows = [power[harmonics.channels.index(name)] for name in POSITION if name in harmonics.channels]
    total = sum(rows[1:], rows[0]) if rows else power.sum(axis=0)
    lines = [f"degrees {low:4d} – {high:4d}   {total[low : high + 1].sum():.6g}" for low, high in bands(harmonics.lmax)]
    console.result(data, ["power of the positions (all channels where there are none)", *lines])
    return 0


def run_image(arguments: Namespace, console: Console) -> int:
    """Write a PNG of the coefficients for each channel."""
    shape = open_shape(arguments.input)
    files = write_images(shape, make_folder(arguments.folder))
    console.result({"files": [str(file) for file in files]}, [str(file) for file in files])
    return 0


def write_images(shape: Shape, folder: Path) -> list[Path]:
    """One PNG of the coefficients for each channel, in `folder`; gives the paths."""
    files = []
    for name, coefficients in zip(shape.harmonics.channels, shape.harmonics.coefficients, strict=True):
        files.append(folder / f"coefficients_{name}.png")
        save_png(coefficient_image(coefficients), files[-1])
    return files
