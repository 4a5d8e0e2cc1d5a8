# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a mesh with a texture to pictures, by drawing it and following the gradients."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch

from ....datasets.arrays import Camera
from ....errors import Cancelled, InvalidParameter, MapFailed, RepairFailed
from ....mesh import FloatArray, Mesh
from ....progress import Progress, Stages, part, silent
from ....sphere.uv import colours_at
from ....symmetry.templates import Template, template
from ...reconstructed import Reconstruction, Texture
from ...rendering.paint import UvTexture
from ..cameras import Frame, find_object, with_cameras
from ..hull import middle_of, one_sided
from ..mending import without_crossings
from ..result import FitReport, PictureFit
from ..settings import PictureFitSettings
from ..shots import CutOut, Shot, cut_out
from ..start import AXES, MIRRORS, ellipsoid_start, hull_start
from .optimisation import Best, Optimisation
from .poses import moved
from .texturing import ROUNDS, Atlas, psnr_of, texture_of

OnBest = Callable[[PictureFit], None]

_PREVIEW = 0.5
"""Seconds between two things to show, at least."""
_PREVIEW_SIZE = 128
_LATER = 0.01
"""What the agreement of outlines may lose by a second start, from better cameras."""
_OPPOSITE = 0.7
"""Cosine from which on a mirror shows the back."""
_POOR = 0.85
"""Agreement of outlines below which something must be wrong."""
_HASTE = 10
"""Rounds in which a texture is painted after a stop."""
_LARGEST = 512
"""Pixels along an edge of the cut-outs that the texture is made of, at most."""


def fit_pictures(
    shots: Sequence[Shot],
    settings: PictureFitSettings | None = None,
    *,
    on_best: OnBest | None = None,
    progress: Progress = silent,
) -> PictureFit:
    """The mesh with a texture that looks like the pictures: closed, of genus 0, with the triangles of a template.

    shots: one or several, all with cameras or none. on_best: is given what there is so far when it has become better,
    twice a second at most. When `progress` raises `Cancelled` after the shape has begun, the best so far is the result;
    when it does so while the texture is painted, that is made of smaller pictures, and sooner.

    Raises `InvalidParameter` for cameras that cannot be, or do not fit together, and `Cancelled` before the shape has
    begun.
    """
    chosen, stages = settings or PictureFitSettings(), Stages()
    with stages("start"):
        scene = _Scene(shots, chosen)
        begun, started_from = scene.begin(part(progress, 0.0, 0.1))
    show = _Preview(scene, on_best)
    rounds, stopped = [begun], False
    try:
        with stages("shape"):
            begun.run(show, part(progress, 0.1, 0.5 if chosen.refine_cameras else 0.9))
            if chosen.refine_cameras:  # what wrong cameras have cut off comes back
                scene.place_cameras(begun.best.worlds)
                rounds.append(scene.begin(part(progress, 0.5, 0.55))[0])
                rounds[1].run(show, part(progress, 0.55, 0.9))
        progress(0.9, "Mending the shape")
    except Cancelled:
        stopped = True
    begun = max(rounds, key=lambda some: some.best.score + _LATER * (some is not rounds[0]))
    with stages("mend"):
        vertices, crossing = without_crossings(begun.best.vertices, scene.template.mesh.faces)
        best = begun.judged(vertices) if vertices is not begun.best.vertices else begun.best
    with stages("texture"):
        try:
            told = silent if stopped else part(progress, 0.9, 0.99)
            made = scene.reconstruction(best, chosen.texture_size, scene.fine, scene.mirrors, progress=told)
        except Cancelled:
            stopped = True
            made = scene.reconstruction(best, chosen.texture_size, scene.views[1], scene.mirrors, _HASTE)
        made = replace(made, remarks=scene.remarks(best))
    with stages("comparison"):
        psnr = scene.psnr(best, made)
    steps = sum(some.steps for some in rounds)
    seconds = dict(stages.seconds)
    report = FitReport(best.iou, tuple(psnr), steps, best.step, seconds, crossing, started_from, stopped)
    with suppress(Cancelled):  # too late
        progress(1.0, "Fitted")
    return PictureFit(made, scene.cameras(best), best.score, report)


class _Scene:
    """The pictures around the object, which is about 1 large and at the origin in its own coordinates."""

    def __init__(self, shots: Sequence[Shot], settings: PictureFitSettings) -> None:
        if not shots:
            raise InvalidParameter("There is no picture.", "Give one or several.")
        self.settings = settings
        self.shots = with_cameras(shots, settings)
        self.frame: Frame = find_object(self.shots)
        self.template: Template = template(settings.level)
        own = [self.frame.own_camera(_camera(shot)) for shot in self.shots]
        size = settings.resolution
        if AXES[settings.symmetry]:
            middle = middle_of(self._cut(own, size), AXES[settings.symmetry])
            self.frame = Frame(self.frame.to_outer(middle), self.frame.scale)
            own = [self.frame.own_camera(_camera(shot)) for shot in self.shots]
        self.views = self._cut(own, max(size // 2, 16)), self._cut(own, size)
        fine = [min(max(_side(shot), size), _LARGEST) for shot in self.shots]
        self.fine = [cut_out(shot, camera, n) for shot, camera, n in zip(self.shots, own, fine, strict=True)]

    @property
    def mirrors(self) -> tuple[FloatArray, ...]:
        """Under which the colours of places that no picture shows are believed to be the same."""
        found = MIRRORS[self.settings.symmetry]
        if one_sided([view.camera for view in self.fine]):
            way = self.fine[0].camera.world[2, :3] / np.linalg.norm(self.fine[0].camera.world[2, :3])
            if not any(way @ mirror @ way < -_OPPOSITE for mirror in found):  # the back is like the front
                found = (*found, np.eye(3) - 2.0 * np.outer(way, way))
        return found

    def remarks(self, best: Best) -> tuple[str, ...]:
        """What one should know of the result."""
        found = []
        if one_sided([view.camera for view in self.fine]):
            found.append("Seen from one side only: the depth is made up, as thick as the object is wide")
        if best.score < _POOR:
            found.append(
                f"The outlines agree to {best.score:.0%} only: check masks and cameras, or have the cameras moved"
            )
        return tuple(found)

    def place_cameras(self, worlds: FloatArray) -> None:
        """Go on from other places (n, 3, 4) of the cameras."""
        coarse, usual = ([moved(v, w) for v, w in zip(views, worlds, strict=True)] for views in self.views)
        self.views = coarse, usual

    def _cut(self, cameras: Sequence[Camera], size: int) -> list[CutOut]:
        return [cut_out(shot, camera, size) for shot, camera in zip(self.shots, cameras, strict=True)]

    def begin(self, progress: Progress) -> tuple[Optimisation, str]:
        """The optimisation at its start, and where that is: one of `settings.STARTS`."""
        settings, sphere = self.settings, self.template.mesh.vertices
        positions, origin = None, "silhouettes"
        if settings.start != "sphere":
            try:
                nodes = 40 + 2 * settings.level
                positions = hull_start(self.views[1], self.template, settings.symmetry, nodes, progress)
            except (InvalidParameter, MapFailed, RepairFailed):
                if settings.start == "silhouettes":
                    raise
        if positions is None:
            positions, origin = ellipsoid_start(self.views[1], sphere), "sphere"
        if settings.refine_cameras:  # in two rounds
            settings = replace(settings, steps=-(-settings.steps // 2), seconds=0.5 * settings.seconds)
        far = origin == "sphere"
        return Optimisation(self.template, positions, self.views, settings, far=far), origin

    def reconstruction(
        self,
        best: Best,
        size: int,
        views: Sequence[CutOut],
        mirrors: Sequence[FloatArray] = (),
        rounds: int = ROUNDS,
        progress: Progress = silent,
    ) -> Reconstruction:
        """The mesh with its texture, in the coordinates of the cameras."""
        faces = self.template.mesh.faces
        atlas = Atlas(self.template.mesh.vertices, faces, size, self.settings.symmetric_texture)
        placed = [moved(view, world) for view, world in zip(views, best.worlds, strict=True)]
        texels = texture_of(best.vertices, faces, atlas, placed, rounds, mirrors, progress)
        pixels = atlas.pixels(texels)
        color = colours_at(pixels, atlas.uv, faces, len(best.vertices))
        mesh = Mesh(self.frame.to_outer(best.vertices), faces, {"color": color})
        camera, width = self.cameras(best)[0], max(self.shots[0].size) * self.shots[0].reduced
        return Reconstruction((mesh,), Texture(pixels, atlas.uv), camera, width)

    def psnr(self, best: Best, made: Reconstruction) -> list[float]:
        """Of each picture, beside the result drawn from the same place at the resolution of the comparison."""
        assert made.texture is not None
        placed = [moved(view, world) for view, world in zip(self.views[1], best.worlds, strict=True)]
        pixels = torch.from_numpy(np.moveaxis(made.texture.pixels, 2, 0).copy()).float()
        paint = UvTexture(pixels, torch.from_numpy(made.texture.uv).float())
        return psnr_of(best.vertices, self.template.mesh.faces, paint, placed)

    def cameras(self, best: Best) -> tuple[Camera, ...]:
        """The cameras as they are now, in pixels of the pictures as they were given."""
        return tuple(
            self.frame.outer_camera(Camera(np.diag([shot.reduced, shot.reduced, 1.0]) @ _camera(shot).matrix, world))
            for shot, world in zip(self.shots, best.worlds, strict=True)
        )


class _Preview:
    """Hands on what is better, not too often."""

    def __init__(self, scene: _Scene, on_best: OnBest | None) -> None:
        self._scene, self._on_best, self._last = scene, on_best, -np.inf

    def __call__(self, best: Best) -> None:
        if self._on_best is None or time.monotonic() - self._last < _PREVIEW:
            return
        made = self._scene.reconstruction(best, _PREVIEW_SIZE, self._scene.views[0])
        self._on_best(PictureFit(made, self._scene.cameras(best), best.score))
        self._last = time.monotonic()


def _camera(shot: Shot) -> Camera:
    assert shot.camera is not None
    return shot.camera


def _side(shot: Shot) -> int:
    left, top, right, bottom = shot.box
    return max(right - left, bottom - top)
