# SPDX-License-Identifier: GPL-3.0-or-later
"""The texture that makes a shape look like its pictures, by least squares: which texels a pixel shows is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage, sparse

from ....geometry.laplacian import graph_laplacian
from ....mesh import FloatArray, IntArray
from ....progress import Progress, part, silent
from ....sphere.uv import sphere_atlas
from ...rendering.camera import stacked
from ...rendering.paint import UvTexture
from ...rendering.rasterise import Softness, fragments_of
from ...rendering.render import render
from ...rendering.triangles import triangles_of
from ..shots import CutOut

_SHARP = 1e-9
_GRAZING = 0.05
"""Cosine of the angle from which on a surface is seen too flatly."""
_GHOST = 0.02
"""What the colour of a mirrored place counts, where nothing is seen."""
_SMOOTH = 2e-3
_LITTLE = 1e-3
"""What is around counts, beside what is seen."""
ROUNDS = 40
"""Of conjugate gradients, for a texture to keep."""


@dataclass(frozen=True)
class Seen:
    """What the pixels of a picture show, (n,) each. pixel: row · N + column. face, weights (n, 3): where on the mesh.
    facing: the cosine between the surface's normal and the way to the camera."""

    pixel: IntArray
    face: IntArray
    weights: FloatArray
    facing: FloatArray


class Atlas:
    """The layout of the texture of a template: uv (F, 3, 2), and which of the free texels each of its pixels is.

    shape: (height, width) of the texture.
    """

    def __init__(self, directions: FloatArray, faces: IntArray, height: int, mirrored: bool) -> None:
        turn = height if mirrored else 2 * height
        base = np.arange(height * (turn + 1)).reshape(height, turn + 1)
        if not mirrored:
            base[:, -1] = base[:, 0]
        wide, self.uv = sphere_atlas(base[:, :, None], directions, faces, mirrored)
        self.index: IntArray = wide[:, :, 0].astype(np.int64)
        self.base, self.mirrored = base, mirrored

    def matrix(self, seen: Seen) -> sparse.csr_matrix:
        """(n, texels) the colours of pixels are these weights times the texels."""
        uv = np.einsum("nk,nki->ni", seen.weights, self.uv[seen.face])
        height, width = self.index.shape
        x = np.clip(uv[:, 0] * width - 0.5, 0.0, width - 1.0)
        y = np.clip((1.0 - uv[:, 1]) * height - 0.5, 0.0, height - 1.0)
        left, top = np.minimum(x.astype(np.int64), width - 2), np.minimum(y.astype(np.int64), height - 2)
        across, down = x - left, y - top
        cells = np.stack([self.index[top + i, left + j] for i in (0, 1) for j in (0, 1)], axis=1)
        shares = [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
        rows = np.repeat(np.arange(len(x)), 4)
        values = (np.stack(shares, axis=1).ravel(), (rows, cells.ravel()))
        return sparse.coo_matrix(values, shape=(len(x), self.base.size)).tocsr()

    def pixels(self, texels: FloatArray) -> FloatArray:
        """(H, W, C) the texture of texels (n, C)."""
        return np.asarray(texels[self.index])


def seen_in(vertices: FloatArray, faces: IntArray, view: CutOut) -> Seen:
    """What each pixel of a picture shows of a mesh, where the front of a face is nearest."""
    size = len(view.mask)
    points, triangles = torch.from_numpy(vertices).float(), torch.from_numpy(faces)
    with torch.no_grad():
        fragments = fragments_of(triangles_of(points, triangles, stacked([view.camera], size)), size, Softness(_SHARP))
    covers = (fragments.cover > 0.5).numpy()
    pixel, depth = fragments.pixel.numpy()[covers], fragments.depth.numpy()[covers]
    order = np.lexsort((depth, pixel))
    order = order[np.concatenate([[True], np.diff(pixel[order]) > 0])] if len(order) else order
    face = fragments.face.numpy()[covers][order]
    weights = fragments.weights.numpy()[covers][order].astype(np.float64)
    facing = _facing(vertices, faces, face, weights, view)
    front = facing > 0.0
    return Seen(pixel[order][front], face[front], weights[front], facing[front])


def _facing(vertices: FloatArray, faces: IntArray, face: IntArray, weights: FloatArray, view: CutOut) -> FloatArray:
    corners = vertices[faces[face]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    turn, shift = view.camera.world[:, :3], view.camera.world[:, 3]
    way = -np.linalg.inv(turn) @ shift - np.einsum("nk,nki->ni", weights, corners)
    length = np.linalg.norm(normal, axis=1) * np.linalg.norm(way, axis=1)
    return np.asarray((normal * way).sum(axis=1) / np.maximum(length, 1e-30))


def texture_of(
    vertices: FloatArray,
    faces: IntArray,
    atlas: Atlas,
    views: Sequence[CutOut],
    iterations: int = ROUNDS,
    mirrors: Sequence[FloatArray] = (),
    progress: Progress = silent,
) -> FloatArray:
    """(texels, 3) sRGB, for a mesh as it is seen.

    Texels are those with the least squared differences from the pictures, weighted by how directly a place is seen, and
    smooth where nothing is seen. mirrors: (3, 3) matrices; what a place looks like after one of them is believed where
    nothing else is known.
    """
    systems = []
    sources: list[tuple[FloatArray, CutOut, FloatArray | None]] = [(vertices, view, None) for view in views]
    sources += [(np.asarray(vertices @ mirror.T), view, mirror) for mirror in mirrors for view in views]
    for number, (points, view, mirror) in enumerate(sources):
        progress(0.5 * number / len(sources), "Painting the texture: what the pictures show")
        systems.append(_observed(points, faces, atlas, view, mirror))
    matrix = sparse.vstack([system[0] for system in systems]).tocsr()
    colours = np.concatenate([system[1] for system in systems])
    trust = [
        system[2] if source[2] is None else _GHOST * system[2] for system, source in zip(systems, sources, strict=True)
    ]
    return solved(matrix, colours, np.concatenate(trust), atlas.base, iterations, part(progress, 0.5, 1.0))


def psnr_of(vertices: FloatArray, faces: IntArray, texture: UvTexture, views: Sequence[CutOut]) -> list[float]:
    """The PSNR in decibels of each picture: of the mesh as it is drawn, where both show the object."""
    points, triangles = torch.from_numpy(vertices).float(), torch.from_numpy(faces)
    found = []
    for view in views:
        size = len(view.mask)
        with torch.no_grad():
            matrix = stacked([view.camera], size)
            drawn = render(points, triangles, matrix, size, paint=texture, background=0.0, closed=True)
        assert drawn.colour is not None
        mask = drawn.mask[0].double().numpy()
        colour = drawn.colour[0].double().numpy().transpose(1, 2, 0) / np.maximum(mask, 1e-3)[:, :, None]
        both = (mask > 0.5) & (view.mask > 0.5) & view.known
        found.append(_psnr(colour[both], view.pixels[both]))
    return found


def _observed(
    vertices: FloatArray, faces: IntArray, atlas: Atlas, view: CutOut, mirror: FloatArray | None = None
) -> tuple[sparse.csr_matrix, FloatArray, FloatArray]:
    """Weights of texels, colours and trust for the pixels that show the object. mirror: which made these vertices."""
    over = mirror is not None and np.linalg.det(mirror) < 0.0
    seen = seen_in(vertices, np.ascontiguousarray(faces[:, ::-1]) if over else faces, view)
    within = view.mask.ravel()[seen.pixel] > 0.5
    weights = seen.weights[within]
    weights = weights[:, ::-1] if over else weights
    seen = Seen(seen.pixel[within], seen.face[within], weights, seen.facing[within])
    return atlas.matrix(seen), view.pixels.reshape(-1, 3)[seen.pixel], _trust(seen, view)


def _trust(seen: Seen, view: CutOut) -> FloatArray:
    """(n,) how much the colours of pixels count: little at the outline, where they are mixed, and where seen flatly."""
    deep = ndimage.distance_transform_edt(view.mask > 0.9).ravel()[seen.pixel]
    return np.asarray(np.clip(deep / 3.0, 0.02, 1.0) * np.clip(seen.facing, _GRAZING, 1.0) ** 3)


def _psnr(found: FloatArray, wanted: FloatArray) -> float:
    if not len(wanted):
        return 0.0
    error = float(np.square(np.clip(found, 0.0, 1.0) - wanted).mean())
    return float(min(-10.0 * np.log10(max(error, 1e-10)), 100.0))


def solved(
    matrix: sparse.csr_matrix,
    colours: FloatArray,
    weight: FloatArray,
    base: IntArray,
    iterations: int,
    progress: Progress = silent,
) -> FloatArray:
    """(texels, C) of least squares ∑ w |A t − c|² + smoothness, by conjugate gradients from a first guess."""
    weighted = sparse.diags(weight) @ matrix
    right = np.asarray(weighted.T @ colours)
    total = np.asarray(weighted.sum(axis=0)).ravel()
    texels = _filled(right, total, base)
    smooth = _SMOOTH * float(total[total > 0].mean() if (total > 0).any() else 1.0)
    system = sparse.csr_matrix(matrix.T @ weighted + smooth * _grid_laplacian(base))
    diagonal = np.maximum(system.diagonal(), 1e-12)[:, None]
    residual = right - system @ texels
    scaled = residual / diagonal
    way = scaled.copy()
    power = (residual * scaled).sum(axis=0)
    for number in range(iterations):
        progress(number / iterations, f"Painting the texture: round {number + 1} of {iterations}")
        image = system @ way
        step = power / np.maximum((way * image).sum(axis=0), 1e-30)
        texels += step * way
        residual -= step * image
        scaled = residual / diagonal
        after = (residual * scaled).sum(axis=0)
        way = scaled + after / np.maximum(power, 1e-30) * way
        power = after
    return np.asarray(np.clip(texels, 0.0, 1.0))


def _grid_laplacian(base: IntArray) -> sparse.csr_matrix:
    pairs = np.concatenate(
        [
            np.stack([base[:, 1:].ravel(), base[:, :-1].ravel()], axis=1),
            np.stack([base[1:].ravel(), base[:-1].ravel()], axis=1),
        ]
    )
    return graph_laplacian(pairs, base.size)


def _filled(right: FloatArray, total: FloatArray, base: IntArray) -> FloatArray:
    """(texels, C) the weighted means where something is seen, elsewhere what is around, coarser where farther away."""
    values, weights = right[base], total[base][:, :, None]
    levels: list[tuple[FloatArray, FloatArray]] = [(values, weights)]
    while min(levels[-1][0].shape[:2]) > 1:
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    fill = levels[-1][0] / np.maximum(levels[-1][1], 1e-12)
    for values, weights in reversed(levels[:-1]):
        rows, columns = values.shape[:2]
        up = np.repeat(np.repeat(fill, 2, axis=0), 2, axis=1)[:rows, :columns]
        up = ndimage.uniform_filter(up, (3, 3, 0), mode="nearest")
        usual = float(weights[weights > 0].mean()) if (weights > 0).any() else 1.0
        fill = (values + _LITTLE * usual * up) / (weights + _LITTLE * usual)
    texels = np.zeros_like(right)
    texels[base.ravel()] = fill.reshape(-1, right.shape[1])
    return texels


def _halved(values: FloatArray) -> FloatArray:
    rows, columns = values.shape[:2]
    padded = np.pad(values, ((0, rows % 2), (0, columns % 2), (0, 0)), mode="constant")
    return np.asarray(padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, -1).sum(axis=(1, 3)))
