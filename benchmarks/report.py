# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the tables: quantities with bounds, as Markdown on the screen and as JSON in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

WIDTHS = (54, 74, 44)


def _percent(value: float) -> str:
    return f"{100.0 * value:.3g} %"


def _seconds(value: float) -> str:
    return f"{1000.0 * value:.0f} ms" if value < 0.1 else f"{value:.3g} s"


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:.2f} GB"


UNITS: dict[str, Callable[[float], str]] = {
    "": lambda value: f"{value:.4g}",
    "%": _percent,
    "s": _seconds,
    "GB": _gigabytes,
    "°": lambda value: f"{value:.3g}°",
    "×": lambda value: f"{value:.3g} ×",
    "count": lambda value: f"{value:,.0f}",
}
"""How a value is written. Values are kept as they are computed: fractions, seconds, bytes, degrees."""


@dataclass(frozen=True)
class Quantity:
    """One measured number.

    name: in the JSON, and on the screen before the value. unit: a key of `UNITS`.
    most, least: the bound, if there is one, in the same unit.
    """

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def within(self) -> bool | None:
        """Whether the value keeps its bound; None without one."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    def text(self) -> str:
        """Name and value in words."""
        return f"{self.name} {UNITS[self.unit](self.value)}"

    def bound_text(self) -> str:
        """The bound in words, with a mark where it is missed; empty without one."""
        limit, sign = (self.most, "≤") if self.most is not None else (self.least, "≥")
        if limit is None:
            return ""
        missed = "" if self.within else " (over)" if self.most is not None else " (under)"
        return f"{self.name} {sign} {UNITS[self.unit](limit)}{missed}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "value": self.value,
            "unit": self.unit,
            "most": self.most,
            "least": self.least,
            "within": self.within,
        }


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, its quantities, and a remark (a reason for having none)."""

    what: str
    quantities: tuple[Quantity, ...] = ()
    remark: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    """Further numbers for the JSON only."""

    def cells(self) -> tuple[str, str, str]:
        """The columns what, measured, bound."""
        measured = ", ".join(quantity.text() for quantity in self.quantities)
        bounds = [quantity.bound_text() for quantity in self.quantities]
        return (
            self.what,
            "; ".join(part for part in (measured, self.remark) if part),
            ", ".join(bound for bound in bounds if bound),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "what": self.what,
            "quantities": {quantity.name: quantity.to_dict() for quantity in self.quantities},
            "remark": self.remark,
            **({"details": self.details} if self.details else {}),
        }


def table_head() -> str:
    """The first two lines of a table."""
    return "\n".join((_line(("what", "measured", "bound")), _line(tuple("-" * width for width in WIDTHS))))


def table_line(row: Row) -> str:
    """A row as one line of a Markdown table."""
    return _line(row.cells())


def missed(rows: list[Row]) -> Iterator[str]:
    """A line for each quantity that misses its bound."""
    for row in rows:
        for quantity in row.quantities:
            if quantity.within is False:
                yield f"{row.what}: {quantity.text()}, bound {quantity.bound_text()}"


def to_json(section: str, machine: dict[str, Any], rows: list[Row]) -> str:
    """The text of a section's file."""
    content = {"section": section, "machine": machine, "rows": [row.to_dict() for row in rows]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)) + " |"
