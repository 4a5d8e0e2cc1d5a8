# SPDX-License-Identifier: GPL-3.0-or-later
"""Many meshes on a Dask cluster of two real worker processes, one of which is killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import distributed
import psutil
import pytest
from meshes import assert_same_shapes, ellipsoid
from spherical_cow import batch
from spherical_cow.batch.rows import Row
from spherical_cow.errors import InvalidParameter, WorkerCrashed


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as found:
        yield found


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("herd")
    for number in range(8):
        ellipsoid((1.0, 0.9, 0.4 + 0.05 * number), 4).save(folder / f"{number}.ply")
    (folder / "moo.ply").write_bytes(b"moo")
    return folder


def results(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.npz")}


def test_a_worker_is_killed_in_the_middle(cluster: distributed.LocalCluster, herd: Path, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(row: Row) -> None:
        if row.status == "done" and not killed:
            worker = psutil.Process(cluster.workers[0].pid)
            inside = worker.children()
            assert inside, "the mesh is worked on in a process of its own"
            worker.kill()
            killed.append(worker.pid)
            _, left = psutil.wait_procs(inside, timeout=5)
            assert all(process.status() == psutil.STATUS_ZOMBIE for process in left)

    many = batch.run("encode", [herd], tmp_path / "many", scheduler=cluster.scheduler_address, lmax=8, on_row=kill)
    assert killed and (many.done, many.failed) == (8, 1)
    assert {row.input: row.error for row in many.rows if row.error} == {"moo.ply": "MeshFileError"}
    alone = batch.run("encode", [herd], tmp_path / "alone", jobs=1, lmax=8)
    assert_same_shapes(tmp_path / "many", tmp_path / "alone")
    assert len(results(tmp_path / "alone")) == 8
    without_time = [[row.to_dict() | {"seconds": 0, "attempts": 0} for row in found.rows] for found in (many, alone)]
    assert without_time[0] == without_time[1]
    assert sorted(file.name for file in (tmp_path / "many").iterdir() if file.suffix != ".npz") == [
        "encode.state.jsonl",
        "encode.summary.csv",
    ]
    again = batch.run("encode", [herd], tmp_path / "many", jobs=1, lmax=8)
    assert (again.earlier, again.failed) == (8, 1)


def test_time_limits_and_references_reach_the_workers(
    cluster: distributed.LocalCluster, herd: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    ellipsoid(level=7).save(tmp_path / "in" / "slow.ply")
    where = {"scheduler": cluster.scheduler_address, "out": tmp_path / "out"}
    encoded = batch.run("encode", [tmp_path / "in"], lmax=4, timeout=2.0, **where)
    assert [row.error for row in encoded.rows] == ["TimedOut"]
    pair = [herd / "0.ply", herd / "1.ply"]
    compared = batch.run("compare", pair, reference=herd / "1.ply", samples=99, volume="none", **where)
    assert [row.facts["hausdorff_rel"] > 0.001 for row in compared.rows] == [True, False]
    workers = [psutil.Process(worker.pid) for worker in cluster.workers.values()]
    assert not any(worker.children() for worker in workers), "nothing is left behind on the workers"


def test_without_a_scheduler_it_says_so(herd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spherical_cow.batch.cluster.CONNECT_SECONDS", 0.5)
    with pytest.raises(WorkerCrashed, match="no Dask scheduler"):
        batch.run("check", [herd], tmp_path / "out", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InvalidParameter, match="no address of a scheduler"):
        batch.run("check", [herd], tmp_path / "out", scheduler="moo")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["check.state.jsonl"]
