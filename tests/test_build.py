# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension zip: which wheels fit, what the manifest says, what goes in. No network."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import build_addon
from tools.extension import archive, blender, manifest, manual, wheels
from tools.extension.targets import PLATFORMS, PYTHONS, BuildError, Target, fits, wheel_tags

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")
LINUX = Target("linux-x64", "3.11")
TAGS = {
    "linux-x64": "manylinux_2_27_x86_64.manylinux_2_28_x86_64",
    "windows-x64": "win_amd64",
    "macos-arm64": "macosx_12_0_arm64",
}


def make_wheel(folder: Path, filename: str, requires: tuple[str, ...] = ()) -> Path:
    """A wheel that holds nothing but its metadata."""
    name, version = filename.split("-")[:2]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / filename
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            f"{name}-{version}.dist-info/METADATA", "\n".join([*lines, *(f"Requires-Dist: {r}" for r in requires)])
        )
    return path


NEEDS = {
    "scipy": ("numpy<2.8,>=1.26.4",),
    "numba": ("llvmlite<0.51,>=0.50.0dev0", "numpy>=1.22"),
    "torch": (
        *("filelock", "typing-extensions>=4.10.0", "setuptools>=77.0.3", "sympy>=1.13.3", "networkx>=2.5.1"),
        *("jinja2", "fsspec>=0.8.5", 'optree>=0.13.0; extra == "optree"', "setuptools<82"),
    ),
    "sympy": ("mpmath<1.4,>=1.1.0",),
    "jinja2": ("MarkupSafe>=2.0",),
}
"""What some of the wheels really need."""


def make_all_wheels(folder: Path, target: Target, names: tuple[str, ...] = wheels.BUNDLED) -> list[Path]:
    """An empty wheel of every bundled library, with the real needs of some."""
    plan = wheels.plan(target, wheels.pinned_versions(CONSTRAINTS, target.python), names)
    python = f"cp3{target.minor}-cp3{target.minor}"
    return [
        make_wheel(
            folder,
            f"{name.replace('-', '_')}-{version}-{python}-{TAGS[target.platform]}.whl",
            NEEDS.get(name, ()),
        )
        for name, version in plan.items()
    ]


@pytest.mark.parametrize(
    ("tags", "platform", "python", "expected"),
    [
        ("cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64", "linux-x64", "3.11", True),
        ("cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64", "linux-x64", "3.13", False),
        ("cp311-cp311-manylinux_2_34_x86_64", "linux-x64", "3.11", False),
        ("cp311-cp311-manylinux_2_28_aarch64", "linux-x64", "3.11", False),
        ("cp311-cp311-musllinux_1_2_x86_64", "linux-x64", "3.11", False),
        ("cp312-abi3-win_amd64", "windows-x64", "3.13", True),
        ("cp312-abi3-win_amd64", "windows-x64", "3.11", False),
        ("cp313-cp313t-win_amd64", "windows-x64", "3.13", False),
        ("cp313-cp313-win32", "windows-x64", "3.13", False),
        ("cp313-cp313-macosx_12_0_arm64", "macos-arm64", "3.13", True),
        ("cp313-cp313-macosx_11_0_universal2", "macos-arm64", "3.13", True),
        ("cp313-cp313-macosx_14_0_arm64", "macos-arm64", "3.13", False),
        ("cp313-cp313-macosx_12_0_x86_64", "macos-arm64", "3.13", False),
        ("py3-none-any", "macos-arm64", "3.14", True),
        ("py2.py3-none-any", "linux-x64", "3.11", True),
        ("py3-none-win_amd64", "windows-x64", "3.11", True),
    ],
)
def test_which_wheels_fit(tags, platform, python, expected):
    assert fits(wheel_tags(f"library-1.0-{tags}.whl"), Target(platform, python)) is expected


def test_a_file_that_is_no_wheel_is_refused():
    with pytest.raises(BuildError, match=r"scipy-1\.0\.tar\.gz is not a wheel"):
        wheel_tags("scipy-1.0.tar.gz")


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("1.26.4", ">=1.26.4,<2.7", True),
        ("2.7.0", ">=1.26.4,<2.7", False),
        ("0.50.0", "<0.51,>=0.50.0dev0", True),
        ("2.3.4", "!=2.3.4", False),
        ("2.3", "==2.3.0", True),
        ("2.3.4", "==2.3.*", True),
        ("2.4", "~=2.3", True),
        ("3.0", "~=2.3", False),
        ("3.13", ">=3.12", True),
        ("1.0", "", True),
    ],
)
def test_version_requirements(version, specifier, expected):
    assert wheels.satisfies(version, specifier) is expected


def test_pins_depend_on_python():
    assert wheels.pinned_versions(CONSTRAINTS, "3.11")["scipy"] != wheels.pinned_versions(CONSTRAINTS, "3.13")["scipy"]
    assert wheels.pinned_versions(CONSTRAINTS, "3.13")["scipy"] == wheels.pinned_versions(CONSTRAINTS, "3.14")["scipy"]


@pytest.mark.parametrize("python", [*PYTHONS, "3.14"])
def test_every_bundled_library_is_pinned(python):
    assert {*wheels.BUNDLED, *wheels.TORCH} <= set(wheels.pinned_versions(CONSTRAINTS, python))


def test_the_zip_has_all_that_the_library_declares():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {requirement.split(">")[0].split("=")[0].strip() for requirement in declared}
    assert names - set(wheels.BLENDER_HAS) <= set(wheels.BUNDLED)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_complete_set_of_wheels_passes(tmp_path, platform, python):
    target = Target(platform, python)
    wheels.check(target, make_all_wheels(tmp_path, target))


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("numpy-1.26.4-cp311-cp311-manylinux_2_27_x86_64.whl", "Blender has its own numpy"),
        ("trimesh-5.2.0-py3-none-any.whl", "nothing here needs trimesh"),
        ("scipy-1.18.1-cp313-cp313-manylinux_2_27_x86_64.whl", "does not fit linux-x64, Python 3.11"),
        ("scipy-1.17.1-cp311-cp311-win_amd64.whl", "does not fit linux-x64, Python 3.11"),
        ("scipy-1.17.1-cp311-cp311-manylinux_2_17_x86_64.whl", "scipy has 2 wheels"),
    ],
)
def test_a_wheel_too_many_is_refused(tmp_path, added, message):
    files = [*make_all_wheels(tmp_path, LINUX), make_wheel(tmp_path / "more", added)]
    with pytest.raises(BuildError, match=message):
        wheels.check(LINUX, files)


@pytest.mark.parametrize("name", wheels.BUNDLED)
def test_a_missing_wheel_is_refused(tmp_path, name):
    files = [f for f in make_all_wheels(tmp_path, LINUX) if not f.name.startswith(name)]
    with pytest.raises(BuildError, match=f"{name} has 0 wheels"):
        wheels.check(LINUX, files)


@pytest.mark.parametrize(
    ("needs", "message"),
    [("numpy>=2.0", r"needs numpy >=2\.0, and .* has 1\.26\.4"), ("imageio>=2", "needs imageio, which is not in")],
)
def test_a_wheel_whose_needs_are_not_met_is_refused(tmp_path, needs, message):
    files = make_all_wheels(tmp_path, LINUX)
    ducc = next(f for f in files if f.name.startswith("ducc0"))
    make_wheel(tmp_path, ducc.name, (needs, 'pytest>=3; extra == "test"'))
    with pytest.raises(BuildError, match=message):
        wheels.check(LINUX, files)


def test_wheels_come_from_the_cache_without_network(tmp_path):
    made = make_all_wheels(tmp_path, LINUX)
    make_all_wheels(tmp_path, Target("windows-x64", "3.13"))
    found = wheels.collect(LINUX, wheels.pinned_versions(CONSTRAINTS, "3.11"), tmp_path)
    assert sorted(found) == sorted(made)


WITH_TORCH = (*wheels.BUNDLED, *wheels.TORCH)


class TestWithTorch:
    """The zip that has PyTorch inside, with stand-ins for its wheels: the real ones are 200 MB."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    @pytest.mark.parametrize("python", PYTHONS)
    def test_the_plan(self, platform, python):
        plan = wheels.plan(Target(platform, python), wheels.pinned_versions(CONSTRAINTS, python), WITH_TORCH)
        assert set(plan) == set(WITH_TORCH) and "numpy" not in plan
        assert plan["torch"].endswith("+cpu") == (platform == "linux-x64"), "elsewhere there is one for all"
        assert (plan["torch"] == wheels.TORCH_FOR_MACOS) == (platform == "macos-arm64")

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_a_complete_set_passes_and_without_a_need_it_does_not(self, tmp_path, platform):
        target = Target(platform, "3.13")
        files = make_all_wheels(tmp_path, target, WITH_TORCH)
        wheels.check(target, files, WITH_TORCH)
        names = tuple(name for name in WITH_TORCH if name != "mpmath")
        with pytest.raises(BuildError, match=r"sympy.* needs mpmath, which is not in the zip"):
            wheels.check(target, [file for file in files if not file.name.startswith("mpmath")], names)

    def test_what_only_another_system_needs_is_not_asked_for(self, tmp_path):
        needs = ('cuda-toolkit[cublas]==13.0.3; platform_system == "Linux" and python_version < "3.15"', "jinja2")
        wheel = make_wheel(tmp_path, "torch-2.13.0-cp313-cp313-win_amd64.whl", needs)
        assert wheels.requirements(wheel, Target("windows-x64", "3.13")) == [("jinja2", "")]
        assert wheels.requirements(wheel, Target("linux-x64", "3.15")) == [("jinja2", "")]
        assert [name for name, _ in wheels.requirements(wheel, LINUX)] == ["cuda-toolkit", "jinja2"]
        strange = make_wheel(tmp_path, "a-1.0-py3-none-any.whl", ('b; os_name == "nt" or moo', 'c; os_name != "nt"'))
        assert wheels.requirements(strange, Target("windows-x64", "3.13")) == [("b", "")], (
            "what is not understood counts"
        )

    def test_a_wheel_for_cuda_is_not_taken_from_the_cache(self, tmp_path):
        files = make_all_wheels(tmp_path, LINUX, WITH_TORCH)
        plain = next(file for file in files if file.name.startswith("torch"))
        plain.rename(plain.with_name(plain.name.replace("+cpu", "")))
        version = wheels.plan(LINUX, wheels.pinned_versions(CONSTRAINTS, "3.11"), WITH_TORCH)["torch"]
        assert wheels._cached(LINUX, "torch", version, tmp_path) is None

    def test_file_name_manifest_and_limit_say_so(self, tmp_path, monkeypatch):
        make_all_wheels(tmp_path / "wheels", LINUX, WITH_TORCH)
        monkeypatch.setattr(archive, "SIZE_LIMIT", 1000)
        assert build_addon.file_name("1.2.3", LINUX, True) == "spherical_cow-1.2.3-linux_x64-py311-torch.zip"
        path = build_addon.build(LINUX, tmp_path / "dist.zip", cache=tmp_path / "wheels", with_torch=True)
        with zipfile.ZipFile(path) as file:
            data = tomllib.loads(file.read("blender_manifest.toml").decode())
            names = file.namelist()
        assert data["tagline"].endswith("with PyTorch") and len(data["tagline"]) <= 64
        assert sum("/torch-" in wheel for wheel in data["wheels"]) == 1 == sum("/torch-" in name for name in names)
        assert not any("numpy" in name for name in data["wheels"])

    def test_only_one_at_a_time(self, capsys):
        assert build_addon.main(["--all", "--with-torch"]) == 1
        assert "one zip" in capsys.readouterr().err


def test_unknown_targets_are_refused():
    with pytest.raises(BuildError, match="Unknown platform 'amiga'"):
        Target("amiga", "3.11")
    with pytest.raises(BuildError, match=r"Unknown Python '2\.7'"):
        Target("linux-x64", "2.7")


def manifest_of(target: Target) -> dict:
    project = manifest.read_project(ROOT / "pyproject.toml")
    return tomllib.loads(manifest.manifest(project, target, ["a-1-py3-none-any.whl"]))


def test_the_manifest_names_the_range_of_blender_versions():
    old, new = manifest_of(LINUX), manifest_of(Target("linux-x64", "3.13"))
    assert (old["blender_version_min"], old["blender_version_max"]) == ("4.5.0", "5.1.0")
    assert new["blender_version_min"] == "5.1.0"
    assert "blender_version_max" not in new


def test_the_manifest_takes_its_facts_from_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    data = manifest_of(Target("macos-arm64", "3.13"))
    assert data["version"] == project["version"]
    assert data["license"] == ["SPDX:GPL-3.0-or-later"]
    assert data["platforms"] == ["macos-arm64"]
    assert data["wheels"] == ["./wheels/a-1-py3-none-any.whl"]


def test_texts_of_the_manifest_keep_to_the_rules_of_the_platform():
    data = manifest_of(LINUX)
    assert len(data["tagline"]) <= 64 and not data["tagline"].endswith(".")
    for reason in data["permissions"].values():
        assert len(reason) <= 64 and not reason.endswith(".")


@pytest.fixture(scope="module")
def zip_path(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("zip")
    return build_without_network(folder, folder / "extension.zip")


def build_without_network(cache: Path, output: Path) -> Path:
    make_all_wheels(cache, LINUX)
    return build_addon.build(LINUX, output, cache=cache)


def test_the_zip_holds_addon_core_data_wheels_and_licence(zip_path):
    names = set(zipfile.ZipFile(zip_path).namelist())
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "core/__init__.py", "core/codec.py"} <= names
    assert "core/data/spherical_cow.npz" in names
    assert sum(name.startswith("wheels/") for name in names) == len(wheels.BUNDLED)


def test_the_zip_holds_no_caches_and_no_tests(zip_path):
    for name in zipfile.ZipFile(zip_path).namelist():
        assert "__pycache__" not in name and not name.startswith(("tests/", "tools/", "."))
        assert not name.endswith((".pyc", ".nbi", ".nbc"))


def test_the_same_input_gives_the_same_zip(zip_path, tmp_path):
    again = build_without_network(tmp_path, tmp_path / "again.zip")
    # The stand-in wheels hold their time of birth, so compare all but them.
    first, second = zipfile.ZipFile(zip_path), zipfile.ZipFile(again)
    assert [(i.filename, i.date_time, i.external_attr) for i in first.infolist()] == [
        (i.filename, i.date_time, i.external_attr) for i in second.infolist()
    ]
    assert {n: first.read(n) for n in first.namelist() if not n.startswith("wheels/")} == {
        n: second.read(n) for n in second.namelist() if not n.startswith("wheels/")
    }


def test_writing_twice_gives_the_same_bytes(tmp_path):
    files = {"b.py": b"print()\n" * 100, "a/wheel.whl": b"\0" * 1000}
    digests = set()
    for name in ("one.zip", "two.zip"):
        archive.write(files, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_zip_that_is_too_large_is_not_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "SIZE_LIMIT", 1000)
    with pytest.raises(BuildError, match="is the limit"):
        archive.write({"a.whl": os.urandom(5000)}, tmp_path / "large.zip")
    assert list(tmp_path.iterdir()) == []


def test_core_works_as_a_part_of_the_extension(zip_path, tmp_path):
    """Imported as `bl_ext.user_default.spherical_cow.core`, with no `spherical_cow` to fall back on."""
    package = tmp_path / "bl_ext" / "user_default" / "spherical_cow"
    with zipfile.ZipFile(zip_path) as file:
        file.extractall(package, [n for n in file.namelist() if n.startswith("core/")])
    script = """
import importlib, importlib.util, pkgutil, sys
sys.modules["spherical_cow"] = sys.modules["bpy"] = sys.modules["trimesh"] = sys.modules["rich"] = None
from bl_ext.user_default.spherical_cow import core
for module in pkgutil.walk_packages(core.__path__, core.__name__ + "."):
    if not module.name.endswith("distance.fused") or importlib.util.find_spec("triton"):  # all that needs Triton
        importlib.import_module(module.name)
print(sys.modules[core.__name__ + ".sample"].sample_cow().n_vertices)
"""
    settings = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env=settings,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000


@pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="the bpy module is not installed")
class TestBlendersValidator:
    def test_accepts_our_zip(self, zip_path):
        assert blender.validate(zip_path)

    def test_refuses_a_wrong_manifest(self, tmp_path):
        archive.write({"blender_manifest.toml": b'id = "no schema"\n', "__init__.py": b""}, tmp_path / "wrong.zip")
        with pytest.raises(BuildError, match=r"Blender's validator refuses wrong\.zip"):
            blender.validate(tmp_path / "wrong.zip")


def test_the_command_line_says_what_is_wrong(capsys):
    assert build_addon.main(["--python", "2.7"]) == 1
    assert "Unknown Python '2.7'" in capsys.readouterr().err
    assert build_addon.main(["--install", "/no/such/blender"]) == 1
    assert "/no/such/blender does not start" in capsys.readouterr().err


class TestManual:
    def test_every_page_and_every_picture_is_in_the_zip(self, zip_path):
        names = set(zipfile.ZipFile(zip_path).namelist())
        assert {f"docs/panel/{path.stem}.html" for path in (ROOT / "docs" / "panel").glob("*.md")} <= names
        assert "docs/panel/pictures/equalizer.png" in names

    def test_pages_become_html(self):
        text = "# A & B\n\nSee [that](that.md), `x < y` and **more**.\n\n- one\n- two\n"
        text += "\n| a | b |\n| --- | --- |\n| 1 | 2 |"
        html = manual.page(text)
        assert "<title>A &amp; B</title>" in html
        assert '<a href="that.html">that</a>, <code>x &lt; y</code> and <strong>more</strong>' in html
        assert "<ul><li>one</li><li>two</li></ul>" in html
        assert "<tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>" in html

    def test_code_blocks_are_kept_as_they_are(self):
        assert "<pre>a *b* &lt;c&gt;\n\nd</pre>" in manual.page("```\na *b* <c>\n\nd\n```")


@pytest.mark.parametrize("page", [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"], ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
