# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs on the main road: encode, decode, filter."""

from __future__ import annotations

import re
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

import numpy as np

from ..codec import decode, encode
from ..errors import InvalidParameter, NotGenusZero
from ..harmonics.container import Harmonics
from ..harmonics.filters import apply_gains, gaussian, heat
from ..interchange import BITS, FORMATS, WriteOptions, open_content, open_shape, save_as, writer_of
from ..mesh import FloatArray, Mesh
from ..meshfile import READABLE, read_mesh
from ..progress import Stages
from ..repairs.run import repair
from ..shape import Shape
from .console import Console, require_writable

TARGET_LMAX = 512
"""The highest degree that `--target` tries."""


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module to the parser."""
    verb = verbs.add_parser("encode", help="mesh → sphere map and coefficients (*.harmonics.npz)")
    verb.add_argument("mesh", help="a closed mesh of genus 0 (OBJ, PLY, STL, OFF, GLB)")
    verb.add_argument("output", help="where the coefficients go, such as cow.harmonics.npz or cow.psh")
    encode_options(verb)
    verb.add_argument("--sphere", metavar="MESH", help="a map of the mesh from elsewhere, as FreeSurfer's lh.sphere")
    add_writing(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_encode)

    verb = verbs.add_parser("decode", help="coefficients → mesh with vertex colours")
    verb.add_argument("input", help="coefficients (*.harmonics.npz, *.psh, or another format, see convert)")
    verb.add_argument("output", help="the mesh (OBJ, PLY or GLB)")
    add_reading(verb)
    decode_options(verb)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_decode)

    verb = verbs.add_parser("filter", help="coefficients → coefficients, smoothed or exaggerated")
    verb.add_argument("input", help="coefficients (*.harmonics.npz, *.psh, or another format, see convert)")
    verb.add_argument("output", help="the new coefficients (*.harmonics.npz)")
    verb.add_argument("--lmax", type=int, help="drop degrees above this one")
    verb.add_argument(
        "--gain",
        action="append",
        default=[],
        type=band_gain,
        metavar="LOW-HIGH=GAIN",
        help="multiply degrees LOW to HIGH (repeatable), as 4-7=1.5",
    )
    verb.add_argument("--gaussian", type=float, metavar="DEGREES", help="smooth by a Gaussian of this half-width")
    verb.add_argument("--heat", type=float, metavar="T", help="smooth by heat flow on the sphere for time T")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=run_filter)


def add_reading(verb: Any) -> None:
    """The options of verbs that read coefficients of any format."""
    names = [entry.name for entry in FORMATS]
    verb.add_argument("--from", dest="source_format", choices=names, help="the format; by default from its ending")
    verb.add_argument("--row", type=int, metavar="N", help="which shape of a file with several, from 0")


def add_writing(verb: Any) -> None:
    """The options of verbs that write coefficients of any format."""
    names = [entry.name for entry in FORMATS]
    verb.add_argument("--to", dest="target_format", choices=names, help="the format; by default from its ending")
    verb.add_argument("--bits", type=int, default=BITS, metavar="N", help=f"of *.psh, 4 to 24 (default {BITS})")


def encode_options(verb: ArgumentParser) -> None:
    """The options of encode."""
    degree = verb.add_mutually_exclusive_group()
    degree.add_argument("--lmax", type=int, help="highest degree (default 64)")
    degree.add_argument(
        "--target", type=fraction, metavar="SHARE", help="smallest degree with a mean error below this, as 0.1%%"
    )
    verb.add_argument("--method", default="balanced", choices=("balanced", "authalic", "conformal", "cmcf"))
    verb.add_argument("--channels", nargs="+", metavar="NAME", help="position color vertex_density …")
    verb.add_argument("--repair", action="store_true", help="mend the mesh first, where it cannot be encoded as it is")
    verb.add_argument("--compact", action="store_true", help="leave out the sphere map of the source")


def highest_degree(arguments: Namespace) -> int:
    """The degree to encode to, or to try up to."""
    if arguments.target is not None:
        return TARGET_LMAX
    return 64 if arguments.lmax is None else int(arguments.lmax)


def decode_options(verb: ArgumentParser) -> None:
    """The options of decode."""
    sampling = verb.add_mutually_exclusive_group()
    sampling.add_argument("--source", action="store_true", help="the source's own vertices and faces (default)")
    sampling.add_argument("--icosphere", type=int, metavar="N", help="an icosphere of frequency N, 10 N² + 2 vertices")
    sampling.add_argument("--vertices", type=int, metavar="N", help="N vertices placed by the vertex density")
    verb.add_argument("--lmax", type=int, help="use degrees up to this one")
    verb.add_argument("--from-curvature", action="store_true", help="solve from curvature and area distortion")
    verb.add_argument("--seed", type=int, default=0)


def fraction(text: str) -> float:
    """ "0.1%" or "0.001" as a fraction."""
    number = text.strip()
    try:
        return float(number[:-1]) / 100.0 if number.endswith("%") else float(number)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a share such as 0.1%") from error


def band_gain(text: str) -> tuple[int, int, float]:
    """ "4-7=1.5" or "3=0" as (low, high, gain)."""
    match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*=\s*([-+0-9.eE]+)\s*", text)
    try:
        if match is None:
            raise ValueError
        low, high, gain = int(match[1]), int(match[2] or match[1]), float(match[3])
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a gain such as 4-7=1.5") from error
    return low, high, gain


def run_encode(arguments: Namespace, console: Console) -> int:
    """Encode a mesh file, write the coefficients, print the certificate."""
    require_coefficient_name(arguments.output, arguments.target_format)
    stages = Stages()
    with stages("read"):
        mesh = read_mesh(arguments.mesh)
    if arguments.repair:
        mesh = _mended(mesh, console)
    lmax = highest_degree(arguments)
    try:
        with console.progress() as progress:
            shape = encode(
                mesh,
                lmax,
                arguments.method,
                arguments.channels,
                target=arguments.target,
                sphere=_places(mesh, arguments.sphere),
                progress=progress,
            )
    except NotGenusZero as error:
        raise NotGenusZero(error.reasons, "With --repair it is mended first; `repair` does so by itself.") from error
    with stages("write"):
        options = WriteOptions(arguments.bits, arguments.compact)
        written = save_as(shape, arguments.output, arguments.target_format, options)
    for note in written.notes:
        console.log(note)
    data = encode_report(shape, stages.seconds)
    console.result(data, _lines(data))
    return 0


def _places(mesh: Mesh, path: str | None) -> FloatArray | None:
    """The vertices of a map's file, whose triangles must be those of the mesh."""
    if path is None:
        return None
    sphere = read_mesh(path)
    if not np.array_equal(sphere.faces, mesh.faces):
        raise InvalidParameter(
            f"{Path(path).name} is no map of this mesh: it has other triangles.", "Give the sphere of this very mesh."
        )
    return sphere.vertices


def _mended(mesh: Mesh, console: Console) -> Mesh:
    """The mesh, repaired where it needs to be; what was done goes to stderr."""
    with console.progress() as progress:
        result = repair(mesh, progress=progress)
    for text in (*result.report.done, *result.report.warnings):
        console.log(f"repair: {text}")
    return result.mesh


def require_coefficient_name(path: str, format_name: str | None = None) -> None:
    """Refuse the name of a mesh for a file of coefficients, an unknown ending, and a place that cannot be written."""
    if Path(path).suffix.lower() in READABLE:
        raise InvalidParameter(
            f"{Path(path).name} has the ending of a mesh, but the result is coefficients.",
            f"Write {Path(path).stem}.harmonics.npz, say; decode makes a mesh from it.",
        )
    writer_of(path, format_name)
    require_writable(path)


def encode_report(shape: Shape, seconds: dict[str, float]) -> dict[str, Any]:
    """What `encode --json` prints."""
    certificate = shape.certificate.to_dict()
    return {
        "V": shape.source.n_vertices,
        "F": shape.source.n_faces,
        "lmax": shape.lmax,
        "channels": list(shape.harmonics.channels),
        **certificate,
        "seconds": {**certificate["seconds"], **seconds},
    }


def run_decode(arguments: Namespace, console: Console) -> int:
    """Rebuild a mesh from a coefficients file."""
    require_writable(arguments.output)
    content = open_content(arguments.input, arguments.source_format, arguments.row)
    for note in content.notes:
        console.log(note)
    with console.progress() as progress:
        shape = content.to_shape(progress)
    sampling, size = _sampling(arguments, shape)
    if arguments.lmax is not None and arguments.lmax > shape.lmax:
        console.log(f"The file has degrees up to {shape.lmax}; all of them are used.")
    begin = time.perf_counter()
    with console.progress() as progress:
        mesh = decode(
            shape,
            sampling,
            size,
            lmax=arguments.lmax,
            from_curvature=arguments.from_curvature,
            seed=arguments.seed,
            progress=progress,
        )
    mesh.save(arguments.output)
    data = {
        "V": mesh.n_vertices,
        "F": mesh.n_faces,
        "sampling": sampling,
        "lmax": min(shape.lmax, arguments.lmax or shape.lmax),
        "seconds": time.perf_counter() - begin,
    }
    console.result(data, _lines(data))
    return 0


def _sampling(arguments: Namespace, shape: Shape) -> tuple[str, int | None]:
    if arguments.icosphere is not None:
        return "icosphere", arguments.icosphere
    if arguments.vertices is not None:
        return "adaptive", arguments.vertices
    if arguments.source or shape.sphere is not None:
        return "source", None
    return "icosphere", None


def run_filter(arguments: Namespace, console: Console) -> int:
    """Filter a coefficients file."""
    require_coefficient_name(arguments.output)
    shape = open_shape(arguments.input)
    harmonics = filtered(shape.harmonics, arguments.lmax, arguments.gain, arguments.gaussian, arguments.heat)
    save_as(shape.with_harmonics(harmonics), arguments.output)
    data = {"lmax": harmonics.lmax, "channels": list(harmonics.channels)}
    console.result(data, _lines(data))
    return 0


def filtered(
    harmonics: Harmonics,
    lmax: int | None,
    gains: list[tuple[int, int, float]],
    gaussian_width: float | None,
    heat_time: float | None,
) -> Harmonics:
    """Cut at `lmax`, multiply bands of degrees (low, high, gain), then smooth.

    Raises `InvalidParameter` for a band that is empty or a gain that is not finite.
    """
    if lmax is not None:
        harmonics = harmonics.truncate(lmax)
    per_degree = np.ones(harmonics.lmax + 1)
    for low, high, gain in gains:
        if high < low or not np.isfinite(gain):
            raise InvalidParameter(f"The band {low}-{high} with gain {gain:g} makes no sense.", "Write 4-7=1.5.")
        per_degree[low : high + 1] *= gain
    if gaussian_width is not None:
        per_degree *= gaussian(harmonics.lmax, np.radians(gaussian_width))
    if heat_time is not None:
        per_degree *= heat(harmonics.lmax, heat_time)
    return apply_gains(harmonics, per_degree)


def _lines(data: dict[str, Any]) -> list[str]:
    def text(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.6g}"
        if isinstance(value, dict):
            return ", ".join(f"{name} {text(part)}" for name, part in value.items())
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return [f"{name:20} {text(value)}" for name, value in data.items()]
