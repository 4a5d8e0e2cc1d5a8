# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of pictures of Fit to Pictures: add, remove, move, and the cameras that they were taken with."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ... import image_pixels, jobs
from ...core.errors import ImageError, InvalidParameter
from ...idnames import Operators
from ...networks import camera_picture, views
from ..lists import DIRECTIONS, move_active, remove_active
from ..shell import SceneOperator, guarded

if TYPE_CHECKING:
    _Base = bpy.types.Operator
else:
    _Base = object


def settings_of(context: bpy.types.Context) -> Any:
    """The settings of Fit to Pictures, with the list."""
    return context.scene.spherical_cow.networks.fit_pictures


def add_picture(context: bpy.types.Context, image: bpy.types.Image | None, camera: bpy.types.Object | None) -> Any:
    """A new entry at the end of the list, which is the chosen one; gives it."""
    settings = settings_of(context)
    entry = settings.pictures.add()
    entry.image, entry.camera = image, camera
    settings.active_picture = len(settings.pictures) - 1
    return entry


def cameras_in(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The cameras of the scene, in the order of their names: "Camera 2" before "Camera 10"."""
    cameras = [obj for obj in context.scene.objects if obj.type == "CAMERA"]
    return sorted(cameras, key=lambda obj: _natural(obj.name))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def camera_named(context: bpy.types.Context, stem: str) -> bpy.types.Object | None:
    """The camera whose name a picture has, or None."""
    name = stem.casefold()
    return next((obj for obj in cameras_in(context) if obj.name.casefold() == name), None)


class SPHERICAL_COW_OT_pictures_add(ImportHelper, bpy.types.Operator):
    """Add pictures to the list."""

    bl_idname = Operators.PICTURES_ADD
    bl_label = "Add Pictures"
    bl_description = (
        "Add image files to the list, in the order of their names. One that is named like a camera of the scene gets"
        " that camera"
    )
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        filepath: str
        directory: str
        files: Any
        filter_image: bool
        filter_folder: bool
    else:
        directory: StringProperty(
            name="Folder", description="Where the files are", subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"}
        )
        files: CollectionProperty(
            name="Files",
            description="Names of the files in the folder",
            type=bpy.types.OperatorFileListElement,
            options={"HIDDEN", "SKIP_SAVE"},
        )
        filter_image: BoolProperty(name="Images", description="Show images", default=True, options={"HIDDEN"})
        filter_folder: BoolProperty(name="Folders", description="Show folders", default=True, options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Load them as image data-blocks."""
        return guarded(self, None, lambda: self._add(context))

    def _add(self, context: bpy.types.Context) -> str:
        names = [str(Path(self.directory) / file.name) for file in self.files if file.name] or [self.filepath]
        paths = sorted((bpy.path.abspath(name) for name in names if name), key=_natural)
        if not paths:
            raise InvalidParameter("No file is chosen.", "Choose one or more images.")
        images = load_all(paths)
        settings = settings_of(context)
        first = len(settings.pictures)
        for path, image in zip(paths, images, strict=True):
            add_picture(context, image, camera_named(context, Path(path).stem))
        settings.active_picture = first
        return f"Added {len(images)} pictures" if len(images) > 1 else f"Added {images[0].name!r}"


def load_all(paths: Sequence[str]) -> list[bpy.types.Image]:
    """The images of files, as data-blocks. Raises `ImageError`, having loaded none, where one is no image."""
    before = set(bpy.data.images)
    images: list[bpy.types.Image] = []
    try:
        for path in paths:
            images.append(_load(path))
    except ImageError:
        for image in set(images) - before:
            bpy.data.images.remove(image)
        raise
    return images


def _load(path: str) -> bpy.types.Image:
    known = set(bpy.data.images)
    try:
        image = bpy.data.images.load(path, check_existing=True)
    except RuntimeError as error:
        raise ImageError(f"{Path(path).name!r} cannot be read.", "Choose an image.") from error
    if not all(image.size):
        if image not in known:
            bpy.data.images.remove(image)
        raise ImageError(f"{Path(path).name!r} is not an image.", "Choose an image (PNG, JPEG …).")
    return image


class SPHERICAL_COW_OT_picture_new(bpy.types.Operator):
    """An empty entry."""

    bl_idname = Operators.PICTURE_NEW
    bl_label = "Add Entry"
    bl_description = "Add an entry without a picture to the list, to choose an image of this file for it"
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add and choose it."""
        add_picture(context, None, None)
        return {"FINISHED"}


class _ChosenOperator(_Base):
    """For operators on the picture that is chosen in the list."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is one."""
        settings = settings_of(context)
        if not 0 <= settings.active_picture < len(settings.pictures):
            cls.poll_message_set("Choose a picture in the list")
            return False
        return True


class SPHERICAL_COW_OT_picture_remove(_ChosenOperator, bpy.types.Operator):
    """Remove a picture."""

    bl_idname = Operators.PICTURE_REMOVE
    bl_label = "Remove Picture"
    bl_description = "Take the chosen picture off the list, or all of them. The images stay in the file"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        every: bool
    else:
        every: BoolProperty(name="All", description="All pictures of the list", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; the next one is chosen."""
        settings = settings_of(context)
        if self.every:
            settings.pictures.clear()
            settings.active_picture = 0
        else:
            remove_active(settings, "pictures", "active_picture")
        return {"FINISHED"}


class SPHERICAL_COW_OT_picture_move(_ChosenOperator, bpy.types.Operator):
    """Move a picture."""

    bl_idname = Operators.PICTURE_MOVE
    bl_label = "Move Picture"
    bl_description = "Move the chosen picture in the list. For a turntable the order counts"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        direction: str
    else:
        direction: EnumProperty(
            name="Direction",
            description="Where to",
            items=DIRECTIONS,
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Swap it with its neighbour."""
        return move_active(settings_of(context), "pictures", "active_picture", self.direction)


class SPHERICAL_COW_OT_pictures_cameras(_ChosenOperator, bpy.types.Operator):
    """Cameras for all pictures."""

    bl_idname = Operators.PICTURES_CAMERAS
    bl_label = "Assign Cameras"
    bl_description = (
        "Give each picture the camera of its name; where none has the name of a camera, the first picture the first"
        " camera of the scene by name, and so on"
    )
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Assign them."""
        return guarded(self, None, lambda: self._assign(context))

    def _assign(self, context: bpy.types.Context) -> str:
        pictures, cameras = settings_of(context).pictures, cameras_in(context)
        if not cameras:
            raise InvalidParameter("The scene has no camera.", "Add cameras, or choose Turntable.")
        found = [camera_named(context, stem_of(entry)) for entry in pictures]
        if not any(found):
            if len(cameras) < len(pictures):
                raise InvalidParameter(
                    f"The scene has {len(cameras)} cameras for {len(pictures)} pictures.",
                    "Choose the camera of each picture, or name the pictures like the cameras.",
                )
            found = list(cameras[: len(pictures)])
        for entry, camera in zip(pictures, found, strict=True):
            entry.camera = camera or entry.camera
        return f"{sum(camera is not None for camera in found)} of {len(pictures)} pictures have got a camera"


def stem_of(entry: Any) -> str:
    """The name of a picture without its ending."""
    return "" if entry.image is None else Path(entry.image.name).stem


class SPHERICAL_COW_OT_pictures_take(SceneOperator, bpy.types.Operator):
    """Pictures through all cameras."""

    bl_idname = Operators.PICTURES_TAKE
    bl_label = "Take Pictures"
    bl_description = (
        "Render the active object alone, in even light, through each camera of the scene, and add the pictures with"
        " their cameras to the list"
    )
    bl_options = {"UNDO"}

    names: list[str]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is an object, a camera, and no other job of the scene."""
        obj = context.object
        if obj is None or obj.type not in views.SOLID_TYPES:
            cls.poll_message_set("Make the object active that the pictures shall show")
        elif not cameras_in(context):
            cls.poll_message_set("Add cameras that look at the object")
        else:
            return super().poll(context)
        return False

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """All pictures, by one process."""
        cameras = cameras_in(context)
        self.names = [camera.name for camera in cameras]
        return self._chain(context, obj, cameras)

    def _chain(
        self, context: bpy.types.Context, obj: bpy.types.Object, cameras: Sequence[bpy.types.Object]
    ) -> jobs.Work:
        place = jobs.user_folder("jobs")
        with tempfile.TemporaryDirectory(prefix="job-", dir=place, ignore_cleanup_errors=True) as folder:
            request = camera_picture.request(context, obj, Path(folder), closely=False, cameras=cameras)
            return (yield from jobs.work(request))

    def _end(self, context: bpy.types.Context, result: jobs.Result) -> set[str]:
        settings = settings_of(context)
        for number, name in enumerate(self.names):
            image = image_pixels.new_image(f"{name} Picture", result.arrays[f"pixels_{number}"])
            entry = next((entry for entry in settings.pictures if entry.image == image), None)
            camera: bpy.types.Object | None = context.scene.objects.get(name)
            if entry is None:
                add_picture(context, image, camera)
            else:
                entry.camera = camera
        settings.cameras = "scene"
        self.report({"INFO"}, f"Took {len(self.names)} pictures" if len(self.names) > 1 else f"Took {image.name!r}")
        return {"FINISHED"}


classes = (
    SPHERICAL_COW_OT_pictures_add,
    SPHERICAL_COW_OT_picture_new,
    SPHERICAL_COW_OT_picture_remove,
    SPHERICAL_COW_OT_picture_move,
    SPHERICAL_COW_OT_pictures_cameras,
    SPHERICAL_COW_OT_pictures_take,
)
