# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to Pictures: a mesh with a texture that looks like the object in the pictures, shown while it becomes so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ... import bridge, jobs, storage
from ...core.errors import ImageError, InvalidParameter
from ...core.geometry.upright import Z_TO_Y
from ...idnames import Operators
from ...networks import runtime, scene_cameras, views
from ...properties.networks.fit_pictures import FitPicturesSettings
from .pictures import settings_of
from .watched import Arrays, WatchedOperator

if TYPE_CHECKING:
    from ...core.datasets.arrays import Camera

MOST_PIXELS = 1_000_000
"""Of a picture that is handed over: a fit looks at far fewer."""

QUALITIES: Mapping[str, Mapping[str, int]] = {
    "draft": {"level": 8, "steps": 80, "resolution": 64, "texture_size": 256},
    "normal": {"level": 20, "steps": 160, "resolution": 128, "texture_size": 512},
    "fine": {"level": 24, "steps": 160, "resolution": 256, "texture_size": 1024},
}
FINENESS = ("level", "steps", "resolution", "texture_size")
"""The settings that a quality stands for; "custom" has its own."""

_SETTINGS = ("symmetry", "start", "smoothness", "color_weight", "seconds", "seed")
_ANGLES = ("azimuth", "elevation", "turn", "field_of_view")


@dataclass(frozen=True)
class _Shot:
    """A picture that is fitted to. uid: of its image. camera: for the image in its own size, or None."""

    uid: int
    name: str
    camera: Camera | None


class SPHERICAL_COW_OT_fit_pictures(FitPicturesSettings, WatchedOperator, bpy.types.Operator):
    """Fit a mesh and its texture to the pictures of the list."""

    bl_idname = Operators.FIT_PICTURES
    bl_label = "Fit to Pictures"
    bl_description = (
        "Make a new object that looks like what the pictures show, without any training. It can be watched as it"
        " improves; Esc keeps the best so far"
    )
    bl_options = {"UNDO"}

    made_name = "Fitted Object"
    count: int

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There is PyTorch, a picture, and no other job of the scene."""
        if reason := runtime.why_not():
            cls.poll_message_set(reason)
        elif not any(entry.enabled and entry.image for entry in settings_of(context).pictures):
            cls.poll_message_set("Add pictures of the object first")
        else:
            return super().poll(context)
        return False

    def work(self, context: bpy.types.Context, obj: bpy.types.Object) -> jobs.Work:
        """The cameras now; then one picture after the other, and the fit."""
        shots = self._shots(context)
        self.count = len(shots)
        return self._chain(shots, self._parameters())

    def _parameters(self) -> dict[str, Any]:
        fineness = QUALITIES.get(self.quality) or {name: getattr(self, name) for name in FINENESS}
        chosen = {name: getattr(self, name) for name in _SETTINGS} | dict(fineness)
        if self.cameras == "turntable":
            chosen["refine_cameras"] = self.refine_cameras
            chosen |= {name: round(math.degrees(getattr(self, name)), 3) for name in _ANGLES}
        return chosen | {"symmetric_texture": self.symmetric_texture and self.symmetry != "free"}

    def _shots(self, context: bpy.types.Context) -> list[_Shot]:
        """Raises `InvalidParameter` where an entry has no picture, or no camera and needs one."""
        shots = []
        for number, entry in enumerate(settings_of(context).pictures, 1):
            if not entry.enabled:
                continue
            if entry.image is None:
                raise InvalidParameter(f"Entry {number} of the list has no picture.", "Choose an image, or remove it.")
            image, camera = entry.image, None
            if not all(image.size):
                raise ImageError(f"{image.name!r} has no pixels.", "Is its file there?")
            if self.cameras == "scene":
                if entry.camera is None:
                    raise InvalidParameter(
                        f"{image.name!r} has no camera.",
                        "Choose the one that it was taken with, or Turntable.",
                    )
                camera = scene_cameras.camera_of(context, entry.camera, *image.size)
            shots.append(_Shot(image.session_uid, image.name, camera))
        return shots

    def _chain(self, shots: list[_Shot], parameters: Mapping[str, Any]) -> jobs.Work:
        arrays: dict[str, NDArray[Any]] = {}
        cameras = []
        for number, shot in enumerate(shots):
            yield jobs.Step(0.0, f"Reading picture {number + 1} of {len(shots)}")
            image = next((image for image in bpy.data.images if image.session_uid == shot.uid), None)
            if image is None:
                raise InvalidParameter(f"The picture {shot.name!r} was removed meanwhile.", "Fit again.")
            width, height = image.size
            pixels = views.pixels_of(image, MOST_PIXELS)
            arrays[f"pixels_{number}"] = self._handed_over(pixels)
            if shot.camera is not None:
                cameras.append(scene_cameras.scaled(shot.camera, pixels.shape[1] / width, pixels.shape[0] / height))
        if cameras:
            arrays["camera_matrix"] = np.stack([camera.matrix for camera in cameras])
            arrays["camera_world"] = np.stack([camera.world for camera in cameras])
        request = jobs.Request("fit_pictures", parameters, arrays, torch=True, preview=self.live)
        return (yield from jobs.work(request))

    def _handed_over(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """As bytes; with alpha where it says what the background is."""
        transparent = self.background == "alpha" or (self.background == "auto" and pixels[:, :, 3].min() < 1.0)
        return np.rint(255.0 * pixels[:, :, : 4 if transparent else 3].clip(0.0, 1.0)).astype(np.uint8)

    def placed(self, arrays: Arrays) -> Arrays:
        """With z up; where the cameras are those of the scene, around the origin of the object, which is amid it."""
        vertices = arrays["vertices"].astype(np.float64) @ Z_TO_Y
        if self.cameras == "scene":
            if self.origin is None:
                self.origin = 0.5 * (vertices.min(axis=0) + vertices.max(axis=0))
            vertices -= self.origin
        return {**arrays, "vertices": vertices}

    def keep(self, context: bpy.types.Context, arrays: Arrays, report: Mapping[str, Any]) -> str:
        """Note how the mesh was made."""
        obj = self.put(context, arrays, live=False)
        facts = storage.data_of(bridge.mesh_of(obj)).pictured
        found = report.get("report", {})
        facts.count, facts.symmetry, facts.stopped = self.count, self.symmetry, bool(report.get("stopped"))
        facts.iou = float(found.get("mean_iou", arrays.get("iou", 0.0)))
        facts.psnr = float(found.get("mean_psnr", 0.0))
        facts.seconds = sum(found.get("seconds", {}).values())
        facts.remarks = "\n".join(report.get("remarks", ()))
        measured = [f"IoU {facts.iou:.3f}"] if facts.iou else []
        measured += [f"PSNR {facts.psnr:.1f} dB"] if facts.psnr else []
        beginning = "Stopped, and kept the best so far as" if facts.stopped else "Fitted"
        return f"{beginning} {obj.name!r}" + (f": {', '.join(measured)}" if measured else "")


classes = (SPHERICAL_COW_OT_fit_pictures,)
