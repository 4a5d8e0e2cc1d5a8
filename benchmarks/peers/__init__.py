# SPDX-License-Identifier: GPL-3.0-or-later
"""Other tools of the field on the same meshes, on this machine, with the same measure of error.

Each runs in an interpreter of its own, so that its needs never meet ours: the path in the environment variable that
`PEERS` names, or this interpreter if it can import the tool. The drivers in this folder are scripts of their own: they
import NumPy and the tool only, read a mesh from an `.npz`, and write their result to another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from spherical_cow.codec import encode
from spherical_cow.geometry.measure import oriented_outward
from spherical_cow.geometry.subdivide import midpoint_sphere
from spherical_cow.harmonics.transforms import analyse, synthesize
from spherical_cow.mesh import FloatArray, IntArray, Mesh
from spherical_cow.sphere.distortion import flips
from spherical_cow.sphere.parametrize import parametrize

from ..errors import error_between, quantities
from ..maps import map_quantities
from ..report import Quantity, Row
from ..setup import Setup
from ..timing import Timing, best_of
from .images import voxels

FOLDER = Path(__file__).parent
SECONDS_LIMIT = 900
MESHES = ("spot", "homer", "cortex_left")
DEGREES = (16, 32)
MAP_DEGREE = 64


@dataclass(frozen=True)
class Peer:
    """name: as it is installed. module: as it is imported. driver: the script. variable: names its interpreter.

    kind: "coefficients" (encodes and decodes a mesh), "image" (the same, from voxels) or "map" (to the sphere only).
    """

    name: str
    module: str
    driver: str
    variable: str
    kind: str

    def interpreter(self) -> str | None:
        """The Python that has this tool; None where there is none."""
        named = os.environ.get(self.variable)
        if named:
            return named
        return sys.executable if find_spec(self.module) is not None else None


PEERS = (
    Peer("flowshape", "flowshape", "flowshape_driver.py", "SPHERICAL_COW_PEER_FLOWSHAPE", "coefficients"),
    Peer("aicsshparam", "aicsshparam", "aicsshparam_driver.py", "SPHERICAL_COW_PEER_AICSSHPARAM", "image"),
    Peer("u-unwrap3d", "unwrap3D", "u_unwrap3d_driver.py", "SPHERICAL_COW_PEER_U_UNWRAP3D", "map"),
)


class PeerFailed(Exception):
    """The tool ended with an error, or did not end in time; the text is the last line that it said."""


def run(setup: Setup) -> Iterator[Row]:
    """Two rows for each tool, mesh and degree: theirs, and ours with the ratios theirs / ours."""
    names = [name for name in MESHES if name in setup.meshes.sources] or ["sample_cow"]
    for peer in PEERS:
        interpreter = peer.interpreter()
        if interpreter is None:
            yield Row(peer.name, remark=f"skipped: not installed; {peer.variable} may name a Python that has it")
            continue
        for name in names[:1] if setup.quick else names:
            mesh = oriented_outward(setup.meshes.get(name))
            mesh = Mesh(mesh.vertices, mesh.faces)
            if peer.kind == "map":
                yield from _map_rows(setup, peer, interpreter, name, mesh)
                continue
            for lmax in DEGREES[:1] if setup.quick else DEGREES:
                yield from _code_rows(setup, peer, interpreter, name, mesh, lmax)


def _code_rows(setup: Setup, peer: Peer, interpreter: str, name: str, mesh: Mesh, lmax: int) -> Iterator[Row]:
    what = f"{name}, lmax {lmax}"
    setup.log(f"{peer.name}, {what}")
    _, faces = midpoint_sphere(mesh.vertices, mesh.faces)
    inputs: dict[str, Any] = {"lmax": lmax, "repeats": 1 if setup.quick else 2, "edges": _edges(mesh, faces)}
    if peer.kind == "image":
        inputs.update(voxels(mesh))
    try:
        result = call(interpreter, peer, {"vertices": mesh.vertices, "faces": mesh.faces, **inputs})
    except PeerFailed as error:
        yield Row(f"{peer.name}: {what}", remark=f"failed: {error}")
        return
    rebuilt = Mesh(result["vertices"], result.get("rebuilt_faces", faces))
    theirs, their_time = error_between(mesh, rebuilt), _timing(result)
    yield Row(
        f"{peer.name} {result['version']}: {what}",
        (*quantities(theirs), *their_time.quantities()),
        details={"error": theirs.to_dict()},
    )

    def code() -> Mesh:
        shape = encode(mesh, lmax, channels=["position"])
        directions, fine = midpoint_sphere(*shape.require_sphere())
        return Mesh(synthesize(shape.harmonics, directions), fine)

    own, our_time = best_of(code, setup.repeats)
    ours = error_between(mesh, own)
    yield Row(
        f"ours: {what}",
        (*quantities(ours), *our_time.quantities(), *_ratios(theirs.mean, ours.mean, their_time, our_time)),
        details={"error": ours.to_dict()},
    )


def _map_rows(setup: Setup, peer: Peer, interpreter: str, name: str, mesh: Mesh) -> Iterator[Row]:
    setup.log(f"{peer.name}, {name}")
    repeats = 1 if setup.quick else 2
    try:
        result = call(interpreter, peer, {"vertices": mesh.vertices, "faces": mesh.faces, "repeats": repeats})
    except PeerFailed as error:
        yield Row(f"{peer.name}: map of {name}", remark=f"failed: {error}")
        return
    their_time = _timing(result)
    theirs, remark = _error_on_map(mesh, result["sphere"])
    yield Row(
        f"{peer.name} {result['version']}: map of {name}",
        (*map_quantities(mesh, result["sphere"], bounded=False), *theirs, *their_time.quantities()),
        remark=remark,
    )
    sphere, our_time = best_of(lambda: parametrize(mesh, "authalic"), setup.repeats)
    ours, _ = _error_on_map(mesh, sphere)
    ratios = _ratios(theirs[0].value, ours[0].value, their_time, our_time) if theirs else ()
    yield Row(f"ours: authalic map of {name}", (*map_quantities(mesh, sphere), *ours, *our_time.quantities(), *ratios))


def _error_on_map(mesh: Mesh, sphere: FloatArray) -> tuple[tuple[Quantity, ...], str]:
    """Errors of one and the same fit of degree 64 on a map; nothing, and a reason, where there are flips."""
    if flips(sphere, mesh.faces):
        return (), "no fit: a map with flips gives a direction several points"
    coefficients = analyse(sphere, mesh.faces, mesh.vertices, MAP_DEGREE)
    directions, faces = midpoint_sphere(sphere, mesh.faces)
    return quantities(error_between(mesh, Mesh(synthesize(coefficients, directions), faces))), ""


def _ratios(their_error: float, our_error: float, theirs: Timing, ours: Timing) -> tuple[Quantity, Quantity]:
    """How many times our error and our time theirs are."""
    return (
        Quantity("error ratio", their_error / our_error, "×"),
        Quantity("time ratio", theirs.seconds / ours.seconds, "×"),
    )


def call(interpreter: str, peer: Peer, inputs: Mapping[str, Any], limit: float = SECONDS_LIMIT) -> dict[str, Any]:
    """Run the driver of `peer` on arrays by name. Returns its arrays by name. Raises `PeerFailed`."""
    with tempfile.TemporaryDirectory(prefix="spherical-cow-benchmark-") as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **inputs)
        command = [interpreter, str(FOLDER / peer.driver), str(source), str(target)]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=limit)
        except subprocess.TimeoutExpired as error:
            raise PeerFailed(f"not done after {limit:.0f} s") from error
        except OSError as error:
            raise PeerFailed(f"{interpreter} cannot be run: {error.strerror}") from error
        if done.returncode or not target.exists():
            lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
            raise PeerFailed(lines[-1])
        with np.load(target, allow_pickle=False) as archive:
            result = {key: archive[key] for key in archive.files}
    return {**result, "version": str(result["version"])}


def _timing(result: Mapping[str, Any]) -> Timing:
    return Timing(float(result["seconds"]), float(result["cpu_seconds"]))


def _edges(mesh: Mesh, fine: IntArray) -> IntArray:
    """(E, 2) the ends of the edge that each new vertex of the subdivided faces `fine` lies on."""
    count = mesh.n_faces
    middles, corners = fine[:count] - mesh.n_vertices, fine[count:].reshape(3, count, 3)
    edges = np.empty((int(middles.max()) + 1, 2), dtype=np.int64)
    a, b, c = corners[0, :, 0], corners[1, :, 1], corners[2, :, 2]
    for column, ends in enumerate(((a, b), (b, c), (c, a))):
        edges[middles[:, column]] = np.stack(ends, axis=1)
    return edges
