# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataset: from the selected objects through the operators, with their materials, stopped and gone on with."""

from __future__ import annotations

import importlib
import json
import time

import bpy
import numpy as np
import pytest
from conftest import activate, add_blob

ops = bpy.ops.spherical_cow
SMALL = {"points": 400, "views": 2, "size": 64, "category": "blobs"}


@pytest.fixture
def pair(extension):
    """A red object, moved, turned and with a modifier; and a plain one."""
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(5.0, 1.0, 2.0), rotation=(0.0, 0.0, 0.5))
    red = bpy.context.object
    red.name, red.scale = "Röd", (1.0, 2.0, 3.0)
    red.modifiers.new("Subdivision", "SUBSURF").levels = 1
    material = bpy.data.materials.new("red")
    material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (0.8, 0.0, 0.0, 1.0)
    red.data.materials.append(material)
    bpy.ops.mesh.primitive_cone_add()
    cone = bpy.context.object
    activate(red)
    cone.select_set(True)
    return red, cone


def read(extension, folder):
    return importlib.import_module(f"{extension}.core.datasets.layout").Dataset(folder)


def test_selected_objects_become_models(pair, extension, tmp_path):
    red, _ = pair
    before = {obj.name: np.array(obj.matrix_world) for obj in bpy.data.objects}
    assert ops.make_dataset(directory=str(tmp_path / "data"), **SMALL) == {"FINISHED"}
    data = read(extension, tmp_path / "data")
    models = {model.name: model for model in data.models()}
    assert set(models) == {"Röd", "Cone"} and data.classes == ("blobs",)
    model = models["Röd"]
    _, inside, placement = data.points(model, None)
    # z is up in the scene, and y in the data
    assert np.allclose(placement.loc, [5.0, 2.0, -1.0], atol=1e-5)
    graph = bpy.context.evaluated_depsgraph_get()
    box = np.array([red.matrix_world @ v.co for v in red.evaluated_get(graph).data.vertices])
    assert np.isclose(placement.scale, np.ptp(box, axis=0).max(), rtol=1e-5)
    assert 0.0 < inside.mean() < 0.5
    for view, camera in enumerate(data.cameras(model)):
        image = data.image(model, view).astype(int)
        assert image.shape == (64, 64, 3)
        shown = (image < 240).any(axis=2)
        color = image[shown].mean(axis=0)
        assert color[0] > 2 * color[1:].max()  # its own material
        pixels, _ = camera.project(box[:, [0, 2, 1]] * [1.0, 1.0, -1.0])
        rows, columns = np.nonzero(shown)
        seen = np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]])
        assert np.abs(seen - [pixels.min(axis=0), pixels.max(axis=0)]).max() <= 1.0
    summary = json.loads(bpy.context.scene.spherical_cow.networks.dataset.summary)
    assert (summary["made"], summary["failed"], summary["no_images"]) == (2, 0, "")
    assert {obj.name: np.array(obj.matrix_world).tolist() for obj in bpy.data.objects} == {
        name: matrix.tolist() for name, matrix in before.items()
    }
    jobs = importlib.import_module(f"{extension}.jobs")
    assert not list(jobs.user_folder("jobs").glob("job-*"))


def test_going_on_and_checking(pair, extension, tmp_path):
    settings = bpy.context.scene.spherical_cow.networks.dataset
    settings.directory = str(tmp_path / "data")
    small = {**SMALL, "views": 0, "directory": settings.directory}
    assert ops.make_dataset(**small) == {"FINISHED"}
    add_blob("new", 2)
    pair[0].select_set(True)
    assert ops.make_dataset(**small) == {"FINISHED"}
    summary = json.loads(settings.summary)
    assert (summary["made"], summary["earlier"]) == (1, 1)
    assert ops.check_dataset() == {"FINISHED"}
    assert json.loads(settings.summary)["ok"]
    (tmp_path / "data" / "blobs" / "new" / "points.npz").write_bytes(b"PK")
    assert ops.check_dataset() == {"FINISHED"}
    found = json.loads(settings.summary)
    assert not found["ok"] and "blobs/new" in found["faults"][0] and "points.npz" in found["faults"][0]


def test_what_is_missing_is_said(pair, tmp_path):
    for options, words in (
        ({"directory": ""}, "No folder is chosen"),
        ({"directory": "//data"}, "not saved"),
        ({"category": "a/b"}, "cannot be the name of a class"),
        ({"val": 50.0, "test": 50.0}, "Nothing is left to learn from"),
    ):
        with pytest.raises(RuntimeError, match=words):
            ops.make_dataset(**{"directory": str(tmp_path / "data"), **SMALL, **options})
    assert not (tmp_path / "data").exists()
    with pytest.raises(RuntimeError, match="No folder is chosen"):
        ops.check_dataset()
    bpy.ops.object.select_all(action="DESELECT")
    with pytest.raises(RuntimeError, match="Select the mesh objects"):
        ops.make_dataset()


def test_stopped_it_keeps_what_is_finished(extension, tmp_path):
    """As ESC does: the generator of the job is closed while it works."""
    module = importlib.import_module(f"{extension}.operators.networks.dataset")
    jobs = importlib.import_module(f"{extension}.jobs")
    objects = [add_blob(f"blob {number}", 3) for number in range(6)]
    place = tmp_path / "data"
    options = {"points": 20_000, "views": 0, "size": 64, "seed": 0, "val": 10.0, "test": 20.0}
    request = module.dataset_request(objects, tmp_path / "o.blend", out=str(place), category="x", workers=1, **options)
    working = jobs.work(request)
    while not list(place.glob("x/*/made.json")):
        next(working)
        time.sleep(0.01)
    working.close()
    module.put_away(place, "x", 10.0, 20.0, 0)
    data = read(extension, place)
    names = {model.name for model in data.models()}
    assert len(names) >= 1 and not (place / ".unfinished").exists()
    assert {model.name for split in ("train", "val", "test") for model in data.models(split)} == names


def test_the_command(extension, tmp_path, capfd):
    add_blob("blob", 2)
    meshfile = importlib.import_module(f"{extension}.core.meshfile")
    bridge = importlib.import_module(f"{extension}.bridge")
    meshfile.write_mesh(bridge.read(bpy.context.object).mesh, tmp_path / "blob.ply")
    cli = importlib.import_module(f"{extension}.cli")
    words = ["dataset", "make", str(tmp_path / "blob.ply"), str(tmp_path / "out"), "--points", "100", "--views", "0"]
    assert cli.run([*words, "--workers", "1"]) == 0
    assert "1 of 1 models made" in capfd.readouterr().out
    assert cli.run(["dataset", "check", str(tmp_path / "out")]) == 0
    assert cli.run(["dataset", "check", str(tmp_path)]) == 1
