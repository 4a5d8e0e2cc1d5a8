# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.psh`: coefficients rounded and in order of degree, so that every prefix of the bytes is the shape, only smoother.

Signature, header, then one chunk for each degree, each with its length and a checksum that continues the one before.
`docs/file-format.md` has the bytes. All channels of a degree are together; the sphere map of the source is not kept.

How finely is rounded: coefficients of our harmonics contribute to a value by their squares, so rounding (L+1)² of them
by steps of s changes values by s/√12 · (L+1) in the mean square, wherever on the sphere. The step is chosen so that
this is what rounding a coordinate to `bits` bits of the extent does: `bits` means the same as for the vertices of a
quantised mesh. One step for all degrees is the best use of bits for a given mean-square error ("reverse water-filling",
Cover and Thomas 2006, §10.3); degrees that matter little take few bits by themselves, as their numbers are small.
"""

from __future__ import annotations

import binascii
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from ..errors import HarmonicsFileError, InvalidParameter, SphericalCowError
from ..harmonics.container import POSITION, Harmonics
from ..harmonics.transforms import synthesize_grid
from ..mesh import FloatArray, IntArray
from ..shape import Certificate, Shape, Source
from ..shapefile import facts_of
from .rice import pack, unpack

SIGNATURE = b"\x93PSH\r\n\x1a\n"
VERSION = 1
BITS = (4, 24)
LMAX_LIMIT = 2048
MOST_CHANNELS = 64
LARGEST_HEADER = 1 << 20
LARGEST_NUMBER = 2.0**60
_CERTIFICATE = tuple(field.name for field in fields(Certificate) if field.name != "seconds")
_REMEDY = "Write it again from the original."


@dataclass(frozen=True)
class Decoded:
    """What a progressive file, or the beginning of one, holds.

    source, certificate: of the encode, that is, before rounding and with all degrees. complete_lmax: the degree of the
    whole file. bits: what it was rounded to.
    """

    harmonics: Harmonics
    source: Source
    certificate: Certificate
    complete_lmax: int
    bits: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing at the end."""
        return self.harmonics.lmax == self.complete_lmax

    @property
    def shape(self) -> Shape:
        """The shape, without the map of its source."""
        return Shape(self.harmonics, self.source, self.certificate)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know: whether something is missing at the end."""
        if self.is_whole:
            return ()
        return (f"The file is cut short: it has degrees up to {self.harmonics.lmax} of {self.complete_lmax}.",)


def shape_to_progressive(shape: Shape, bits: int = 12, lmax: int | None = None) -> bytes:
    """The shape as the bytes of a `.psh` file, without the map of its source.

    bits: as exact as a mesh whose coordinates are rounded to so many bits of its extent, 4 to 24.
    lmax: the last degree; None for all.

    Raises `InvalidParameter` for bits out of range, or values that are too large beside what varies.
    """
    if not BITS[0] <= bits <= BITS[1]:
        raise InvalidParameter(
            f"{bits} bits are out of range.", f"Give {BITS[0]} to {BITS[1]}; 8, 12 and 16 are usual."
        )
    harmonics = shape.harmonics if lmax is None else shape.harmonics.truncate(lmax)
    steps = _steps(harmonics, bits)
    numbers = np.rint(harmonics.coefficients / steps[:, None, None])
    if not np.abs(numbers).max() < LARGEST_NUMBER:
        raise InvalidParameter("The shape is too far from the origin for its size.", "Move it nearer first.")
    header = {
        "version": VERSION,
        "lmax": harmonics.lmax,
        "bits": bits,
        "channels": list(harmonics.channels),
        "steps": steps.tolist(),
        "facts": _facts_list(shape),
    }
    packed = zlib.compress(json.dumps(header, separators=(",", ":")).encode(), 9)
    chunks, check = [SIGNATURE], 0
    degrees = (pack(list(_of_degree(numbers, degree))) for degree in range(harmonics.lmax + 1))
    for payload in (packed, *degrees):
        check = binascii.crc_hqx(payload, check)
        chunks += [_length_bytes(len(payload)), check.to_bytes(2, "little"), payload]
    return b"".join(chunks)


def shape_from_progressive(data: bytes, name: str = "the file") -> Decoded:
    """The shape of the bytes of a `.psh` file, or of any prefix of at least its header and degrees 0 and 1.

    Raises `HarmonicsFileError` for anything else, and for damage, naming the degree.
    """
    if not data.startswith(SIGNATURE):
        raise HarmonicsFileError(f"{name} is not a progressive harmonics file.", "Choose a *.psh file.")
    chunks = _chunks(data, name)
    header = _header(next(chunks, None), name)
    lmax, channels = header["lmax"], header["channels"]
    squares: list[IntArray] = []
    for degree, payload in enumerate(chunks):
        if degree > lmax:
            raise HarmonicsFileError(f"{name} has bytes behind its last degree.", _REMEDY)
        try:
            squares.append(np.stack(unpack(payload, [2 * degree + 1] * len(channels))))
        except ValueError as error:
            raise HarmonicsFileError(f"Degree {degree} of {name} is damaged: {error}.", _REMEDY) from error
    if len(squares) < 2:
        raise HarmonicsFileError(f"{name} is cut short before its first two degrees.", "Read more of it.")
    numbers = _square(squares)
    try:
        harmonics = Harmonics(numbers * np.array(header["steps"])[:, None, None], tuple(channels))
        source, certificate = facts_of(header["facts"])
    except SphericalCowError as error:
        raise HarmonicsFileError(f"The header of {name} is damaged: {error.found}", _REMEDY) from error
    return Decoded(harmonics, source, certificate, lmax, header["bits"])


def degree_ends(data: bytes) -> list[int]:
    """(L+1,) how many bytes of a file reach up to each degree. Raises `HarmonicsFileError`."""
    ends, position = [], len(SIGNATURE)
    for payload in _chunks(data, "the file"):
        position += len(_length_bytes(len(payload))) + 2 + len(payload)
        ends.append(position)
    return ends[1:]


def _steps(harmonics: Harmonics, bits: int) -> FloatArray:
    """(K,) the step of each channel, one for all positions. A channel that is constant has a step from its value."""
    varying = harmonics.coefficients * (harmonics.degrees() > 0)
    grid = synthesize_grid(varying, min(max(harmonics.lmax, 4), 256)).reshape(len(varying), -1)
    extent = np.ptp(grid, axis=1)
    place = [index for index, name in enumerate(harmonics.channels) if name in POSITION]
    extent[place] = extent[place].max(initial=0.0)
    constant = np.abs(harmonics.coefficients[:, 0, 0])
    extent = np.where(extent > 1e-12 * constant, extent, np.where(constant > 0.0, constant, 1.0))
    steps = extent / 2.0**bits / (harmonics.lmax + 1)
    return np.array([float(f"{step:.6g}") for step in steps])


def _of_degree(numbers: FloatArray, degree: int) -> Iterator[IntArray]:
    """The 2l+1 numbers of a degree, of one channel after the other: down the column, then back along the row."""
    for square in numbers:
        column, row = square[: degree + 1, degree], square[degree, :degree]
        yield np.concatenate([column, row[::-1]]).astype(np.int64)


def _square(degrees: list[IntArray]) -> FloatArray:
    """(K, L+1, L+1) the inverse of `_of_degree`, of all degrees that are there."""
    size = len(degrees)
    numbers = np.zeros((len(degrees[0]), size, size))
    for degree, values in enumerate(degrees):
        numbers[:, : degree + 1, degree] = values[:, : degree + 1]
        numbers[:, degree, :degree] = values[:, degree + 1 :][:, ::-1]
    return numbers


def _chunks(data: bytes, name: str) -> Iterator[bytes]:
    """The payloads that are there completely. Raises `HarmonicsFileError` for one that is, and is damaged."""
    position, check, count = len(SIGNATURE), 0, 0
    while position < len(data):
        length, position = _read_length(data, position, name)
        if length is None or position + 2 + length > len(data):
            return
        payload = data[position + 2 : position + 2 + length]
        check = binascii.crc_hqx(payload, check)
        if check != int.from_bytes(data[position : position + 2], "little"):
            what = "The header" if count == 0 else f"Degree {count - 1}"
            raise HarmonicsFileError(f"{what} of {name} is damaged: its checksum is another.", _REMEDY)
        position, count = position + 2 + length, count + 1
        yield payload


def _length_bytes(length: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    result = bytearray()
    while length >= 128:
        result.append(length & 127 | 128)
        length >>= 7
    return bytes([*result, length])


def _read_length(data: bytes, position: int, name: str) -> tuple[int | None, int]:
    length = 0
    for place in range(5):
        if position >= len(data):
            return None, position
        byte = data[position]
        position += 1
        length |= (byte & 127) << (7 * place)
        if byte < 128:
            return length, position
    raise HarmonicsFileError(f"{name} is damaged: a chunk claims more than {2**35} bytes.", _REMEDY)


def _header(payload: bytes | None, name: str) -> dict[str, Any]:
    if payload is None:
        raise HarmonicsFileError(f"{name} is cut short within its header.", "Read more of it.")
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(payload, LARGEST_HEADER)
        header = dict(json.loads(text))
        version, lmax, bits = (header[key] for key in ("version", "lmax", "bits"))
        channels, steps = [str(each) for each in header["channels"]], [float(step) for step in header["steps"]]
        if version != VERSION:
            raise HarmonicsFileError(
                f"{name} has version {str(version)[:20]}; this reads {VERSION}.", "Update Spherical Cow."
            )
        if type(lmax) is not int or not 1 <= lmax <= LMAX_LIMIT or type(bits) is not int:
            raise ValueError("lmax")
        if not 1 <= len(channels) <= MOST_CHANNELS or len(steps) != len(channels):
            raise ValueError("channels")
        if not all(np.isfinite(step) and step > 0.0 for step in steps):
            raise ValueError("steps")
        return {**header, "channels": channels, "steps": steps, "facts": _facts_named(header["facts"])}
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise HarmonicsFileError(f"The header of {name} is damaged.", _REMEDY) from error


def _facts_list(shape: Shape) -> list[list[Any]]:
    """Source and certificate without the names of their numbers, which would be most of a small file."""
    source, certificate = asdict(shape.source), shape.certificate.to_dict()
    centre = source.pop("centre")
    return [_short([*source.values(), *centre], 7), _short([certificate[key] for key in _CERTIFICATE], 4)]


def _facts_named(lists: Any) -> dict[str, Any]:
    """The inverse of `_facts_list`, as `shapefile.facts_of` wants it."""
    names = [field.name for field in fields(Source) if field.name != "centre"]
    numbers, proofs = list(lists[0]), list(lists[1])
    if len(numbers) != len(names) + 3 or len(proofs) != len(_CERTIFICATE):
        raise ValueError("facts")
    source = {**dict(zip(names, numbers[:-3], strict=True)), "centre": numbers[-3:]}
    return {"source": source, "certificate": {**dict(zip(_CERTIFICATE, proofs, strict=True)), "seconds": {}}}


def _short(values: list[Any], digits: int) -> list[Any]:
    return [float(f"{value:.{digits}g}") if isinstance(value, float) else value for value in values]
