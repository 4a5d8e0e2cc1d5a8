# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from spherical_cow import errors
from spherical_cow.errors import Cancelled, InvalidMesh, NotGenusZero, SphericalCowError, error_from_dict

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, SphericalCowError)]


def example(cls: type[SphericalCowError]) -> SphericalCowError:
    return NotGenusZero(["it is open", "its genus is 1"], "Mend it.") if cls is NotGenusZero else cls("Found.", "Do.")


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_crosses_a_process_boundary(cls: type[SphericalCowError]) -> None:
    error = example(cls)
    back = error_from_dict(json.loads(json.dumps(error.to_dict())))
    assert type(back) is cls
    assert str(back) == str(error)
    assert back.to_dict() == error.to_dict()


def test_the_text_is_what_was_found_and_what_to_do() -> None:
    assert str(InvalidMesh("The mesh is empty.", "Choose another.")) == "The mesh is empty. Choose another."
    assert str(InvalidMesh("The mesh is empty.")) == "The mesh is empty."
    assert str(Cancelled()) == "Cancelled. Nothing was changed."


def test_not_genus_zero_names_every_reason_and_a_repair() -> None:
    error = NotGenusZero(["it is open", "its genus is 1"])
    assert "it is open; its genus is 1" in str(error)
    assert "Repair" in error.remedy


@pytest.mark.parametrize("data", [{}, {"error": "KeyError", "found": "x"}, {"error": "NotGenusZero", "reasons": 3}])
def test_unknown_errors_become_the_base_class(data: dict[str, object]) -> None:
    assert isinstance(error_from_dict(data), SphericalCowError)
