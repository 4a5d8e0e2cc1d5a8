# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes: names, what is done already, workers that die or take too long, stopping and going on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet
import pytest
from meshes import assert_same_shapes, cube, ellipsoid, torus, uv_sphere
from PIL import Image
from spherical_cow import batch
from spherical_cow.batch.files import content, files_of, pack
from spherical_cow.batch.items import find_items
from spherical_cow.batch.rows import Row, duration, write_table
from spherical_cow.batch.state import State
from spherical_cow.batch.verbs import find_verb
from spherical_cow.cli.main import main
from spherical_cow.errors import InvalidParameter, MeshFileError, OutputError, TimedOut, error_from_dict
from spherical_cow.meshfile import read_mesh
from spherical_cow.shapefile import load_shape


@pytest.fixture
def herd(tmp_path: Path) -> Path:
    """Four meshes that can be encoded, two of them called alike, one that cannot, and one that is none."""
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("a.ply", "a.obj", "more/a.ply", "z.ply")):
        ellipsoid((1.0, 0.8, 0.5 + 0.1 * number), 3).save(folder / name)
    torus().save(folder / "ring.ply")
    (folder / "moo.stl").write_bytes(b"moo")
    (folder / "notes.md").write_text("no mesh")
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def results(folder: Path, ending: str = ".npz") -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names_in(folder) if name.endswith(ending)}


def outputs(folder: Path, verb: str = "encode", **options: object) -> dict[str, str | None]:
    chosen = find_verb(verb)
    return {item.name: item.output for item in find_items([folder], chosen, chosen.settled(options))}


def test_results_never_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.obj", "a.ply", "A.off", "a.obj.ply", "b.stl", "sub/a.ply", ".hidden.ply"):
        (tmp_path / name).touch()
    encoded = outputs(tmp_path)
    assert encoded["b.stl"] == "b.harmonics.npz" and encoded["sub/a.ply"] == "sub/a.harmonics.npz"
    assert encoded["a.obj"] == "a.obj_2.harmonics.npz" and encoded["a.ply"] == "a.ply.harmonics.npz"
    assert len({str(name).casefold() for name in encoded.values()}) == 6 == len(encoded)
    mended = outputs(tmp_path, "repair", format="ply")
    assert mended["a.ply"] == "a.ply" and mended["a.obj.ply"] == "a.obj.ply" and mended["a.obj"] == "a.obj_2.ply"
    assert len({str(name).casefold() for name in mended.values()}) == 6
    assert outputs(tmp_path, "check")["a.ply"] is None


def test_inputs_are_folders_patterns_files_and_lists(tmp_path: Path) -> None:
    for name in ("x/a.ply", "x/deep/b.ply", "y/c.obj", "y/d.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("\ufeff# some\nx/a.ply\n\ny/gone.ply\n", encoding="utf-8")
    verb = find_verb("check")

    def found(*inputs: str, recursive: bool = True) -> list[str]:
        return [item.name for item in find_items([tmp_path / name for name in inputs], verb, {}, recursive=recursive)]

    assert found("x", "y") == ["x/a.ply", "x/deep/b.ply", "y/c.obj"]
    assert found("x", recursive=False) == ["a.ply"]
    assert found("x/*.ply") == ["a.ply"] and found("**/*.ply") == ["a.ply", "deep/b.ply"]
    assert found("list.txt") == ["x/a.ply", "y/gone.ply"]
    assert found("x/a.ply", "x", "x/../x/a.ply") == ["a.ply", "deep/b.ply"]
    for nothing in ("y/*.stl", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InvalidParameter):
            found(nothing)
    with pytest.raises(MeshFileError, match="no file"):
        found("nowhere.txt")


def test_an_item_is_all_files_that_it_is_read_with(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((2, 2, 3), 200, np.uint8)).save(tmp_path / "in" / "skin.png")
    (folder / "m.mtl").write_text("newmtl skin\nmap_Kd ../skin.png\n")
    cube().save(folder / "a.obj")
    text = "mtllib m.mtl\nvt 0 0\nusemtl skin\n" + (folder / "a.obj").read_text()
    (folder / "a.obj").write_text("".join(f"{line}\n" for line in text.splitlines()).replace("f 1 ", "f 1/1 "))
    assert [file.name for file in files_of(folder / "a.obj")] == ["a.obj", "skin.png", "m.mtl"]
    before = content(folder / "a.obj")
    moved = pack(folder / "a.obj").unpack(tmp_path / "elsewhere")
    there = read_mesh(moved)
    assert "color" in there.attributes
    assert np.array_equal(there.attributes["color"], read_mesh(folder / "a.obj").attributes["color"])
    assert content(moved) == before
    Image.fromarray(np.full((2, 2, 3), 100, np.uint8)).save(tmp_path / "in" / "skin.png")
    assert content(folder / "a.obj") != before


def test_one_and_two_processes_give_the_same_and_a_second_run_does_nothing(herd: Path, tmp_path: Path) -> None:
    one = batch.run("encode", [herd], tmp_path / "one", jobs=1, lmax=8)
    seen: list[Row] = []
    under_way: list[int] = []

    def note(row: Row) -> None:
        seen.append(row)
        under_way.append(len(list((tmp_path / "two" / ".unfinished").iterdir())))

    two = batch.run("encode", [herd], tmp_path / "two", jobs=2, lmax=8, on_row=note, summary="parquet")
    assert max(under_way) <= 3, "a task is begun when a process is free for it: two, and one that has just ended"
    assert_same_shapes(tmp_path / "one", tmp_path / "two")
    assert len(results(tmp_path / "one")) == 4
    assert (one.done, one.failed, one.earlier) == (two.done, two.failed, two.earlier) == (4, 2, 0)
    assert {row.input: row.error for row in two.rows if row.error} == {
        "moo.stl": "MeshFileError",
        "ring.ply": "NotGenusZero",
    }
    assert sorted(row.input for row in seen) == [row.input for row in two.rows]
    assert load_shape(tmp_path / "one" / "more" / "a.harmonics.npz").lmax == 8
    assert names_in(tmp_path / "two") == sorted([*results(tmp_path / "two"), "encode.state.jsonl", two.path.name])
    table = pyarrow.parquet.read_table(two.path).to_pylist()
    with one.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["input"] for row in table] == [row["input"] for row in rows] == [row.input for row in one.rows]
    assert rows[0]["fit_error_rel"] == str(table[0]["fit_error_rel"]) and "genus" in rows[-2]["message"]

    stamps = {name: (tmp_path / "two" / name).stat().st_mtime_ns for name in results(tmp_path / "two")}
    (tmp_path / "two" / "more" / "a.harmonics.npz").write_bytes(b"edited by somebody")
    ellipsoid((2.0, 1.0, 1.0), 3).save(herd / "z.ply")
    with (tmp_path / "two" / "encode.state.jsonl").open("ab") as file:
        file.write(b'{"input": "a.ply", "key": "half a li')
    again = batch.run("encode", [herd], tmp_path / "two", lmax=8, jobs=1)
    assert (again.done, again.earlier, again.failed) == (4, 2, 2)
    assert {row.input for row in again.rows if row.earlier} == {"a.ply", "a.obj"}
    again, first = (load_shape(tmp_path / place / "more" / "a.harmonics.npz") for place in ("two", "one"))
    assert np.abs(again.harmonics.coefficients - first.harmonics.coefficients).max() < 1e-14
    assert (tmp_path / "two" / "a.ply.harmonics.npz").stat().st_mtime_ns == stamps["a.ply.harmonics.npz"]
    assert results(tmp_path / "two")["z.harmonics.npz"] != results(tmp_path / "one")["z.harmonics.npz"]


def test_repair_and_compare(herd: Path, tmp_path: Path) -> None:
    mended = batch.run("repair", [herd], tmp_path / "mended", jobs=1)
    assert (mended.done, mended.failed) == (5, 1)
    assert {row.input: row.output for row in mended.rows}["a.obj"] == "a.obj"
    assert [row.facts["done"] for row in mended.rows if row.input == "a.ply"] == [""]
    compared = batch.run("compare", [tmp_path / "mended"], tmp_path / "compared", reference=herd, jobs=1, samples=500)
    by_name = {row.input: row for row in compared.rows}
    assert compared.failed == 0 and by_name["a.ply"].facts["hausdorff_rel"] < 1e-6
    assert by_name["ring.ply"].facts["hausdorff_rel"] > 1e-3
    assert names_in(tmp_path / "compared") == ["compare.state.jsonl", "compare.summary.csv"]


def workers() -> list[int]:
    """The processes of a batch that this process runs."""
    return [child.pid for child in psutil.Process().children() if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return any("batch.process" in word for word in process.cmdline())
    except psutil.Error:
        return False


def kill_worker(out: Path, number: int, times: int) -> threading.Thread:
    """Kill the one worker while it has the task of that number, so many times, as it comes back."""

    def kill() -> None:
        wait_for((out / ".unfinished" / str(number)).is_dir)
        for _ in range(times):
            wait_for(lambda: bool(workers()))
            worker = workers()[0]
            (out / ".unfinished" / str(number) / ".half.npz").write_bytes(b"half")  # as it may be just now
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda worker=worker: worker not in workers())  # type: ignore[misc]

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
def test_a_mesh_that_kills_its_worker_or_takes_too_long_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, level in (("a", 1), ("killed once", 1), ("killed twice", 1), ("slow", 7), ("z", 1)):
        ellipsoid(level=level).save(tmp_path / "in" / f"{name}.ply")
    threads: list[threading.Thread] = []

    def sabotage(row: Row) -> None:
        if row.input in ("a.ply", "killed once.ply"):
            threads.append(kill_worker(tmp_path / "out", len(threads) + 1, len(threads) + 1))

    summary = batch.run(
        "encode", [tmp_path / "in"], tmp_path / "out", jobs=1, timeout=4.0, on_row=sabotage, lmax=4, method="authalic"
    )
    for thread in threads:
        thread.join()
    assert [(row.input[:-4], row.error, row.attempts) for row in summary.rows] == [
        ("a", None, 1),
        ("killed once", None, 2),
        ("killed twice", "WorkerCrashed", 2),
        ("slow", "TimedOut", 1),
        ("z", None, 1),
    ]
    assert "killed" in str(summary.rows[2].message) and "4 s" in str(summary.rows[3].message)
    assert names_in(tmp_path / "out") == [
        "a.harmonics.npz",
        "encode.state.jsonl",
        "encode.summary.csv",
        "killed once.harmonics.npz",
        "z.harmonics.npz",
    ]
    assert not workers()
    error = TimedOut("a", "b")
    assert type(error_from_dict(error.to_dict())) is TimedOut


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
def test_a_stopped_command_leaves_nothing_half_written(
    herd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, many = tmp_path / "out", shutil.copytree(herd, tmp_path / "many")
    for number in range(20):  # so that there is something left to do when it is stopped
        shutil.copy(herd / "a.ply", many / f"z{number:02}.ply")
    state = out / "encode.state.jsonl"
    words = ["batch", "encode", str(many), str(out), "--jobs", "1", "--lmax", "4"]
    with subprocess.Popen([sys.executable, "-m", "spherical_cow.cli.main", *words]) as process:
        wait_for(lambda: state.exists() and b"\n" in state.read_bytes())
        orphans = psutil.Process(process.pid).children()
        process.kill()
    _, left = psutil.wait_procs(orphans, timeout=5)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in left), "at most not yet buried"

    def interrupt() -> None:
        wait_for(lambda: b'"a.ply"' in state.read_bytes())
        os.kill(os.getpid(), signal.SIGINT)

    for extra in (["--json"], []):
        thread = threading.Thread(target=interrupt)
        thread.start() if extra else None
        assert main([*words, *extra]) == (130 if extra else 1)
        printed = capsys.readouterr()
        assert not (out / ".unfinished").exists() and not workers()
        assert {load_shape(out / name).lmax for name in results(out)} == {4}
        if extra:
            data = json.loads(printed.out)
            assert data["cancelled"] and data["earlier"] >= 1 and "Traceback" not in printed.err
            assert "waiting" in {row["status"] for row in data["rows"]}
    assert "24 of 26 done (" in printed.out and len(results(out)) == 24


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_cannot_be_is_refused_before_any_work(herd: Path, tmp_path: Path) -> None:
    def refused(error: type[Exception], text: str, **changes: object) -> None:
        given = {"verb": "encode", "inputs": [herd], "out": tmp_path / "out", **changes}
        with pytest.raises(error, match=text):
            batch.run(**given)
        assert not (tmp_path / "out").exists()

    refused(InvalidParameter, "no verb", verb="moo")
    refused(InvalidParameter, "no option 'moo'", moo=1)
    refused(InvalidParameter, "lmax", lmax=0)
    refused(InvalidParameter, "method", method="moo")
    refused(InvalidParameter, "mean error", target="moo")
    refused(InvalidParameter, "no channel 'moo'", channels=["moo"])
    refused(InvalidParameter, "replace the files", out=herd)
    refused(InvalidParameter, "inside the input folder", out=herd / "out")
    refused(InvalidParameter, "0 jobs", jobs=0)
    refused(InvalidParameter, "nothing to compare", verb="compare")
    refused(InvalidParameter, "no reference", verb="compare", reference=tmp_path / "moo")
    refused(InvalidParameter, "summary format", summary="moo")
    (tmp_path / "file").touch()
    refused(OutputError, "cannot be made", out=tmp_path / "file" / "out")
    refused(InvalidParameter, "would replace the input", verb="repair", inputs=[herd / "a.ply"], out=herd)
    inputs = [herd / "more" / "*.ply", herd / "z.ply"]
    refused(InvalidParameter, "inside the output", verb="repair", inputs=inputs, out=herd / "more")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no locks on folders")
def test_two_batches_do_not_work_in_one_folder(herd: Path, tmp_path: Path) -> None:
    def check(row: object = None) -> object:
        return batch.run("check", [herd], tmp_path / "out", jobs=1, on_row=check)

    with pytest.raises(OutputError, match="Another batch"):
        check()


def test_the_command_line_checks_a_folder(herd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["batch", "check", str(herd), str(tmp_path / "out"), "--no-self-intersections", "--jobs", "1"]
    assert main([*words, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["total"], data["done"], data["failed"]) == (6, 5, 1)
    assert {row["input"] for row in data["rows"] if row.get("encodable")} == {"a.obj", "a.ply", "more/a.ply", "z.ply"}
    assert [row["genus"] for row in data["rows"] if row["input"] == "ring.ply"] == [1]
    words[2] = str(herd / "a.ply")
    assert main(words) == 0
    assert "1 of 1 done (1 of them earlier)" in capsys.readouterr().out
    assert main(["batch", "encode", str(herd), str(herd)]) == 2


def test_a_table_has_the_same_columns_in_every_row(tmp_path: Path) -> None:
    rows = [
        Row("a\udcff.ply", "a", "done", attempts=1, facts={"n": 1, "x": 1, "t": "é,\n"}),
        Row("b", facts={"x": 0.5, "ok": True}),
    ]
    write_table(rows, tmp_path / "t.csv")
    write_table(rows, tmp_path / "t.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [row["x"] for row in table] == [1.0, 0.5] and [line["x"] for line in lines] == ["1.0", "0.5"]
    assert lines[0]["t"] == table[0]["t"] == "é,\n" and table[1]["ok"] is True
    assert uv_sphere(3).n_faces and duration(7300) == "2 h 2 min" and duration(30) == "30 s"


def test_damaged_records_do_not_count(tmp_path: Path) -> None:
    lines = [b"null", b"[]", b'{"input": "a"}', b'{"input": "b", "key": "k", "files": {}, "row": {}}', b"\xff", b"{"]
    (tmp_path / "check.state.jsonl").write_bytes(b"\n".join(lines))
    state = State(tmp_path, "check")
    assert set(state.records) == {"b"} and state.result_of("b", "k", None) and not state.result_of("b", "other", None)
