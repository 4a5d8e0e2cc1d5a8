# SPDX-License-Identifier: GPL-3.0-or-later
"""A constructed broken mesh, and what is known of it because of how it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from spherical_cow.mesh import Mesh


@dataclass(frozen=True)
class Known:
    """What must be found in the mesh; None where the construction does not tell.

    components: parts that share no vertex, as built. genus: handles of all parts together, of a manifold with or
    without boundary. holes: boundary loops, those that touch counted as one. manifold: no edge of more than two faces
    and no vertex of more than one fan. oriented: neighbouring faces agree wherever two meet.
    """

    components: int | None = None
    genus: int | None = None
    holes: int | None = None
    manifold: bool | None = None
    oriented: bool | None = None


@dataclass(frozen=True)
class Case:
    """One mesh of the collection.

    name: of its own. kind: the group that it is counted in. build: makes it, the same each time.
    sheet: it encloses no volume and outlines none, so that a repair has to give it a thickness.
    free: no face touches or passes through another but at shared corners and edges; None where not known.
    quick: small and typical, for tests.
    """

    name: str
    kind: str
    build: Callable[[], Mesh]
    known: Known = field(default_factory=Known)
    sheet: bool = False
    free: bool | None = True
    quick: bool = False

    @property
    def mesh(self) -> Mesh:
        """The mesh, built anew."""
        return self.build()


def closed(genus: int = 0, components: int = 1) -> Known:
    """Closed, oriented manifolds."""
    return Known(components, genus, 0, True, True)


def opened(holes: int, genus: int = 0, components: int = 1, oriented: bool = True) -> Known:
    """Manifolds with boundary."""
    return Known(components, genus, holes, True, oriented)
