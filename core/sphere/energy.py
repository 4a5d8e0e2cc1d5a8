# SPDX-License-Identifier: GPL-3.0-or-later
"""The energy of a map to the sphere around one vertex, and a Newton step that cannot flip a triangle.

Each triangle has E = A · MIPS(J) · ((r + 1/r) / 2)^θ (Degener, Meseth, Klein 2003): A its area on the surface (all
areas sum to 4π), J the Jacobian of the map, MIPS = (σ1² + σ2²) / (2 σ1 σ2) ≥ 1 (Hormann and Greiner 2000), and r
the area on the sphere over A. It grows without bound when a triangle collapses, so no step ever flips one. θ = 0 is the
most conformal, a large θ the most area-preserving map. The area on the sphere is taken as det(a, b, c) / 2.

`points` is (V, 8): surface position (3), sphere position (3), weight, what is added to squared surface lengths.
`scratch` is (valence, 7): three cotangents and area on the surface, then the neighbour's position on the sphere.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FLIPPED = 1e300
SLIVER = 1e-4
"""Reference triangles are taken to be at least this thick (twice the area over squared edge lengths)."""
ROUNDING = 1e-29
"""A triangle on the sphere has to be thicker than the root of this, so that rounding cannot flip it later."""
EXTREME = 1e12
"""Changes of area count up to this, so that a high power of them is a number."""
_FAST = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def surface_terms(
    points: NDArray[np.float64], pool: NDArray[np.int32], first: int, valence: int, u: int, scale: float,
    scratch: NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill `scratch` for the triangles around u: cotangents at u, a and b, area times `scale`, position of a."""
    x, y, z = points[u, 0], points[u, 1], points[u, 2]
    for i in range(valence):
        a = pool[first + i]
        b = pool[first + i + 1] if i + 1 < valence else pool[first]
        px, py, pz = points[a, 0] - x, points[a, 1] - y, points[a, 2] - z
        qx, qy, qz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
        pp, qq = px * px + py * py + pz * pz + points[u, 7], qx * qx + qy * qy + qz * qz + points[u, 7]
        pq = px * qx + py * qy + pz * qz + 0.5 * points[u, 7]
        twice = max(np.sqrt(max(pp * qq - pq * pq, 0.0)), SLIVER * (pp + qq))
        scratch[i, 0], scratch[i, 1], scratch[i, 2] = pq / twice, (pp - pq) / twice, (qq - pq) / twice
        scratch[i, 3] = 0.5 * twice * scale * (points[u, 6] + points[a, 6] + points[b, 6]) / 3.0
        scratch[i, 4], scratch[i, 5], scratch[i, 6] = points[a, 3], points[a, 4], points[a, 5]


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def ring_energy(x: float, y: float, z: float, scratch: NDArray[np.float64], valence: int, theta: float) -> float:
    """Energy of the triangles around a vertex at (x, y, z) on the sphere; FLIPPED when one is not positive."""
    total = 0.0
    for i in range(valence):
        k = i + 1 if i + 1 < valence else 0
        ex, ey, ez = scratch[i, 4] - x, scratch[i, 5] - y, scratch[i, 6] - z
        fx, fy, fz = scratch[k, 4] - x, scratch[k, 5] - y, scratch[k, 6] - z
        det = x * (ey * fz - ez * fy) + y * (ez * fx - ex * fz) + z * (ex * fy - ey * fx)
        gx, gy, gz = fx - ex, fy - ey, fz - ez
        ee, ff, gg = ex * ex + ey * ey + ez * ez, fx * fx + fy * fy + fz * fz, gx * gx + gy * gy + gz * gz
        if not (det > 0.0 and det * det > ROUNDING * (ee + ff + gg)):
            return FLIPPED
        dirichlet = 0.5 * (scratch[i, 2] * ee + scratch[i, 1] * ff + scratch[i, 0] * gg)
        ratio = 0.5 * det / scratch[i, 3]
        stretch = min(0.5 * (ratio + 1.0 / ratio), EXTREME)
        total += scratch[i, 3] * (dirichlet / (0.5 * det)) * stretch**theta
    return float(total)


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def relax_vertex(
    points: NDArray[np.float64], pool: NDArray[np.int32], first: int, valence: int, u: int, scale: float,
    theta: float, scratch: NDArray[np.float64], steps: int,
) -> float:  # fmt: skip
    """Up to `steps` Newton steps of vertex u on the sphere, each one lowering the energy of its ring.

    Returns the length of the last step relative to the size of the ring (0 when no step helped).
    """
    surface_terms(points, pool, first, valence, u, scale, scratch)
    x, y, z = points[u, 3], points[u, 4], points[u, 5]
    moved = 0.0
    for _ in range(steps):
        energy, size = 0.0, 0.0
        gx, gy, gz, isotropic = 0.0, 0.0, 0.0, 0.0
        hxx, hxy, hxz, hyy, hyz, hzz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(valence):
            k = i + 1 if i + 1 < valence else 0
            ax, ay, az = scratch[i, 4], scratch[i, 5], scratch[i, 6]
            bx, by, bz = scratch[k, 4], scratch[k, 5], scratch[k, 6]
            ex, ey, ez, fx, fy, fz = ax - x, ay - y, az - z, bx - x, by - y, bz - z
            det = x * (ey * fz - ez * fy) + y * (ez * fx - ex * fz) + z * (ex * fy - ey * fx)
            if not det > 1e-300:
                return 0.0
            ee, ff = ex * ex + ey * ey + ez * ez, fx * fx + fy * fy + fz * fz
            gg = (fx - ex) ** 2 + (fy - ey) ** 2 + (fz - ez) ** 2
            cot_u, cot_a, cot_b, area = scratch[i, 0], scratch[i, 1], scratch[i, 2], scratch[i, 3]
            mapped = 0.5 * det
            mips = 0.5 * (cot_b * ee + cot_a * ff + cot_u * gg) / mapped
            ratio = mapped / area
            stretch = min(0.5 * (ratio + 1.0 / ratio), EXTREME)
            power = stretch**theta
            term = area * mips * power
            energy += term
            size += ee
            wx, wy, wz = 0.5 * (ay * bz - az * by), 0.5 * (az * bx - ax * bz), 0.5 * (ax * by - ay * bx)
            along = area * power / mapped
            across = -term / mapped + term * theta / stretch * 0.5 * (1.0 - 1.0 / (ratio * ratio)) / area
            gx += -along * (cot_b * ex + cot_a * fx) + across * wx
            gy += -along * (cot_b * ey + cot_a * fy) + across * wy
            gz += -along * (cot_b * ez + cot_a * fz) + across * wz
            isotropic += along * abs(cot_a + cot_b)
            # a positive part of the second derivative, which keeps the step a descent
            bend = term / (mapped * mapped) * (1.0 + 0.5 * theta)
            hxx += bend * wx * wx
            hxy += bend * wx * wy
            hxz += bend * wx * wz
            hyy += bend * wy * wy
            hyz += bend * wy * wz
            hzz += bend * wz * wz
        if abs(x) < 0.6:
            sx, sy, sz = 0.0, z, -y
        else:
            sx, sy, sz = -z, 0.0, x
        length = np.sqrt(sx * sx + sy * sy + sz * sz)
        sx, sy, sz = sx / length, sy / length, sz / length
        tx, ty, tz = y * sz - z * sy, z * sx - x * sz, x * sy - y * sx
        g0, g1 = gx * sx + gy * sy + gz * sz, gx * tx + gy * ty + gz * tz
        px, py, pz = (
            hxx * sx + hxy * sy + hxz * sz,
            hxy * sx + hyy * sy + hyz * sz,
            hxz * sx + hyz * sy + hzz * sz,
        )
        h00, h01 = isotropic + sx * px + sy * py + sz * pz, tx * px + ty * py + tz * pz
        px, py, pz = (
            hxx * tx + hxy * ty + hxz * tz,
            hxy * tx + hyy * ty + hyz * tz,
            hxz * tx + hyz * ty + hzz * tz,
        )
        h11 = isotropic + tx * px + ty * py + tz * pz
        det2 = h00 * h11 - h01 * h01
        if not det2 > 0.0:
            return 0.0
        p0, p1 = -(h11 * g0 - h01 * g1) / det2, -(h00 * g1 - h01 * g0) / det2
        slope, step, found = g0 * p0 + g1 * p1, 1.0, False
        nx, ny, nz = x, y, z
        for _ in range(12):
            nx = x + step * (p0 * sx + p1 * tx)
            ny = y + step * (p0 * sy + p1 * ty)
            nz = z + step * (p0 * sz + p1 * tz)
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx / length, ny / length, nz / length
            if ring_energy(nx, ny, nz, scratch, valence, theta) < energy + 1e-4 * step * slope:
                found = True
                break
            step *= 0.5
        if not found:
            break
        moved = step * np.sqrt((p0 * p0 + p1 * p1) * valence / size)
        x, y, z = nx, ny, nz
    points[u, 3], points[u, 4], points[u, 5] = x, y, z
    return float(moved)
