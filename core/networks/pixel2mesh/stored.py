# SPDX-License-Identifier: GPL-3.0-or-later
"""NumPy arrays out of a pickle, without unpickling: its instructions are read, and none of them runs anything.

The published data and template of Pixel2Mesh are pickles. A pickle names functions that are to be called; here a name
stands for one of the few things that arrays of NumPy are made of, and every other name is refused.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DatasetError
from ..pickled_names import shown

_MOST_BYTES = 256_000_000
_MOST_STEPS = 2_000_000
_DEEPEST = 50
_KEYS = str | bytes | int | float | None
"""What dictionaries may be asked for: tuples in tuples take their time to be told apart, or no end of it."""

_TIMES = 4
"""All arrays, and texts that are turned to bytes, may come to so many times the file."""

_NAMES: Mapping[str, str] = {
    f"{package}.{name}": name
    for package in ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
    for name in ("_reconstruct", "scalar", "_frombuffer")
} | {
    "numpy.ndarray": "ndarray",
    "numpy.dtype": "dtype",
    "_codecs.encode": "bytes",
    "builtins.bytearray": "bytes",
    "builtins.bytes": "bytes",
    "__builtin__.bytes": "bytes",
}
_NUMBERS = re.compile(r"[<>|=]?([biuf][1248]|b|O8?)")
_WRONG = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError, MemoryError, RecursionError)


@dataclass(frozen=True)
class _Name:
    """What a pickle would call."""

    name: str


class _Array:
    """An array that is still to be filled."""

    def __init__(self) -> None:
        self.value: Any = None


class _Kind:
    """A dtype, whose order of bytes comes later."""

    def __init__(self, code: Any) -> None:
        if not isinstance(code, str):
            raise TypeError("a dtype without a name")
        if not _NUMBERS.fullmatch(code):
            raise _Refused(f"an array of {code[:20]!r}")
        self.value = np.dtype(code)


class _Refused(Exception):
    """Something that arrays of numbers have no need of."""


_MARK = object()


def stored_arrays(path: str | Path) -> Any:
    """What a pickle holds: an array, or lists, tuples and dictionaries of arrays, numbers and texts.

    Of protocols 0 to 5, written by Python 2 or 3. Raises `DatasetError` for a file that is missing, damaged or too
    large, and for one that holds anything else.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise DatasetError(f"{path} has {size:,} bytes.", f"At most {_MOST_BYTES:,} can be read.")
        return _Reader(path.read_bytes()).read()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", "Check the name and the folder.") from error
    except _Refused as error:
        raise DatasetError(
            f"{path} holds something else than arrays of numbers: {error}.", "Get the arrays alone."
        ) from error
    except _WRONG as error:
        raise DatasetError(f"{path} is damaged, or holds no arrays.", "Get it again.") from error


class _Reader:
    """Follows the instructions of one pickle."""

    def __init__(self, content: bytes) -> None:
        self.content, self.left = content, _TIMES * len(content) + 1000
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The object. Raises `_Refused`, and anything of `_WRONG`."""
        for step, (operation, argument, _) in enumerate(pickletools.genops(self.content)):
            if step > _MOST_STEPS:
                raise ValueError("too many instructions")
            if operation.name == "STOP":
                return _plain(self.stack.pop(), {})
            self._follow(operation.name, argument)
        raise ValueError("it has no end")

    def _follow(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise _Refused(f"the instruction {name}")

    def _since_mark(self) -> list[Any]:
        place = next((i for i in range(len(self.stack) - 1, -1, -1) if self.stack[i] is _MARK), None)
        if place is None:
            raise IndexError
        found = self.stack[place + 1 :]
        del self.stack[place:]
        return found

    def _last(self, count: int) -> tuple[Any, ...]:
        if len(self.stack) < count:
            raise IndexError
        found = tuple(self.stack[-count:])
        del self.stack[-count:]
        return found

    def _name(self, full: str) -> None:
        if full not in _NAMES:
            raise _Refused(f"{shown(full)}, which could run code when it is opened")
        self.stack.append(_Name(_NAMES[full]))

    def _call(self) -> None:
        called, given = self._last(2)
        if not isinstance(called, _Name) or not isinstance(given, tuple):
            raise ValueError("something is called that is no function")
        made: Any
        if called.name == "_reconstruct":
            made = _Array()
        elif called.name == "dtype":
            made = _Kind(given[0])
        elif called.name == "scalar":
            made = self._filled(_buffer(given[1]), given[0].value, 1, "C")[0].item()
        elif called.name == "_frombuffer":
            buffer, kind, shape, order = given
            made = self._filled(_buffer(buffer), kind.value, shape, order)
        elif called.name == "bytes":
            made = _buffer(given[0]) if given else b""
            self._take(len(made))
        else:
            raise ValueError("an array is made in a way that is not known")
        self.stack.append(made)

    def _build(self) -> None:
        made, state = self._last(2)
        self.stack.append(made)
        if isinstance(made, _Kind):
            if state[1] in ("<", ">"):
                made.value = made.value.newbyteorder(state[1])
        elif isinstance(made, _Array):
            _, shape, kind, by_columns, data = state
            if kind.value.kind == "O":
                made.value = data if isinstance(data, list) else None
            else:
                made.value = self._filled(_buffer(data), kind.value, shape, "F" if by_columns else "C")
        else:
            raise ValueError("something is filled that is no array")

    def _filled(self, data: bytes, kind: np.dtype[Any], shape: Any, order: str) -> NDArray[Any]:
        """A new array, native in its order of bytes, that owns its numbers."""
        whole = tuple(int(n) for n in shape) if isinstance(shape, tuple) else (int(shape),)
        if kind.kind == "O" or min((*whole, 0)) < 0:
            raise ValueError("an array is made of objects")
        self._take(len(data))
        found = np.frombuffer(data, kind).reshape(whole, order="F" if order == "F" else "C")
        return np.array(found, kind.newbyteorder("="), order="C")

    def _take(self, size: int) -> None:
        """Bytes in the file may be meant many times, but not to fill the memory."""
        self.left -= size
        if self.left < 0:
            raise ValueError("it unpacks to far more than it is")

    def _put(self, argument: Any) -> None:
        self.memo[len(self.memo) if argument is None else int(argument)] = self.stack[-1]

    def _extend(self, argument: Any) -> None:
        found = self._since_mark()
        self.stack[-1].extend(found)

    def _append(self, argument: Any) -> None:
        (value,) = self._last(1)
        self.stack[-1].append(value)

    def _dictionary(self) -> None:
        pairs = self._since_mark()
        self.stack.append({})
        self._set(pairs)

    def _set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise TypeError
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, _KEYS):
                raise TypeError("a key that is not plain")
            target[key] = value


def _buffer(value: Any) -> bytes:
    """Bytes, which Python 2 has as texts."""
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise TypeError


def _plain(value: Any, seen: dict[int, Any], depth: int = 0) -> Any:
    """The object with arrays for what stands for them. seen: what was asked for already, as it may be there often."""
    if isinstance(value, _Name | _Kind) or value is _MARK or depth > _DEEPEST:
        raise ValueError("it is no array")
    if not isinstance(value, _Array | list | tuple | dict):
        return value
    if id(value) not in seen:
        seen[id(value)] = _MARK  # until it is known: what holds itself is refused
        if isinstance(value, _Array):
            seen[id(value)] = _plain(value.value, seen, depth + 1)
        elif isinstance(value, dict):
            seen[id(value)] = {key: _plain(one, seen, depth + 1) for key, one in value.items()}
        else:
            seen[id(value)] = type(value)(_plain(one, seen, depth + 1) for one in value)
    if seen[id(value)] is _MARK:
        raise ValueError("it holds itself")
    return seen[id(value)]


_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_ACTIONS: Mapping[str, Callable[[_Reader, Any], Any]] = {
    "GLOBAL": lambda r, a: r._name(".".join(a.split(" ", 1))),
    "STACK_GLOBAL": lambda r, a: r._name(".".join(r._last(2))),
    "REDUCE": lambda r, a: r._call(),
    "BUILD": lambda r, a: r._build(),
    "PUT": _Reader._put,
    "BINPUT": _Reader._put,
    "LONG_BINPUT": _Reader._put,
    "MEMOIZE": _Reader._put,
    "GET": lambda r, a: r.stack.append(r.memo[int(a)]),
    "BINGET": lambda r, a: r.stack.append(r.memo[a]),
    "LONG_BINGET": lambda r, a: r.stack.append(r.memo[a]),
    "TUPLE": lambda r, a: r.stack.append(tuple(r._since_mark())),
    "TUPLE1": lambda r, a: r.stack.append(r._last(1)),
    "TUPLE2": lambda r, a: r.stack.append(r._last(2)),
    "TUPLE3": lambda r, a: r.stack.append(r._last(3)),
    "LIST": lambda r, a: r.stack.append(r._since_mark()),
    "DICT": lambda r, a: r._dictionary(),
    "APPEND": _Reader._append,
    "APPENDS": _Reader._extend,
    "SETITEM": lambda r, a: r._set(list(r._last(2))),
    "SETITEMS": lambda r, a: r._set(r._since_mark()),
    "POP": lambda r, a: r._last(1),
    "POP_MARK": lambda r, a: r._since_mark(),
    "DUP": lambda r, a: r.stack.append(r.stack[-1]),
}
