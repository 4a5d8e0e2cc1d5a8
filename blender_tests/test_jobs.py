# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker process: progress, cancel, crash, two at once, and what happens to the object meanwhile."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import bpy
import numpy as np
import pytest
from conftest import add_blob, positions


@pytest.fixture
def jobs(extension):
    return importlib.import_module(f"{extension}.jobs")


@pytest.fixture
def errors(extension):
    return importlib.import_module(f"{extension}.core.errors")


@pytest.fixture
def request_(extension, blob):
    bridge = importlib.import_module(f"{extension}.bridge")
    encode = importlib.import_module(f"{extension}.operators.encode")

    class Settings:
        lmax, method, channels, use_target, target = 12, "balanced", {"density"}, False, 0.1

    return encode.encode_request(Settings, bridge.read(blob))


def folders(extension) -> list[Path]:
    return list(Path(bpy.utils.extension_path_user(extension, path="jobs")).glob("job-*"))


def pid_of(work) -> int:
    """The process of a generator that is under way."""
    return int(work.gi_frame.f_locals["process"].pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def started(work) -> int:
    for _ in work:
        if "process" in work.gi_frame.f_locals:
            return pid_of(work)
    raise AssertionError("the work ended at once")


def test_progress_grows_and_has_words(jobs, request_, extension):
    jobs.wait(jobs.work(request_))  # the first time there may be code to compile
    steps = []
    result = jobs.wait(jobs.work(request_), steps.append)
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] <= 1.0
    assert len({step.phase for step in steps}) > 2 and all(step.phase for step in steps)
    assert result.arrays["sphere"].shape == (642, 3)
    assert not folders(extension)


def test_compiling_is_told_where_it_takes_time_and_only_once(jobs, tmp_path):
    step, mark = jobs.Step(0.3, "Epoch 1 of 9"), tmp_path / "done"
    fit, quick = jobs.Request("fit_distance", torch=True), jobs.Request("encode")
    many = jobs.Request("batch", many=True)

    def told(request, step=step, quiet=60.0):
        return "Compiling" in jobs._shown(step, request, mark, quiet).phase

    assert told(fit) and not told(fit, quiet=0.5)
    assert told(quick) and told(quick, quiet=0.0)
    assert told(many, jobs.Step(0.0, "Starting")) and not told(many)
    assert not told(jobs.Request("train", torch=True, compiles=False))
    mark.touch()
    assert not told(fit) and not told(quick)


def test_cancel_kills_the_process_and_leaves_nothing(jobs, request_, extension):
    work = jobs.work(request_)
    pid = started(work)
    work.close()
    assert not alive(pid) and not folders(extension)


def test_a_killed_worker_is_reported_with_its_last_words(jobs, request_, errors, extension):
    work = jobs.work(request_)
    os.kill(started(work), signal.SIGKILL)
    with pytest.raises(errors.WorkerCrashed, match="killed"):
        jobs.wait(work)
    assert not folders(extension)


def test_a_crash_is_put_in_short_words_with_the_details_to_copy(blob, errors, extension):
    messages = importlib.import_module(f"{extension}.messages")
    error = errors.WorkerCrashed("It ended.", "Traceback\n  line 1\nTypeError: moo")
    messages.put(bpy.context, "spherical_cow.encode", blob, error)
    session = bpy.context.window_manager.spherical_cow
    assert session.found == "It ended. TypeError: moo" and "line 1" in session.details
    assert session.fix == "spherical_cow.copy_diagnostics"
    assert bpy.ops.spherical_cow.copy_diagnostics() == {"FINISHED"}


def test_errors_of_the_worker_keep_their_type(jobs, errors):
    vertices = np.zeros((3, 3))
    vertices[1, 0] = vertices[2, 1] = 1.0
    request = jobs.Request("encode", {"lmax": 4}, {"vertices": vertices, "faces": np.array([[0, 1, 2]])})
    with pytest.raises(errors.NotGenusZero) as caught:
        jobs.wait(jobs.work(request))
    assert caught.value.reasons and caught.value.remedy


def test_an_unknown_task_is_refused(jobs, errors):
    with pytest.raises(errors.SphericalCowError):
        jobs.wait(jobs.work(jobs.Request("moo")))


def test_ctrl_c_cancels(jobs, request_, errors, extension):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(errors.Cancelled):
        jobs.wait(jobs.work(request_))
    assert not folders(extension)


def test_the_worker_ends_with_its_parent(jobs, request_, errors):
    work = jobs.work(request_)
    started(work)
    work.gi_frame.f_locals["process"].stdin.close()  # what the system does when Blender is gone
    with pytest.raises(errors.WorkerCrashed, match="status 3"):
        jobs.wait(work)


def test_two_jobs_at_once(jobs, request_):
    first, second = jobs.work(request_), jobs.work(request_)
    assert started(first) != started(second)
    assert np.array_equal(jobs.wait(first).arrays["sphere"], jobs.wait(second).arrays["sphere"])


def test_no_second_job_on_the_same_object(jobs, request_, blob):
    other = add_blob("Other", subdivisions=2)
    job = jobs.claim(blob, "spherical_cow.encode", jobs.work(request_))
    try:
        assert bpy.ops.spherical_cow.encode.poll()
        bpy.context.view_layer.objects.active = blob
        assert not bpy.ops.spherical_cow.encode.poll() and bpy.ops.spherical_cow.cancel.poll()
        assert bpy.ops.spherical_cow.cancel() == {"FINISHED"} and job.cancel
    finally:
        jobs.release(job)
    assert bpy.ops.spherical_cow.encode.poll() and jobs.running(other) is None


def test_the_job_of_its_own_section_is_stopped(jobs, request_, blob):
    encode = jobs.claim(blob, "spherical_cow.encode", jobs.work(request_))
    batch = jobs.claim(bpy.context.scene, "spherical_cow.batch", jobs.work(request_))
    try:
        assert bpy.ops.spherical_cow.cancel(operator="spherical_cow.batch") == {"FINISHED"}
        assert batch.cancel and not encode.cancel
        assert bpy.ops.spherical_cow.cancel(operator="spherical_cow.check") == {"CANCELLED"}
    finally:
        jobs.release(encode)
        jobs.release(batch)


class Shell:
    """The modal operator without a window: the same steps that its timer takes."""

    def __init__(self, extension: str, obj: bpy.types.Object, request) -> None:
        shell = importlib.import_module(f"{extension}.operators.shell")
        jobs = importlib.import_module(f"{extension}.jobs")
        bridge = importlib.import_module(f"{extension}.bridge")
        self.reports: list[tuple[set[str], str]] = []
        self.committed = False
        self.look = shell.JobOperator._look.__get__(self)
        self._end = shell.JobOperator._end.__get__(self)
        self._warn = shell.JobOperator._warn.__get__(self)
        self.bl_idname = "spherical_cow.encode"
        self.before = bridge.current_fingerprint(obj)
        self.job = jobs.claim(obj, self.bl_idname, jobs.work(request))
        self.release = lambda: jobs.release(self.job)

    def _show(self, context, step) -> None:
        self.job.step = step

    def report(self, kind: set[str], text: str) -> None:
        self.reports.append((kind, text))

    def commit(self, context, obj, result) -> str:
        self.committed = True
        return "done"

    def run(self) -> set[str]:
        while (outcome := self.look(bpy.context)) is None:
            time.sleep(0.05)
        self.release()
        return outcome


def test_an_object_deleted_meanwhile(extension, blob, request_):
    shell = Shell(extension, blob, request_)
    shell.look(bpy.context)
    bpy.data.objects.remove(blob)
    assert shell.run() == {"CANCELLED"} and not shell.committed
    assert shell.reports[0][0] == {"WARNING"} and "deleted" in shell.reports[0][1]


def test_an_object_edited_meanwhile(extension, blob, request_):
    shell = Shell(extension, blob, request_)
    shell.look(bpy.context)
    blob.data.vertices[0].co.x += 0.5
    assert shell.run() == {"CANCELLED"} and not shell.committed
    assert "edited" in shell.reports[0][1]


def test_an_object_renamed_meanwhile_is_found(extension, blob, request_):
    shell = Shell(extension, blob, request_)
    shell.look(bpy.context)
    blob.name = "Somebody Else"
    assert shell.run() == {"FINISHED"} and shell.committed


def test_cancelled_in_the_middle_the_scene_is_untouched(extension, blob, request_):
    before = positions(blob).copy()
    shell = Shell(extension, blob, request_)
    shell.look(bpy.context)
    shell.job.cancel = True
    assert shell.run() == {"CANCELLED"} and not shell.committed
    assert np.array_equal(positions(blob), before) and blob.data.spherical_cow.lmax == 0
    assert not folders(extension)


def test_a_preview_is_news_once_and_only_where_it_is_wanted(extension, tmp_path):
    previews = importlib.import_module(f"{extension}.previews")
    files = importlib.import_module(f"{extension}.core.files")
    wanted, other = previews.News(tmp_path, wanted=True), previews.News(tmp_path, wanted=False)
    assert wanted.latest() is None and other.latest() is None
    for number in range(3):
        with files.atomic_write(tmp_path / previews.NAME) as temporary:
            np.savez(temporary, vertices=np.full((2, 3), number))
        path = wanted.latest()
        assert wanted.latest() is None and other.latest() is None
        assert (previews.arrays_in(path)["vertices"] == number).all()


def test_only_a_task_that_is_asked_for_previews_hears_of_them(jobs):
    for wanted in (True, False):
        folder = jobs._prepare(jobs.Request("encode", {"lmax": 4}, preview=wanted))
        told = json.loads((folder / "request.json").read_text())["parameters"]
        shutil.rmtree(folder)
        assert ("preview" in told) == wanted and told["lmax"] == 4
        assert not wanted or Path(told["preview"]).parent == folder
