# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of other programs: values by their own formulas, self-tests that refuse, and files that are something else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import sph_harm_y
from spherical_cow.errors import HarmonicsFileError, InvalidParameter, SphericalCowError
from spherical_cow.geometry.measure import area, area_centroid
from spherical_cow.harmonics.container import Harmonics
from spherical_cow.harmonics.shtools import write_sh
from spherical_cow.harmonics.transforms import analyse_grid, gauss_legendre_grid, synthesize
from spherical_cow.interchange import FORMATS, Content, WriteOptions, open_content, open_contents, open_shape, save_as
from spherical_cow.interchange.aicsshparam import from_radius
from spherical_cow.interchange.spharm_pdm import CORNERS
from spherical_cow.interchange.surface import shape_of
from spherical_cow.shape import Shape

LMAX = 9
POINTS = np.random.default_rng(1).standard_normal((12, 3))
POINTS /= np.linalg.norm(POINTS, axis=1, keepdims=True)
THETA, PHI = np.arccos(POINTS[:, 2]), np.arctan2(POINTS[:, 1], POINTS[:, 0])


def bumpy_radius(lmax: int = LMAX) -> np.ndarray:
    index = np.arange(lmax + 1)
    degree = np.maximum(index[:, None], index)
    radius = np.random.default_rng(0).standard_normal((lmax + 1, lmax + 1)) * 6.0 / (1.0 + degree) ** 2.5
    radius[0, 0] = 40.0
    return radius


@pytest.fixture(scope="module")
def shape() -> Shape:
    """A star-shaped body without symmetry, 80 across, away from the origin, with a colour."""
    harmonics = from_radius(bumpy_radius(), np.array([3.0, -4.0, 5.0]))
    red = bumpy_radius(harmonics.lmax) / 80.0
    return shape_of(Harmonics(np.concatenate([harmonics.coefficients, red[None]]), (*harmonics.channels, "r")))


def positions(shape: Shape) -> np.ndarray:
    return synthesize(shape.harmonics.select("xyz"), POINTS)


def legendre(degree: int, order: int) -> np.ndarray:
    """√((2l+1)/4π (l-m)!/(l+m)!) P_lm with the Condon–Shortley phase."""
    return np.real(sph_harm_y(degree, order, THETA, 0.0))


def test_names_and_endings_are_unique_enough() -> None:
    assert len({entry.name for entry in FORMATS}) == len(FORMATS)
    assert all(ending == ending.lower() and ending[0] == "." for entry in FORMATS for ending in entry.endings)


@pytest.mark.parametrize(
    ("name", "format_name", "error"),
    [("a.harmonics.npz", None, 0.0), ("a.sh", None, 1e-15), ("a.coef", None, 1e-6), ("a.psh", None, 2e-4)],
)
def test_positions_come_back(shape: Shape, tmp_path: Path, name: str, format_name: str | None, error: float) -> None:
    written = save_as(shape, tmp_path / name, format_name)
    again = open_shape(written.files[0], format_name)
    assert np.abs(positions(again) - positions(shape)).max() <= error * 80.0 + 1e-12


def test_any_file_of_a_set_opens_it(shape: Shape, tmp_path: Path) -> None:
    names = ("x", "y", "z", "vertex_density")
    lmax = shape.lmax
    harmonics = Harmonics(np.ones((len(names), lmax + 1, lmax + 1)), names)
    for file in write_sh(harmonics, tmp_path / "my_cow.sh"):
        assert open_content(file).harmonics.channels == names


def test_coef_has_the_values_of_its_own_formula(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.coef")
    text = (tmp_path / "a.coef").read_text()
    count, rest = text[2:].split(",", 1)
    rows = np.array([row.split(",") for row in rest.strip("{}").replace("\n", "").split("},{")], dtype=float)
    assert int(count) == len(rows) == (shape.lmax + 1) ** 2
    total = np.zeros((len(POINTS), 3))
    for degree in range(shape.lmax + 1):
        total += legendre(degree, 0)[:, None] * rows[degree**2]
        for m in range(1, degree + 1):
            plm = legendre(degree, m)[:, None]
            total += plm * np.cos(m * PHI)[:, None] * rows[degree**2 + 2 * m - 1]
            total += plm * np.sin(m * PHI)[:, None] * rows[degree**2 + 2 * m]
    np.testing.assert_allclose(total, positions(shape), atol=2e-4)


def test_the_mesh_beside_a_coef_tests_it(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.coef")
    corners = synthesize(shape.harmonics.select("xyz"), -CORNERS)

    def write(points: np.ndarray) -> None:
        rows = "\n".join(" ".join(map(repr, row)) for row in points.tolist())
        (tmp_path / "a.vtk").write_text(
            f"# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS 12 float\n{rows}\n"
        )

    write(corners)
    assert "Agrees" in open_content(tmp_path / "a.coef").notes[0]
    write(corners * [-1.0, -1.0, 1.0])
    assert "RAS" in open_content(tmp_path / "a.coef").notes[0]
    write(corners + np.array([0.0, 0.0, 0.5]))
    with pytest.raises(HarmonicsFileError, match=r"a\.vtk"):
        open_content(tmp_path / "a.coef")
    (tmp_path / "a.vtk").write_bytes(
        b"# vtk DataFile Version 3.0\nx\nBINARY\nDATASET POLYDATA\nPOINTS 12 float\n" + corners.astype(">f4").tobytes()
    )
    assert "Agrees" in open_content(tmp_path / "a.coef").notes[0]
    # with a factor √2 for m > 0, as most conventions have it, this file would be another surface
    values = np.array([[float(w) for w in row.strip("{},\n").split(",")] for row in
                       (tmp_path / "a.coef").read_text().split(",", 1)[1].split("},")])  # fmt: skip
    orders = np.array([(k + 1) // 2 for degree in range(shape.lmax + 1) for k in range(2 * degree + 1)])
    values[orders > 0] *= np.sqrt(2.0)
    body = ",\n".join("{" + ", ".join(f"{v:f}" for v in row) + "}" for row in values)
    (tmp_path / "a.coef").write_text(f"{{ {len(values)},{body}}}")
    with pytest.raises(HarmonicsFileError, match="convention"):
        open_content(tmp_path / "a.coef")


def test_coef_refuses_what_it_cannot_hold(shape: Shape, tmp_path: Path) -> None:
    with pytest.raises(HarmonicsFileError, match="Scale"):
        save_as(Content("a", Harmonics(shape.harmonics.coefficients[:3] * 1e-5, ("x", "y", "z"))), tmp_path / "a.coef")
    padded = np.zeros((3, 87, 87))
    padded[:, : shape.lmax + 1, : shape.lmax + 1] = shape.harmonics.coefficients[:3]
    with pytest.raises(HarmonicsFileError, match="85"):
        save_as(Content("a", Harmonics(padded, ("x", "y", "z"))), tmp_path / "a.coef")
    assert list(tmp_path.iterdir()) == []


def test_aicsshparam_has_the_distances_of_its_own_formula(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.csv")
    row = next(csv.DictReader((tmp_path / "a.csv").open()))
    lmax = shape.lmax
    assert row[f"shcoeffs_L2M{lmax}C"] == "0.0" and row["shcoeffs_L3M0S"] == "0.0"
    radius, longitude = np.zeros(len(POINTS)), np.pi + PHI
    for degree in range(lmax + 1):
        for m in range(degree + 1):
            plain = (-1.0) ** m * legendre(degree, m) * np.sqrt(4.0 * np.pi * (2.0 if m else 1.0))
            radius += plain * np.cos(m * longitude) * float(row[f"shcoeffs_L{degree}M{m}C"])
            radius += plain * np.sin(m * longitude) * float(row[f"shcoeffs_L{degree}M{m}S"])
    centre = np.array([float(row[f"transform_{axis}c"]) for axis in "xyz"])
    points = centre + radius[:, None] * POINTS
    # on the smooth surface: the ray of a parameter point must give back that point
    away = points - [3.0, -4.0, 5.0]
    length = np.linalg.norm(away, axis=1)
    np.testing.assert_allclose(synthesize(bumpy_radius()[None], away / length[:, None])[:, 0], length, rtol=2e-3)
    again = open_shape(tmp_path / "a.csv")
    assert again.lmax == lmax + 1
    np.testing.assert_allclose(synthesize(again.harmonics, POINTS) - centre, radius[:, None] * POINTS, atol=1e-8)


def test_a_radius_around_its_centroid_comes_back_exactly(tmp_path: Path) -> None:
    radius = bumpy_radius(4)
    radius[np.ix_([0, 1], [0, 1])] = [[40.0, 0.0], [0.0, 0.0]]
    radius[3:, :], radius[:, 3:] = 0.0, 0.0  # even degrees only: symmetric about the origin
    save_as(Content("a", from_radius(radius, np.zeros(3))), tmp_path / "a.csv")
    found = open_contents(tmp_path / "a.csv")[0].harmonics
    expected = from_radius(np.pad(radius, (0, 1)), np.zeros(3))
    np.testing.assert_allclose(found.truncate(5).coefficients, expected.truncate(5).coefficients, atol=1e-6)


def test_tables_of_several_rows_and_sets(tmp_path: Path) -> None:
    cells = [f"shcoeffs_L{degree}M{m}{part}" for degree in range(2) for m in range(2) for part in "CS"]
    names = [f"NUC_{cell}_lcc" for cell in cells] + cells
    rows = [["5.0" if "L0M0C" in name else "0" for name in names] for _ in range(2)]
    (tmp_path / "t.csv").write_text("\n".join([",".join(["CellId", *names]), *(",".join(["7", *row]) for row in rows)]))
    contents = open_contents(tmp_path / "t.csv")
    assert [content.name for content in contents] == ["t 0 NUC lcc", "t 0", "t 1 NUC lcc", "t 1"]
    np.testing.assert_allclose(
        synthesize(open_shape(tmp_path / "t.csv", row=2).harmonics, POINTS), 5.0 * POINTS, atol=1e-9
    )
    with pytest.raises(InvalidParameter, match="--row"):
        open_shape(tmp_path / "t.csv")
    with pytest.raises(InvalidParameter, match="rows 0 to 3"):
        open_shape(tmp_path / "t.csv", row=4)


@pytest.mark.parametrize("ending", ["npy", "txt"])
def test_flowshape_weights_have_the_values_of_its_own_formula(shape: Shape, tmp_path: Path, ending: str) -> None:
    written = save_as(shape, tmp_path / f"a.{ending}")
    assert "size and position" in written.notes[0]
    table = np.load(written.files[0], allow_pickle=False) if ending == "npy" else np.loadtxt(written.files[0])
    assert table.shape == ((shape.lmax + 1) ** 2, 3)
    total, index = np.zeros((len(POINTS), 3)), 0
    for degree in range(shape.lmax + 1):
        for m in range(-degree, degree + 1):
            y = sph_harm_y(degree, abs(m), THETA, PHI)
            part = (y.real if m >= 0 else y.imag) * (np.sqrt(2.0) if m else 1.0)
            total += part[:, None] * table[index]
            index += 1
    mesh = shape_of(shape.harmonics)
    scale = np.sqrt(mesh.source.area / (4.0 * np.pi))
    np.testing.assert_allclose(total, (positions(shape) - mesh.source.centre) / scale, atol=2e-3)
    again = open_shape(written.files[0])
    assert again.source.area == pytest.approx(4.0 * np.pi, rel=2e-3)
    np.testing.assert_allclose(positions(again), total, atol=1e-9)


@pytest.mark.parametrize("how", ["4pi", "transposed", "mirrored", "shuffled", "moved"])
def test_flowshape_weights_of_another_convention_are_refused(shape: Shape, tmp_path: Path, how: str) -> None:
    save_as(shape, tmp_path / "a.npy")
    table = np.load(tmp_path / "a.npy", allow_pickle=False)
    if how == "4pi":
        table /= np.sqrt(4.0 * np.pi)
    elif how == "transposed":
        table = table[::-1].copy()
    elif how == "mirrored":
        table[:, 0] *= -1.0
    elif how == "shuffled":
        table[1:] = np.random.default_rng(0).permutation(table[1:])
    else:
        table[0, 0] += 1.0
    np.save(tmp_path / "b.npy", table)
    with pytest.raises(HarmonicsFileError):
        open_shape(tmp_path / "b.npy")


def seed_features(lmax: int = 8) -> np.ndarray:
    """What mesh2sh stores of a unit-area sphere whose map is a Möbius one: (3, L+1, L+1) in our convention, by hand."""
    colatitudes, count = gauss_legendre_grid(48)
    z = np.cos(colatitudes)[:, None] * np.ones(count)
    stretch = 1.4
    factor = 4.0 * stretch**2 / ((1.0 + z) + stretch**2 * (1.0 - z)) ** 2  # area there over area here
    log_area = -np.log(factor)
    maps = np.stack([np.ones_like(z) / (4.0 * np.pi), np.full_like(z, 4.0 * np.sqrt(np.pi)), log_area])
    return analyse_grid(maps, lmax)


def as_mesh2sh(ours: np.ndarray) -> np.ndarray:
    """Evaluated as mesh2sh does, at latitude θ - 90° and longitude φ + 180°, by harmonics with the phase."""
    index = np.arange(ours.shape[1])
    degree, order = np.maximum(index[:, None], index), index - index[:, None]
    return ours * (-1.0) ** (degree + order)


def test_square_images_become_a_surface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spherical_cow.interchange.curvature.VERTICES", 400)
    ours = seed_features()
    np.savez(tmp_path / "a.npz", sh_coefficients=as_mesh2sh(ours))
    content = open_content(tmp_path / "a.npz")
    assert set(content.harmonics.channels) == {
        "vertex_density",
        "unit_curvature",
        "log_area_distortion",
        "curvature_density",
    }
    density = synthesize(content.harmonics.select(["vertex_density"]), POINTS)
    np.testing.assert_allclose(density, 1.0, atol=1e-9)
    # its own evaluation of the tensor at the same points
    tensor, found = np.load(tmp_path / "a.npz", allow_pickle=False)["sh_coefficients"], np.zeros(len(POINTS))
    for i, j in np.ndindex(tensor.shape[1:]):
        degree, m = max(i, j), j - i
        latitude, longitude = THETA - np.pi / 2.0, PHI + np.pi
        y = sph_harm_y(degree, abs(m), np.pi / 2.0 - latitude, longitude)
        found += tensor[2, i, j] * (y.real if m >= 0 else y.imag) * np.sqrt(4.0 * np.pi * (2.0 if m else 1.0))
    np.testing.assert_allclose(
        synthesize(content.harmonics.select(["log_area_distortion"]), POINTS)[:, 0], -found, atol=1e-9
    )
    surface = content.to_shape()
    assert surface.source.area == pytest.approx(1.0, rel=0.02)
    away = synthesize(surface.harmonics.select("xyz"), POINTS) - surface.source.centre
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.5 / np.sqrt(np.pi), rtol=0.03)
    save_as(content, tmp_path / "b.npy", "mesh2sh")
    np.testing.assert_allclose(np.load(tmp_path / "b.npy", allow_pickle=False), tensor, atol=1e-6)


def test_square_images_of_another_convention_are_refused(shape: Shape, tmp_path: Path) -> None:
    ours = seed_features()
    for wrong in (as_mesh2sh(ours) * np.sqrt(4.0 * np.pi), as_mesh2sh(ours)[[1, 0, 2]]):
        np.save(tmp_path / "a.npy", wrong)
        with pytest.raises(HarmonicsFileError):
            open_content(tmp_path / "a.npy")
    with pytest.raises(HarmonicsFileError, match="conformal"):
        save_as(shape, tmp_path / "b.npy", "mesh2sh")


def test_a_prefix_of_a_progressive_file_opens(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.psh", options=WriteOptions(bits=16))
    data = (tmp_path / "a.psh").read_bytes()
    (tmp_path / "b.psh").write_bytes(data[: int(0.7 * len(data))])
    content = open_content(tmp_path / "b.psh")
    assert 1 < content.harmonics.lmax < shape.lmax and "cut short" in content.notes[0]
    assert content.to_shape().source.n_vertices == shape.source.n_vertices


def test_check_points_in_our_text_are_compared(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.txt")
    lines = (tmp_path / "a.txt").read_text().splitlines()
    row = next(number for number, line in enumerate(lines) if not line.startswith("#")) + 5
    lines[row] = " ".join(str(float(word) + 1e-3) for word in lines[row].split())
    (tmp_path / "a.txt").write_text("\n".join(lines))
    with pytest.raises(HarmonicsFileError, match="check points"):
        open_shape(tmp_path / "a.txt")


HOSTILE = [b"", b"\0\xff\xfe", b"nan", b"{ 4,{1,2,3},", b"{ 999999999,{1,2,3}}", b"{ 2,{1,2,3},{1,2,3}}",
           b"{ 1,{1e999,2,3}}", b"shcoeffs_L0M0C\n", b"shcoeffs_L0M0C,shcoeffs_L0M0S\n-5,0\n",
           b"shcoeffs_L9999M0C,shcoeffs_L0M0S\n5,0\n",
           b"shcoeffs_L0M0C,shcoeffs_L0M0S\nnan,0\n", b"1 2\n3", b"1\n2\n3\n", b"\x93NUMPY\x01\x00", b"PK\x03\x04",
           b"\x93PSH\r\n\x1a\n\xff\xff\xff\xff\xff\xff"]  # fmt: skip


@pytest.mark.parametrize("ending", [".npz", ".psh", ".sh", ".coef", ".csv", ".txt", ".npy"])
def test_hostile_files_are_refused(tmp_path: Path, ending: str) -> None:
    for number, data in enumerate(HOSTILE):
        path = tmp_path / f"a{number}{ending}"
        path.write_bytes(data)
        with pytest.raises(HarmonicsFileError):
            open_shape(path)
    with pytest.raises(HarmonicsFileError):
        open_shape(tmp_path / f"missing{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(HarmonicsFileError):
        open_shape(tmp_path / f"folder{ending}")


@pytest.mark.parametrize("array", [np.array([None]), np.full((9, 3), np.nan), np.zeros((9, 3), complex),
                                   np.zeros((8, 3)), np.zeros((3, 4, 5)), np.zeros((5, 4, 4)), np.zeros(()),
                                   np.zeros((9, 3), "U3")],
                         ids=str)  # fmt: skip
def test_arrays_of_another_kind_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(HarmonicsFileError):
        open_shape(tmp_path / "a.npy")


def test_every_truncation_is_an_error_or_says_so(shape: Shape, tmp_path: Path) -> None:
    for name in ("a.coef", "a.txt", "a.csv", "a.psh"):
        save_as(shape, tmp_path / name)
        data = (tmp_path / name).read_bytes()
        for share in (0.1, 0.9):
            (tmp_path / f"cut{name}").write_bytes(data[: int(share * len(data))])
            try:
                assert "cut short" in open_content(tmp_path / f"cut{name}").notes[0]
            except SphericalCowError as error:
                assert isinstance(error, HarmonicsFileError)


def test_unknown_names_are_refused(shape: Shape, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="spharm-pdm"):
        save_as(shape, tmp_path / "a.sh", "shtool")
    with pytest.raises(InvalidParameter, match="ending"):
        save_as(shape, tmp_path / "a.xyz")
    with pytest.raises(HarmonicsFileError, match="ending"):
        open_shape(tmp_path / "a.xyz")


def test_the_normalised_surface_of_flowshape_is_where_it_should_be(shape: Shape, tmp_path: Path) -> None:
    save_as(shape, tmp_path / "a.npy")
    from spherical_cow.interchange.checks import surface

    mesh = surface(open_content(tmp_path / "a.npy").harmonics)
    assert area(mesh) == pytest.approx(4.0 * np.pi, rel=5e-3)
    assert np.linalg.norm(area_centroid(mesh)) < 1e-3


def test_the_command_line_converts_and_says_what_is_lost(
    shape: Shape, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    from spherical_cow.cli.main import main

    def run(*words: object) -> tuple[int, dict[str, object]]:
        status = main(["convert", *map(str, words), "--json"])
        return status, json.loads(capsys.readouterr().out)

    save_as(shape, tmp_path / "a.npz")
    status, data = run(tmp_path / "a.npz", tmp_path / "a.psh", "--bits", 8, "--lmax", 5)
    assert (status, data["lmax"], data["bytes"]) == (0, 5, (tmp_path / "a.psh").stat().st_size)
    status, data = run(tmp_path / "a.psh", tmp_path / "b.dat", "--to", "spharm-pdm")
    assert status == 0 and "no place for r" in str(data["notes"])
    status, data = run(tmp_path / "b.dat", tmp_path / "c.sh", "--from", "spharm-pdm")
    assert status == 0 and len(data["files"]) == 3  # type: ignore[arg-type]
    assert run(tmp_path / "b.dat", tmp_path / "d.sh")[1]["error"] == "HarmonicsFileError"
    assert run(tmp_path / "a.npz", tmp_path / "d.dat")[1]["error"] == "InvalidParameter"
    assert main(["decode", str(tmp_path / "c.sh"), str(tmp_path / "c.ply"), "--icosphere", "4"]) == 0
    capsys.readouterr()
    status, data = run(tmp_path / "c.ply", tmp_path / "c.obj")
    assert (status, data["V"]) == (0, 162)
