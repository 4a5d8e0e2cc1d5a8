# SPDX-License-Identifier: GPL-3.0-or-later
"""Progressive files against meshes of the same number of bytes: decimated, rounded and packed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec

import igl
import numpy as np
from spherical_cow.codec import decode, encode
from spherical_cow.compression import shape_from_progressive, shape_to_progressive
from spherical_cow.compression.progressive import degree_ends
from spherical_cow.mesh import Mesh
from spherical_cow.shape import Shape

from .errors import error_between, quantities
from .report import Quantity, Row
from .setup import Setup

LMAX, BITS = 64, 12
SETTINGS = ((16, 8), (24, 8), (32, 8), (32, 10), (48, 10), (64, 8), (64, 10), (64, 12), (64, 16))
"""(lmax, bits) of the files; each is compared with meshes of as many bytes."""
PREFIXES = (0.25, 0.5, 0.75)
FREQUENCY = 64
MESH_BITS = (8, 10, 12, 14)
SEARCHES = 5
LEAST_FACES = 20

Packer = Callable[[Mesh, int], bytes]


def run(setup: Setup) -> Iterator[Row]:
    """Sizes and errors of files of one encode, of their beginnings, and of the best mesh of the same size."""
    packers: dict[str, Packer] = {"zlib": packed_by_zlib}
    if find_spec("DracoPy") is not None:
        packers["Draco"] = packed_by_draco
    else:
        yield Row("Draco", remark="skipped: the library DracoPy is not installed")
    names = [setup.meshes.cow()] if setup.quick else setup.meshes.compared()
    for name in names:
        mesh = setup.meshes.get(name)
        setup.log(name)
        shape = encode(Mesh(mesh.vertices, mesh.faces), LMAX, channels=["position"])
        for lmax, bits in SETTINGS[3:4] if setup.quick else SETTINGS:
            data = shape_to_progressive(shape, bits, lmax)
            yield _row(f"{name}, lmax {lmax}, {bits} bits", mesh, data)
            for packer in packers:
                yield _mesh_row(f"… mesh of that size, {packer}", mesh, len(data), packers[packer])
        yield from _prefixes(name, mesh, shape)


def _prefixes(name: str, mesh: Mesh, shape: Shape) -> Iterator[Row]:
    data = shape_to_progressive(shape, BITS)
    ends = degree_ends(data)
    for share in PREFIXES:
        lmax = int(np.searchsorted(ends, share * len(data), side="right")) - 1
        if lmax >= 1:
            yield _row(f"{name}, the first {100 * share:.0f} % of lmax {LMAX}, {BITS} bits", mesh, data[: ends[lmax]])


def _row(what: str, mesh: Mesh, data: bytes) -> Row:
    decoded = shape_from_progressive(data)
    error = error_between(mesh, decode(decoded.shape, "icosphere", FREQUENCY))
    count = decoded.harmonics.coefficients.size
    size = (Quantity("bytes", len(data), "count"), Quantity("bits a number", 8.0 * len(data) / count))
    return Row(what, (*size, *quantities(error)), f"degrees to {decoded.harmonics.lmax}", {"error": error.to_dict()})


def _mesh_row(what: str, mesh: Mesh, size: int, packer: Packer) -> Row:
    """The best of the meshes, rounded to several numbers of bits, whose files are not larger than `size`."""
    found = [each for bits in MESH_BITS if (each := best_mesh(mesh, size, bits, packer)) is not None]
    if not found:
        return Row(what, remark="no mesh is that small")
    errors = [(error_between(mesh, small), small, bits, length) for small, bits, length in found]
    error, small, bits, length = min(errors, key=lambda each: each[0].mean_rel)
    remark = f"{small.n_vertices} vertices of {bits} bits"
    return Row(what, (Quantity("bytes", length, "count"), *quantities(error)), remark, {"error": error.to_dict()})


def best_mesh(mesh: Mesh, size: int, bits: int, packer: Packer) -> tuple[Mesh, int, int] | None:
    """(mesh, bits, bytes) with as many faces as fit into `size` bytes; None where not even the smallest does."""
    low, high, best = LEAST_FACES, mesh.n_faces, None
    guess = min(max(int(size * 8 / (bits + 4)), low), high)
    for _ in range(SEARCHES):
        small = decimated(mesh, guess)
        length = len(packer(small, bits))
        if length <= size:
            best, low = (rounded(small, bits), bits, length), guess
        else:
            high = guess
        if high - low <= 1 + low // 50:
            break
        guess = min(max(int(guess * size / length), low + 1), high - 1)
    return best


def decimated(mesh: Mesh, faces: int) -> Mesh:
    """The mesh with so many faces, by quadrics (Garland and Heckbert 1997)."""
    if faces >= mesh.n_faces:
        return mesh
    vertices, triangles, *_ = igl.qslim(mesh.vertices, mesh.faces, faces)[-4:]
    return Mesh(np.asarray(vertices), np.asarray(triangles))


def rounded(mesh: Mesh, bits: int) -> Mesh:
    """The mesh with coordinates rounded to a grid of 2^bits - 1 steps along its longest side."""
    low, step = mesh.vertices.min(axis=0), float(np.ptp(mesh.vertices, axis=0).max()) / (2.0**bits - 1.0)
    return replace(mesh, vertices=low + np.rint((mesh.vertices - low) / step) * step)


def packed_by_zlib(mesh: Mesh, bits: int) -> bytes:
    """Vertices in the order in which faces use them, as differences; faces as differences from the newest vertex."""
    low, step = mesh.vertices.min(axis=0), float(np.ptp(mesh.vertices, axis=0).max()) / (2.0**bits - 1.0)
    used, first = np.unique(mesh.faces.ravel(), return_index=True)
    order = used[np.argsort(first)]
    place = np.empty(mesh.n_vertices, np.int64)
    place[order] = np.arange(len(order))
    numbers = np.rint((mesh.vertices[order] - low) / step).astype(np.int64)
    faces = place[mesh.faces].ravel()
    newest = np.maximum.accumulate(np.concatenate([[-1], faces[:-1]])) + 1
    steps = (np.diff(numbers, axis=0, prepend=0).T.ravel(), newest - faces)
    return b"".join(zlib.compress(_planes(values), 9) for values in steps)


def _planes(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> bytes:
    folded = np.where(values >= 0, 2 * values, -2 * values - 1).astype(np.uint32)
    return folded.view(np.uint8).reshape(-1, 4).T.tobytes()


def packed_by_draco(mesh: Mesh, bits: int) -> bytes:
    """Google's Draco (edgebreaker) at its highest level."""
    import DracoPy

    return bytes(
        DracoPy.encode(mesh.vertices, mesh.faces.astype(np.uint32), quantization_bits=bits, compression_level=10)
    )
