# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repair did, in plain words: one phrase for each kind of change that steps count."""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, tuple[str, str]] = {
    "vertices_merged": ("vertex merged", "vertices merged"),
    "vertices_without_place": ("vertex without a place removed", "vertices without a place removed"),
    "loose_vertices": ("loose vertex removed", "loose vertices removed"),
    "degenerate_faces": ("degenerate face removed", "degenerate faces removed"),
    "duplicate_faces": ("duplicate face removed", "duplicate faces removed"),
    "inner_walls": ("face of a wall inside removed", "faces of walls inside removed"),
    "cracks_stitched": ("crack stitched", "cracks stitched"),
    "edges_split": ("non-manifold edge split", "non-manifold edges split"),
    "vertices_split": ("non-manifold vertex split", "non-manifold vertices split"),
    "faces_turned": ("face turned", "faces turned"),
    "holes_filled": ("hole filled", "holes filled"),
    "parts_dropped": ("part dropped", "parts dropped"),
    "cavities_dropped": ("enclosed shell dropped", "enclosed shells dropped"),
    "parts_united": ("overlapping part united", "overlapping parts united"),
    "faces_resolved": ("intersecting face resolved", "intersecting faces resolved"),
    "parts_joined": ("part joined by a bridge", "parts joined by bridges"),
    "sheets_thickened": ("open sheet thickened", "open sheets thickened"),
    "handles_cut": ("handle cut", "handles cut"),
    "tunnels_filled": ("tunnel filled", "tunnels filled"),
    "surfaces_rebuilt": ("surface rebuilt from its volume", "surfaces rebuilt from their volume"),
    "surfaces_solidified": ("surface solidified", "surfaces solidified"),
    "halves_mirrored": ("half mirrored", "halves mirrored"),
    "faces_dissolved": ("face dissolved", "faces dissolved"),
    "faces_removed": ("face removed by decimation", "faces removed by decimation"),
    "vertices_moved": ("vertex moved", "vertices moved"),
}
"""name of a count → (for one, for several)."""


def phrase(name: str, count: int) -> str:
    """The count in words, such as "3 holes filled". Raises `KeyError` for an unknown name."""
    one, several = PHRASES[name]
    return f"{count:,} {one if count == 1 else several}"


def phrases(counts: Mapping[str, int]) -> tuple[str, ...]:
    """A phrase for each count that is not zero, in the order in which steps are usually done."""
    return tuple(phrase(name, counts[name]) for name in PHRASES if counts.get(name))
