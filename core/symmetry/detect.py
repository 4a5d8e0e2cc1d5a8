# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the symmetries of a surface: planes of reflection and axes of rotation, exact or approximate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidParameter
from ..mesh import FloatArray, Mesh, require_usable
from ..progress import Progress, part, silent
from .closure import implied, same_direction
from .elements import CONTINUOUS, HIGHEST_ORDER, Axis, Element, Plane
from .fit import Surface, across, one_image_each, refine, rms
from .kinds import REPRESENTATIONS, Kind, kind_of, share_of
from .orders import CLEARLY, is_clearly_better, with_order
from .spread import candidates

THRESHOLD = 0.01
"""Root mean square error up to which something counts as a symmetry, as a part of the diagonal."""

_SAMPLES = 20_000
_MEASURED = 6_000
"""Points, and vertices, that a result is measured on."""

_PEAKS_PLANES, _PEAKS_AXES = 16, 6
_GLANCE = (400, 0.03)
"""Points for a first look at a candidate, and how far above the threshold it may be: it is degrees off."""

_ROUGH, _NEARER = (400, 3), (800, 5)
_FINE = (2_000, 15)
_SLACK = 1.15
"""How far above the threshold a candidate may be that is not quite fitted yet; twice that in the beginning."""

_CROWDED = 12.0
"""Degrees within which an element must not fit clearly worse than another."""

_RING_STEPS, _RING_SAMPLES = 24, 300
_MOST = 64
"""No more elements than this are listed; a solid has at most 15 planes and 31 axes, a prism 13 of each."""


@dataclass(frozen=True)
class Found:
    """A plane or axis with how well it fits.

    error: root mean square distance of the images of the surface to the surface, over random points, and all rotations
    of an axis; largest: the largest such distance over the points and the vertices (for an axis each is turned by one
    of the rotations). Both as parts of the bounding-box diagonal. score: share of the surface, in [0, 1], whose image
    lies within the threshold. family: one of infinitely many, which all fit: planes that hold a continuous axis, and
    axes across it.
    """

    element: Element
    error: float
    largest: float
    score: float
    family: bool = False

    def to_dict(self) -> dict[str, object]:
        """JSON-ready: that of the element, and the numbers."""
        numbers = {"error": self.error, "largest": self.largest, "score": self.score, "family": self.family}
        return {**self.element.to_dict(), **numbers}


@dataclass(frozen=True)
class Symmetries:
    """What `symmetries` found.

    planes, axes: best first. kind: "none", "one plane", "two planes", "rotational" or "spherical". parameters: share of
    the parameters that is enough to describe the shape, in (0, 1]. nearest_plane: the best plane even where its error
    is above the threshold, or None where no candidate came near. centre: (3,) centroid of the surface.
    """

    planes: tuple[Found, ...]
    axes: tuple[Found, ...]
    kind: Kind
    parameters: float
    nearest_plane: Found | None
    centre: FloatArray
    diagonal: float
    threshold: float

    def to_dict(self) -> dict[str, object]:
        """All of it, JSON-ready."""
        return {
            "kind": self.kind,
            "parameters": self.parameters,
            "representation": REPRESENTATIONS[self.kind],
            "threshold": self.threshold,
            "diagonal": self.diagonal,
            "centre": self.centre.tolist(),
            "planes": [found.to_dict() for found in self.planes],
            "axes": [found.to_dict() for found in self.axes],
            "nearest_plane": None if self.nearest_plane is None else self.nearest_plane.to_dict(),
        }


def symmetries(mesh: Mesh, threshold: float = THRESHOLD, *, seed: int = 0, progress: Progress = silent) -> Symmetries:
    """The planes of reflection and axes of rotation of a surface, at any pose; it may be open and of any genus.

    threshold: root mean square distance of the image to the surface up to which something counts as a symmetry, as a
    part of the bounding-box diagonal. Candidates are the peaks of the surface's symmetric power over all directions
    (Kazhdan, Funkhouser and Rusinkiewicz 2004); each is fitted to the surface itself, and what the found ones
    imply is looked at as well. Raises `InvalidMesh` for an unusable mesh, and `InvalidParameter` for a threshold that
    is not between 0 and 0.2.
    """
    if not 0.0 < threshold <= 0.2:
        raise InvalidParameter(
            f"A threshold of {threshold:g} is out of range.", "Give a part of the diagonal such as 0.01, at most 0.2."
        )
    require_usable(mesh)
    progress(0.0, "Looking at all directions")
    surface = Surface(mesh, _SAMPLES, seed)
    search = _Search(surface, threshold)
    if _is_sphere(surface, threshold):
        search.make_sphere()
        return search.result()
    normals, directions = candidates(surface.points, _PEAKS_PLANES)
    # High orders first: what they imply is exact, where peaks of many planes close together are not.
    search.try_axes({order: d for order, d in directions.items() if order != 2}, part(progress, 0.1, 0.4))
    search.look_around_axis()
    search.try_implied()
    search.try_axes({2: directions[2]}, part(progress, 0.4, 0.6))
    search.try_planes(normals, part(progress, 0.6, 0.8))
    progress(0.8, "Looking for what follows")
    search.look_around_axis()
    search.try_implied()
    search.add_families()
    progress(1.0, "Done")
    return search.result()


class _Search:
    """The elements found so far, in the coordinates of a `Surface`."""

    def __init__(self, surface: Surface, threshold: float) -> None:
        self.surface, self.threshold = surface, threshold
        self.planes: list[Found] = []
        self.axes: list[Found] = []
        self.nearest: Element | None = None
        self.nearest_error = np.inf
        self.sphere = False
        self.looked_around: Axis | None = None
        self.approached: list[Element] = []

    def try_axes(self, directions: dict[int, FloatArray], progress: Progress) -> None:
        """Fit the candidates of each order: continuous ones first, then from the highest."""
        for number, order in enumerate(sorted(directions, key=lambda order: (order > 0, -order))):
            progress(number / len(directions), "Fitting axes")
            for direction in directions[order][:_PEAKS_AXES]:
                self.try_axis(Axis(direction, np.zeros(3), order))

    def try_axis(self, axis: Axis) -> None:
        """Fit an axis, find its order, and keep it if its error is within the threshold."""
        rough = self._approach(axis)
        if not isinstance(rough, Axis):
            return
        ordered = with_order(self.surface, rough, _SLACK * self.threshold)
        if ordered is None:
            return
        fine = refine(self.surface, ordered, *_FINE, cap=3.0 * self.threshold)
        assert isinstance(fine, Axis)
        final = with_order(self.surface, fine, self.threshold)
        if final is None or self._is_known(final):
            return
        if final.order != fine.order:
            final = refine(self.surface, final, *_FINE, cap=3.0 * self.threshold)  # type: ignore[assignment]
        found = self._measured(final)
        if found.error <= self.threshold and not self._is_crowded_out(found, self.axes):
            self.axes.append(found)
        if sum(_is_continuous(axis.element) for axis in self.axes) > 1:
            self.make_sphere()

    def try_planes(self, normals: FloatArray, progress: Progress) -> None:
        """Fit the candidates."""
        for number, normal in enumerate(normals):
            progress(number / len(normals), "Fitting planes")
            self.try_plane(Plane(normal, 0.0))

    def try_plane(self, plane: Plane) -> None:
        """Fit a plane, and keep it if its error is within the threshold."""
        rough = self._approach(plane)
        if rough is None:
            return
        fine = refine(self.surface, rough, *_FINE, cap=3.0 * self.threshold)
        if self._is_known(fine):
            return
        found = self._measured(fine)
        if found.error <= self.threshold and not self._is_crowded_out(found, self.planes):
            self.planes.append(found)

    def look_around_axis(self) -> None:
        """Planes that hold the main axis, and axes of order two across it: many and close together on a prism."""
        if not self.axes or self.sphere:
            return
        main = max(self.axes, key=lambda found: _rank(found.element)).element
        assert isinstance(main, Axis)
        first, second = across(main.direction)
        if main.order < 3 or main is self.looked_around:  # continuous ones are of order 0
            return
        self.looked_around = main
        angles = np.pi / main.order * np.arange(_RING_STEPS) / _RING_STEPS
        around = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second
        planes: list[Element] = [Plane.through(main.point, normal) for normal in around]
        plane_across = self._plane_across(main)
        level = main.point if plane_across is None else _meeting(main, plane_across)
        halves: list[Element] = [Axis(direction, level, 2) for direction in around]
        for ring in (planes, halves):
            errors = [self.surface.error(element, _RING_SAMPLES) for element in ring]
            best = ring[int(np.argmin(errors))]
            if isinstance(best, Plane):
                self.try_plane(best)
            else:
                self.try_axis(best)

    def try_implied(self) -> None:
        """Fit what follows from the elements found, unless it is there."""
        for element in implied([found.element for found in (*self.planes, *self.axes)]):
            if len(self.planes) + len(self.axes) >= _MOST:
                break
            if isinstance(element, Plane):
                self.try_plane(element)
            else:
                self.try_axis(element)

    def make_sphere(self) -> None:
        """One plane and one axis for all."""
        self.sphere = True
        self.planes = [self._measured(Plane(np.array([1.0, 0.0, 0.0]), 0.0), family=True)]
        self.axes = [self._measured(Axis(np.array([0.0, 0.0, 1.0]), np.zeros(3), CONTINUOUS), family=True)]

    def result(self) -> Symmetries:
        """Everything in the coordinates of the mesh, best first."""
        planes, axes = (self._sorted(items) for items in (self.planes, self.axes))
        some_planes = [found.element for found in planes if isinstance(found.element, Plane)]
        some_axes = [found.element for found in axes if isinstance(found.element, Axis)]
        kind = kind_of(some_planes, some_axes, self.sphere)
        near = planes[0] if planes else None if self.nearest is None else self._measured(self.nearest)
        return Symmetries(
            tuple(self._outward(found) for found in planes),
            tuple(self._outward(found) for found in axes),
            kind,
            share_of(kind, some_planes, some_axes),
            None if near is None else self._outward(near),
            self.surface.centre,
            self.surface.scale,
            self.threshold,
        )

    def _approach(self, element: Element) -> Element | None:
        """Rounds of fitting, for what is promising at a glance and leads to something new; None for others."""
        samples, above = _GLANCE
        if self.sphere or self._is_known(element) or self.surface.error(element, samples) > self.threshold + above:
            return None
        slack = 2.0 * _SLACK * self.threshold
        for samples, rounds in (_ROUGH, _NEARER):
            element = refine(self.surface, element, samples, rounds, cap=3.0 * self.threshold)
            error = self.surface.error(element, samples)
            if isinstance(element, Plane):
                self._note(element, error)
            if error > slack or self._is_known(element) or any(_agree(element, e) for e in self.approached):
                return None
            slack = _SLACK * self.threshold
        self.approached.append(element)  # for when another candidate ends here
        return element

    def _note(self, plane: Element, error: float) -> None:
        if error < self.nearest_error:
            self.nearest, self.nearest_error = plane, error

    def _measured(self, element: Element, *, family: bool = False) -> Found:
        sampled = self.surface.distances(one_image_each(element, self.surface.points[:_MEASURED]))
        corners = self.surface.distances(one_image_each(element, self._some_vertices()))
        score = float((sampled <= self.threshold).mean())
        return Found(element, rms(sampled), float(max(sampled.max(), corners.max())), score, family)

    def _some_vertices(self) -> FloatArray:
        used = np.unique(self.surface.mesh.faces)
        return self.surface.mesh.vertices[used[:: max(len(used) // _MEASURED, 1)]]

    def _is_known(self, element: Element) -> bool:
        """Found already, or one of a family, or what cannot be besides a continuous axis."""
        axes = [found.element for found in self.axes if isinstance(found.element, Axis)]
        if isinstance(element, Axis):
            continuous = any(axis.is_continuous for axis in axes)
            return (continuous and not element.is_continuous) or any(
                same_direction(element.direction, axis.direction) for axis in axes
            )
        planes = [found.element for found in self.planes if isinstance(found.element, Plane)]
        if any(same_direction(element.normal, plane.normal) for plane in planes):
            return True
        return any(a.is_continuous and not same_direction(element.normal, a.direction) for a in axes)

    def _is_crowded_out(self, new: Found, others: list[Found]) -> bool:
        """Whether one near to it fits clearly better: between two planes of a prism there is no third."""
        near = [o for o in others if same_direction(_direction(new.element), _direction(o.element), _CROWDED)]
        return any(is_clearly_better(other.error, new.error, self.threshold) for other in near)

    def add_families(self) -> None:
        """One of the planes that hold a continuous axis, and of the axes across it where there are such."""
        axis = next((found.element for found in self.axes if _is_continuous(found.element)), None)
        if self.sphere or not isinstance(axis, Axis):
            return
        normal = _nearest_across(axis.direction)
        level = self._plane_across(axis)
        self.planes.append(self._measured(Plane.through(axis.point, normal), family=True))
        if level is not None:
            self.axes.append(self._measured(Axis(normal, _meeting(axis, level), 2), family=True))

    def _plane_across(self, axis: Axis) -> Plane | None:
        planes = (found.element for found in self.planes)
        fitting = (p for p in planes if isinstance(p, Plane) and same_direction(p.normal, axis.direction))
        return next(fitting, None)

    def _sorted(self, items: list[Found]) -> list[Found]:
        return sorted(items, key=lambda found: (round(found.error, 6), -_rank(found.element)))

    def _outward(self, found: Found) -> Found:
        return Found(self.surface.outward(found.element), found.error, found.largest, found.score, found.family)


def _rank(element: Element) -> int:
    if isinstance(element, Plane):
        return 0
    return HIGHEST_ORDER + 1 if element.is_continuous else element.order


def _agree(a: Element, b: Element) -> bool:
    """Whether two rough fits are the same."""
    if isinstance(a, Plane):
        return isinstance(b, Plane) and same_direction(a.normal, b.normal, 1.0)
    return isinstance(b, Axis) and a.order == b.order and same_direction(a.direction, b.direction, 1.0)


def _direction(element: Element) -> FloatArray:
    return element.normal if isinstance(element, Plane) else element.direction


def _is_continuous(element: Element) -> bool:
    return isinstance(element, Axis) and element.is_continuous


def _meeting(axis: Axis, plane: Plane) -> FloatArray:
    """(3,) where an axis meets a plane."""
    return np.asarray(axis.point - plane.distance(axis.point) / (plane.normal @ axis.direction) * axis.direction)


def _nearest_across(direction: FloatArray) -> FloatArray:
    """(3,) the unit vector across a direction that is nearest to x, or to y where the direction is that of x."""
    helper = np.eye(3)[0 if abs(direction[0]) < 0.9 else 1]
    normal = helper - (helper @ direction) * direction
    return np.asarray(normal / np.linalg.norm(normal))


def _is_sphere(surface: Surface, threshold: float) -> bool:
    """Whether the surface stays near to one distance from its centre, all around; a regular solid must not pass."""
    centre = surface.points.mean(axis=0)
    for _ in range(5):  # the least-squares centre (Gauss–Newton)
        arm = surface.points - centre
        radius = np.linalg.norm(arm, axis=1)
        unit = arm / np.maximum(radius, 1e-300)[:, None]
        centred = unit - unit.mean(axis=0)
        centre = centre + np.linalg.lstsq(centred, radius - radius.mean(), rcond=None)[0]
    if rms(radius - radius.mean()) > 2.0 * CLEARLY * threshold:
        return False
    turns = (Axis(direction, np.zeros(3), CONTINUOUS) for direction in np.eye(3))
    return all(surface.error(turn, _RING_SAMPLES) <= threshold for turn in turns)  # no bowl, no belt
