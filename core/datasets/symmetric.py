# SPDX-License-Identifier: GPL-3.0-or-later
"""Made shapes with known symmetries and colours: to learn from, and to measure with, where no data are at hand.

Each is a union of closed pieces, symmetric under x → −x; y is up. Pieces are superquadrics (Barr 1981) on a sphere of
triangles that is its own mirror image, so that the symmetry holds to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidParameter
from ..mesh import FloatArray, Mesh
from ..meshfile.color import srgb_to_linear
from ..symmetry.icospheres import mirror_icosphere
from .model import seed_of

LEVEL = 8
"""Of the spheres that pieces are made of: 642 vertices each."""

_DARK, _GLASS = np.array([0.12, 0.12, 0.14]), np.array([0.55, 0.72, 0.82])

Random = np.random.Generator


def symmetric_shape(family: str, number: int, seed: int = 0) -> Mesh:
    """Shape `number` of a family of `FAMILIES`, with linear `color`; its longest side is about 1.

    The same three values give the same shape. Raises `InvalidParameter` for an unknown family.
    """
    if family not in FAMILIES:
        raise InvalidParameter(f"There is no family {family!r}.", f"Choose from {', '.join(FAMILIES)}.")
    return FAMILIES[family](np.random.default_rng(seed_of(seed, f"{family}/{number}")))


def _piece(
    centre: Sequence[float], half: Sequence[float], colour: FloatArray, square: float | Sequence[float] = 1.0
) -> Mesh:
    """A superquadric: `half` its half axes, square 1 for an ellipsoid, towards 0 for a box; in sRGB `colour` (3,)."""
    ball = mirror_icosphere(LEVEL)
    shape = np.sign(ball.vertices) * np.abs(ball.vertices) ** np.asarray(square)
    vertices = shape * np.asarray(half) + np.asarray(centre)
    return Mesh(vertices, ball.faces, {"color": np.tile(colour, (ball.n_vertices, 1))})


def _pair(piece: Mesh) -> list[Mesh]:
    """A piece and its mirror image."""
    mirrored = piece.vertices * [-1.0, 1.0, 1.0]
    return [piece, Mesh(mirrored, piece.faces[:, ::-1], piece.attributes)]


def _union(pieces: Sequence[Mesh]) -> Mesh:
    """All pieces in one mesh, which has as inside all of theirs."""
    starts = np.cumsum([0, *(piece.n_vertices for piece in pieces[:-1])])
    faces = [piece.faces + start for piece, start in zip(pieces, starts, strict=True)]
    colour = np.concatenate([piece.attributes["color"] for piece in pieces])
    vertices = np.concatenate([piece.vertices for piece in pieces])
    return Mesh(vertices, np.concatenate(faces), {"color": srgb_to_linear(colour)})


def _colour(rng: Random) -> FloatArray:
    """Any hue, never pale: the background is white."""
    hue = 6.0 * rng.random() + np.array([0.0, 4.0, 2.0])
    pure = np.clip(np.abs(hue % 6.0 - 3.0) - 1.0, 0.0, 1.0)
    return np.asarray(rng.uniform(0.55, 0.85) * (1.0 - rng.uniform(0.55, 0.9) * (1.0 - pure)))


def _striped(piece: Mesh, where: NDArray[np.bool_], other: FloatArray) -> Mesh:
    """The piece with its vertices where (V,) in another colour."""
    return piece.with_attributes(color=np.where(where[:, None], other, piece.attributes["color"]))


def _car(rng: Random) -> Mesh:
    """A body, a cabin with windows, four wheels; the front is at +z."""
    width, height, paint = rng.uniform(0.19, 0.25), rng.uniform(0.09, 0.13), _colour(rng)
    body = _piece([0.0, height, 0.0], [width, height, 0.5], paint, 0.45)
    long, tall, back = rng.uniform(0.2, 0.3), rng.uniform(0.08, 0.13), rng.uniform(-0.15, 0.0)
    cabin = _piece([0.0, 2.0 * height, back], [0.88 * width, tall, long], paint, 0.55)
    glass = (cabin.vertices[:, 1] > 2.0 * height) & (cabin.vertices[:, 1] < 2.0 * height + 0.75 * tall)
    light = (body.vertices[:, 2] > 0.44) & (np.abs(body.vertices[:, 0]) > 0.4 * width)
    pieces = [_striped(body, light, np.array([0.95, 0.85, 0.4])), _striped(cabin, glass, _GLASS)]
    radius, axle = rng.uniform(0.08, 0.1), rng.uniform(0.27, 0.33)
    for z in (-axle, axle):
        pieces += _pair(_piece([0.92 * width, 0.03, z], [0.05, radius, radius], _DARK, [0.4, 1.0, 1.0]))
    return _union(pieces)


def _chair(rng: Random) -> Mesh:
    """A seat, a back, four legs and maybe arms; the sitter looks to +z."""
    wood, cloth = _colour(rng), _colour(rng)
    width, depth, seat = rng.uniform(0.2, 0.27), rng.uniform(0.2, 0.27), rng.uniform(0.0, 0.08)
    thick, back = rng.uniform(0.03, 0.06), rng.uniform(0.2, 0.26)
    pieces = [
        _piece([0.0, seat, 0.0], [width, thick, depth], cloth, 0.3),
        _piece([0.0, seat + back, -depth], [0.95 * width, back, 0.04], cloth, 0.35),
    ]
    half = 0.5 * (0.45 + seat)
    for z in (-0.85 * depth, 0.85 * depth):
        pieces += _pair(_piece([0.85 * width, seat - half, z], [0.04, half, 0.04], wood, 0.3))
    if rng.random() < 0.5:
        pieces += _pair(_piece([width, seat + 0.16, 0.0], [0.03, 0.03, depth], wood, 0.4))
    return _union(pieces)


def _vase(rng: Random) -> Mesh:
    """A profile that is turned about y, with bands of colour."""
    ball, tall = mirror_icosphere(2 * LEVEL), rng.uniform(0.42, 0.5)
    height = ball.vertices[:, 1]
    waist, belly, lip = rng.uniform(0.1, 0.16), rng.uniform(0.2, 0.3), rng.uniform(0.12, 0.22)
    knots = np.array([-1.0, -0.4, 0.45, 1.0])
    profile = np.interp(height, knots, [0.7 * belly, belly, waist, lip])
    profile += rng.uniform(0.0, 0.02) * np.sin(9.0 * height + rng.uniform(0.0, 6.0))
    round_off = (1.0 - height**2) ** 0.18  # flat ends: the profile is wide almost up to the poles
    across = ball.vertices[:, [0, 2]]
    length = np.linalg.norm(across, axis=1, keepdims=True)
    flat = np.divide(across, length, out=np.zeros_like(across), where=length > 1e-12) * (profile * round_off)[:, None]
    vertices = np.stack([flat[:, 0], tall * height, flat[:, 1]], axis=1)
    first, second, third = _colour(rng), _colour(rng), _colour(rng)
    low, high = sorted(rng.uniform(-0.6, 0.6, 2))
    colour = np.where((height < low)[:, None], first, np.where((height > high)[:, None], third, second))
    return Mesh(vertices, ball.faces, {"color": srgb_to_linear(colour)})


def _aeroplane(rng: Random) -> Mesh:
    """A fuselage with a nose of another colour, swept wings, tail planes and a fin; the nose is at +z."""
    paint, trim, girth = _colour(rng), _colour(rng), rng.uniform(0.065, 0.095)
    fuselage = _piece([0.0, 0.0, 0.0], [girth, girth, 0.5], paint, [1.0, 1.0, 0.8])
    pieces = [_striped(fuselage, fuselage.vertices[:, 2] > rng.uniform(0.25, 0.35), trim)]
    for place, span, chord in ((rng.uniform(0.0, 0.1), 0.46, 0.13), (-0.42, 0.18, 0.07)):
        wing = _piece([0.0, 0.0, place], [rng.uniform(0.85, 1.0) * span, 0.03, chord], trim, [1.0, 1.0, 0.6])
        pieces.append(_swept(wing, rng.uniform(0.2, 0.5)))
    fin = _piece([0.0, 0.12, -0.43], [0.03, 0.11, 0.08], trim, 0.6)
    return _union([*pieces, fin])


def _swept(wing: Mesh, slope: float) -> Mesh:
    """Its ends further back."""
    x, y, z = wing.vertices.T
    return wing.with_vertices(np.stack([x, y, z - slope * np.abs(x)], axis=1))


FAMILIES: Mapping[str, Callable[[Random], Mesh]] = {
    "aeroplane": _aeroplane,
    "car": _car,
    "chair": _chair,
    "vase": _vase,
}
"""Name → random numbers → a shape."""
