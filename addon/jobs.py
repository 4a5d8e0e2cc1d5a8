# SPDX-License-Identifier: GPL-3.0-or-later
"""Heavy work in a process of its own: progress, cancel, crash, result.

`work` is a plain generator that needs no event loop: each `next` looks at the process once and gives how far
it is; the generator returns the result, and closing it ends the process. `operators/shell.py` drives it from
a timer in the window; `wait` drives it to the end where there is none.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import previews
from .core.errors import Cancelled, MissingLibrary, OutputError, WorkerCrashed, error_from_dict
from .networks import runtime

LIBRARIES = ("numpy", "scipy", "ducc0", "numba", "llvmlite", "igl", "PIL")
"""What the worker imports; where Blender finds them, the worker must too."""

WITH_TORCH = (*LIBRARIES, "torch")
"""What the worker of a network imports."""

WINDOWS_FLAGS = 0x08000000 | 0x00004000  # CREATE_NO_WINDOW | BELOW_NORMAL_PRIORITY_CLASS
_FOLDER = Path(__file__).parent
_OLD = 24 * 3600.0
_QUIET = 3.0


@dataclass(frozen=True)
class Request:
    """What the worker is asked: a task of `core.worker`, its parameters (JSON) and its arrays.

    in_blender: the worker needs Blender's own functions, and is a Blender without a window. many: it works on one mesh
    after the other, and says itself how far it is as soon as one is over. torch: it needs PyTorch. compiles: it
    uses code that is compiled once. preview: the task gets a path of that name, and now and then writes there what it
    has so far (`files.atomic_write`, an .npz).
    """

    task: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    in_blender: bool = False
    many: bool = False
    torch: bool = False
    compiles: bool = True
    preview: bool = False


@dataclass(frozen=True)
class Result:
    """What the worker answered: JSON data and arrays."""

    data: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Step:
    """How far the work is: a fraction in [0, 1] and a short text.

    preview: what there is so far, where it is new since the last step; read it (`previews.arrays_in`) before the next.
    """

    fraction: float
    phase: str
    preview: Path | None = None


Work = Generator[Step, None, Result]


def work(request: Request) -> Work:
    """Run `request` in a worker process. Yields a `Step` at each look, returns the `Result`.

    Raises the typed error that the worker reports, or `WorkerCrashed` with its last words when it ends
    without an answer. Closing the generator kills the process. The working folder is always removed.
    """
    mark = _compiled_mark(request.task)
    step = Step(0.0, "Starting")
    yield _shown(step, request, mark)
    folder = _prepare(request)
    try:
        with _process(folder, request) as process:
            lines, news = _Lines(folder / "progress.jsonl"), previews.News(folder, wanted=request.preview)
            heard = time.monotonic()
            while process.poll() is None:
                before, step = step, lines.latest(step)
                heard = heard if step == before else time.monotonic()
                yield replace(_shown(step, request, mark, time.monotonic() - heard), preview=news.latest())
        result = _read_result(folder, process.returncode)
        mark.touch()
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait(running: Work, report: Callable[[Step], None] = lambda step: None) -> Result:
    """Drive `work` to its end here and now. Ctrl-C in the terminal raises `Cancelled`."""
    with _interruptible() as interrupted:
        try:
            while True:
                report(next(running))
                if interrupted():
                    raise Cancelled()
                time.sleep(0.02)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            running.close()


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Within, Ctrl-C only sets a flag: Blender's own handler would end Blender."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(seen)
    finally:
        # None means a handler that is not Python's, which cannot be put back: the program's usual end instead.
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def user_folder(name: str) -> Path:
    """A folder of ours in the user's Blender folder (never in the extension's own, which is replaced)."""
    return Path(bpy.utils.extension_path_user(__package__ or "", path=name, create=True))


def sweep() -> None:
    """Remove working folders that a Blender which was killed has left more than a day ago."""
    for folder in user_folder("jobs").glob("job-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _OLD:
                shutil.rmtree(folder, ignore_errors=True)


def _compiled_mark(task: str) -> Path:
    """A file that is there once the fast code of a task, as it is now, has been compiled."""
    return user_folder("compiled") / f"{task}-{(_FOLDER / 'core' / 'worker.py').stat().st_mtime_ns}.done"


def _shown(step: Step, request: Request, mark: Path, quiet: float = 0.0) -> Step:
    """The step as it is, or with the reason why it takes so long this once. quiet: seconds since the last news.

    A network says at each of its steps how far it is: it compiles only while it says nothing.
    """
    own_words = quiet < _QUIET if request.torch else request.many and step.fraction > 0.0
    if own_words or not request.compiles or mark.exists():
        return step
    return Step(step.fraction, "Compiling fast code (once)")


def library_folders(names: Sequence[str] = LIBRARIES) -> dict[str, str]:
    """Library → the folder that Blender finds it in; without those that it does not find."""
    found = {name: importlib.util.find_spec(name) for name in names}
    files = {name: Path(spec.origin) for name, spec in found.items() if spec is not None and spec.origin}
    return {name: str(file.parent.parent if file.stem == "__init__" else file.parent) for name, file in files.items()}


def environment(*, torch: bool = False) -> dict[str, str]:
    """The surroundings of the worker: `core`, and the libraries of Blender and of this extension.

    torch: for the Python that runs networks.
    """
    ours = {"NUMBA_CACHE_DIR": str(user_folder("compiled")), "SPHERICAL_COW_PARENT": "stdin"}
    if torch:
        ours["OMP_WAIT_POLICY"] = "PASSIVE"  # else threads that only wait take the cores from Blender
    if torch and runtime.chosen():
        shares = bool(runtime.verdict().get("shares"))
        return runtime.environment(library_folders() if shares else {}, _FOLDER) | ours
    folders = library_folders(WITH_TORCH if torch else LIBRARIES)
    path = dict.fromkeys([str(_FOLDER), *folders.values()])
    python = {"PYTHONPATH": os.pathsep.join(path), "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}
    return {**os.environ, **python, **ours}


def _secluded(folder: Path) -> dict[str, str]:
    """A Blender without our extension would remove the libraries of ours: it gets a user folder of its own."""
    names = ("RESOURCES", "CONFIG", "SCRIPTS", "EXTENSIONS", "DATAFILES")  # the first alone, unless others are set
    given = [name for name in names if name == "RESOURCES" or f"BLENDER_USER_{name}" in os.environ]
    places = {f"BLENDER_USER_{name}": folder / "blender" / name.lower() for name in given}
    for place in places.values():
        place.mkdir(parents=True)
    return {name: str(place) for name, place in places.items()}


def _command(folder: Path, request: Request) -> list[str]:
    if request.torch and runtime.chosen():
        return [runtime.interpreter(), str(runtime.WORKER), str(folder)]
    if not request.in_blender:
        return [sys.executable, "-m", "core.worker", str(folder)]
    script = str(_FOLDER / "scripts" / "blender_worker.py")
    program = bpy.app.binary_path  # empty in the bpy module
    start = [program, "-b", "--factory-startup", "--python-exit-code", "1", "--python"] if program else [sys.executable]
    return [*start, script, "--", str(folder)]


@contextmanager
def _process(folder: Path, request: Request) -> Iterator[subprocess.Popen[bytes]]:
    """The worker on that folder; killed when the block is left while it still runs.

    Its output goes to files: nothing can block, and no thread is needed to read. It holds the reading end of
    a pipe to us, by which it can tell that Blender is gone. Raises `MissingLibrary` where the chosen Python is gone.
    """
    command = _command(folder, request)
    with (folder / "progress.jsonl").open("wb") as out, (folder / "errors.txt").open("wb") as err:
        process = _start(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            cwd=_FOLDER,
            env=environment(torch=request.torch) | (_secluded(folder) if request.in_blender else {}),
            creationflags=WINDOWS_FLAGS if os.name == "nt" else 0,
        )
    if os.name == "posix":
        with suppress(OSError):  # the window goes first
            os.setpriority(os.PRIO_PROCESS, process.pid, 5)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _start(command: Sequence[str], **settings: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, **settings)
    except OSError as error:
        raise MissingLibrary(
            f"{command[0]} cannot be started: {error.strerror}.",
            "Check the Python in the preferences.",
        ) from error


def _prepare(request: Request) -> Path:
    """A new working folder with the request. Raises `OutputError` where it cannot be written."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=user_folder("jobs")))
    except OSError as error:
        raise OutputError(f"There is no folder to work in: {error}.", "Check the user folder of Blender.") from error
    try:
        np.savez(folder / "request.npz", **request.arrays)
        preview = {"preview": str(folder / previews.NAME)} if request.preview else {}
        text = json.dumps({"task": request.task, "parameters": {**request.parameters, **preview}})
        (folder / "request.json").write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(f"The work cannot be handed over: {error}.", "Make room on the disk.") from error
    return folder


class _Lines:
    """Reads a growing file of JSON lines, a little further at each look."""

    def __init__(self, path: Path) -> None:
        self.path, self.position = path, 0

    def latest(self, step: Step) -> Step:
        """The last complete line as a `Step`, or `step` when there is no new one."""
        with self.path.open("rb") as file:
            file.seek(self.position)
            new = file.read()
        complete = new[: new.rfind(b"\n") + 1]
        self.position += len(complete)
        for line in complete.splitlines():
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                step = Step(float(said["progress"]), str(said["phase"]))
        return step


def _read_result(folder: Path, code: int) -> Result:
    answer = folder / "result.json"
    if code != 0 or not answer.exists():
        raise _crash(folder, code)
    said = json.loads(answer.read_text(encoding="utf-8"))
    if not said.get("ok"):
        raise error_from_dict(said.get("error", {}))
    stored = folder / "result.npz"
    return Result(said.get("data", {}), previews.arrays_in(stored) if stored.exists() else {})


def _crash(folder: Path, code: int) -> WorkerCrashed:
    words = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = "\n".join(words[-12:]) or "It left no message."
    why = "it was killed; memory may have run out" if code in (-9, 137) else f"exit status {code}"
    return WorkerCrashed(f"The worker process ended without a result ({why}).", last)


@dataclass
class Running:
    """A job under way, as the panel shows it.

    uid: `session_uid` of its object, which outlives undo and renaming. operator: who started it.
    cancel: set it, and the job stops at its next look. others: objects that it works on as well.
    """

    uid: int
    operator: str
    work: Work
    step: Step = Step(0.0, "")  # until the first look, which so is news for the status bar
    timer: bpy.types.Timer | None = None
    cancel: bool = False
    others: tuple[int, ...] = ()


_running: dict[int, Running] = {}
"""The jobs by object. Processes are not part of the .blend, so neither is this."""


def running(obj: bpy.types.ID | None) -> Running | None:
    """The job that runs on this object, if any."""
    return None if obj is None else _running.get(obj.session_uid)


def claim(obj: bpy.types.ID, operator: str, working: Work, others: Sequence[bpy.types.ID] = ()) -> Running:
    """Note that this work runs on the object, and on the others; `release` it at the end."""
    job = Running(obj.session_uid, operator, working, others=tuple(other.session_uid for other in others))
    _running.update(dict.fromkeys((job.uid, *job.others), job))
    return job


def claim_alone(operator: str, working: Work) -> Running:
    """Note work that belongs to no data-block: one of each operator at a time, whatever is selected."""
    job = Running(-1 - zlib.crc32(operator.encode()), operator, working)
    _running[job.uid] = job
    return job


def alone(operator: str) -> Running | None:
    """The job of `claim_alone`, if there is one."""
    return _running.get(-1 - zlib.crc32(operator.encode()))


def release(job: Running) -> None:
    """End the job's process and its timer, whatever its state."""
    job.work.close()
    if job.timer is not None:
        bpy.context.window_manager.event_timer_remove(job.timer)
        job.timer = None
    for uid in (job.uid, *job.others):
        _running.pop(uid, None)


def release_all() -> None:
    """End every job: the extension is being switched off."""
    for job in list(_running.values()):
        release(job)
