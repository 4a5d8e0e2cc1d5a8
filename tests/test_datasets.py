# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders to learn from: read as the published code reads them, and refused where they are damaged."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from meshes import REFERENCE, cube, reference, uv_sphere
from PIL import Image
from spherical_cow.cli.main import main
from spherical_cow.datasets.binvox import Voxels, read_binvox, write_binvox
from spherical_cow.datasets.check import check_dataset
from spherical_cow.datasets.images import network_input, read_image, squeezed_input
from spherical_cow.datasets.layout import Dataset, ModelFolder, read_list
from spherical_cow.datasets.metadata import read_metadata, write_metadata
from spherical_cow.datasets.views import FARTHEST, View, random_views
from spherical_cow.errors import DatasetError, InvalidMesh, InvalidParameter
from spherical_cow.fields.voxels import voxelise, voxelise_surface
from spherical_cow.mesh import Mesh

NOISE_SEED = 101
"""Of the reference: it read the points of `shape_b` with this one."""


@pytest.fixture
def published() -> Dataset:
    reference("onet_tools")
    return Dataset(REFERENCE / "onet_tools" / "ShapeNet")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two models that have everything, as any program may write them."""
    rng = np.random.default_rng(0)
    for name in ("bär", "second one"):
        folder = tmp_path / "data" / "02958343" / name
        (folder / "img_choy2016").mkdir(parents=True)
        points = rng.uniform(-0.55, 0.55, (1001, 3)).astype(np.float16)
        inside = np.linalg.norm(points, axis=1) < 0.4
        place = {"loc": np.array([1.0, 2.0, 3.0]), "scale": np.float64(2.0)}
        np.savez(folder / "points.npz", points=points, occupancies=np.packbits(inside), **place)
        normals = rng.normal(size=(500, 3))
        normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float16)
        np.savez(folder / "pointcloud.npz", points=(0.4 * normals).astype(np.float16), normals=normals, **place)
        write_binvox(folder / "model.binvox", Voxels(rng.random((32, 32, 32)) < 0.5, np.zeros(3), 1.0))
        Image.fromarray(rng.integers(0, 256, (137, 137, 3), dtype=np.uint8)).save(folder / "img_choy2016" / "000.jpg")
        camera = View(30.0, 25.0, 0.8).camera(137, np.zeros(3), 1.0)
        np.savez(folder / "img_choy2016" / "cameras.npz", camera_mat_0=camera.matrix, world_mat_0=camera.world)
    for split in ("train", "val", "test"):
        (tmp_path / "data" / "02958343" / f"{split}.lst").write_text("bär\r\nsecond one\n\n", "utf-8")
    return tmp_path / "data"


def first(root: Path) -> tuple[Dataset, ModelFolder]:
    data = Dataset(root)
    return data, data.models("train")[0]


def test_everything_is_read_as_the_original_reads_it(published: Dataset) -> None:
    expected, _ = reference("onet_tools")
    assert published.classes == ("02958343",)
    assert published.names() == {"02958343": "car,auto,automobile,machine,motorcar"}
    for split in ("train", "val", "test"):
        assert [model.name for model in published.models(split)] == ["shape_a", "shape_b"]
    model = published.models("train")[1]
    points, inside, placement = published.points(model, NOISE_SEED)
    assert points.dtype == np.float32 and np.array_equal(points, expected["ds_points"])
    assert np.array_equal(inside, expected["ds_points.occ"])
    assert np.array_equal(placement.loc.astype(np.float32), expected["ds_points.loc"])
    assert np.float32(placement.scale) == expected["ds_points.scale"]
    cloud = published.cloud(model)
    assert np.array_equal(cloud.points, expected["ds_pointcloud"])
    assert np.array_equal(cloud.normals, expected["ds_pointcloud.normals"])
    assert np.array_equal(np.packbits(published.voxels(model)), expected["ds_voxels"])
    assert np.array_equal(network_input(published.image(model, 0)), expected["ds_inputs"])
    camera = published.cameras(model)[0]
    assert np.array_equal(camera.world.astype(np.float32), expected["ds_inputs.world_mat"])
    assert np.array_equal(camera.matrix.astype(np.float32), expected["ds_inputs.camera_mat"])
    assert check_dataset(published.root).ok


def test_the_noise_is_that_of_16_bits_and_can_be_left_out(published: Dataset) -> None:
    model = published.models()[0]
    plain, again = published.points(model, None)[0], published.points(model, 3)[0]
    assert np.array_equal(plain, plain.astype(np.float16))
    assert 0.5e-4 < (again - plain).std() < 2e-4
    assert np.array_equal(again, published.points(model, 3)[0])


def test_binvox_is_that_of_the_original_bit_by_bit(tmp_path: Path) -> None:
    expected, _ = reference("onet_tools")
    path = REFERENCE / "onet_tools" / "model.binvox"
    voxels = read_binvox(path)
    assert np.array_equal(np.packbits(voxels.data), expected["voxelize32"])
    assert voxels.translate.tolist() == [0.1, -0.2, 0.3] and voxels.scale == 1.5
    write_binvox(tmp_path / "a.binvox", voxels)
    assert (tmp_path / "a.binvox").read_bytes().split(b"data\n")[1] == path.read_bytes().split(b"data\n")[1]


def test_voxels_are_those_of_the_published_tools() -> None:
    expected, _ = reference("onet_tools")
    mesh = Mesh(expected["A_v"], expected["A_f"])
    assert np.array_equal(np.packbits(voxelise(mesh, 32)), expected["voxelize32"])


def test_another_library_reads_our_binvox(tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    data = np.zeros((8, 8, 8), dtype=bool)
    data[1, 2, 3] = data[6, :, 0] = True
    write_binvox(tmp_path / "a.binvox", Voxels(data, np.array([0.5, 0.0, -1.0]), 2.0))
    read = trimesh.exchange.binvox.load_binvox(io.BytesIO((tmp_path / "a.binvox").read_bytes()))
    assert np.array_equal(read.encoding.dense, data)


@settings(max_examples=30, deadline=None)
@given(data=hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9)))
def test_binvox_round_trip(tmp_path_factory: pytest.TempPathFactory, data: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("v") / "a.binvox"
    write_binvox(path, Voxels(data, np.array([1.0, 2.0, 1 / 3]), 0.1))
    again = read_binvox(path)
    assert np.array_equal(again.data, data) and again.translate[2] == 1 / 3 and again.scale == 0.1


def test_voxels_of_a_ball_and_of_a_box() -> None:
    n = 24
    middles = (np.arange(n) + 0.5) / n - 0.5
    radius = np.linalg.norm(np.stack(np.meshgrid(middles, middles, middles, indexing="ij")), axis=0)
    ball = voxelise(uv_sphere(48, 0.4), n)
    reach = np.sqrt(3.0) / 2.0 / n
    assert ball[radius < 0.4].mean() > 0.999 and not ball[radius > 0.4 + reach].any()
    surface = voxelise_surface(uv_sphere(48, 0.4), n)
    assert not surface[np.abs(radius - 0.4) > reach + 0.01].any() and not (surface & ~ball).any()
    box = cube(0.5)
    lower = Mesh(box.vertices - 0.48, box.faces)
    assert voxelise(lower, 10).sum() == 6**3  # from −0.48 to 0.02: voxels 0 to 5
    assert not voxelise_surface(Mesh(box.vertices + 7.0, box.faces), 10).any()


def test_what_has_no_voxels() -> None:
    with pytest.raises(InvalidMesh, match="open"):
        voxelise(Mesh(cube().vertices, cube().faces[:-1]))
    with pytest.raises(InvalidParameter):
        voxelise_surface(cube(), 0)


def test_lists_of_other_systems_and_editors(small: Path) -> None:
    data = Dataset(small)
    assert [str(model) for model in data.models("train")] == ["02958343/bär", "02958343/second one"]
    path = small / "02958343" / "train.lst"
    path.write_bytes("\ufeffbär\n\n\tbär\nsecond one".encode())
    assert [model.name for model in data.models("train")] == ["bär", "second one"]
    assert data.models("train", "02958343") == data.models("train")
    assert [model.name for model in data.models()] == ["bär", "second one"]
    report = check_dataset(small)
    assert report.ok and any("bär more than once" in text for text in report.warnings)


@pytest.mark.parametrize("name", ["../02958343/bär", "/etc", "..", "a\\b", "C:x", "a\x00b"])
def test_names_that_lead_elsewhere_are_refused(small: Path, name: str) -> None:
    path = small / "02958343" / "train.lst"
    path.write_text(f"bär\n{name}\n", "utf-8")
    with pytest.raises(DatasetError, match=r"line 2 of .*train\.lst"):
        Dataset(small).models("train")
    with pytest.raises(DatasetError):
        Dataset(small).models("../train")
    assert any("line 2" in fault for fault in check_dataset(small).faults)


def test_missing_lists_and_folders(small: Path, tmp_path: Path) -> None:
    (small / "02958343" / "val.lst").unlink()
    with pytest.raises(DatasetError, match=r"val\.lst is missing"):
        Dataset(small).models("val")
    with pytest.raises(InvalidParameter, match="no class 'x'"):
        Dataset(small).models("train", "x")
    with pytest.raises(DatasetError, match="one class"):
        Dataset(small / "02958343")
    with pytest.raises(DatasetError, match="no folder"):
        Dataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no folders of classes"):
        Dataset(tmp_path / "empty")
    (tmp_path / "w.lst").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="UTF-8"):
        read_list(tmp_path / "w.lst")


def test_occupancies_need_not_be_packed(small: Path) -> None:
    data, model = first(small)
    points, inside, placement = data.points(model, None)
    for kind in (bool, np.uint8, np.float32):
        np.savez(model.folder / "points.npz", points=points, occupancies=inside.astype(kind))
        again = data.points(model)
        assert np.array_equal(again[1], inside) and np.array_equal(again[0], points)  # 32 bits have no noise
        assert again[2].scale == 1.0
    assert placement.loc.tolist() == [1.0, 2.0, 3.0]
    assert np.allclose(placement.to_unit(placement.to_source(points)), points)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("points.npz", {"points": None}, "'points' is missing"),
        ("points.npz", {"occupancies": np.zeros(7, np.uint8)}, "7 values of 'occupancies' for 1,001"),
        ("points.npz", {"points": np.zeros((4, 2), np.float16)}, r"'points' of shape \(4, 2\)"),
        ("points.npz", {"points": np.full((1001, 3), np.nan)}, "not numbers"),
        ("points.npz", {"scale": np.float64(0.0)}, "'scale'"),
        ("points.npz", {"loc": np.zeros(2)}, "'loc'"),
        ("points.npz", {"points": np.array([{}, None], dtype=object)}, "'points'"),
        ("pointcloud.npz", {"normals": np.zeros((3, 3), np.float16)}, "3 'normals' for 500 'points'"),
        ("pointcloud.npz", {"normals": None}, "'normals' is missing"),
        ("img_choy2016/cameras.npz", {"world_mat_0": np.zeros((3, 3))}, "3 × 4 under 'world_mat_0'"),
        ("img_choy2016/cameras.npz", {"camera_mat_0": None}, "'camera_mat_0' is missing"),
    ],
)
def test_damaged_archives_name_file_and_key(small: Path, file: str, change: dict[str, object], words: str) -> None:
    data, model = first(small)
    path = model.folder / file
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    np.savez(path, **{key: value for key, value in {**arrays, **change}.items() if value is not None})
    read = {"points.npz": data.points, "pointcloud.npz": data.cloud}.get(file, data.cameras)
    with pytest.raises(DatasetError, match=words) as caught:
        read(model)
    assert path.name in str(caught.value)
    assert not check_dataset(small).ok


def test_files_that_are_cut_short_or_no_archives(small: Path) -> None:
    data, model = first(small)
    readers = {"points.npz": data.points, "pointcloud.npz": data.cloud, "model.binvox": data.voxels}
    readers |= {"img_choy2016/cameras.npz": data.cameras, "img_choy2016/000.jpg": lambda m: data.image(m, 0)}
    for name, read in readers.items():
        content = (model.folder / name).read_bytes()
        for share in (0.0, 0.02, 0.5, 0.95):
            (model.folder / name).write_bytes(content[: int(share * len(content))])
            with pytest.raises(DatasetError):
                read(model)
        (model.folder / name).unlink()
        with pytest.raises(DatasetError):
            read(model)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n\x01\x07", "7 voxels in place of 8"),
        (b"#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n\x01\x08\x00", "'data'"),
        (b"#binvox 1\ndim 2 2 2\ntranslate 0 0 0\nscale 1\ndata\n\x05\x08", "neither"),
        (b"#binvox 1\ndim 99999 99999 99999\ntranslate 0 0 0\nscale 1\ndata\n", "'dim'"),
        (b"#binvox 1\ndim 2 2 nan\ndata\n\x01\x08", "'dim'"),
        (b"#binvox 1\ndim 2 -2 2\ndata\n\x01\x08", "'dim'"),
        (b"#binvox 1\ntranslate 0 0 0\ndata\n", "no line 'dim'"),
        (b"#binvox 1\ndim 2 2 2\n", "'data'"),
        (b"PK\x03\x04", "not a binvox"),
    ],
)
def test_hostile_binvox(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.binvox"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words) as caught:
        read_binvox(path)
    assert "model.binvox" in str(caught.value)


def test_an_archive_that_claims_more_than_it_has(small: Path) -> None:
    data, model = first(small)
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f2", "fortran_order": False, "shape": (10**12, 3)})
    with zipfile.ZipFile(model.folder / "points.npz", "w") as archive:
        archive.writestr("points.npy", buffer.getvalue())
        archive.writestr("occupancies.npy", buffer.getvalue())
    with pytest.raises(DatasetError, match="'points'"):
        data.points(model)


def test_metadata_in_both_styles(tmp_path: Path) -> None:
    path = tmp_path / "metadata.yaml"
    write_metadata(path, {"02958343": "car", "tiere": "Bär, Kuh"})
    assert read_metadata(path) == {"02958343": "car", "tiere": "Bär, Kuh"}
    path.write_text(
        "# classes\n---\n02958343:\n  id: '02958343'\n  name: car,auto  # words\n\"a b\":\n  id: x\n", "utf-8"
    )
    assert read_metadata(path) == {"02958343": "car,auto", "a b": "a b"}
    for wrong in ('{"a": 3}', '{"a": ', "- a\n- b\n", "a: b\n", "  name: x\n", "a: !!python/object:os.system x\n"):
        path.write_text(wrong, "utf-8")
        with pytest.raises(DatasetError, match=r"metadata\.yaml"):
            read_metadata(path)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "I;16", "CMYK", "1"])
def test_pictures_of_any_mode(tmp_path: Path, mode: str) -> None:
    grey = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (30, 1))
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path)
    read = read_image(path)
    assert read.shape == (30, 40, 3) and read.dtype == np.uint8
    if mode != "1":
        assert np.abs(read.astype(int) - grey[..., None]).max() <= 2
    assert network_input(read).shape == (3, 224, 298) and squeezed_input(read).shape == (3, 224, 224)


def test_a_dark_picture_of_16_bits_is_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 255, np.uint16)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").max() == 1


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (200, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png")
    assert (read[:2] == (200, 0, 0)).all() and (read[2:] == 255).all()


def test_resizing_is_that_of_pillow_and_numbers_are_in_0_1() -> None:
    image = np.random.default_rng(0).integers(0, 256, (137, 137, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR)) / np.float32(255)
    assert np.array_equal(network_input(image), expected.transpose(2, 0, 1))
    assert network_input(np.full((224, 224, 3), 255, np.uint8)).max() == 1.0


def test_cameras_are_those_of_the_published_pictures(published: Dataset) -> None:
    """World matrices from the angles that stand beside them."""
    for model in published.models():
        rows = np.loadtxt(model.folder / "rendering_metadata.txt", ndmin=2)
        for row, camera in zip(rows, published.cameras(model), strict=True):
            ours = View(row[0], row[1], row[3]).camera(137, np.zeros(3), 1.0)
            assert np.abs(ours.world - camera.world).max() < 1e-5
            assert np.array_equal(ours.matrix, camera.matrix)


def test_views_look_at_the_middle_from_where_they_say() -> None:
    views = random_views(50, 7)
    assert views == random_views(50, 7) != random_views(50, 8)
    centre, diagonal = np.array([3.0, -1.0, 2.0]), 4.0
    for view in views:
        assert 0 <= view.azimuth < 360 and 25 <= view.elevation <= 30 and 0.65 <= view.ratio <= 0.95
        camera = view.camera(137, centre, diagonal)
        pixels, depths = camera.project(np.array([centre, centre + 0.5 * np.eye(3)[1]]))
        assert np.allclose(pixels[0], 68.5) and np.isclose(depths[0], FARTHEST * view.ratio * diagonal)
        assert pixels[1, 1] < 68.5 and np.isclose(pixels[1, 0], 68.5)  # up is up
        flip = np.diag([1.0, -1.0, -1.0, 1.0])
        placed = np.linalg.inv(view.placed() @ flip)
        assert np.allclose(placed[:3, :3], camera.world[:, :3])
        assert np.allclose(placed[:3, 3], [0.0, 0.0, FARTHEST * view.ratio])


def test_check_says_in_words_what_is_wrong(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "check", str(small)]) == 0
    assert "It can be learned from" in capsys.readouterr().out
    shutil.rmtree(small / "02958343" / "second one" / "img_choy2016")
    (small / "02958343" / "bär" / "points.npz").unlink()
    (small / "02958343" / "train.lst").write_text("bär\nsecond one\nthird", "utf-8")
    (small / "other").mkdir()
    assert main(["dataset", "check", str(small)]) == 1
    said = capsys.readouterr().out
    for words in (
        "bär: points.npz is missing",
        "third: there is no folder",
        "other has none of train.lst",
        "2 of 3 models have no img_choy2016",
    ):
        assert words in said
    assert main(["dataset", "check", str(small / "nothing")]) == 2


def test_check_looks_into_files(small: Path) -> None:
    data, model = first(small)
    write_binvox(model.folder / "model.binvox", Voxels(np.zeros((16, 16, 16), bool), np.zeros(3), 1.0))
    points, _, _ = data.points(model, None)
    np.savez(model.folder / "points.npz", points=points * 4, occupancies=np.zeros(len(points), bool))
    (model.folder / "img_choy2016" / "001.jpg").write_bytes(b"no picture")
    report = check_dataset(small)
    told = "\n".join(report.warnings)
    for words in ("16 × 16 × 16", "all empty", "outside the box", "hardly a point of", "different 'loc'"):
        assert words in told
    assert any("001.jpg is not a picture" in fault for fault in report.faults)
    assert check_dataset(small, quick=True).ok


def test_masks_lie_beside_the_pictures_or_in_them(small: Path) -> None:
    data = Dataset(small)
    first, second = data.models("train")
    with pytest.raises(DatasetError, match="no mask"):
        data.mask(first, 0)  # a picture without transparency, and no folder of masks
    covered = np.zeros((137, 137), np.uint8)
    covered[30:90, 40:80] = 255
    (first.folder / "masks").mkdir()
    Image.fromarray(covered).save(first.folder / "masks" / "000.png")
    assert np.array_equal(data.mask(first, 0), covered)
    assert check_dataset(small).parts["masks"] == 1
    assert any("1 of 2 models have no masks" in text for text in check_dataset(small).warnings)
    with pytest.raises(DatasetError, match="no view 1"):
        data.mask(first, 1)

    seen = np.dstack([np.full((137, 137, 3), 90, np.uint8), covered])
    (second.folder / "img_choy2016" / "000.jpg").unlink()
    Image.fromarray(seen).save(second.folder / "img_choy2016" / "000.png")
    assert np.array_equal(data.mask(second, 0), covered)

    Image.fromarray(covered[:, :50]).save(first.folder / "masks" / "000.png")
    assert any("differ in size: 50 × 137 and 137 × 137" in fault for fault in check_dataset(small).faults)
    (first.folder / "masks" / "000.png").unlink()
    assert any("000.png" in fault for fault in check_dataset(small).faults)
