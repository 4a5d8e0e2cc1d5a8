# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataset: a folder to learn from, made from the selected objects; and what is wrong with one. Needs no PyTorch."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from ... import bridge, jobs
from ...core.datasets.lists import Split, require_class, write_lists
from ...core.errors import InvalidParameter, OutputError, SphericalCowError
from ...idnames import Operators
from ...properties.networks.dataset import DatasetSettings
from ...transforms import placed, require_solid
from ..batch import selected_meshes
from ..shell import SceneOperator

UNFINISHED = ".unfinished"


def folder_of(text: str) -> Path:
    """The chosen folder. Raises `InvalidParameter` where none is, or it is relative to a file that is not saved."""
    if not text:
        raise InvalidParameter("No folder is chosen.", "Choose the folder for the data first.")
    if text.startswith("//") and not bpy.data.filepath:
        raise InvalidParameter(f"The folder {text!r} is relative to a file that is not saved.", "Save it first.")
    return Path(bpy.path.abspath(text))


def dataset_request(objects: Sequence[bpy.types.Object], library: Path, **parameters: Any) -> jobs.Request:
    """What the worker is asked: the objects as they are seen, z up; writes their materials to `library`."""
    arrays: dict[str, Any] = {}
    for number, obj in enumerate(objects):
        require_solid(obj)
        read = bridge.read(obj, use_modifiers=True).mesh
        mesh = placed(read, obj)
        arrays |= {f"vertices_{number}": mesh.vertices, f"faces_{number}": mesh.faces}
        arrays |= {f"{name}_{number}": read.attributes[name] for name in read.attributes if name == "color"}
    if parameters["views"]:
        try:
            bpy.data.libraries.write(str(library), set(objects), path_remap="ABSOLUTE")
        except (OSError, RuntimeError) as error:
            raise OutputError(f"The objects cannot be handed over: {error}.", "Make room on the disk.") from error
    own = {name: value for name, value in parameters.items() if name not in ("val", "test")}
    more = {
        "names": [obj.name for obj in objects],
        "library": str(library) if parameters["views"] else None,
        "blender": bpy.app.binary_path or sys.executable,
        "split": split_of(parameters["val"], parameters["test"]),
        "up": "z",
    }
    return jobs.Request("make_dataset", {**own, **more}, arrays, many=True, compiles=False)


def split_of(val: float, test: float) -> Split:
    """Shares of train, val and test from percents. Raises `InvalidParameter` where nothing is left to learn from."""
    if val + test >= 100.0:
        raise InvalidParameter("Nothing is left to learn from.", "Lower the shares of validation and test.")
    return (1.0 - (val + test) / 100.0, val / 100.0, test / 100.0)


def put_away(place: Path, category: str, val: float, test: float, seed: int) -> None:
    """What a worker that was stopped could not do: remove what is not finished, and list what is."""
    if (place / UNFINISHED).is_dir():
        shutil.rmtree(place / UNFINISHED, ignore_errors=True)
        with suppress(OSError, SphericalCowError):
            write_lists(place, split_of(val, test), seed, {category})


class SPHERICAL_COW_OT_make_dataset(DatasetSettings, SceneOperator, bpy.types.Operator):
    """Make models of all selected objects."""

    bl_idname = Operators.MAKE_DATASET
    bl_label = "Make Dataset"
    bl_description = (
        "Write points, voxels and images of each selected mesh into a folder that networks learn from. An open mesh is"
        " repaired first. What is there already and has not changed is left. The scene stays as it is"
    )

    place: Path | None = None
    library: Path | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Something is selected."""
        if not selected_meshes(context):
            cls.poll_message_set("Select the mesh objects")
            return False
        return super().poll(context)

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The selected objects and the settings."""
        place = folder_of(self.directory)
        require_class(self.category)
        self.place = place
        self.library = Path(tempfile.mkdtemp(prefix="job-", dir=jobs.user_folder("jobs"))) / "objects.blend"
        names = ("category", "points", "views", "size", "val", "test", "seed")
        parameters = {name: getattr(self, name) for name in names}
        return dataset_request(selected_meshes(context), self.library, out=str(self.place), **parameters)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        data = dict(result.data)
        context.scene.spherical_cow.networks.dataset.summary = json.dumps({"folder": str(self.place), **data})
        lines = [f"Dataset: {data['made'] + data['earlier']} of {data['total']} models"]
        lines += [f"{row['model']}: {row['message']}" for row in data["failures"]]
        if data["no_images"]:
            lines.append(f"No images are made. {data['no_images']}")
        self.report({"WARNING"} if len(lines) > 1 else {"INFO"}, "\n".join(lines))
        return {"FINISHED"}

    def _release(self) -> None:
        super()._release()
        if self.library is not None:
            shutil.rmtree(self.library.parent, ignore_errors=True)
        if self.place is not None:
            put_away(self.place, self.category, self.val, self.test, self.seed)
        self.place = self.library = None


class SPHERICAL_COW_OT_check_dataset(SceneOperator, bpy.types.Operator):
    """Look at a folder of data."""

    bl_idname = Operators.CHECK_DATASET
    bl_label = "Check Dataset"
    bl_description = "Look at every file of the folder, and say in words what is missing, damaged or strange"

    place: str

    def request(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Request:
        """The folder of the panel."""
        self.place = str(folder_of(context.scene.spherical_cow.networks.dataset.directory))
        return jobs.Request("check_dataset", {"folder": self.place}, many=True, compiles=False)

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        data = dict(result.data)
        options = context.scene.spherical_cow.networks.dataset
        options.summary = json.dumps({"folder": self.place, **data})
        text = "Dataset: nothing is wrong" if data["ok"] else f"Dataset: {data['n_faults']} faults"
        self.report({"INFO"} if data["ok"] else {"WARNING"}, "\n".join([text, *data["faults"]]))
        return {"FINISHED"}


classes = (SPHERICAL_COW_OT_make_dataset, SPHERICAL_COW_OT_check_dataset)
