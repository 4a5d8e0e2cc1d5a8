# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks are given: pictures of any kind, points, voxels, files; against the published code and formulas."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import REFERENCE, cube, reference, uv_sphere
from PIL import Image
from spherical_cow.datasets.binvox import Voxels, write_binvox
from spherical_cow.errors import (
    DatasetError,
    ImageError,
    InvalidMesh,
    InvalidParameter,
    MeshFileError,
    SphericalCowError,
)
from spherical_cow.mesh import Mesh
from spherical_cow.networks.inputs import (
    Framing,
    blocks,
    network_points,
    network_view,
    network_voxels,
    read_input,
    solid_voxels,
    unit_cube,
)

SHAPES = REFERENCE / "onet_tools" / "ShapeNet" / "02958343"


def scene(width: int = 120, height: int = 90, radius: float = 20.0) -> np.ndarray:
    """(H, W, 3) bytes: a disc of two colours on white, off the middle."""
    y, x = np.mgrid[:height, :width]
    inside = (x - 0.3 * width) ** 2 + (y - 0.6 * height) ** 2 < radius**2
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[inside] = (200, 30, 60)
    pixels[inside & (x < 0.3 * width)] = (20, 90, 160)
    return pixels


def test_the_pixels_of_the_published_chain() -> None:
    expected = reference("onet_tools")[0]["ds_inputs"].transpose(1, 2, 0)
    view = network_view(SHAPES / "shape_b" / "img_choy2016" / "000.jpg")
    assert np.array_equal(view.pixels, expected) and not view.remarks


@pytest.mark.parametrize("framing", [Framing(), Framing(crop=True, fill=0.9, whiten=True)])
def test_networks_of_any_size_see_the_same_part(framing: Framing) -> None:
    small, large = (network_view(scene(), framing, size).pixels for size in (64, 256))
    assert small.shape == (64, 64, 3) and large.shape == (256, 256, 3)
    blocks_of_four = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(blocks_of_four - small).mean() < 0.02
    fine = network_view(np.kron(scene(), np.ones((9, 9, 1), np.uint8)), framing, None).pixels
    edge = 1024 if not framing.crop else round(9 * 40 / 0.9)
    assert abs(len(fine) - edge) <= 10 and fine.shape[0] == fine.shape[1]
    assert np.array_equal(network_view(large, size=256).pixels, large), "as that network sees it already"


def test_an_array_as_the_network_sees_it_is_left_alone() -> None:
    pixels = np.random.default_rng(0).random((224, 224, 3))
    assert np.array_equal(network_view(pixels).pixels, pixels)
    eight = reference("onet_img")[0]["inputs_u8"]
    assert np.array_equal(network_view(eight).pixels.astype(np.float32), eight.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"])
def test_every_mode_shows_the_same_picture(mode: str, tmp_path: Path) -> None:
    colour = Image.fromarray(scene())
    if mode in ("PA", "I;16", "I", "F"):
        grey = np.asarray(colour.convert("L"))
        images = {
            "PA": colour.convert("P").convert("PA"),
            "I;16": Image.fromarray(grey.astype(np.uint16) * 257),
            "I": Image.fromarray(grey.astype(np.int32)),
            "F": Image.fromarray(grey.astype(np.float32) / 255.0),
        }
        image = images[mode]
    else:
        image = colour.convert(mode)
    ending = "tif" if mode in ("CMYK", "F", "I", "YCbCr") else "png"
    path = tmp_path / f"a.{ending}"
    if mode in ("HSV", "PA"):
        colour.save(path)
    else:
        image.save(path)
    colourful = mode not in ("1", "L", "LA", "I;16", "I", "F")
    like = image.convert("RGB") if mode in ("1", "P") else colour if colourful else colour.convert("L").convert("RGB")
    expected = np.asarray(like.resize((224, 224), Image.Resampling.BILINEAR)) / 255.0
    tolerance = 0.1 if mode in ("CMYK", "YCbCr") else 0.01
    assert np.abs(network_view(path).pixels - expected).max() < tolerance


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    for ground in ((0, 0, 0, 0), (255, 0, 0, 0)):
        rgba = np.full((60, 60, 4), ground, np.uint8)
        rgba[20:40, 20:40] = (0, 255, 0, 255)
        rgba[20:40, 40:44] = (0, 0, 0, 128)
        Image.fromarray(rgba).save(tmp_path / "a.png")
        view = network_view(tmp_path / "a.png")
        assert np.allclose(view.pixels[0], 1.0) and np.allclose(view.pixels[112, 112], (0, 1, 0))
        assert np.allclose(view.pixels[112, 157], 127 / 255, atol=0.02)
        assert not view.remarks
    palette = Image.fromarray(scene()).convert("P")
    palette.info["transparency"] = int(np.asarray(palette)[0, 0])
    palette.save(tmp_path / "b.png")
    assert np.allclose(network_view(tmp_path / "b.png").pixels[0], 1.0)


def test_pictures_are_turned_as_their_exif_says(tmp_path: Path) -> None:
    upright = Image.fromarray(scene(80, 80))
    plain = network_view(np.asarray(upright)).pixels
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    for orientation, turn in back.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        upright.transpose(turn).save(tmp_path / "a.png", exif=exif)
        assert np.array_equal(network_view(tmp_path / "a.png").pixels, plain)


def test_cropping_puts_the_object_into_the_middle(tmp_path: Path) -> None:
    for width, height, radius in ((300, 200, 30.0), (64, 64, 8.0), (640, 100, 38.0)):
        view = network_view(scene(width, height, radius), Framing(crop=True, fill=0.5))
        rows, columns = np.nonzero((view.pixels < 0.9).any(axis=2))
        assert abs(rows.min() + rows.max() - 223) <= 4 and abs(columns.min() + columns.max() - 223) <= 4
        assert abs(np.ptp(rows) - 112) <= 5 and abs(np.ptp(columns) - 112) <= 5, "with its proportions"
        assert not view.remarks


def test_remarks_say_why_a_picture_will_not_be_understood() -> None:
    good = network_view(scene(90, 90, 24.0), Framing(crop=True))
    assert not good.remarks
    grey = scene()
    grey[(grey == 255).all(axis=2)] = (120, 130, 140)
    assert any("not white" in remark for remark in network_view(grey).remarks)
    whitened = network_view(grey, Framing(crop=True, whiten=True))
    assert not whitened.remarks and np.allclose(whitened.pixels[:20], 1.0)
    assert np.abs(whitened.pixels - network_view(scene(), Framing(crop=True)).pixels).max() < 0.5
    assert any("squeezed" in remark for remark in network_view(scene(200, 90)).remarks)
    assert any("only" in remark for remark in network_view(scene(200, 200, 8.0)).remarks)
    assert any("middle" in remark for remark in network_view(scene(100, 100, 28.0)).remarks)
    assert any("stands out" in remark for remark in network_view(np.full((50, 50), 255, np.uint8)).remarks)
    cut = scene(90, 90, 24.0)[:, 10:40]
    assert any("edge of the picture" in remark for remark in network_view(cut, Framing(crop=True)).remarks)


ARRAYS = st.tuples(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([0, 1, 2, 3, 4]),
    st.sampled_from(["u1", "u2", "i4", "f2", "f4", "f8", "?"]),
    st.integers(0, 2**31),
)


@given(ARRAYS, st.booleans(), st.booleans(), st.floats(0.1, 1.0))
@settings(max_examples=60, deadline=None)
def test_any_array_becomes_what_the_network_sees(
    recipe: tuple[int, int, int, str, int], crop: bool, whiten: bool, fill: float
) -> None:
    height, width, depth, kind, seed = recipe
    random = np.random.default_rng(seed)
    shape = (height, width, depth) if depth else (height, width)
    top = {"u1": 256, "u2": 65536, "i4": 256, "?": 2}.get(kind)
    image = (random.random(shape) if top is None else random.integers(0, top, shape)).astype(kind)
    before = image.copy()
    view = network_view(image, Framing(crop, fill, whiten))
    assert view.pixels.shape == (224, 224, 3) and view.pixels.dtype == np.float64
    assert view.pixels.min() >= 0.0 and view.pixels.max() <= 1.0
    assert np.array_equal(image, before)


def test_numbers_of_all_types_mean_the_same() -> None:
    eight = scene()
    seen = network_view(eight).pixels
    for other in (
        eight.astype(np.uint16) * 257,
        eight.astype(np.int64),
        eight / 255.0,
        (eight / 255.0).astype(np.float16),
        eight.astype(np.float32),
        eight.transpose(2, 0, 1),
        np.dstack([eight, np.full(eight.shape[:2], 255, np.uint8)]),
    ):
        assert np.abs(network_view(other).pixels - seen).max() < 0.01


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((0, 5, 3), np.uint8), "empty"),
        (np.zeros((5, 5, 7), np.uint8), "no image"),
        (np.zeros(9), "no image"),
        (np.zeros((4, 4), complex), "no image"),
        (np.array([["a"]]), "no image"),
        (np.full((4, 4), np.nan), "not numbers"),
        (np.full((224, 224, 3), np.nan), "not numbers"),
        (np.full((4, 4, 3), np.inf), "not numbers"),
        (np.full((4, 4), -5), "from -5"),
        (np.full((4, 4), 70_000), "from 70000"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), "too large"),
    ],
)
def test_arrays_that_are_no_images(image: np.ndarray, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        network_view(image)


def test_files_that_are_no_images(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.fromarray(scene()).save(content, "PNG")
    files = {"empty": b"", "text": b"hello", "cut": content.getvalue()[:200], "noise": bytes(range(256)) * 9}
    for name, data in files.items():
        (tmp_path / f"{name}.png").write_bytes(data)
        with pytest.raises(ImageError, match=name):
            network_view(tmp_path / f"{name}.png")
    with pytest.raises(ImageError, match="does not exist"):
        network_view(tmp_path / "none.png")
    with pytest.raises(ImageError, match="folder"):
        network_view(tmp_path)


def test_parts_of_a_large_picture_are_read_alike(tmp_path: Path) -> None:
    """Its upper part has no number above 255, which alone would be bytes."""
    values = np.full((5000, 4000), 200, np.int32)
    values[2500:] = 60000
    Image.fromarray(values).save(tmp_path / "a.tif")
    seen = network_view(tmp_path / "a.tif").pixels
    assert seen[10].max() < 0.01 and seen[-10].min() > 0.9


def test_large_pictures_take_little_memory(tmp_path: Path) -> None:
    """A file of 36 million pixels, which would take 864 MB as floats."""
    import tracemalloc

    big = Image.fromarray(scene(600, 600, 180.0)).resize((6000, 6000), Image.Resampling.NEAREST)
    big.save(tmp_path / "a.png", compress_level=1)
    del big
    tracemalloc.start()
    view = network_view(tmp_path / "a.png", Framing(crop=True))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400e6
    small = network_view(scene(600, 600, 180.0), Framing(crop=True))
    assert np.abs(view.pixels - small.pixels).mean() < 0.01
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    (tmp_path / "b.png").write_bytes(head + b"\x00" * 60)
    with pytest.raises(ImageError):
        network_view(tmp_path / "b.png")


def test_framings_that_make_no_sense() -> None:
    for fill in (0.0, 1.5, float("nan")):
        with pytest.raises(InvalidParameter, match="fill"):
            Framing(fill=fill)


def test_voxels_are_those_of_the_published_code() -> None:
    arrays, _ = reference("onet_tools")
    expected = np.unpackbits(arrays["voxelize32"]).reshape(32, 32, 32).astype(bool)
    assert np.array_equal(solid_voxels(Mesh(arrays["A_v"], arrays["A_f"])), expected)


def test_a_mesh_with_holes_is_filled_too() -> None:
    box = cube(n=4).with_vertices(cube(n=4).vertices * 0.8 - 0.4)
    whole = solid_voxels(box)
    assert whole[4:28, 4:28, 4:28].all()
    without_lid = Mesh(box.vertices, box.faces[2:])
    assert (solid_voxels(without_lid) ^ whole).mean() < 0.01
    faces = box.faces.copy()
    faces[::2] = faces[::2, ::-1]
    assert np.array_equal(solid_voxels(Mesh(box.vertices, faces)), whole), "sides that do not agree"
    sheet = Mesh(np.array([[-0.4, -0.4, 0], [0.4, -0.4, 0], [0.0, 0.4, 0]]), np.array([[0, 1, 2]]))
    assert 100 < solid_voxels(sheet, 32).sum() < 1200
    with pytest.raises(InvalidMesh):
        solid_voxels(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])))


@given(st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_blocks_have_the_volume_of_the_voxels_and_look_outward(cells: int, seed: int) -> None:
    voxels = np.random.default_rng(seed).random((cells,) * 3) < 0.5
    mesh = blocks(voxels)
    sides = sum(np.abs(np.diff(np.pad(voxels, 1).astype(int), axis=axis)).sum() for axis in range(3))
    assert mesh.n_faces == 2 * sides
    if sides:
        volume = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).volume
        assert volume == pytest.approx(voxels.sum() / cells**3)
        assert np.abs(mesh.vertices).max() <= 0.5


def test_finer_voxels_are_made_coarser_and_others_refused() -> None:
    fine = np.zeros((64, 64, 64), np.uint8)
    fine[10, 20, 30] = 1
    assert np.argwhere(network_voxels(fine)).tolist() == [[5, 10, 15]]
    for wrong in (np.zeros((30, 30, 30)), np.zeros((32, 32)), np.zeros((32, 32, 16)), np.zeros((16,) * 3)):
        with pytest.raises(InvalidParameter, match="oxels"):
            network_voxels(wrong)
    with pytest.raises(InvalidParameter, match="not numbers"):
        network_voxels(np.full((32, 32, 32), np.nan))


def test_points_of_a_mesh_lie_on_it_and_repeat_with_their_seed() -> None:
    ball = uv_sphere(40, 3.0)
    points = network_points(ball, seed=2)
    assert points.shape == (300, 3) and np.abs(np.linalg.norm(points, axis=1) - 3.0).max() < 0.02
    assert np.array_equal(points, network_points(ball, seed=2))
    assert not np.array_equal(points, network_points(ball, seed=3))
    few = np.arange(30.0).reshape(10, 3)
    assert np.array_equal(network_points(few), few)
    many = np.random.default_rng(0).random((1000, 3))
    some = network_points(many, seed=1)
    assert len({tuple(row) for row in some}) == 300 and {tuple(r) for r in some} <= {tuple(r) for r in many}
    cloud = Mesh(many, np.zeros((0, 3), int))
    assert np.array_equal(network_points(cloud, seed=1), some)


@pytest.mark.parametrize("wrong", [np.zeros((0, 3)), np.zeros((5, 2)), np.full((5, 3), np.inf), np.zeros((5, 3), "U1")])
def test_points_that_are_none(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidParameter):
        network_points(wrong)
    with pytest.raises(InvalidParameter):
        unit_cube(wrong)


@given(st.integers(0, 2**31), st.floats(1e-6, 1e6), st.floats(-100.0, 100.0))
@settings(max_examples=30, deadline=None)
def test_the_cube_is_around_the_points(seed: int, size: float, shift: float) -> None:
    points = size * (np.random.default_rng(seed).random((20, 3)) + shift)
    own = unit_cube(points).inverse.apply(points)
    low, high = own.min(axis=0), own.max(axis=0)
    assert (high - low).max() == pytest.approx(1.0, rel=1e-6) and np.abs(low + high).max() < 1e-6


def test_files_of_points(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((20, 3))
    np.savetxt(tmp_path / "a.xyz", np.hstack([points, points]))
    np.savetxt(tmp_path / "a.csv", points, delimiter=",")
    np.save(tmp_path / "a.npy", points)
    np.savez(tmp_path / "a.npz", points=points, loc=np.ones(3), scale=2.0)
    header = "ply\nformat ascii 1.0\nelement vertex 20\n" + "".join(f"property float {a}\n" for a in "xyz")
    rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in points)
    (tmp_path / "a.ply").write_text(f"{header}end_header\n{rows}\n")
    for ending in ("xyz", "csv", "npy", "ply"):
        assert np.allclose(read_input(tmp_path / f"a.{ending}", "points").given, points, atol=1e-5)
    placed = read_input(tmp_path / "a.npz", "points")
    assert np.allclose(placed.given, 2.0 * points + 1.0)
    assert np.allclose(placed.placement.inverse.apply(placed.given), points)
    for name, content in {"b.xyz": b"a b c", "b.npy": b"x", "b.npz": b"PK", "c.xyz": b"", "d.txt": b"1 2\n3 4"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SphericalCowError):
            read_input(tmp_path / name, "points")
    with pytest.raises(MeshFileError, match="no file"):
        read_input(tmp_path / "none.xyz", "points")


def test_damaged_and_hostile_files_of_points_are_refused_in_words(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((20, 3))
    np.savez_compressed(tmp_path / "a.npz", points=points)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[:-30])
    (tmp_path / "turned.npz").write_bytes(whole[:80] + bytes(40) + whole[120:])
    for number, (loc, scale) in enumerate((([0.0, 0.0], 1.0), ([0.0] * 3, 0.0), ([0.0] * 3, np.ones(3)))):
        np.savez(tmp_path / f"place{number}.npz", points=points, loc=np.array(loc), scale=scale)
    np.savez(tmp_path / "other.npz", corners=points)
    np.save(tmp_path / "huge.npy", points)
    content = (tmp_path / "huge.npy").read_bytes()
    (tmp_path / "huge.npy").write_bytes(content.replace(b"(20, 3), }" + b" " * 9, b"(20000000000, 3), }"))
    (tmp_path / "zip.npy").write_bytes(whole[:-30])
    names = ("cut.npz", "turned.npz", "place0.npz", "place1.npz", "place2.npz", "other.npz", "huge.npy", "zip.npy")
    for name in names:
        with pytest.raises((MeshFileError, DatasetError, InvalidParameter)):
            read_input(tmp_path / name, "points")


def test_voxel_files_stand_where_they_say(tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).random((32, 32, 32)) < 0.3
    write_binvox(tmp_path / "a.binvox", Voxels(voxels, np.array([1.0, 2.0, 3.0]), 4.0))
    read = read_input(tmp_path / "a.binvox", "voxels")
    assert np.array_equal(read.given, voxels)
    corners = read.placement.apply(np.array([[-0.5] * 3, [0.5] * 3]))
    assert np.allclose(corners, [[1, 2, 3], [5, 6, 7]])
    published = read_input(SHAPES / "shape_a" / "model.binvox", "voxels")
    assert np.allclose(published.placement.matrix, np.eye(4)), "a header that says nothing"


def test_a_file_for_another_model_is_refused_in_words(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    cases = {("a.png", "voxels"): "sees voxels, but a.png holds an image", ("a.binvox", "image"): "sees an image"}
    cases |= {("a.ply", "nothing"): "makes shapes by itself", ("a.docx", "image"): "ending of a.docx"}
    for (name, wanted), words in cases.items():
        with pytest.raises(InvalidParameter, match=words):
            read_input(tmp_path / name, wanted)
