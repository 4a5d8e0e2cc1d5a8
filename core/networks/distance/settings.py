# SPDX-License-Identifier: GPL-3.0-or-later
"""How a distance field is fitted. Needs no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...errors import InvalidParameter

PRESETS = ("small", "full")
"""How large the network is: a file of less than 1 MB, or of at most 12 MB."""

NETWORKS = ("hash", "mlp", "fourier", "siren", "deepsdf")
"""A hash grid with a small network on it; a plain network; one that sees sines of the coordinates; one of sines; and
the decoder of DeepSDF without a code."""

LOSSES = ("auto", "mape", "l1", "clamped-l1")
"""What is minimised: the relative error (+ 0.01), the error, or the error of distances cut off at ± 0.1. "auto" is the
first for a hash grid, and the error for all others, which stay at their first plateau with relative errors."""

MOST_SAMPLES, MOST_EPOCHS = 20_000_000, 10_000


@dataclass(frozen=True)
class FitSettings:
    """How a distance field is fitted.

    preset, network, loss: one of `PRESETS`, `NETWORKS`, `LOSSES`. samples: points near the surface, and as many in the
    cube. epochs: how often each is seen. seed: of the points, the first weights and the order. batch: points of a
    step; 0 for what suits the device. rate: the highest learning rate; 0 for what suits the network.
    """

    preset: str = "small"
    network: str = "hash"
    loss: str = "auto"
    samples: int = 500_000
    epochs: int = 20
    seed: int = 0
    batch: int = 0
    rate: float = 0.0

    def __post_init__(self) -> None:
        for name, choices in (("preset", PRESETS), ("network", NETWORKS), ("loss", LOSSES)):
            value = getattr(self, name)
            if value not in choices:
                raise InvalidParameter(f"There is no {name} {value!r}.", f"Choose from {', '.join(choices)}.")
        for name, least, most in (
            ("samples", 1, MOST_SAMPLES),
            ("epochs", 1, MOST_EPOCHS),
            ("seed", 0, 2**63 - 1),
            ("batch", 0, MOST_SAMPLES),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise InvalidParameter(f"{name} = {value!r} cannot be.", f"Give a whole number from {least} to {most}.")
        if not isinstance(self.rate, int | float) or not 0.0 <= self.rate <= 1.0:
            raise InvalidParameter(f"A learning rate of {self.rate!r} cannot be.", "Give 0 to 1; 0 chooses.")

    @property
    def measure(self) -> str:
        """The loss that is meant: "auto" resolved."""
        return ("mape" if self.network == "hash" else "l1") if self.loss == "auto" else self.loss

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def settings_from(data: Mapping[str, Any]) -> FitSettings:
    """The settings among plain data; what is not there stays as usual. Raises `InvalidParameter`."""
    names = {field.name for field in fields(FitSettings)}
    return FitSettings(**{name: value for name, value in data.items() if name in names})


def steps_for(resolution: int) -> int:
    """How often a first grid can be doubled to reach so many cells along an edge, twice at most."""
    return min(2, (resolution & -resolution).bit_length() - 1) if resolution > 0 else 0
