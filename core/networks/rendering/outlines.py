# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of closed meshes, soft at the outline alone, which stays in place however soft it is.

A pixel is covered by σ(± d² / sigma), d its distance from the outline of all that is in front: + where a front covers
its middle. Outside that is the distance from the nearest face. Inside it is the distance from the nearest edge between
a front and a back, unless fronts cover what is beyond it, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

from .kernels import Floats, Ints, add_slopes_of_distance, doubled_area, place_in
from .rasterise import Fragments, Softness
from .triangles import Triangles

BEYOND = 0.02
"""How far from an edge its other side is, as a multiple of 1 / size: a hundredth of a pixel."""


def fronts_of(triangles: Triangles) -> Triangles:
    """Those that turn counter-clockwise in their picture, of triangles that nothing was cut off."""
    front = _is_front(triangles.corners.detach()).nonzero()[:, 0]
    corners = triangles.corners.index_select(0, front)
    return Triangles(corners, triangles.picture[front], triangles.face[front], None, triangles.pictures)


def outline_mask(
    triangles: Triangles, fronts: Triangles, fragments: Fragments, faces: Tensor, size: int, softness: Softness
) -> Tensor:
    """(B, size, size) the mask of `fronts` of `triangles`, (F, 3) `faces` in each picture, and their fragments."""
    count = len(faces)
    front = _is_front(triangles.corners.detach()).reshape(triangles.pictures, count)
    outer = front[:, :, None] & ~torch.cat([front, torch.zeros_like(front[:, :1])], dim=1)[:, _across(faces)]
    number = torch.full((front.numel(),), -1, dtype=torch.long, device=faces.device)
    key = fronts.picture * count + fronts.face
    number[key] = torch.arange(len(key), device=faces.device)
    which = number[fragments.picture * count + fragments.face]
    outer = outer[fronts.picture, fronts.face]
    masks: Tensor = _Outlined.apply(  # type: ignore[no-untyped-call]
        fronts.corners, outer, fragments.pixel, which, triangles.pictures * size**2, size, softness
    )
    return masks.reshape(triangles.pictures, size, size)


def _is_front(corners: Tensor) -> Tensor:
    along, across = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    return along[:, 0] * across[:, 1] > along[:, 1] * across[:, 0]


def _across(faces: Tensor) -> Tensor:
    """(F, 3) the face on the other side of the edge from each corner to the next; F where there is not just one."""
    ends = torch.stack([faces, faces.roll(-1, dims=1)], dim=-1).reshape(-1, 2).sort(dim=1).values
    key = ends[:, 0] * (int(faces.max()) + 1 if faces.numel() else 1) + ends[:, 1]
    order = key.argsort(stable=True)
    _, counts = torch.unique_consecutive(key[order], return_counts=True)
    first = (counts.cumsum(0) - counts)[counts == 2]
    one, other = order[first], order[first + 1]
    found = torch.full_like(key, len(faces))
    found[one], found[other] = other // 3, one // 3
    return found.reshape(-1, 3)


class _Outlined(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, corners: Tensor, outer: Tensor, pixel: Tensor, which: Tensor, pixels: int, size: int, soft: Softness
    ) -> Tensor:
        order = torch.argsort(pixel, stable=True)
        count = torch.bincount(pixel, minlength=pixels)
        end = count.cumsum(0).cpu().numpy()
        exact = np.ascontiguousarray(corners.detach().cpu().double().numpy())
        lists = which[order].cpu().numpy()
        flags = outer.cpu().numpy()
        masks, chosen, shares = np.zeros(pixels), np.full((pixels, 3), -1, np.int64), np.zeros(pixels)
        _draw(exact, flags, end, lists, size, soft.margin, soft.sigma, masks, chosen, shares)
        ctx.kept = (exact, size, soft.sigma, masks, chosen, shares)
        return torch.from_numpy(masks).to(corners)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        slopes = np.ascontiguousarray(given[0].cpu().double().numpy())
        exact, size, sigma, masks, chosen, shares = ctx.kept
        made = _slopes(exact, size, sigma, masks, chosen, shares, slopes)
        return torch.from_numpy(made).to(given[0]), None, None, None, None, None, None


@njit(cache=True)
def _middle(pixel: int, size: int) -> tuple[float, float]:
    within = pixel % (size * size)
    return (2 * (within % size) + 1 - size) / size, (2 * (size - 1 - within // size) + 1 - size) / size


@njit(cache=True)
def _covered(corners: Floats, lists: Ints, first: int, last: int, x: float, y: float) -> bool:
    """Whether a place is in one of the triangles near a pixel."""
    for at in range(first, last):
        t = corners[lists[at]]
        a, b, c, _, _, _ = place_in(t, doubled_area(t), x, y)
        if a > -1e-9 and b > -1e-9 and c > -1e-9:
            return True
    return False


@njit(cache=True)
def _draw(
    corners: Floats, outer: Any, end: Ints, lists: Ints, size: int, margin: float, sigma: float,
    masks: Floats, chosen: Ints, shares: Floats,
) -> None:  # fmt: skip
    """`masks` (P,), and for each pixel the triangle, the edge and the side (1 inside) that it is from, and where."""
    for pixel in range(len(end)):
        first, last = (end[pixel - 1] if pixel else 0), end[pixel]
        if first == last:
            continue
        x, y = _middle(pixel, size)
        inside, least = False, np.inf
        for at in range(first, last):
            t = corners[lists[at]]
            a, b, c, squared, share, edge = place_in(t, doubled_area(t), x, y)
            if a > 0.0 and b > 0.0 and c > 0.0:
                inside = True
                break
            if squared < least:
                least, shares[pixel] = squared, share
                chosen[pixel, 0], chosen[pixel, 1], chosen[pixel, 2] = lists[at], edge, 0
        if not inside:
            masks[pixel] = 1.0 / (1.0 + np.exp(least / sigma))
            continue
        least, chosen[pixel, 0] = np.inf, -1
        for at in range(first, last):
            t = corners[lists[at]]
            for k in range(3):
                if not outer[lists[at], k]:
                    continue
                n = k + 1 if k < 2 else 0
                along_x, along_y = t[n, 0] - t[k, 0], t[n, 1] - t[k, 1]
                share = (x - t[k, 0]) * along_x + (y - t[k, 1]) * along_y
                share = min(max(share / max(along_x * along_x + along_y * along_y, 1e-12), 0.0), 1.0)
                there_x, there_y = t[k, 0] + share * along_x, t[k, 1] + share * along_y
                squared = (x - there_x) ** 2 + (y - there_y) ** 2
                if squared >= min(least, margin):
                    continue
                # What is a little beyond, seen from the pixel, is covered too where this is no outline of the whole.
                beyond = 1.0 + BEYOND / (size * max(np.sqrt(squared), 1e-9))
                there_x, there_y = x + beyond * (there_x - x), y + beyond * (there_y - y)
                if not _covered(corners, lists, first, last, there_x, there_y):
                    least, shares[pixel] = squared, share
                    chosen[pixel, 0], chosen[pixel, 1], chosen[pixel, 2] = lists[at], k, 1
        masks[pixel] = 1.0 / (1.0 + np.exp(-least / sigma))


@njit(cache=True)
def _slopes(
    corners: Floats, size: int, sigma: float, masks: Floats, chosen: Ints, shares: Floats, given: Floats
) -> Floats:
    made = np.zeros_like(corners)
    for pixel in range(len(masks)):
        number = chosen[pixel, 0]
        if number >= 0:
            x, y = _middle(pixel, size)
            slope = given[pixel] * masks[pixel] * (1.0 - masks[pixel]) / sigma
            slope = slope if chosen[pixel, 2] else -slope
            add_slopes_of_distance(corners[number], made[number], x, y, shares[pixel], chosen[pixel, 1], slope)
    return made
