# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.harmonics.npz`: a shape as a NumPy archive, written atomically and read without trust.

Always there: `coefficients` (K, L+1, L+1) float64, `channels` (K,) text, `lmax`, `normalization`,
`format_version`, and the text `facts`, JSON with the source's facts and the certificate. Unless compact:
`sphere` (V, 3) float64 and `faces` (F, 3) int64 of the source. Nothing is pickled.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .errors import HarmonicsFileError, SphericalCowError
from .files import atomic_write
from .harmonics.container import NORMALIZATION, Harmonics
from .shape import Certificate, Shape, Source

FORMAT_VERSION = 1
LARGEST_ARRAY = 4 * 1024**3
"""Bytes of one array beyond which a file is refused before anything is allocated."""
_KINDS = {
    "coefficients": "f", "channels": "U", "lmax": "iu", "normalization": "U", "format_version": "iu",
    "facts": "U", "sphere": "f", "faces": "iu",
}  # fmt: skip
_REQUIRED = ("format_version", "coefficients", "channels", "lmax", "normalization", "facts")
_npy: Any = np.lib.format  # has no type hints
_REMEDY = "Encode the mesh again, or choose another file."


def save_shape(shape: Shape, path: str | Path) -> None:
    """Write `shape`. Raises `OutputError` when that fails; an older file then stays as it was."""
    data = shape_to_bytes(shape)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_shape(path: str | Path) -> Shape:
    """Read a shape. Raises `HarmonicsFileError`, naming the key at fault, for anything that is not one."""
    try:
        with Path(path).open("rb") as stream:
            return _read(stream, str(path))
    except IsADirectoryError as error:
        raise HarmonicsFileError(f"{path} is a folder.", "Choose a *.harmonics.npz file.") from error
    except FileNotFoundError as error:
        raise HarmonicsFileError(f"There is no file {path}.", "Check the name.") from error
    except OSError as error:
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", "Check who may read it.") from error


def shape_to_bytes(shape: Shape) -> bytes:
    """The shape in its file format."""
    arrays: dict[str, Any] = {
        "format_version": np.int64(FORMAT_VERSION),
        "coefficients": shape.harmonics.coefficients,
        "channels": np.array(shape.harmonics.channels, dtype=np.str_),
        "lmax": np.int64(shape.lmax),
        "normalization": np.str_(NORMALIZATION),
        "facts": np.str_(json.dumps({"source": asdict(shape.source), "certificate": shape.certificate.to_dict()})),
    }
    if shape.sphere is not None and shape.faces is not None:
        arrays.update(sphere=shape.sphere, faces=shape.faces)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def shape_from_bytes(data: bytes) -> Shape:
    """The inverse of `shape_to_bytes`; raises `HarmonicsFileError` as `load_shape` does."""
    return _read(io.BytesIO(data), "the stored shape")


def _read(stream: BinaryIO, name: str) -> Shape:
    try:
        with zipfile.ZipFile(stream) as archive:
            arrays = {key: _read_array(archive, key) for key in _keys(archive)}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.LargeZipFile, RuntimeError) as error:
        raise HarmonicsFileError(f"{name} is not a harmonics file, or is cut short.", _REMEDY) from error
    for key in _REQUIRED:
        if key not in arrays:
            raise HarmonicsFileError(f"The key '{key}' is missing in {name}.", _REMEDY)
    return _shape(arrays)


def _keys(archive: zipfile.ZipFile) -> list[str]:
    names = {info.filename.removesuffix(".npy") for info in archive.infolist()}
    return [key for key in _KINDS if key in names]


def _read_array(archive: zipfile.ZipFile, key: str) -> np.ndarray[Any, Any]:
    """One array, after its header was found to be harmless and true to the size of the archive member."""
    info = archive.getinfo(f"{key}.npy")
    try:
        with archive.open(info) as member:
            shape, dtype = _header(member)
            size = math.prod(shape) * dtype.itemsize
            if dtype.hasobject or dtype.kind not in _KINDS[key]:
                raise HarmonicsFileError(f"The key '{key}' holds {dtype}, not plain data.", _REMEDY)
            if size > LARGEST_ARRAY or size > info.file_size:
                raise HarmonicsFileError(f"The key '{key}' claims the shape {shape}, more than there is.", _REMEDY)
        with archive.open(info) as member:
            return _npy.read_array(member, allow_pickle=False)
    except (ValueError, TypeError, zipfile.error, EOFError) as error:
        raise HarmonicsFileError(f"The key '{key}' is damaged.", _REMEDY) from error
    except SyntaxError as error:
        raise HarmonicsFileError(f"The key '{key}' has a damaged header.", _REMEDY) from error


def _header(member: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = _npy.read_magic(member)
    read = {(1, 0): _npy.read_array_header_1_0, (2, 0): _npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"array format {version}")
    shape, _, dtype = read(member)
    return shape, dtype


def _shape(arrays: dict[str, np.ndarray[Any, Any]]) -> Shape:
    version = _scalar(arrays, "format_version")
    if version != FORMAT_VERSION:
        raise HarmonicsFileError(
            f"The key 'format_version' is {version}; this version reads {FORMAT_VERSION}.",
            "Update Spherical Cow, or encode the mesh again.",
        )
    if _scalar(arrays, "normalization") != NORMALIZATION:
        raise HarmonicsFileError(
            f"The key 'normalization' is {arrays['normalization']}.", f"It must be {NORMALIZATION}."
        )
    harmonics = _harmonics(arrays)
    source, certificate = _facts(str(_scalar(arrays, "facts")))
    sphere, faces = _map(arrays)
    return Shape(harmonics, source, certificate, sphere, faces)


def _scalar(arrays: dict[str, np.ndarray[Any, Any]], key: str) -> Any:
    if arrays[key].shape != ():
        raise HarmonicsFileError(f"The key '{key}' has shape {arrays[key].shape}, not a single value.", _REMEDY)
    return arrays[key].item()


def _harmonics(arrays: dict[str, np.ndarray[Any, Any]]) -> Harmonics:
    coefficients, lmax = arrays["coefficients"], _scalar(arrays, "lmax")
    if coefficients.ndim != 3 or coefficients.shape[1:] != (lmax + 1, lmax + 1):
        raise HarmonicsFileError(f"The key 'coefficients' has shape {coefficients.shape} for lmax {lmax}.", _REMEDY)
    if not np.isfinite(coefficients).all():
        raise HarmonicsFileError("The key 'coefficients' holds values that are not numbers.", _REMEDY)
    try:
        return Harmonics(coefficients, tuple(arrays["channels"].ravel().tolist()))
    except SphericalCowError as error:
        raise HarmonicsFileError(f"The key 'channels' does not fit: {error.found}", _REMEDY) from error


def _facts(text: str) -> tuple[Source, Certificate]:
    try:
        facts = json.loads(text)
        source = facts["source"]
        x, y, z = (float(value) for value in source["centre"])
        return Source(**{**source, "centre": (x, y, z)}), Certificate(**facts["certificate"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise HarmonicsFileError("The key 'facts' is damaged.", _REMEDY) from error


def _map(
    arrays: dict[str, np.ndarray[Any, Any]],
) -> tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any] | None]:
    if ("sphere" in arrays) != ("faces" in arrays):
        raise HarmonicsFileError("Only one of the keys 'sphere' and 'faces' is there.", _REMEDY)
    if "sphere" not in arrays:
        return None, None
    sphere, faces = arrays["sphere"].astype(np.float64), arrays["faces"].astype(np.int64)
    if sphere.ndim != 2 or sphere.shape[1] != 3 or not np.allclose((sphere**2).sum(axis=1), 1.0, atol=1e-6):
        raise HarmonicsFileError("The key 'sphere' does not hold unit vectors (V, 3).", _REMEDY)
    if faces.ndim != 2 or faces.shape[1] != 3 or (faces.size and not 0 <= faces.min() <= faces.max() < len(sphere)):
        raise HarmonicsFileError("The key 'faces' does not hold triangles of 'sphere'.", _REMEDY)
    return sphere, faces
