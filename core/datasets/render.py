# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of models by a Blender without a window, which is a process of its own and draws one after the other."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Cancelled, DatasetError, InvalidParameter, MissingLibrary, TimedOut, WorkerCrashed
from ..files import expanded
from ..geometry.upright import Z_TO_Y
from ..mesh import FloatArray
from .arrays import Placement
from .images import on_white
from .layout import CAMERAS, IMAGES, MASKS
from .model import RENDERED
from .views import LENS, SENSOR, View, cameras_file, metadata_text

MARK = "@render "
SAMPLES = 8
START_SECONDS, PICTURE_SECONDS = 120.0, 60.0
QUALITY = 95
"""Of the JPEG files."""

_CORE = Path(__file__).resolve().parents[1]
_PLACES = (_CORE.parent / "scripts", _CORE.parent / "addon" / "scripts", _CORE / "scripts")
_SCRIPT = "render_views.py"
_LAST_LINES = 6


def find_blender(program: str | Path | None = None) -> list[str]:
    """The command that draws: `program`, the `blender` on the PATH, or this Python where it has Blender as a module.

    Raises `MissingLibrary` where there is none, and `InvalidParameter` for a program that is not there.
    """
    script = next((place / _SCRIPT for place in _PLACES if (place / _SCRIPT).is_file()), None)
    if script is None:
        raise MissingLibrary("The script that renders is not installed.", "Install the package again.")
    if program is not None:
        found = shutil.which(str(expanded(program)))
        if found is None:
            raise InvalidParameter(f"There is no Blender {str(program)!r}.", "Give the path of its program.")
    else:
        found = shutil.which("blender")
        if found is None and importlib.util.find_spec("bpy") is not None:
            return [sys.executable, str(script)]
    if found is None:
        raise MissingLibrary(
            "There is no Blender to render with.",
            "Give one with --blender, install `bpy`, or make no images with --views 0.",
        )
    if "python" in Path(found).name.lower():  # that has Blender as a module
        return [found, str(script)]
    return [found, "-b", "--factory-startup", "--python-exit-code", "1", "--python", str(script)]


@dataclass(frozen=True)
class Source:
    """Where an object is with its materials: a mesh file, or an object of a .blend file."""

    file: Path
    object: str = ""

    def message(self, up: str, placement: Placement, diagonal: float) -> dict[str, Any]:
        """As the script takes it."""
        matrix = np.eye(4)
        turn = np.eye(3) if up == "y" else Z_TO_Y
        matrix[:3, :3], matrix[:3, 3] = turn / diagonal, -placement.loc / diagonal
        what = {"library": str(self.file), "object": self.object} if self.object else {"file": str(self.file)}
        return {**what, "matrix": matrix.tolist()}


class Renderer:
    """One Blender, started when it is first needed and again after a crash. Use it in a `with`."""

    def __init__(self, command: list[str], threads: int = 1) -> None:
        self.command, self.threads = command, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._errors: Any = None
        self._closed = False
        self._home: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def render(
        self, folder: Path, views: list[View], size: int, facts: Mapping[str, Any], source: Source | None
    ) -> bool:
        """Draw the model in the folder, and write its images, masks, cameras and `rendering_metadata.txt` there.

        facts: those of `model.make_model`. Gives whether its materials are seen. Raises `WorkerCrashed`, `TimedOut`,
        and `DatasetError` for what Blender could not draw.
        """
        placement = Placement(np.array(facts["loc"]), facts["scale"])
        diagonal = float(facts["diagonal"])
        with tempfile.TemporaryDirectory(dir=folder) as drawn:
            job = {
                "out": drawn,
                "size": size,
                "threads": self.threads,
                "samples": SAMPLES,
                "lens": LENS,
                "sensor": SENSOR,
                "cameras": [view.placed().tolist() for view in views],
                "mesh": str(folder / RENDERED),
                "source": source.message(facts["up"], placement, diagonal) if source else None,
            }
            answer = self._ask(job, PICTURE_SECONDS * max(len(views), 1))
            if not answer.get("ok"):
                raise DatasetError(f"Blender could not render it: {answer.get('why')}.", "Check its materials.")
            _write_images(Path(drawn), folder, views, size, placement.loc, diagonal)
        (folder / RENDERED).unlink()
        return bool(answer["materials"])

    def close(self) -> None:
        """End the process, and start no other."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None  # taken at once: `close` comes from another thread
        home, self._home = self._home, None
        if process is not None:
            with suppress(OSError):
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
            self._errors.close()
        if home is not None:
            home.cleanup()

    def _ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        if self._closed:
            raise Cancelled()
        if self._process is None:
            self._start()
        process = self._process
        with suppress(OSError):  # its end is seen below
            process.stdin.write((json.dumps(job) + "\n").encode())  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        return self._answer(seconds)

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            self._end()
            raise TimedOut(f"Blender was not done after {seconds:g} s.", "Render fewer or smaller images.") from None
        if answer is None:
            words = self._last_words()
            self._end()
            raise WorkerCrashed("Blender ended while it rendered.", words)
        return answer

    def _start(self) -> None:
        self._answers = queue.SimpleQueue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        # A user folder of its own: a Blender without the extension would remove the libraries of the extension.
        self._home = tempfile.TemporaryDirectory(prefix="blender-")
        names = ("RESOURCES", "CONFIG", "SCRIPTS", "EXTENSIONS", "DATAFILES")
        places = {f"BLENDER_USER_{name}": str(Path(self._home.name) / name.lower()) for name in names}
        for place in places.values():
            Path(place).mkdir()
        try:
            process = self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **places},
                start_new_session=os.name == "posix",
                creationflags=0x08000000 if os.name == "nt" else 0,
            )
        except OSError as error:
            raise MissingLibrary(f"{self.command[0]} cannot be started: {error.strerror}.", "Give another.") from error
        threading.Thread(target=_read, args=(process.stdout, self._answers), daemon=True).start()
        if self._closed:  # while it started
            self._end()
            raise Cancelled()
        self._answer(START_SECONDS)

    def _last_words(self) -> str:
        words: list[str] = []
        with suppress(ValueError):  # where it was closed meanwhile
            self._errors.seek(0)
            words = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return "\n".join(words[-_LAST_LINES:]) or "It left no message."


def _read(pipe: Any, answers: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    with suppress(OSError, ValueError):
        for line in pipe:
            text = line.decode("utf-8", "replace")
            if text.startswith(MARK):
                with suppress(ValueError):
                    answers.put(json.loads(text[len(MARK) :]))
    answers.put(None)


def _write_images(drawn: Path, folder: Path, views: list[View], size: int, centre: FloatArray, diagonal: float) -> None:
    from PIL import Image

    place, masks = folder / IMAGES, folder / MASKS
    place.mkdir()
    masks.mkdir()
    for number in range(len(views)):
        with Image.open(drawn / f"{number:03}.png") as image:
            on_white(image).save(place / f"{number:03}.jpg", quality=QUALITY, subsampling=0)
            image.getchannel("A").save(masks / f"{number:03}.png")
    cameras = [view.camera(size, centre, diagonal) for view in views]
    (place / CAMERAS).write_bytes(cameras_file(cameras))
    (folder / "rendering_metadata.txt").write_text(metadata_text(views), encoding="ascii")
