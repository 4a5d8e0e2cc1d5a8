# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.harmonics.npz`: a shape as a NumPy archive, written atomically and read without trust.

Always there: `coefficients` (K, L+1, L+1) float64, `channels` (K,) text, `lmax`, `normalization`,
`format_version`, and the text `facts`, JSON with the source's facts and the certificate. Unless compact:
`sphere` (V, 3) float64 and `faces` (F, 3) int32 of the source. Nothing is pickled; the same shape always gives
the same bytes.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .errors import HarmonicsFileError, SphericalCowError
from .files import atomic_write
from .harmonics.container import NORMALIZATION, Harmonics
from .mesh import FloatArray, IntArray
from .shape import Certificate, Shape, Source

FORMAT_VERSION = 1
LARGEST_CONTENT = 2 * 1024**3
"""Bytes of all arrays together beyond which a file is refused before anything is allocated."""

_REQUIRED = ("format_version", "coefficients", "channels", "lmax", "normalization", "facts")
_KINDS = {
    **{"format_version": "iu", "coefficients": "f", "channels": "U", "lmax": "iu", "normalization": "U"},
    **{"facts": "U", "sphere": "f", "faces": "iu"},
}
_COMPRESSED = ("faces", "facts")
"""Members that shrink to a fraction at little cost; coefficients and positions hardly shrink at all."""
_DAMAGE = (
    *(ValueError, TypeError, SyntaxError, OverflowError, RecursionError, EOFError, MemoryError, KeyError),
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, OSError),
)
_npy: Any = np.lib.format  # NumPy has no type hints for it
_REMEDY = "Encode the mesh again, or choose another file."

Arrays = dict[str, NDArray[Any]]


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
        raise HarmonicsFileError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from error


def shape_to_bytes(shape: Shape) -> bytes:
    """The shape in its file format."""
    facts = {"source": asdict(shape.source), "certificate": shape.certificate.to_dict()}
    arrays: dict[str, Any] = {
        "format_version": np.int64(FORMAT_VERSION),
        "coefficients": shape.harmonics.coefficients,
        "channels": np.array(shape.harmonics.channels, dtype=np.str_),
        "lmax": np.int64(shape.lmax),
        "normalization": np.str_(NORMALIZATION),
        "facts": np.str_(json.dumps(facts)),
    }
    if shape.sphere is not None and shape.faces is not None:
        arrays.update(sphere=shape.sphere, faces=np.asarray(shape.faces, dtype=np.int32))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, array in arrays.items():
            info = zipfile.ZipInfo(f"{key}.npy")  # with a fixed date, so that the bytes repeat
            info.compress_type = zipfile.ZIP_DEFLATED if key in _COMPRESSED else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=True) as member:
                _npy.write_array(member, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def shape_from_bytes(data: bytes) -> Shape:
    """The inverse of `shape_to_bytes`; raises `HarmonicsFileError` as `load_shape` does."""
    return _read(io.BytesIO(data), "the stored shape")


def _read(stream: IO[bytes], name: str) -> Shape:
    try:
        with zipfile.ZipFile(stream) as archive:
            arrays = _read_arrays(archive, name)
    except _DAMAGE as error:
        raise HarmonicsFileError(f"{name} is not a harmonics file, or is cut short.", _REMEDY) from error
    return _shape(arrays)


def _read_arrays(archive: zipfile.ZipFile, name: str) -> Arrays:
    """The known arrays, after all their headers were found to be harmless."""
    there = set(archive.namelist())
    for key in _REQUIRED:
        if f"{key}.npy" not in there:
            raise HarmonicsFileError(f"The key '{key}' is missing in {name}.", _REMEDY)
    keys = [key for key in _KINDS if f"{key}.npy" in there]
    total = 0
    for key in keys:
        total += _check_header(archive, key)
        if total > LARGEST_CONTENT:
            raise HarmonicsFileError(f"With the key '{key}', {name} claims {total:.2g} bytes.", _REMEDY)
    return {key: _read_array(archive, key) for key in keys}


def _check_header(archive: zipfile.ZipFile, key: str) -> int:
    """The bytes that the array will take; raises when it is not plain data, or not all there."""
    info = archive.getinfo(f"{key}.npy")
    try:
        with archive.open(info) as member:
            version = _npy.read_magic(member)
            readers = {
                (1, 0): _npy.read_array_header_1_0,
                (2, 0): _npy.read_array_header_2_0,
            }
            shape, _, dtype = readers[version](member)
            size, header = math.prod(shape) * dtype.itemsize, member.tell()
    except _DAMAGE as error:
        raise HarmonicsFileError(f"The key '{key}' has a damaged header.", _REMEDY) from error
    if dtype.hasobject or dtype.kind not in _KINDS[key]:
        raise HarmonicsFileError(f"The key '{key}' holds {dtype}, not plain data.", _REMEDY)
    if any(length < 0 for length in shape) or header + size != info.file_size:
        raise HarmonicsFileError(f"The key '{key}' claims the shape {shape}, not what is there.", _REMEDY)
    return int(size)


def _read_array(archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
    try:
        with archive.open(f"{key}.npy") as member:
            array: NDArray[Any] = _npy.read_array(member, allow_pickle=False)
            if member.read(1):  # reading to the end also makes zipfile compare the checksum
                raise ValueError("trailing bytes")
            return array
    except _DAMAGE as error:
        raise HarmonicsFileError(f"The key '{key}' is damaged.", _REMEDY) from error


def _shape(arrays: Arrays) -> Shape:
    version = _scalar(arrays, "format_version")
    if version != FORMAT_VERSION:
        raise HarmonicsFileError(
            f"The key 'format_version' is {version}; this version reads {FORMAT_VERSION}.",
            "Update Spherical Cow, or encode the mesh again.",
        )
    if _scalar(arrays, "normalization") != NORMALIZATION:
        raise HarmonicsFileError(
            f"The key 'normalization' is {str(arrays['normalization'])[:40]!r}.", f"It must be {NORMALIZATION}."
        )
    harmonics = _harmonics(arrays)
    source, certificate = _facts(str(_scalar(arrays, "facts")))
    sphere, faces = _map(arrays)
    return Shape(harmonics, source, certificate, sphere, faces)


def _scalar(arrays: Arrays, key: str) -> Any:
    if arrays[key].shape != ():
        raise HarmonicsFileError(f"The key '{key}' has shape {arrays[key].shape}, not a single value.", _REMEDY)
    return arrays[key].item()


def _harmonics(arrays: Arrays) -> Harmonics:
    coefficients, channels, lmax = arrays["coefficients"], arrays["channels"], _scalar(arrays, "lmax")
    if lmax < 0 or coefficients.ndim != 3 or coefficients.shape[1:] != (lmax + 1, lmax + 1):
        raise HarmonicsFileError(
            f"The key 'coefficients' has shape {coefficients.shape} for an lmax of {lmax}.", _REMEDY
        )
    if not np.isfinite(coefficients).all():
        raise HarmonicsFileError("The key 'coefficients' holds values that are not numbers (NaN).", _REMEDY)
    if channels.shape != coefficients.shape[:1]:
        raise HarmonicsFileError(
            f"The key 'channels' has shape {channels.shape} for {len(coefficients)} channels.", _REMEDY
        )
    try:
        return Harmonics(coefficients, tuple(channels.tolist()))
    except SphericalCowError as error:
        raise HarmonicsFileError(f"The key 'channels' does not fit: {error.found}", _REMEDY) from error


def _facts(text: str) -> tuple[Source, Certificate]:
    try:
        facts = json.loads(text)
        source, certificate = dict(facts["source"]), dict(facts["certificate"])
        x, y, z = (float(value) for value in source["centre"])
        source["centre"] = (x, y, z)
        certificate["seconds"] = {str(k): float(v) for k, v in certificate["seconds"].items()}
        _require_numbers(source, Source, skip=("centre",))
        _require_numbers(certificate, Certificate, skip=("method", "seconds"))
        return Source(**source), Certificate(**certificate)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise HarmonicsFileError("The key 'facts' is damaged.", _REMEDY) from error


def _require_numbers(values: dict[str, Any], record: type[Any], skip: tuple[str, ...]) -> None:
    for field in fields(record):
        value = values[field.name]
        if field.name not in skip and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TypeError(field.name)


def _map(arrays: Arrays) -> tuple[FloatArray | None, IntArray | None]:
    if ("sphere" in arrays) != ("faces" in arrays):
        missing = "faces" if "sphere" in arrays else "sphere"
        raise HarmonicsFileError(f"The key '{missing}' is missing beside its partner.", _REMEDY)
    if "sphere" not in arrays:
        return None, None
    sphere, faces = arrays["sphere"].astype(np.float64), arrays["faces"].astype(np.int64)
    if sphere.ndim != 2 or sphere.shape[1] != 3 or not np.allclose((sphere**2).sum(axis=1), 1.0, atol=1e-6):
        raise HarmonicsFileError("The key 'sphere' does not hold unit vectors (V, 3).", _REMEDY)
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise HarmonicsFileError(f"The key 'faces' has shape {faces.shape}, not (F, 3).", _REMEDY)
    if faces.size and not 0 <= faces.min() <= faces.max() < len(sphere):
        raise HarmonicsFileError("The key 'faces' names vertices that 'sphere' does not have.", _REMEDY)
    return sphere, faces
