# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house that a reader could break without noticing."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import spherical_cow

ROOT = Path(__file__).resolve().parents[1]
CORE, ADDON = ROOT / "core", ROOT / "addon"
MOST_LINES = 400

# From the ground up; a module may import its own layer and those above it in this list.
LAYERS = (
    {"errors", "progress", "data"},
    {"mesh", "files", "archive"},
    {"geometry"},
    {"topology", "meshfile"},
    {"harmonics"},
    {"sphere", "intrinsic"},
    {"repairs", "alignment", "symmetry", "fields"},
    {
        "shape",
        "shapefile",
        "channels",
        "certify",
        "refine",
        "interchange",
        "compression",
        "sample",
        "colour_map",
        "section_colours",
        "plot",
        "pictures",
        "metrics",
    },
    {"shape_alignment", "symmetric_shape"},
    {"codec", "intrinsic_decode"},
    {"blending"},
    {"batch", "datasets"},
    {"networks"},
    {"statistics"},
    {"tasks"},
    {"worker", "cli"},
)
# A method for convenience, which imports when called: `mesh.save(path)`.
UPWARD_ALLOWED = {("mesh", "meshfile")}
NEEDS_TORCH = (
    "networks.layers",
    "networks.occupancy",
    "networks.distance",
    "networks.deepsdf.learning",
    "networks.rendering",
    "networks.pixel2mesh",
    "networks.reconstruction",
    "networks.picture_fit.learning",
)
"""Packages of which every module needs PyTorch."""
NOT_IN_THE_LIBRARY = (
    "bpy",
    "torch",
    "pyshtools",
    "trimesh",
    "rich",
    "matplotlib",
    "tqdm",
    "distributed",
    "pyarrow",
    "nibabel",
)


def python_files(*folders: Path) -> list[Path]:
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def core_module(file: Path) -> tuple[str, ...]:
    parts = file.relative_to(CORE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def relative_imports(file: Path, nodes: Iterator[ast.AST] | list[ast.stmt]) -> set[tuple[str, ...]]:
    """The modules of the library that a file imports, as paths from `core`."""
    package = file.relative_to(CORE).parent.parts
    found: set[tuple[str, ...]] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            start = package[: len(package) - node.level + 1]
            if node.module:
                found.add((*start, *node.module.split(".")))
            else:
                found |= {(*start, alias.name) for alias in node.names}
    return {module for module in found if is_module(module)}


def is_module(parts: tuple[str, ...]) -> bool:
    return CORE.joinpath(*parts).with_suffix(".py").is_file() or CORE.joinpath(*parts).is_dir()


def absolute_imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def layer_of(module: str) -> int:
    for height, layer in enumerate(LAYERS):
        if module in layer:
            return height
    raise AssertionError(f"core/{module} has no layer: give it one in LAYERS, as low as it can stand")


def test_every_import_goes_down():
    wrong = []
    for file in python_files(CORE):
        module = core_module(file)
        if not module:
            continue  # the front door, which shows what the layers offer
        for target in relative_imports(file, ast.walk(ast.parse(file.read_text("utf-8")))):
            climbs = layer_of(target[0]) > layer_of(module[0])
            if climbs and (module[0], target[0]) not in UPWARD_ALLOWED:
                wrong.append(f"{name_of(file)} imports {'.'.join(target)}")
    assert not wrong


def test_no_two_modules_import_each_other():
    graph = {
        core_module(file): relative_imports(file, ast.parse(file.read_text("utf-8")).body)
        for file in python_files(CORE)
    }
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("folder", [CORE, ADDON], ids=["core", "addon"])
def test_the_extension_imports_itself_by_relative_names_only(folder):
    own = {"spherical_cow", "core", "addon", "bl_ext", "tools"}
    # Programs of their own, not modules of the extension: they run in another process, beside `core`.
    files = [file for file in python_files(folder) if file.parent != ADDON / "scripts"]
    wrong = {name_of(f) for f in files if absolute_imports(ast.parse(f.read_text("utf-8"))) & own}
    assert not wrong


def test_core_never_imports_blender():
    wrong = [name_of(f) for f in python_files(CORE) if "bpy" in absolute_imports(ast.parse(f.read_text("utf-8")))]
    assert not wrong


def test_the_library_imports_in_a_bare_environment():
    """Every module of it, in a fresh process in which Blender and all optional libraries are missing."""
    script = f"""
import importlib, pkgutil, sys
for name in {NOT_IN_THE_LIBRARY!r}:
    sys.modules[name] = None
import spherical_cow
for module in pkgutil.walk_packages(spherical_cow.__path__, "spherical_cow."):
    needs_torch = any(f"spherical_cow.{{name}}." in module.name for name in {NEEDS_TORCH!r})
    if not module.name.endswith("__main__") and not needs_torch:
        importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_library_does_not_load_optional_libraries():
    script = f"import sys, spherical_cow; print([n for n in {NOT_IN_THE_LIBRARY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() == "[]"


def test_what_follows_a_slider_loads_no_compiler():
    """Slices and shape codes are computed in Blender's own process, whose window stands still while numba is loaded."""
    script = """
import sys, spherical_cow.fields.section, spherical_cow.networks.deepsdf.codes_file
print([name for name in ("numba", "torch") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_pickled():
    wrong = []
    for file in python_files(CORE, ADDON, ROOT / "tools"):
        tree = ast.parse(file.read_text("utf-8"))
        if absolute_imports(tree) & {"pickle", "marshal", "shelve", "dill", "joblib"}:
            wrong.append(name_of(file))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
                allowed = {k.arg: ast.unparse(k.value) for k in node.keywords}.get("allow_pickle")
                if allowed != "False":
                    wrong.append(f"{name_of(file)}:{node.lineno} np.load without allow_pickle=False")
    assert not wrong


def test_no_file_is_long():
    files = [*python_files(CORE, ADDON, ROOT / "tools"), ROOT / "build_addon.py"]
    lengths = {name_of(f): len(f.read_text("utf-8").splitlines()) for f in files}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_every_file_names_its_licence():
    folders = [CORE, ADDON, ROOT / "tools", ROOT / "tests", ROOT / "blender_tests"]
    files = [f for f in python_files(*folders) if f.read_text("utf-8").strip()]
    wrong = [name_of(f) for f in files if not f.read_text("utf-8").startswith("# SPDX-License-Identifier: GPL-3.0")]
    assert not wrong


def test_every_public_function_and_class_is_documented():
    wrong = []
    for file in python_files(CORE):
        for name, node in public_definitions(ast.parse(file.read_text("utf-8")).body):
            if not ast.get_docstring(node) and not name.startswith("_"):
                wrong.append(f"{name_of(file)}:{node.lineno} {name}")
    assert not wrong


def public_definitions(
    body: list[ast.stmt],
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


def test_the_project_file_lists_every_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = sorted(file.parent.relative_to(CORE).parts for file in CORE.rglob("__init__.py"))
    own_programs = "spherical_cow.scripts"  # which Blender runs; `addon/scripts`
    expected = sorted([own_programs, *(".".join(("spherical_cow", *parts)) for parts in folders)])
    assert sorted(project["tool"]["setuptools"]["packages"]) == expected


def test_one_version_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert spherical_cow.__version__ == version
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
