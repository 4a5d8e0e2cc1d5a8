# SPDX-License-Identifier: GPL-3.0-or-later
"""`*.harmonics.npz`: exact round trips, and every kind of file that must not be believed."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import subdivided_sphere
from spherical_cow import archive
from spherical_cow.errors import HarmonicsFileError, OutputError
from spherical_cow.harmonics.container import NORMALIZATION, Harmonics
from spherical_cow.shape import Certificate, Shape, Source
from spherical_cow.shapefile import load_shape, save_shape, shape_from_bytes, shape_to_bytes

SPHERE = subdivided_sphere(1)


def example(lmax: int = 4, channels: tuple[str, ...] = ("x", "y", "z")) -> Shape:
    rng = np.random.default_rng(0)
    coefficients = rng.standard_normal((len(channels), lmax + 1, lmax + 1)) * 10.0 ** rng.integers(-300, 300)
    return Shape(
        Harmonics(coefficients, channels),
        Source(18, 32, 12.5, 1 / 3, (1e6, -0.1, 5e-324), 0.1 + 0.2),
        Certificate("balanced", 0, 1.0, 12.3, 0.4, 1e-4, 2e-3, {"map": 0.25}),
        SPHERE.vertices,
        SPHERE.faces,
    )


def arrays_of(shape: Shape) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(shape_to_bytes(shape)), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def npz(arrays: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def with_member(key: str, content: bytes) -> bytes:
    """The example with the bytes of one member replaced."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(shape_to_bytes(example()))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, content if name == f"{key}.npy" else old.read(name))
    return buffer.getvalue()


def header(shape: tuple[int, ...], dtype: str) -> bytes:
    buffer = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


def assert_same(a: Shape, b: Shape) -> None:
    assert a.harmonics.coefficients.tobytes() == b.harmonics.coefficients.tobytes()
    assert a.harmonics.channels == b.harmonics.channels
    assert a.source == b.source and a.certificate == b.certificate
    for one, other in ((a.sphere, b.sphere), (a.faces, b.faces)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.dtype == other.dtype and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("lmax", [0, 1, 33])
@pytest.mark.parametrize("compact", [False, True])
def test_round_trip_is_exact_to_the_bit(tmp_path, lmax, compact):
    shape = example(lmax, ("x", "y", "z", "vertex_density", "Länge 長さ"))
    shape.save(tmp_path / "cow.harmonics.npz", compact=compact)
    again = load_shape(tmp_path / "cow.harmonics.npz")
    assert_same(again, shape.compact() if compact else shape)
    assert_same(shape_from_bytes(shape_to_bytes(again)), again)
    assert [file.name for file in tmp_path.iterdir()] == ["cow.harmonics.npz"]


def test_the_same_shape_gives_the_same_bytes():
    first = shape_to_bytes(example())
    time.sleep(0.01)
    assert shape_to_bytes(example()) == first


def test_numpy_alone_can_read_it():
    arrays = arrays_of(example())
    assert set(arrays) == {
        "coefficients", "channels", "lmax", "normalization", "format_version", "facts", "sphere", "faces"
    }  # fmt: skip
    assert arrays["coefficients"].shape == (3, 5, 5) and arrays["coefficients"].dtype == np.float64
    assert arrays["channels"].tolist() == ["x", "y", "z"]
    assert int(arrays["lmax"]) == 4 and str(arrays["normalization"]) == NORMALIZATION
    assert arrays["sphere"].shape == (18, 3) and arrays["faces"].shape == (32, 3)
    facts = json.loads(str(arrays["facts"]))
    assert facts["source"]["n_vertices"] == 18 and facts["certificate"]["flips"] == 0
    assert set(arrays_of(example().compact())) == set(arrays) - {"sphere", "faces"}


def test_files_of_other_writers_are_read():
    """Compressed by NumPy, of the other byte order, in Fortran order, with an unknown key."""
    arrays = arrays_of(example())
    arrays["coefficients"] = np.asfortranarray(arrays["coefficients"].astype(">f8"))
    arrays["faces"] = arrays["faces"].astype(np.uint16)
    arrays["note"] = np.array("hello")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    assert_same(shape_from_bytes(buffer.getvalue()), example())


REFUSED = {
    "no version": (lambda a: a.pop("format_version"), "'format_version' is missing"),
    "other version": (lambda a: a.update(format_version=np.int64(2)), "'format_version' is 2"),
    "no coefficients": (lambda a: a.pop("coefficients"), "'coefficients' is missing"),
    "no channels": (lambda a: a.pop("channels"), "'channels' is missing"),
    "no lmax": (lambda a: a.pop("lmax"), "'lmax' is missing"),
    "no facts": (lambda a: a.pop("facts"), "'facts' is missing"),
    "other normalization": (lambda a: a.update(normalization=np.array("ortho")), "'normalization' is 'ortho'"),
    "lmax of another shape": (lambda a: a.update(lmax=np.array([4])), "'lmax' has shape"),
    "lmax too small": (lambda a: a.update(lmax=np.int64(3)), "'coefficients' has shape"),
    "lmax below zero": (
        lambda a: a.update(lmax=np.int64(-1), coefficients=np.zeros((3, 0, 0))),
        "'coefficients' has shape",
    ),
    "flat coefficients": (lambda a: a.update(coefficients=np.zeros(75)), "'coefficients' has shape"),
    "whole coefficients": (lambda a: a.update(coefficients=np.zeros((3, 5, 5), int)), "'coefficients' holds"),
    "NaN": (lambda a: a["coefficients"].__setitem__((1, 2, 3), np.nan), "'coefficients' holds values"),
    "infinity": (lambda a: a["coefficients"].__setitem__((1, 2, 3), np.inf), "'coefficients' holds values"),
    "too few channels": (lambda a: a.update(channels=np.array(["x", "y"])), "'channels' has shape"),
    "repeated channels": (lambda a: a.update(channels=np.array(["x", "y", "x"])), "'channels' does not fit"),
    "facts no JSON": (lambda a: a.update(facts=np.array("{")), "'facts' is damaged"),
    "facts no object": (lambda a: a.update(facts=np.array("[1]")), "'facts' is damaged"),
    "facts nested": (lambda a: a.update(facts=np.array("[" * 100_000)), "'facts' is damaged"),
    "facts of text": (
        lambda a: a.update(facts=np.array(str(a["facts"]).replace('"area": 12.5', '"area": "a"'))),
        "'facts' is damaged",
    ),
    "sphere alone": (lambda a: a.pop("faces"), "'faces' is missing"),
    "faces alone": (lambda a: a.pop("sphere"), "'sphere' is missing"),
    "sphere not unit": (lambda a: a["sphere"].__imul__(2.0), "'sphere' does not hold unit"),
    "sphere NaN": (lambda a: a["sphere"].__setitem__((0, 0), np.nan), "'sphere' does not hold unit"),
    "sphere flat": (lambda a: a.update(sphere=np.ones((18, 2))), "'sphere' does not hold unit"),
    "faces out of range": (lambda a: a["faces"].__setitem__((0, 0), 18), "'faces' names"),
    "faces negative": (lambda a: a["faces"].__setitem__((0, 0), -1), "'faces' names"),
    "faces quads": (lambda a: a.update(faces=np.zeros((8, 4), int)), "'faces' has shape"),
    "faces of floats": (lambda a: a.update(faces=np.zeros((8, 3))), "'faces' holds"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_by_its_key(name):
    change, message = REFUSED[name]
    arrays = arrays_of(example())
    change(arrays)
    with pytest.raises(HarmonicsFileError, match=message):
        shape_from_bytes(npz(arrays))


class _Trap:
    def __reduce__(self):
        return Path.touch, (Path("pickle_was_loaded"),)


def test_pickles_are_never_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for key in ("coefficients", "channels", "facts"):
        arrays = arrays_of(example())
        arrays[key] = np.array([_Trap()], dtype=object)
        with pytest.raises(HarmonicsFileError, match=f"'{key}' holds object"):
            shape_from_bytes(npz(arrays))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("coefficients", header((3, 10**12, 10**12), "<f8")),
        ("coefficients", header((10**30,), "<f8")),
        ("coefficients", header((-3, 5, -5), "<f8") + bytes(600)),
        ("coefficients", header((3, 5, 5), "<f8") + bytes(599)),
        ("coefficients", header((3, 5, 5), "<f8") + bytes(601)),
        ("coefficients", header((3, 5, 5), "<c16") + bytes(1200)),
        ("coefficients", b""),
        ("coefficients", b"\x93NUMPY\x09\x00" + bytes(100)),
        ("coefficients", b"\x93NUMPY\x01\x00\x10\x00__import__('os')"),
        ("sphere", header((10**12, 10**12), "<f8")),
        ("faces", header((2**62, 3), "<i8")),
        ("lmax", header((), "<i8")),
        ("facts", header((), "<U2147483647")),
    ],
)
def test_headers_that_lie_are_refused_before_anything_is_allocated(key, content):
    with pytest.raises(HarmonicsFileError, match=f"'{key}'"):
        shape_from_bytes(with_member(key, content))


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch):
    """64 MB of zeros in 64 kB, where 32 MB are allowed; and not a byte of them is unpacked."""
    monkeypatch.setattr(archive, "LARGEST_CONTENT", 32 * 1024**2)
    data = with_member("coefficients", header((8, 1000, 1000), "<f8") + bytes(64 * 10**6))
    assert len(data) < 100_000
    tracemalloc.start()
    with pytest.raises(HarmonicsFileError, match=r"'coefficients'.* claims 6.4e\+07 bytes"):
        shape_from_bytes(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_a_file_that_is_cut_short_is_refused(where):
    data = shape_to_bytes(example())
    with pytest.raises(HarmonicsFileError):
        shape_from_bytes(data[: where % len(data)])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_file_is_refused_or_still_the_same(changes):
    data = bytearray(shape_to_bytes(example()))
    for where, value in changes:
        data[where % len(data)] = value
    try:
        shape = shape_from_bytes(bytes(data))
    except HarmonicsFileError:
        return
    # a byte that nothing depends on (a date, a flag, a name in the optional keys), never other numbers
    assert_same(replace(shape, sphere=None, faces=None), example().compact())


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18), b"\x93NUMPY"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(HarmonicsFileError):
        load_shape(tmp_path / "a.npz")


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(HarmonicsFileError, match="no file"):
        load_shape(tmp_path / "a.npz")
    with pytest.raises(HarmonicsFileError, match="folder"):
        load_shape(tmp_path)
    with pytest.raises(OutputError):
        save_shape(example(), tmp_path / "missing" / "a.npz")


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "cow.harmonics.npz"
    save_shape(example(2), path)
    before = path.read_bytes()

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="full"):
        save_shape(example(3), path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
