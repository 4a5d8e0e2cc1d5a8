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
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from .archive import Arrays, Layout, archive_bytes, load_archive, read_archive, scalar
from .errors import HarmonicsFileError, SphericalCowError
from .files import atomic_write
from .harmonics.container import NORMALIZATION, Harmonics
from .mesh import FloatArray, IntArray
from .shape import Certificate, Shape, Source

FORMAT_VERSION = 1
_REQUIRED = ("format_version", "coefficients", "channels", "lmax", "normalization", "facts")
_KINDS = {
    **{"format_version": "iu", "coefficients": "f", "channels": "U", "lmax": "iu", "normalization": "U"},
    **{"facts": "U", "sphere": "f", "faces": "iu"},
}
_COMPRESSED = ("faces", "facts")
"""Members that shrink to a fraction at little cost; coefficients and positions hardly shrink at all."""
_REMEDY = "Encode the mesh again, or choose another file."
_LAYOUT = Layout("a harmonics file", "*.harmonics.npz", _KINDS, _REQUIRED, _REMEDY)


def save_shape(shape: Shape, path: str | Path) -> None:
    """Write `shape`. Raises `OutputError` when that fails; an older file then stays as it was."""
    data = shape_to_bytes(shape)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_shape(path: str | Path) -> Shape:
    """Read a shape. Raises `HarmonicsFileError`, naming the key at fault, for anything that is not one."""
    return _shape(load_archive(path, _LAYOUT))


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
    return archive_bytes(arrays, _COMPRESSED)


def shape_from_bytes(data: bytes) -> Shape:
    """The inverse of `shape_to_bytes`; raises `HarmonicsFileError` as `load_shape` does."""
    return _shape(read_archive(io.BytesIO(data), "the stored shape", _LAYOUT))


def _shape(arrays: Arrays) -> Shape:
    version = scalar(arrays, "format_version", _REMEDY)
    if version != FORMAT_VERSION:
        raise HarmonicsFileError(
            f"The key 'format_version' is {version}; this version reads {FORMAT_VERSION}.",
            "Update Spherical Cow, or encode the mesh again.",
        )
    if scalar(arrays, "normalization", _REMEDY) != NORMALIZATION:
        raise HarmonicsFileError(
            f"The key 'normalization' is {str(arrays['normalization'])[:40]!r}.", f"It must be {NORMALIZATION}."
        )
    harmonics = _harmonics(arrays)
    source, certificate = _facts(str(scalar(arrays, "facts", _REMEDY)))
    sphere, faces = _map(arrays)
    return Shape(harmonics, source, certificate, sphere, faces)


def _harmonics(arrays: Arrays) -> Harmonics:
    coefficients, channels, lmax = arrays["coefficients"], arrays["channels"], scalar(arrays, "lmax", _REMEDY)
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
        return facts_of(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise HarmonicsFileError("The key 'facts' is damaged.", _REMEDY) from error


def facts_of(facts: Any) -> tuple[Source, Certificate]:
    """Source and certificate of JSON data with these two keys. Raises `HarmonicsFileError` for other data."""
    try:
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
