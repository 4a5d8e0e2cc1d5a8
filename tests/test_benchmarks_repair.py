# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time

import numpy as np
import pytest
from meshes import cube, joined, torus, uv_sphere
from spherical_cow.mesh import Mesh

from benchmarks.judge import judge
from benchmarks.peers.repairing import TOOLS
from benchmarks.workers import run_jobs


def work(job: str) -> str:
    """What a job may do to the process that it is given to."""
    if job == "raise":
        raise ValueError("no such thing")
    if job == "hang":
        time.sleep(60.0)
    if job == "crash":
        os._exit(3)
    return job.upper()


def test_a_job_that_fails_costs_no_other() -> None:
    done = {each.job: each for each in run_jobs(work, ["a", "raise", "hang", "crash", "b", "c"], limit=8.0)}
    assert [done[name].result for name in "abc"] == ["A", "B", "C"]
    assert done["raise"].failure == "ValueError: no such thing"
    assert "not done after 8 s" in done["hang"].failure
    assert "crashed" in done["crash"].failure


def test_a_sphere_that_is_kept_is_judged_as_such() -> None:
    mesh = uv_sphere(12)
    verdict = judge(mesh, mesh)
    assert verdict.sphere
    assert verdict.trimesh
    assert verdict.kept == 1.0
    assert verdict.hausdorff < 1e-12
    assert verdict.crossing_before == verdict.crossing_after == 0


@pytest.mark.parametrize(
    "mesh",
    [
        torus(),
        joined(cube(), cube(0.5)),
        Mesh(cube().vertices, cube().faces[1:]),
        cube().with_vertices(-cube().vertices),
    ],
)
def test_what_is_no_sphere_is_judged_as_such(mesh: Mesh) -> None:
    verdict = judge(cube(), mesh)
    assert not verdict.sphere
    assert not verdict.trimesh


def test_distances_are_those_of_what_can_be_seen() -> None:
    outside, inside = uv_sphere(24), uv_sphere(24, 0.5)
    verdict = judge(joined(outside, inside), outside)
    assert verdict.to_result < 1e-12  # the inner one cannot be seen
    assert verdict.kept == pytest.approx(0.5)
    larger = judge(outside, outside.with_vertices(1.02 * outside.vertices))
    assert larger.mean == pytest.approx(0.02 / outside.diagonal, rel=0.05)
    assert larger.kept == 0.0


def test_faces_without_a_place_do_not_count() -> None:
    mesh = uv_sphere(12)
    vertices = mesh.vertices.copy()
    vertices[5] = np.nan
    verdict = judge(mesh.with_vertices(vertices), mesh)
    assert verdict.to_result < 1e-12
    assert 0.9 < verdict.kept < 1.0


def test_tools_name_their_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in TOOLS:
        monkeypatch.setenv(tool.variable, "/somewhere/python")
        assert tool.interpreter() == "/somewhere/python"
