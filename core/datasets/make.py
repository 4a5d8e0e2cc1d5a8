# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder to learn from, made from any meshes: each in a process of its own, drawn by Blender, put in place whole."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..batch.files import absolute, content
from ..batch.items import find_items, require_apart
from ..batch.local import run_local
from ..batch.task import Done, Task
from ..batch.verbs import Verb
from ..errors import Cancelled, InvalidParameter, MissingLibrary, OutputError, SphericalCowError
from ..files import expanded
from ..meshfile import READABLE
from ..progress import Progress, silent
from .lists import MADE, Named, Split, named, require_class, require_split, write_lists
from .model import seed_of
from .render import Renderer, Source, find_blender
from .views import random_views

UNFINISHED = ".unfinished"
FORMAT_VERSION = 2
LISTS_SECONDS = 5.0

_VERB = Verb("dataset", READABLE, {}, lambda ending, options: "")


@dataclass(frozen=True)
class MakeSettings:
    """points: in the box, and as many on the surface. views: images of each model, of size × size pixels. voxels: along
    an edge. split: shares of train, val and test. up: the axis that is up in the meshes, "y" or "z"; y is in the data.
    """

    points: int = 100_000
    views: int = 24
    size: int = 137
    voxels: int = 32
    split: Split = (0.7, 0.1, 0.2)
    seed: int = 0
    up: str = "y"

    def require(self) -> None:
        """Raise `InvalidParameter` for a setting that is out of its range."""
        ranges = {"points": (1, 10**8), "views": (0, 999), "size": (8, 4096), "voxels": (1, 512), "seed": (0, 2**63)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidParameter(f"{name} cannot be {getattr(self, name)}.", f"Give {low} to {high}.")
        if self.up not in ("y", "z"):
            raise InvalidParameter(f"The axis {self.up!r} cannot be up.", "Choose y or z.")
        require_split(self.split)


@dataclass(frozen=True)
class MadeRow:
    """What became of one mesh. status: "made", "earlier" or "failed", then with the `message`. facts: as in `MADE`."""

    model: str
    source: str
    status: str
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """How it ended. counts: class → split → models. no_images: why there are none, or ""."""

    rows: tuple[MadeRow, ...]
    counts: Mapping[str, Mapping[str, int]]
    no_images: str
    seconds: float
    cancelled: bool

    def of(self, status: str) -> list[MadeRow]:
        """The rows with that status."""
        return [row for row in self.rows if row.status == status]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        numbers = {status: len(self.of(status)) for status in ("made", "earlier", "failed")}
        return {
            **numbers,
            "total": len(self.rows),
            "classes": {name: dict(parts) for name, parts in self.counts.items()},
            "no_images": self.no_images,
            "seconds": round(self.seconds, 3),
            "cancelled": self.cancelled,
            "rows": [asdict(row) for row in self.rows],
        }


def make(
    inputs: Sequence[str | Path],
    out: str | Path,
    settings: MakeSettings | None = None,
    *,
    category: str | None = None,
    workers: int | None = None,
    blender: str | Path | None = None,
    resume: bool = False,
    materials: tuple[Path, Mapping[str, str]] | None = None,
    progress: Progress = silent,
    on_row: Callable[[MadeRow], None] = lambda row: None,
) -> Made:
    """Make models of all meshes of `inputs` (files, folders, globs, lists) in the folder `out`, and its lists.

    category: the class of all; by default the first folder of each below the inputs. workers: processes at once; all
    cores by default. blender: the program that draws. resume: leave what is made already, and make the rest; without it
    a model that is there is an error. materials: a .blend file, and name of an input without ending → its object.

    The same meshes, settings and seed give the same files, whatever `workers` is. A mesh that fails does not stop the
    others. Each model appears whole or not at all. Where there is no Blender, all but the images is made, and
    `Made.no_images` says why. Stopped by `Cancelled` or Ctrl-C, it keeps and lists what is finished.

    Example:
        >>> made = make(["cars/"], "data/", MakeSettings(views=8), category="car")
        >>> [row.message for row in made.of("failed")]

    Raises `InvalidParameter`, `OutputError`, and `WorkerCrashed` where no process can start.
    """
    begin = time.monotonic()
    chosen = settings or MakeSettings()
    chosen.require()
    if workers is not None and workers < 1:
        raise InvalidParameter(f"There cannot be {workers} workers.", "Give 1 or more, or leave it out for all cores.")
    root = expanded(out)
    items = find_items(inputs, _VERB, {})
    require_apart(inputs, items, _VERB, root)
    places = [(item.path, _place(item.path, inputs)) for item in items]
    models = named(places, None if category is None else require_class(category))
    there = [str(model) for model in models if (root / model.category / model.name).exists()]
    if there and not resume:
        raise InvalidParameter(
            f"{root} has {there[0]} already{f' and {len(there) - 1} more' if len(there) > 1 else ''}.",
            "Go on with --resume, or choose another folder.",
        )
    foreign = [model for model in there if not (root / model / MADE).is_file()]
    if foreign:
        raise InvalidParameter(f"{root} has {foreign[0]}, which was not made here.", "Choose another class or folder.")
    command, no_images = _blender(chosen, blender)
    if no_images:
        chosen = replace(chosen, views=0)
    cores = _cores()
    jobs = min(workers or cores, len(models))
    maker = _Maker(root, models, chosen, materials, progress, on_row)
    cancelled = maker.run(jobs, _Renderers(command, jobs, max(cores // jobs, 1)))
    counts = write_lists(root, chosen.split, chosen.seed, {model.category for model in models})
    return Made(tuple(maker.rows), counts, no_images, time.monotonic() - begin, cancelled)


def _blender(settings: MakeSettings, program: str | Path | None) -> tuple[list[str], str]:
    """The command that draws, or why there are no images."""
    if settings.views == 0:
        return [], ""
    try:
        return find_blender(program), ""
    except MissingLibrary as error:
        return [], str(error)


class _Renderers:
    """As many Blenders as are needed at once, up to `count`, each used by one thread at a time."""

    def __init__(self, command: list[str], count: int, threads: int) -> None:
        self.pool = ThreadPoolExecutor(max_workers=count)
        self.all = [Renderer(command, threads) for _ in range(count)]
        self.free: queue.SimpleQueue[Renderer] = queue.SimpleQueue()
        for renderer in self.all:
            self.free.put(renderer)

    def close(self) -> None:
        """End them all, whatever they draw."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        for renderer in self.all:
            renderer.close()
        self.pool.shutdown()


class _Maker:
    def __init__(
        self,
        root: Path,
        models: list[Named],
        settings: MakeSettings,
        materials: tuple[Path, Mapping[str, str]] | None,
        progress: Progress,
        on_row: Callable[[MadeRow], None],
    ) -> None:
        self.root, self.models, self.settings, self.materials = root, models, settings, materials
        self.progress, self.on_row = progress, on_row
        self.rows: list[MadeRow] = []
        self.keys: dict[int, str] = {}
        self.listed = time.monotonic()

    def run(self, jobs: int, renderers: _Renderers) -> bool:
        """Make all that is not made; gives whether it was stopped."""
        unfinished = self.root / UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        _folder(unfinished)
        ends = run_local(self._tasks(), jobs)
        drawing: dict[Future[dict[str, Any]], int] = {}
        try:
            self.progress(0.0, "Starting")
            for done in ends:
                self._drawn(drawing, block=len(drawing) > 2 * jobs)
                if not done.answer["ok"]:
                    self._failed(done.task.number, done.answer["error"])
                    continue
                drawing[renderers.pool.submit(self._finish, done, renderers)] = done.task.number
            while drawing:
                self._drawn(drawing, block=True)
        except (KeyboardInterrupt, Cancelled):
            return True
        finally:
            ends.close()  # type: ignore[attr-defined]
            renderers.close()
            shutil.rmtree(unfinished, ignore_errors=True)
        return False

    def _tasks(self) -> Iterator[Task]:
        for number, model in enumerate(self.models):
            try:
                self.keys[number] = key = self._key(model)
            except SphericalCowError as error:
                self._failed(number, error.to_dict())
                continue
            earlier = _record(self.root / model.category / model.name)
            if earlier.get("key") == key:
                self._note(MadeRow(str(model), str(model.path), "earlier", facts=earlier["facts"]))
                continue
            folder = _folder(self.root / UNFINISHED / str(number))
            options = {
                "name": str(model),
                "points": self.settings.points,
                "resolution": self.settings.voxels,
                "seed": self.settings.seed,
                "up": self.settings.up,
                "views": self.settings.views,
            }
            yield Task(number, "dataset", options, model.path, None, folder / "target")

    def _key(self, model: Named) -> str:
        """What decides about the files of a model."""
        own = {name: value for name, value in asdict(self.settings).items() if name != "split"}
        parts = [FORMAT_VERSION, str(model), content(model.path), own]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _finish(self, done: Done, renderers: _Renderers) -> dict[str, Any]:
        """Draw what is made of a mesh, and put all of it in its place. Runs in a thread."""
        number, model = done.task.number, self.models[done.task.number]
        folder = self.root / UNFINISHED / str(number)
        facts = {**done.answer["facts"], "up": self.settings.up, "views": self.settings.views, "materials": False}
        if self.settings.views:
            renderer = renderers.free.get()
            try:
                views = random_views(self.settings.views, seed_of(self.settings.seed, str(model), 3))
                source = self._source(model)
                facts["materials"] = renderer.render(folder, views, self.settings.size, facts, source)
            finally:
                renderers.free.put(renderer)
        record = {"key": self.keys[number], "source": model.path.name, "facts": facts}
        target = self.root / model.category / model.name
        try:
            (folder / MADE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                target.rename(self.root / UNFINISHED / f"{number}.old")
            folder.rename(target)
        except OSError as error:
            raise OutputError(f"Cannot write {target}: {error.strerror or error}.", "Choose another place.") from error
        return facts

    def _source(self, model: Named) -> Source | None:
        if self.materials is None:
            return Source(model.path)
        library, objects = self.materials
        name = objects.get(model.path.stem)
        return Source(library, name) if name else None

    def _drawn(self, drawing: dict[Future[dict[str, Any]], int], *, block: bool) -> None:
        """Note those that are in their places; with `block`, after waiting for one (a while at a time)."""
        over: set[Future[dict[str, Any]]] = set()
        while not over:
            over, _ = wait(drawing, timeout=1.0 if block else 0.0, return_when=FIRST_COMPLETED)
            self.progress(len(self.rows) / len(self.models), self._words())
            if not block:
                break
        for future in over:
            number = drawing.pop(future)
            model = self.models[number]
            error = future.exception()
            if error is None:
                self._note(MadeRow(str(model), str(model.path), "made", facts=future.result()))
            elif isinstance(error, OSError):
                lack = OutputError(f"Its files cannot be written: {error.strerror or error}.", "Free some space.")
                self._failed(number, lack.to_dict())
            elif isinstance(error, SphericalCowError):
                self._failed(number, error.to_dict())
            else:
                raise error
        if over and time.monotonic() - self.listed > LISTS_SECONDS:
            write_lists(self.root, self.settings.split, self.settings.seed, {model.category for model in self.models})
            self.listed = time.monotonic()

    def _failed(self, number: int, error: Mapping[str, Any]) -> None:
        model = self.models[number]
        message = f"{error['found']} {error['remedy']}".strip()
        self._note(MadeRow(str(model), str(model.path), "failed", message))

    def _note(self, row: MadeRow) -> None:
        self.rows.append(row)
        self.on_row(row)
        self.progress(len(self.rows) / len(self.models), self._words())

    def _words(self) -> str:
        last = self.rows[-1].model if self.rows else "starting"
        return f"{len(self.rows)} of {len(self.models)} models ({last})"


def _place(path: Path, inputs: Sequence[str | Path]) -> str:
    """Where a mesh lies below the folder that was given, without ending: it does not depend on the other inputs."""
    folders = [absolute(expanded(entry)) for entry in inputs if expanded(entry).is_dir()]
    above = max((folder for folder in folders if path.is_relative_to(folder)), key=lambda f: len(f.parts), default=None)
    return (Path(path.name) if above is None else path.relative_to(above)).with_suffix("").as_posix()


def _record(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads((folder / MADE).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("facts"), dict):
            return found
    return {}


def _folder(place: Path) -> Path:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {place} cannot be made: {error.strerror}.", "Choose another place.") from error
    return place


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
