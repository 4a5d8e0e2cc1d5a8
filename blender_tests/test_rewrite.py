# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a repaired mesh: what is untouched stays to the bit, what is new takes its values from the nearest."""

from __future__ import annotations

import importlib

import bmesh
import bpy
import numpy as np
import pytest

GROUPS = ("left", "right")


@pytest.fixture
def write(extension):
    """write(obj, change): let `change` make another `Traced` of the object's triangles, and write it back."""
    bridge = importlib.import_module(f"{extension}.bridge")
    rewrite = importlib.import_module(f"{extension}.rewrite")
    traced = importlib.import_module(f"{extension}.core.repairs.traced")
    transfer = importlib.import_module(f"{extension}.core.repairs.transfer")

    def act(obj, change):
        result = change(traced.Traced.start(bridge.read(obj).mesh))
        origin = transfer.origin_of(result)
        arrays = {"vertices": result.mesh.vertices, "faces": result.mesh.faces, **vars(origin)}
        new = rewrite.Repaired.from_arrays(arrays)
        rewrite.rewrite(obj, obj.data, new)
        assert not obj.data.validate(verbose=True)
        return new

    return act


@pytest.fixture
def rich() -> bpy.types.Object:
    """A ball of quads and triangles that carries everything that a mesh can carry."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=7)
    obj, data = bpy.context.object, bpy.context.object.data
    random = np.random.default_rng(1)
    for name in ("Red", "Blue"):
        data.materials.append(bpy.data.materials.new(name))
    for polygon in data.polygons:
        polygon.material_index, polygon.use_smooth = polygon.index % 2, polygon.index % 3 == 0
    for edge in data.edges:
        edge.use_seam, edge.use_edge_sharp = edge.index % 5 == 0, edge.index % 7 == 0
    kinds = {
        "FLOAT": 1, "INT": 1, "FLOAT_VECTOR": 3, "FLOAT_COLOR": 4, "BYTE_COLOR": 4, "BOOLEAN": 1, "FLOAT2": 2,
        "INT8": 1, "INT16_2D": 2, "INT32_2D": 2, "QUATERNION": 4, "FLOAT4X4": 16, "STRING": 0,
    }  # fmt: skip
    for domain in ("POINT", "EDGE", "FACE", "CORNER"):
        for kind, width in kinds.items():
            if kind == "FLOAT2" and domain == "CORNER":
                continue  # that is a UV map
            layer = data.attributes.new(f"{domain}_{kind}", kind, domain)
            for item in layer.data:
                if kind == "STRING":
                    item.value = str(random.integers(9)).encode()
                elif kind == "BOOLEAN":
                    item.value = bool(random.integers(2))
                elif "INT" in kind:
                    value = random.integers(0, 99, max(width, 1)).tolist()
                    item.value = value if width > 1 else value[0]
                elif kind == "FLOAT4X4":
                    item.value = random.random((4, 4)).tolist()
                elif kind in {"FLOAT", "QUATERNION"}:
                    value = random.random(width).tolist()
                    item.value = value if width > 1 else value[0]
                elif "COLOR" in kind:
                    item.color = random.random(4).tolist()
                else:
                    item.vector = random.random(width).tolist()
    second = data.uv_layers.new(name="Second")
    for item in second.data:
        item.uv = random.random(2).tolist()
    second.active_render = True
    data.color_attributes.active_color_index = data.color_attributes.find("POINT_BYTE_COLOR")
    for name in GROUPS:
        obj.vertex_groups.new(name=name)
    for vertex in data.vertices:
        obj.vertex_groups[vertex.co.x > 0.0].add([vertex.index], float(random.random()), "REPLACE")
    obj.vertex_groups["left"].lock_weight = True
    return obj


def picture(obj) -> dict[str, object]:
    """All that the mesh of an object carries, to compare. Selection and our own mark are left out."""
    data = obj.data
    found: dict[str, object] = {"polygons": [tuple(p.vertices) for p in data.polygons]}
    for layer in data.attributes:
        if layer.name.startswith((".select", ".corner", ".edge")) or layer.name == "repaired":
            continue
        fields = ("value", "vector", "color")
        field = next(name for name in fields if layer.data_type == "STRING" or hasattr(layer.data[0], name))
        found[f"{layer.name} {layer.domain} {layer.data_type}"] = [plain(getattr(item, field)) for item in layer.data]
    found["edges"] = sorted((tuple(sorted(e.vertices)), e.use_seam, e.use_edge_sharp) for e in data.edges)
    found["groups"] = [[(g.group, g.weight) for g in v.groups] for v in data.vertices]
    found["names"] = [(group.name, group.lock_weight) for group in obj.vertex_groups]
    found["materials"] = [material.name for material in data.materials]
    found["maps"] = [(m.name, m.active, m.active_render) for m in data.uv_layers]
    found["color"] = data.color_attributes.active_color.name
    return found


def plain(value):
    if isinstance(value, bytes | str | bool | int | float):
        return value
    return tuple(plain(part) for part in value)


def same(before: dict[str, object], after: dict[str, object]) -> None:
    assert set(before) == set(after)
    different = [name for name in before if before[name] != after[name]]
    assert not different, [(name, before[name][:3], after[name][:3]) for name in different]


def triangles_of(obj) -> int:
    return sum(len(polygon.vertices) - 2 for polygon in obj.data.polygons)


def marked(obj) -> list[int]:
    return [index for index, item in enumerate(obj.data.attributes["repaired"].data) if item.value]


def test_nothing_changed_is_the_same_to_the_bit(rich, write):
    before = picture(rich)
    assert write(rich, lambda traced: traced).is_same_as(rich.data)
    same(before, picture(rich))
    assert not marked(rich) and not any(p.select for p in rich.data.polygons)


def test_a_hole_filled_by_hand(rich, write):
    """One quad goes, two triangles come; all others are as they were."""
    bm = bmesh.new()
    bm.from_mesh(rich.data)
    bm.faces.ensure_lookup_table()
    face = next(face for face in bm.faces if len(face.verts) == 4)
    rim = [vertex.index for vertex in face.verts]
    bmesh.ops.delete(bm, geom=[face], context="FACES_ONLY")
    bm.to_mesh(rich.data)
    bm.free()
    before, count = picture(rich), len(rich.data.polygons)
    a, b, c, d = rim
    write(rich, lambda traced: traced.added(np.empty((0, 3)), np.array([[a, b, c], [a, c, d]])))
    after = picture(rich)
    assert marked(rich) == [count, count + 1] and sum(p.select for p in rich.data.polygons) == 2
    assert all(polygon.material_index in {0, 1} for polygon in rich.data.polygons)
    for name, values in before.items():
        if name.endswith(("groups", "names", "materials", "maps", "color", "edges")) or " POINT " in name:
            continue
        assert after[name][: len(values)] == values, name
    for name in ("groups", "names", "materials", "maps", "color"):
        assert after[name] == before[name]
    assert {edge[0]: edge[1:] for edge in before["edges"]}.items() <= {e[0]: e[1:] for e in after["edges"]}.items()


def test_turned_faces_keep_their_values_at_their_corners(rich, write):
    bm = bmesh.new()
    bm.from_mesh(rich.data)
    before = picture(rich)
    bm.faces.ensure_lookup_table()
    chosen = [3, 17, 40]
    for index in chosen:
        bm.faces[index].normal_flip()
    bm.to_mesh(rich.data)
    bm.free()

    def turn(traced):
        faces = traced.mesh.faces.copy()
        polygon = np.array([t.polygon_index for t in rich.data.loop_triangles])
        some = np.isin(polygon, chosen)
        faces[some] = faces[some][:, ::-1]
        return traced.with_faces(faces)

    write(rich, turn)
    assert marked(rich) == chosen
    for polygon, old in zip(rich.data.polygons, before["polygons"], strict=True):
        start = old.index(polygon.vertices[0])
        assert tuple(polygon.vertices) == old[start:] + old[:start]
    uv = {}
    for polygon in rich.data.polygons:
        for corner in polygon.loop_indices:
            uv[polygon.index, rich.data.loops[corner].vertex_index] = tuple(
                rich.data.uv_layers["Second"].data[corner].uv
            )
    corners = iter(before["Second CORNER FLOAT2"])
    for index, polygon in enumerate(before["polygons"]):
        for vertex in polygon:
            assert uv[index, vertex] == next(corners)
    assert [e[1:] for e in before["edges"]] == [e[1:] for e in picture(rich)["edges"]]


def test_welded_vertices_keep_seams_and_polygons(rich, write):
    """A cube whose faces are all apart, as CAD files have it, becomes one surface of the same quads."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    bm = bmesh.new()
    bm.from_mesh(cube.data)
    bmesh.ops.split_edges(bm, edges=bm.edges[:])
    bm.to_mesh(cube.data)
    bm.free()
    assert len(cube.data.vertices) == 24
    cube.data.edges[0].use_seam = True
    uvs = [tuple(item.uv) for item in cube.data.uv_layers[0].data]

    def weld(traced):
        _, first, inverse = np.unique(traced.mesh.vertices, axis=0, return_index=True, return_inverse=True)
        return traced.merged(first[inverse.ravel()]).without_loose()

    write(cube, weld)
    assert (len(cube.data.vertices), len(cube.data.edges), len(cube.data.polygons)) == (8, 12, 6)
    assert not marked(cube) and sum(edge.use_seam for edge in cube.data.edges) == 1
    assert [tuple(item.uv) for item in cube.data.uv_layers[0].data] == uvs


def test_a_vertex_that_is_split_is_copied_with_all_it_has(rich, write):
    before = picture(rich)
    polygon = tuple(rich.data.polygons[30].vertices)

    def split(traced):
        faces = traced.mesh.faces.copy()
        mine = np.array([t.polygon_index == 30 for t in rich.data.loop_triangles])
        rows = faces[mine]
        rows[rows == polygon[0]] = traced.mesh.n_vertices
        faces[mine] = rows
        return traced.duplicated(faces, np.array([polygon[0]]))

    write(rich, split)
    after = picture(rich)
    assert len(rich.data.vertices) == len(before["groups"]) + 1
    assert after["groups"][-1] == before["groups"][polygon[0]] and not marked(rich)
    for name, values in before.items():
        if " POINT " in name:
            assert after[name] == [*values, values[polygon[0]]], name
        if " FACE " in name or " CORNER " in name:
            assert after[name] == values, name


def test_a_polygon_that_loses_a_triangle_keeps_the_rest(rich, write):
    rich.data.calc_loop_triangles()
    triangle = next(t for t in rich.data.loop_triangles if len(rich.data.polygons[t.polygon_index].vertices) == 4)
    polygon, gone = triangle.polygon_index, triangle.index
    uvs = {tuple(item.uv) for item in rich.data.uv_layers["Second"].data}
    write(rich, lambda traced: traced.keep_faces(np.arange(traced.mesh.n_faces) != gone))
    assert len(rich.data.polygons[polygon].vertices) == 3 and not marked(rich)
    assert {tuple(item.uv) for item in rich.data.uv_layers["Second"].data} <= uvs


def test_a_polygon_that_goes_does_not_break_its_neighbours(write):
    """Polygons before and after one of which nothing is left stay quads."""
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=6, y_subdivisions=6)
    obj = bpy.context.object
    polygons = [tuple(polygon.vertices) for polygon in obj.data.polygons]
    obj.data.calc_loop_triangles()
    gone = np.array([t.polygon_index in {7, 8} for t in obj.data.loop_triangles])
    write(obj, lambda traced: traced.keep_faces(~gone))
    assert [tuple(polygon.vertices) for polygon in obj.data.polygons] == polygons[:7] + polygons[9:]


def test_triangles_that_collapse_are_left_out(write):
    """Welding two corners of a quad leaves it without area, and Blender without a valid polygon."""
    data = bpy.data.meshes.new("Fold")
    data.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 0), (0, 0, 1)], [], [(0, 1, 2, 3), (0, 1, 4)])
    obj = bpy.data.objects.new("Fold", data)
    bpy.context.collection.objects.link(obj)
    write(obj, lambda traced: traced.merged(np.array([0, 1, 2, 1, 4])).without_loose())
    assert [tuple(polygon.vertices) for polygon in data.polygons] == [(0, 1, 3)]


def test_everything_new_takes_values_from_the_nearest(rich, write, extension):
    icosphere = importlib.import_module(f"{extension}.core.sphere.icosphere").icosphere(12)
    traced_class = importlib.import_module(f"{extension}.core.repairs.traced").Traced
    before = picture(rich)
    for layer in ("POINT_FLOAT", "FACE_FLOAT", "CORNER_FLOAT"):
        for item in rich.data.attributes[layer].data:
            item.value = 3.5
    for item in rich.data.color_attributes["POINT_BYTE_COLOR"].data:
        item.color = (1.0, 0.5, 0.25, 1.0)
    write(rich, lambda traced: traced_class.remade(traced.source, icosphere))
    after = picture(rich)
    assert len(marked(rich)) == len(rich.data.polygons) == icosphere.n_faces
    assert set(after) == set(before)
    for name in ("POINT_FLOAT POINT FLOAT", "FACE_FLOAT FACE FLOAT", "CORNER_FLOAT CORNER FLOAT"):
        assert np.allclose(after[name], 3.5)
    assert np.allclose(after["POINT_BYTE_COLOR POINT BYTE_COLOR"], [1.0, 0.5, 0.25, 1.0], atol=0.02)
    low, high = (
        np.min(before["POINT_FLOAT_VECTOR POINT FLOAT_VECTOR"], 0),
        np.max(before["POINT_FLOAT_VECTOR POINT FLOAT_VECTOR"], 0),
    )
    values = np.array(after["POINT_FLOAT_VECTOR POINT FLOAT_VECTOR"])
    assert (values >= low - 1e-6).all() and (values <= high + 1e-6).all()
    assert set(after["POINT_STRING POINT STRING"]) <= set(before["POINT_STRING POINT STRING"])
    for vertex in rich.data.vertices:
        names = {GROUPS[group.group] for group in vertex.groups}
        assert names == {"right"} if vertex.co.x > 0.7 else {"left"} if vertex.co.x < -0.7 else names
    assert not any(edge.use_seam for edge in rich.data.edges)


def test_own_normals_stay_where_the_surface_stays(write):
    bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=7)
    obj, data = bpy.context.object, bpy.context.object.data
    data.shade_smooth()
    up = [(0.0, 0.6, 0.8)] * len(data.loops)
    data.normals_split_custom_set(up)
    count = len(data.loops)
    write(obj, lambda traced: traced.added(np.array([[0.0, 0.0, 3.0]]), np.array([[0, 1, traced.mesh.n_vertices]])))
    assert data.has_custom_normals
    normals = np.array([tuple(item.vector) for item in data.corner_normals])
    # A corner that a new face touches shares its normal with it, as long as the edge is not sharp.
    kept = np.array([loop.vertex_index not in {0, 1} for loop in data.loops])[:count]
    assert np.allclose(normals[:count][kept], (0.0, 0.6, 0.8), atol=1e-3)


def test_a_large_mesh_is_written_in_seconds(write):
    import time

    bpy.ops.mesh.primitive_grid_add(x_subdivisions=300, y_subdivisions=300)
    obj = bpy.context.object
    polygons = len(obj.data.polygons)
    begin = time.monotonic()
    write(obj, lambda traced: traced.keep_faces(np.arange(traced.mesh.n_faces) > 10).without_loose())
    assert time.monotonic() - begin < 10.0
    assert polygons - 12 <= len(obj.data.polygons) <= polygons
