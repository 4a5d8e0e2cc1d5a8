# SPDX-License-Identifier: GPL-3.0-or-later
"""Stanford PLY: ASCII and binary of both byte orders, polygons, triangle strips, vertex colours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mesh import FloatArray, IntArray, Mesh
from .color import color_bytes, srgb_to_linear
from .parts import Parts, fan
from .text import numbers, whole_numbers

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "i2", "int16": "i2", "ushort": "u2", "uint16": "u2",
    "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_COLOR_NAMES = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
_PLAIN = re.compile(r"(?!(x|y|z|red|green|blue|alpha|position|color)$)[A-Za-z_][A-Za-z0-9_]*")
"""Names of attributes that a header can hold."""

List = tuple[NDArray[Any], IntArray]
"""A list property: all its values one after the other, and the length of each row's list."""
Columns = dict[str, NDArray[Any] | List]


@dataclass(frozen=True)
class _Property:
    name: str
    type: str
    count_type: str | None = None  # of a list


@dataclass
class _Element:
    name: str
    count: int
    properties: list[_Property] = field(default_factory=list)


def read(data: bytes, file: Path) -> Parts:
    """Vertices, triangles (of polygons and strips) and vertex colours of a PLY file."""
    elements, order, body = _header(data)
    content = _ascii(elements, body) if order is None else _binary(elements, body, order)
    vertex = content["vertex"]
    vertices = np.stack([np.asarray(vertex[axis], dtype=np.float64) for axis in "xyz"], axis=1)
    return Parts(vertices, _faces(content), _color(elements, vertex))


def _header(data: bytes) -> tuple[list[_Element], str | None, bytes]:
    """(elements, byte order or None for ASCII, bytes after the header)."""
    if not data.startswith(b"ply"):
        raise ValueError("does not begin with ply")
    mark = data.index(b"end_header")
    newline = b"\n" if b"\n" in data[:mark] else b"\r"
    end = data.index(newline, mark) + 1
    elements: list[_Element] = []
    kind = ""
    for line in data[:mark].decode("ascii", "replace").splitlines():
        words = line.split() or [""]
        if words[0] == "format":
            kind = words[1]
        elif words[0] == "element":
            elements.append(_Element(words[1], int(words[2])))
            if elements[-1].count < 0:
                raise ValueError("a negative count")
        elif words[0] == "property" and words[1] == "list":
            elements[-1].properties.append(_Property(words[4], _TYPES[words[3]], _TYPES[words[2]]))
        elif words[0] == "property":
            elements[-1].properties.append(_Property(words[2], _TYPES[words[1]]))
    orders = {"ascii": None, "binary_little_endian": "<", "binary_big_endian": ">"}
    return elements, orders[kind], data[end:]


def _binary(elements: list[_Element], body: bytes, order: str) -> dict[str, Columns]:
    content: dict[str, Columns] = {}
    offset = 0
    for element in elements:
        content[element.name], offset = _binary_element(element, body, offset, order)
    return content


def _binary_element(element: _Element, body: bytes, offset: int, order: str) -> tuple[Columns, int]:
    smallest = sum(np.dtype(p.count_type or p.type).itemsize for p in element.properties)
    if element.count * smallest > len(body) - offset:
        raise ValueError("fewer bytes than the header promises")
    if not element.count:
        return {p.name: _empty(p) for p in element.properties}, offset
    uniform = _uniform_lists(element, body, offset, order)
    return uniform if uniform is not None else _ragged_lists(element, body, offset, order)


def _empty(prop: _Property) -> NDArray[Any] | List:
    values = np.zeros(0, prop.type)
    return values if prop.count_type is None else (values, np.zeros(0, np.int64))


def _uniform_lists(element: _Element, body: bytes, offset: int, order: str) -> tuple[Columns, int] | None:
    """All rows at once, if every list is as long as in the first row; otherwise None."""
    fields: list[tuple[Any, ...]] = []
    position = offset
    for number, p in enumerate(element.properties):
        if p.count_type is None:
            fields.append((f"{number}", order + p.type))
            position += np.dtype(p.type).itemsize
            continue
        length = int(np.frombuffer(body, order + p.count_type, 1, position)[0])
        position += np.dtype(p.count_type).itemsize + length * np.dtype(p.type).itemsize
        if length < 0 or position > len(body):
            raise ValueError("a list that runs over the end")
        fields += [(f"{number}n", order + p.count_type), (f"{number}", order + p.type, (length,))]
    layout = np.dtype(fields)
    if element.count * layout.itemsize > len(body) - offset:
        return None
    rows = np.frombuffer(body, layout, element.count, offset)
    columns: Columns = {}
    for number, p in enumerate(element.properties):
        values = rows[f"{number}"]
        if p.count_type is None:
            columns[p.name] = values
            continue
        if (rows[f"{number}n"] != values.shape[1]).any():
            return None
        columns[p.name] = (values.ravel(), np.full(element.count, values.shape[1], np.int64))
    return columns, offset + element.count * layout.itemsize


def _ragged_lists(element: _Element, body: bytes, offset: int, order: str) -> tuple[Columns, int]:
    """Row by row, for lists of different lengths."""
    found: list[list[NDArray[Any]]] = [[] for _ in element.properties]
    types = [(np.dtype(order + p.type), np.dtype(order + p.count_type) if p.count_type else None)
             for p in element.properties]  # fmt: skip
    for _ in range(element.count):
        for values, (kind, count_kind) in zip(found, types, strict=True):
            length = 1
            if count_kind is not None:
                length = int(np.frombuffer(body, count_kind, 1, offset)[0])
                offset += count_kind.itemsize
                if length < 0:
                    raise ValueError("a list of negative length")
            values.append(np.frombuffer(body, kind, length, offset) if length else np.zeros(0, kind))
            offset += length * kind.itemsize
    columns: Columns = {}
    for p, rows in zip(element.properties, found, strict=True):
        flat = np.concatenate(rows)
        sizes = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        columns[p.name] = flat if p.count_type is None else (flat, sizes)
    return columns, offset


def _ascii(elements: list[_Element], body: bytes) -> dict[str, Columns]:
    """As `_binary`: text is read as if every number, lengths of lists too, were stored as a double."""
    values = numbers(body, len(body.split()))
    doubles = [
        _Element(e.name, e.count, [_Property(p.name, "f8", p.count_type and "f8") for p in e.properties])
        for e in elements
    ]
    return _binary(doubles, values.tobytes(), "=")


def _faces(content: dict[str, Columns]) -> IntArray:
    found = [np.zeros((0, 3), np.int64)]
    for name in ("face", "tristrips"):
        columns = content.get(name, {})
        lists = columns.get("vertex_indices", columns.get("vertex_index"))
        if isinstance(lists, tuple):
            flat, sizes = whole_numbers(lists[0]), lists[1]
            found.append(fan(flat, sizes) if name == "face" else _strips(flat, sizes))
    return np.concatenate(found)


def _strips(flat: IntArray, sizes: IntArray) -> IntArray:
    """(F, 3) triangles of strips, which end at -1 and turn their winding with each triangle."""
    end_of_row = np.cumsum(sizes)
    strip = np.cumsum(flat == -1) + np.searchsorted(end_of_row, np.arange(len(flat)), side="right")
    keep = flat != -1
    flat, strip = flat[keep], strip[keep]
    first = np.searchsorted(strip, strip, side="left")
    parity = (np.arange(len(flat)) - first) % 2
    a, b, c = flat[:-2], flat[1:-1], flat[2:]
    turned = parity[:-2, None] == 1
    triangles = np.where(turned, np.stack([b, a, c], axis=1), np.stack([a, b, c], axis=1))
    real = (strip[:-2] == strip[2:]) & (a != b) & (b != c) & (c != a)  # strips repeat vertices to turn
    return np.asarray(triangles[real])


def _color(elements: list[_Element], vertex: Columns) -> FloatArray | None:
    types = {p.name: p.type for e in elements if e.name == "vertex" for p in e.properties}
    for names in _COLOR_NAMES:
        if all(name in vertex and isinstance(vertex[name], np.ndarray) for name in names):
            kind = np.dtype(types[names[0]])
            scale = float(np.iinfo(kind).max) if kind.kind in "iu" else 1.0
            stored = np.stack([np.asarray(vertex[name], dtype=np.float64) for name in names], axis=1)
            return srgb_to_linear(stored / scale)
    return None


def write(mesh: Mesh, file: Path) -> None:
    """Write binary little-endian PLY: double positions, uchar sRGB colours where the mesh has `color`.

    Attributes of one number a vertex follow as float properties of their names.
    """
    fields: list[tuple[Any, ...]] = [("position", "<f8", (3,))]
    lines = [f"property double {axis}" for axis in "xyz"]
    if "color" in mesh.attributes:
        fields.append(("color", "u1", (3,)))
        lines += [f"property uchar {name}" for name in ("red", "green", "blue")]
    scalars = {name: values for name, values in mesh.attributes.items() if values.ndim == 1 and _PLAIN.fullmatch(name)}
    for name in scalars:
        fields.append((name, "<f4"))
        lines.append(f"property float {name}")
    vertices = np.zeros(mesh.n_vertices, dtype=fields)
    vertices["position"] = mesh.vertices
    if "color" in mesh.attributes:
        vertices["color"] = color_bytes(mesh.attributes["color"])
    for name, values in scalars.items():
        vertices[name] = values
    faces = np.zeros(mesh.n_faces, dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, mesh.faces
    header = [
        "ply", "format binary_little_endian 1.0", "comment Spherical Cow",
        f"element vertex {mesh.n_vertices}", *lines,
        f"element face {mesh.n_faces}", "property list uchar int vertex_indices", "end_header", "",
    ]  # fmt: skip
    with file.open("wb") as out:
        out.write("\n".join(header).encode("ascii"))
        vertices.tofile(out)
        faces.tofile(out)
