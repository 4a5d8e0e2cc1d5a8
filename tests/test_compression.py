# SPDX-License-Identifier: GPL-3.0-or-later
"""Progressive files: how exact, how small, from any prefix, and damaged."""

from __future__ import annotations

import binascii

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spherical_cow.compression import shape_from_progressive, shape_to_progressive
from spherical_cow.compression.progressive import SIGNATURE, degree_ends
from spherical_cow.compression.rice import pack, unpack
from spherical_cow.errors import HarmonicsFileError, InvalidParameter
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.transforms import synthesize_grid
from spherical_cow.shape import Certificate, Shape, Source

LMAX = 20


def smooth_shape(lmax: int = LMAX, offset: float = 0.0, channels: tuple[str, ...] = ("x", "y", "z", "r")) -> Shape:
    rng = np.random.default_rng(3)
    index = np.arange(lmax + 1)
    degree = np.maximum(index[:, None], index)
    coefficients = rng.standard_normal((len(channels), lmax + 1, lmax + 1)) / (1.0 + degree) ** 2.5
    coefficients[:3, 0, 0] += offset
    source = Source(100, 196, 1.0, 0.1, (0.0, 0.0, 0.0), 2.0)
    return Shape(Harmonics(coefficients, channels), source, Certificate("balanced", 0, 1.0, 5.0, 0.3, 1e-3, 1e-2))


@given(st.lists(st.lists(st.integers(-(2**60), 2**60), max_size=40), max_size=5), st.sampled_from([0, 30, 57]))
@settings(max_examples=60, deadline=None)
def test_whole_numbers_come_back(groups: list[list[int]], shift: int) -> None:
    arrays = [np.array([n >> shift for n in group], dtype=np.int64) for group in groups]
    back = unpack(pack(arrays), [len(group) for group in groups]) if arrays else []
    assert [a.tolist() for a in back] == [a.tolist() for a in arrays]


def test_the_code_is_within_a_tenth_of_the_entropy() -> None:
    numbers = np.rint(np.random.default_rng(0).laplace(0.0, 9.0, 20_000)).astype(np.int64)
    _, counts = np.unique(numbers, return_counts=True)
    share = counts / counts.sum()
    assert len(pack([numbers])) * 8 < 1.1 * len(numbers) * -(share * np.log2(share)).sum()


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_values_are_as_exact_as_coordinates_of_so_many_bits(bits: int) -> None:
    shape = smooth_shape()
    decoded = shape_from_progressive(shape_to_progressive(shape, bits))
    exact, rounded = (synthesize_grid(h, 40) for h in (shape.harmonics, decoded.harmonics))
    extent = np.ptp(exact.reshape(4, -1), axis=1)
    extent[:3] = extent[:3].max()
    error = np.sqrt(((rounded - exact) ** 2).mean(axis=(1, 2))) / extent * 2.0**bits * np.sqrt(12.0)
    assert (error < 1.3).all() and error.max() > 0.3  # 1 is what rounding to this grid does
    assert decoded.bits == bits and decoded.harmonics.channels == shape.harmonics.channels
    assert decoded.certificate == shape.certificate and decoded.source == shape.source and decoded.notes == ()


def test_fewer_bits_are_fewer_bytes() -> None:
    shape = smooth_shape()
    sizes = [len(shape_to_progressive(shape, bits)) for bits in (8, 12, 16)]
    count = shape.harmonics.coefficients.size
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[2] - sizes[1] == pytest.approx(count * 4 / 8, rel=0.1)  # four bits for each number
    assert sizes[1] < 0.25 * 8 * count


def test_every_prefix_is_the_shape_up_to_a_degree() -> None:
    shape = smooth_shape()
    data = shape_to_progressive(shape, 16)
    whole = shape_from_progressive(data).harmonics
    ends = degree_ends(data)
    assert len(ends) == LMAX + 1 and ends[-1] == len(data)
    for length in [*ends[1:-1], ends[1] + 1, ends[5] - 1, len(data) - 1]:
        decoded = shape_from_progressive(data[:length])
        lmax = int(np.searchsorted(ends, length, side="right")) - 1
        assert decoded.harmonics.lmax == lmax < decoded.complete_lmax
        np.testing.assert_array_equal(decoded.harmonics.coefficients, whole.truncate(lmax).coefficients)
        assert f"degrees up to {lmax} of {LMAX}" in decoded.notes[0]
    for length in [0, 3, len(SIGNATURE), 60, ends[1] - 1]:
        with pytest.raises(HarmonicsFileError):
            shape_from_progressive(data[:length])


def test_any_changed_byte_is_noticed() -> None:
    data = shape_to_progressive(smooth_shape(6, channels=("x", "y", "z")), 8)
    for place in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[place] ^= 0x15
        try:  # a longer length looks like a file that is cut short: what is there is right then
            decoded = shape_from_progressive(bytes(damaged))
        except HarmonicsFileError:
            continue
        assert decoded.harmonics.lmax < 6
        whole = shape_from_progressive(data).harmonics.truncate(decoded.harmonics.lmax)
        np.testing.assert_array_equal(decoded.harmonics.coefficients, whole.coefficients)


def test_chunks_cannot_change_places() -> None:
    data = shape_to_progressive(smooth_shape(6), 8)
    ends = degree_ends(data)
    one, two, three = data[: ends[2]], data[ends[2] : ends[3]], data[ends[3] : ends[4]]
    with pytest.raises(HarmonicsFileError, match="Degree 3"):
        shape_from_progressive(one + three + two)


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b"{}", b'{"version":1,"lmax":1e9}', b'{"version":2,"lmax":3,"bits":8,"channels":["x"],"steps":[1]}',
     b'{"version":1,"lmax":3,"bits":8,"channels":["x"],"steps":[NaN]}',
     b'{"version":1,"lmax":3,"bits":8,"channels":["x","x"],"steps":[1,1]}'],
)  # fmt: skip
def test_hostile_headers_are_refused(header: bytes) -> None:
    import zlib

    payload = zlib.compress(header)
    check = binascii.crc_hqx(payload, 0)
    data = SIGNATURE + bytes([len(payload)]) + check.to_bytes(2, "little") + payload
    for degree in range(2):
        body = bytes([0, 0]) + bytes([255] * (degree + 1))
        check = binascii.crc_hqx(body, check)
        data += bytes([len(body)]) + check.to_bytes(2, "little") + body
    with pytest.raises(HarmonicsFileError):
        shape_from_progressive(data)


def test_far_away_shapes_keep_their_place_and_settings_are_checked() -> None:
    far = smooth_shape(offset=1e6)
    decoded = shape_from_progressive(shape_to_progressive(far, 12))
    np.testing.assert_allclose(decoded.harmonics.coefficients, far.harmonics.coefficients, atol=1e-4)
    with pytest.raises(InvalidParameter, match="bits"):
        shape_to_progressive(far, 3)
    with pytest.raises(InvalidParameter, match="too far"):
        shape_to_progressive(smooth_shape(offset=1e11), 24)
