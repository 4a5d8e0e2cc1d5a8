# SPDX-License-Identifier: GPL-3.0-or-later
"""What a checkpoint is, told before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .interface import Card

OWN_LICENCE = "Trained with Spherical Cow: whoever trained it says under what terms; those of its data hold."


@dataclass(frozen=True)
class Description:
    """What is in a file of weights.

    path: absolute. bytes: of the file. format: "safetensors", "PyTorch" or "PyTorch before 1.6". card: of the model
    that such weights are of, None where it is not known here. parameters: numbers that were learned. tensors: how many
    arrays there are. precision: their types, as "float32" or "float16, int64". facts: what the file tells of its
    training or of its making, plain numbers and texts.
    """

    path: str
    bytes: int
    format: str
    card: Card | None
    parameters: int
    tensors: int
    precision: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.card.title if self.card is not None else "Unknown Network"

    @property
    def licence(self) -> str:
        """Under what terms the weights are: those that Train has made name their network among the facts."""
        if self.card is None:
            return ""
        return OWN_LICENCE if self.facts.get("network") == self.card.name else self.card.licence

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data; `card` is null for an unknown network."""
        return {**asdict(self), "title": self.title, "licence": self.licence, "facts": dict(self.facts)}

    def lines(self) -> list[str]:
        """As a text for people."""
        rows = [("model", self.title)]
        if self.card is not None:
            rows += [("name", self.card.name), ("input", self.card.inputs), ("about", self.card.about)]
        rows += [
            ("parameters", f"{self.parameters:,} in {self.tensors:,} tensors, {self.precision}"),
            ("file", f"{self.bytes / 1e6:,.1f} MB, {self.format}"),
        ]
        if self.card is not None:
            rows += [("paper", self.card.paper), ("licence", self.licence)]
        rows += [(name, str(value)) for name, value in self.facts.items()]
        return [f"{name:12} {value}" for name, value in rows]
