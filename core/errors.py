# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed errors whose text an artist understands: what was found, and what to do next."""

from __future__ import annotations


class SphericalCowError(Exception):
    """Base of every error that this library raises on purpose.

    `found` says in plain words what is wrong; `remedy` says what to do next. `str(error)` is both.
    """

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(found, remedy)
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.found} {self.remedy}".strip()

    def to_dict(self) -> dict[str, object]:
        """The error as JSON-ready data: `error` (class name), `found`, `remedy`."""
        return {"error": type(self).__name__, "found": self.found, "remedy": self.remedy}


class InvalidMesh(SphericalCowError):
    """The arrays do not describe a usable mesh: empty, NaN, indices out of range, no area."""


class NotGenusZero(SphericalCowError):
    """The surface is not one closed, oriented manifold without handles. `reasons` lists why."""

    def __init__(self, reasons: list[str], remedy: str = "") -> None:
        text = "The mesh cannot be mapped onto a sphere: " + "; ".join(reasons) + "."
        super().__init__(text, remedy or "Repair mends it; Check lists the faults and selects them.")
        self.reasons = list(reasons)

    def to_dict(self) -> dict[str, object]:
        """As the base class, with `reasons`, a list of strings."""
        return {**super().to_dict(), "reasons": self.reasons}


class MapFailed(SphericalCowError):
    """A map to the sphere could not be made one-to-one (flipped triangles remain)."""


class RepairFailed(SphericalCowError):
    """A repair cannot reach what it promises for this mesh and these settings."""


class InvalidParameter(SphericalCowError):
    """A setting is out of its range or does not fit the data."""


class MeshFileError(SphericalCowError):
    """A mesh file cannot be read or has an unknown format."""


class ImageError(SphericalCowError):
    """A picture cannot be read, or is none."""


class HarmonicsFileError(SphericalCowError):
    """A harmonics file is damaged, hostile or of an unknown version. Names the key at fault."""


class CheckpointError(SphericalCowError):
    """A file of weights is damaged, hostile, or made for another network."""


class DatasetError(SphericalCowError):
    """A folder of shapes to learn from lacks something, or a file in it is damaged. Names the file and the key."""


class TrainingFailed(SphericalCowError):
    """A training cannot go on: its loss is not a number. What was saved before is still good."""


class OutputError(SphericalCowError):
    """A result cannot be written: no permission, no space, not a folder."""


class MissingLibrary(SphericalCowError):
    """A library that this step needs cannot be imported."""


class Cancelled(SphericalCowError):
    """The user stopped the work. Nothing was changed."""

    def __init__(self, found: str = "Cancelled.", remedy: str = "Nothing was changed.") -> None:
        super().__init__(found, remedy)


class WorkerCrashed(SphericalCowError):
    """The worker process ended without a result. `remedy` holds its last words."""


class TimedOut(SphericalCowError):
    """The work took longer than it was given."""


def _concrete(cls: type[SphericalCowError]) -> dict[str, type[SphericalCowError]]:
    return {sub.__name__: sub for sub in cls.__subclasses__()}


def error_from_dict(data: dict[str, object]) -> SphericalCowError:
    """The inverse of `to_dict`, used to carry an error across a process boundary."""
    name = str(data.get("error", ""))
    found, remedy = str(data.get("found", "Unknown error.")), str(data.get("remedy", ""))
    if name == NotGenusZero.__name__:
        reasons = data.get("reasons", [])
        return NotGenusZero([str(r) for r in reasons] if isinstance(reasons, list) else [], remedy)
    return _concrete(SphericalCowError).get(name, SphericalCowError)(found, remedy)
