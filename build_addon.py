# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the Blender extension: one zip for each platform and Python, with the libraries it needs inside.

    python build_addon.py                                   for this machine and Python
    python build_addon.py --python 3.13                     Blender 5.1 and later (3.11: Blender 4.5 to 5.0)
    python build_addon.py --platform windows-x64 --python 3.13
    python build_addon.py --all                             every platform and Python, into dist/
    python build_addon.py --install /path/to/blender        what fits that Blender, installed and enabled
    python build_addon.py --with-torch                      with PyTorch for the processor inside, for networks

Wheels come from the package index by name and the version in constraints.txt, and stay in .cache/wheels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.extension import archive, blender, manifest, wheels
from tools.extension.targets import PLATFORMS, PYTHONS, BuildError, Target, this_platform, this_python

ROOT = Path(__file__).resolve().parent


def build(
    target: Target,
    output: Path | None = None,
    root: Path = ROOT,
    cache: Path | None = None,
    *,
    with_torch: bool = False,
    torch_index: str = wheels.TORCH_INDEX,
) -> Path:
    """Build, check and validate the zip for one target; returns its path (default: in `dist/`).

    with_torch: with the PyTorch that runs on the processor, which is about 200 MB. torch_index: where that comes from
    on Linux, if pip is not set up to find it.

    Raises `BuildError` for a missing or wrong wheel, a zip that is too large, or one that Blender refuses.
    """
    project = manifest.read_project(root / "pyproject.toml")
    pins = wheels.pinned_versions((root / "constraints.txt").read_text("utf-8"), target.python)
    names = (*wheels.BUNDLED, *wheels.TORCH) if with_torch else wheels.BUNDLED
    bundled = wheels.collect(target, pins, cache or root / ".cache" / "wheels", names, torch_index)
    text = manifest.manifest(project, target, [wheel.name for wheel in bundled], torch=with_torch)
    path = output or root / "dist" / file_name(project["project"]["version"], target, with_torch)
    limit = archive.TORCH_LIMIT if with_torch else None
    size = archive.write(archive.contents(root, text, bundled), path, limit)
    verdict = "validated by Blender" if blender.validate(path) else "NOT validated: no bpy module, no blender"
    print(f"{_shown(path)}  {size / 1e6:.1f} MB  ({target}; {len(bundled)} libraries; {verdict})", flush=True)
    return path


def file_name(version: str, target: Target, with_torch: bool = False) -> str:
    """What the zip is called: version, platform, Python, and whether PyTorch is inside."""
    return f"spherical_cow-{version}-{target.label}{'-torch' if with_torch else ''}.zip"


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def parser() -> argparse.ArgumentParser:
    """The command line."""
    as_written = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    options.add_argument("--platform", choices=PLATFORMS, help="default: this machine's")
    options.add_argument("--python", help="default: the running one's, as 3.11")
    options.add_argument("--all", action="store_true", help="every platform, for Python " + " and ".join(PYTHONS))
    options.add_argument("--output", type=Path, metavar="ZIP", help="default: a file in dist/")
    options.add_argument("--install", metavar="BLENDER", help="build for that Blender program, and install")
    options.add_argument("--with-torch", action="store_true", help="one zip with PyTorch (CPU) inside")
    options.add_argument(
        "--torch-index", metavar="URL", default=wheels.TORCH_INDEX, help="for PyTorch on Linux (default: %(default)s)"
    )
    return options


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns 0 when every zip is built, 1 otherwise."""
    arguments = parser().parse_args(words)
    torch = {"with_torch": arguments.with_torch, "torch_index": arguments.torch_index}
    try:
        if arguments.all and arguments.with_torch:
            raise BuildError("--with-torch makes one zip: name its --platform and --python instead of --all.")
        if arguments.all:
            for platform in PLATFORMS:
                for python in PYTHONS:
                    build(Target(platform, python))
        elif arguments.install:
            path = build(blender.target_of(arguments.install), arguments.output, **torch)
            blender.install(arguments.install, path)
            print(f"Installed into {arguments.install}.")
        else:
            target = Target(arguments.platform or this_platform(), arguments.python or this_python())
            build(target, arguments.output, **torch)
    except BuildError as error:
        print(f"build_addon.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
