# SPDX-License-Identifier: GPL-3.0-or-later
"""SHTOOLS text files: to pyshtools and back, and files that are something else."""

from __future__ import annotations

import numpy as np
import pytest
from spherical_cow.errors import HarmonicsFileError, OutputError
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.layout import from_cilm, to_cilm
from spherical_cow.harmonics.shtools import read_sh, write_sh


def random_harmonics(lmax: int, channels: tuple[str, ...] = ("x",)) -> Harmonics:
    rng = np.random.default_rng(1)
    return Harmonics(rng.standard_normal((len(channels), lmax + 1, lmax + 1)), channels)


@pytest.mark.parametrize("lmax", [0, 1, 2, 17])
def test_one_channel_round_trip_is_exact(tmp_path, lmax):
    harmonics = random_harmonics(lmax)
    assert write_sh(harmonics, tmp_path / "cow.sh") == [tmp_path / "cow.sh"]
    again = read_sh(tmp_path / "cow.sh")
    np.testing.assert_array_equal(again.coefficients, harmonics.coefficients)
    assert again.channels == ("x",)


def test_several_channels_become_several_files_and_come_back_in_order(tmp_path):
    harmonics = random_harmonics(5, ("z", "x", "my own / field"))
    files = write_sh(harmonics, tmp_path / "cow.v2.sh")
    assert [file.name for file in files] == ["cow.v2_z.sh", "cow.v2_x.sh", "cow.v2_my-own---field.sh"]
    again = read_sh(tmp_path / "cow.v2.sh")
    assert again.channels == ("x", "z", "my own / field")
    np.testing.assert_array_equal(again.coefficients, harmonics.select(again.channels).coefficients)


@pytest.mark.parametrize("lmax", [1, 2, 17])
def test_pyshtools_reads_ours(tmp_path, lmax):
    pyshtools = pytest.importorskip("pyshtools")
    harmonics = random_harmonics(lmax)
    write_sh(harmonics, tmp_path / "cow.sh")
    coeffs = pyshtools.SHCoeffs.from_file(str(tmp_path / "cow.sh"))
    assert (coeffs.lmax, coeffs.normalization, coeffs.csphase) == (lmax, "4pi", 1)
    np.testing.assert_array_equal(from_cilm(coeffs.coeffs), harmonics.coefficients[0])


@pytest.mark.parametrize("header", [None, "a planet, 3.0, 17"])
def test_ours_reads_pyshtools(tmp_path, header):
    pyshtools = pytest.importorskip("pyshtools")
    harmonics = random_harmonics(17)
    coeffs = pyshtools.SHCoeffs.from_array(to_cilm(harmonics.coefficients[0]))
    coeffs.to_file(str(tmp_path / "planet.sh"), header=header)
    again = read_sh(tmp_path / "planet.sh")
    np.testing.assert_array_equal(again.coefficients, harmonics.coefficients)
    assert again.channels == ("planet",)


def test_spaces_missing_sines_and_missing_degrees_are_fine(tmp_path):
    (tmp_path / "a.sh").write_text("0.3396E+07 0.4284E+14 3\n\n# comment\n1 0 0.5\n  2, 1, 1e-3, -2\n")
    expected = np.zeros((2, 3, 3))
    expected[0, 1, 0], expected[0, 2, 1], expected[1, 2, 1] = 0.5, 1e-3, -2.0
    np.testing.assert_array_equal(to_cilm(read_sh(tmp_path / "a.sh").coefficients[0]), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no coefficients"),
        ("hello\nworld\n", "no coefficients"),
        ("one\ntwo\nthree\n0, 0, 1, 0\n", "Line 3"),
        ("0, 0, 1, 0\n1, 0, nan, 0\n", "Line 2"),
        ("0, 0, 1, 0\n1, 2, 1, 0\n", "Line 2"),
        ("0, 0, 1, 0\n1, -1, 1, 0\n", "Line 2"),
        ("0, 0, 1, 0\n1000000, 0, 1, 0\n", "Line 2"),
        ("0, 0, 1, 0\n1, 0\n", "Line 2"),
        ("# normalization: ortho\n0, 0, 1, 0\n", "ortho"),
        ("# csphase: -1\n0, 0, 1, 0\n", "csphase"),
    ],
)
def test_what_is_not_such_a_file_is_refused(tmp_path, text, message):
    (tmp_path / "a.sh").write_text(text)
    with pytest.raises(HarmonicsFileError, match=message):
        read_sh(tmp_path / "a.sh")


def test_binary_missing_and_unwritable_files_are_refused(tmp_path):
    (tmp_path / "a.sh").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(HarmonicsFileError, match="not a text file"):
        read_sh(tmp_path / "a.sh")
    with pytest.raises(HarmonicsFileError, match="no file"):
        read_sh(tmp_path / "b.sh")
    with pytest.raises(HarmonicsFileError):
        read_sh(tmp_path)
    with pytest.raises(OutputError):
        write_sh(random_harmonics(2), tmp_path / "missing" / "a.sh")


def test_channels_of_the_same_name_are_refused(tmp_path):
    write_sh(random_harmonics(2), tmp_path / "cow_a.sh")
    write_sh(random_harmonics(2), tmp_path / "cow_b.sh")
    with pytest.raises(HarmonicsFileError, match="same channel"):
        read_sh(tmp_path / "cow.sh")
