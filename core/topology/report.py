# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a mesh finds: one row for each property, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..mesh import IntArray

Element = Literal["vertex", "edge", "face"]

_REPAIRS: Mapping[str, str] = {
    "finite": "delete the vertices without a place",
    "closed": "fill the holes",
    "manifold_edges": "delete the extra faces at the marked edges",
    "manifold_vertices": "split the marked vertices",
    "oriented": "recalculate the normals",
    "one_component": "keep or join the parts",
    "genus": "cut or fill the handles",
    "duplicate_faces": "delete the duplicate faces",
    "isolated_vertices": "delete the loose vertices",
}
"""Rows that a surface must pass to be mapped onto the sphere, and what mends them."""


@dataclass(frozen=True)
class Row:
    """One property of the mesh.

    name: an identifier, such as "manifold_edges". ok: whether the mesh has the property.
    count: how many things are wrong (0 when ok). text: the finding in plain words.
    reason: as a part of a sentence, for error messages. element: what `indices` are about.
    indices: (n,) vertices or faces, or (n, 2) edges as vertex pairs, to be selected; int64.
    """

    name: str
    ok: bool
    count: int
    text: str
    element: Element
    indices: IntArray
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the indices: `name`, `ok`, `count`, `text`, `element`."""
        return {
            "name": self.name,
            "ok": self.ok,
            "count": self.count,
            "text": self.text,
            "element": self.element,
        }


@dataclass(frozen=True)
class TopologyReport:
    """The rows of a check, and facts of the mesh.

    genus: handles of all parts together, or None where edges or vertices are not manifold.
    euler: V − E + F over the vertices in use. components: parts that share no vertex.
    """

    rows: tuple[Row, ...]
    n_vertices: int
    n_edges: int
    n_faces: int
    components: int
    euler: int
    genus: int | None

    def row(self, name: str) -> Row:
        """The row of this name. Raises `KeyError`."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def is_genus_zero(self) -> bool:
        """Whether this is one closed, consistently oriented manifold without handles or loose vertices.

        Degenerate faces, self-intersections and faces that all look inward do not hinder.
        """
        return not any(row.name in _REPAIRS and not row.ok for row in self.rows)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not genus 0, each as a part of a sentence; empty when it is."""
        blocking = [row for row in self.rows if row.name in _REPAIRS and not row.ok]
        return tuple(row.reason for row in blocking if row.reason)

    @property
    def remedy(self) -> str:
        """What to do about the reasons, as sentences; "" when there are none."""
        steps = [_REPAIRS[row.name] for row in self.rows if row.name in _REPAIRS and not row.ok and row.reason]
        if not steps:
            return ""
        return f"Repair mends it: {', '.join(steps)}. Check lists the faults and selects them."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the verdict `is_genus_zero`, `reasons`, `genus`, counts, and `rows` without indices."""
        return {
            "is_genus_zero": self.is_genus_zero,
            "reasons": list(self.reasons),
            "genus": self.genus,
            "euler_characteristic": self.euler,
            "components": self.components,
            "n_vertices": self.n_vertices,
            "n_edges": self.n_edges,
            "n_faces": self.n_faces,
            "rows": [row.to_dict() for row in self.rows],
        }
