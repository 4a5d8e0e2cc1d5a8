# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the screenshots of the manual from the pictures that the windowed tests take.

SPHERICAL_COW_PICTURES=FOLDER python -m pytest blender_tests/gui      takes them, in the real program
python -m tools.make_screenshots FOLDER                               puts them in docs/panel/pictures
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "panel" / "pictures"
PICTURES = {
    "check": "failing/2-findings.png",
    "repair": "repair/1-cup-selected.png",
    "repair_steps": "repair/3-assembly-panel.png",
    "encode": "tour/06-encoded.png",
    "reconstruct": "tour/07-reconstructed.png",
    "compare": "tour/08-compared.png",
    "equalizer": "tour/09-equalizer.png",
    "shape_keys": "tour/10-shape-keys.png",
    "attributes": "tour/11-curvature.png",
    "coefficients": "tour/13-coefficients.png",
    "batch": "batch/4-done.png",
    "align": "align/4-all.png",
    "symmetry": "symmetry/4-heat.png",
}
"""Section → picture. What is wider than the sidebar is a whole window and is made smaller."""
VIEWS = {
    "repair_suzanne_before": "repair/2-suzanne-before.png",
    "repair_suzanne_after": "repair/2-suzanne-after.png",
    "repair_assembly_before": "repair/3-assembly-before.png",
    "repair_assembly_after": "repair/3-assembly-after.png",
}
"""Name → picture of a window, of which only the 3D view is shown."""
VIEW = (0.13, 0.2, 0.79, 0.97)
"""Left, top, right and bottom of that view, as parts of the window."""
WIDTH = 1000
VIEW_WIDTH = 480
COLORS = 256


def main(folder: Path) -> int:
    """Convert all pictures of `folder`; 1 when one is missing."""
    missing = [name for name in (*PICTURES.values(), *VIEWS.values()) if not (folder / name).is_file()]
    if missing:
        print(f"{folder} has no {', '.join(missing)}: run the windowed tests first.", file=sys.stderr)
        return 1
    for section, name in PICTURES.items():
        convert(folder / name, OUTPUT / f"panel_{section}.png")
    for title, name in VIEWS.items():
        convert(folder / name, OUTPUT / f"{title}.png", VIEW, VIEW_WIDTH)
    return 0


def convert(
    source: Path, target: Path, part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0), width: int = WIDTH
) -> None:
    """A small copy of a part, with few colours, which is all that a user interface needs."""
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    left, top, right, bottom = part
    size = picture.width, picture.height
    picture = picture.crop(
        (round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1]))
    )
    if picture.width > width:
        height = picture.height * width // picture.width
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    picture.quantize(COLORS, Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.make_screenshots FOLDER")
    sys.exit(main(Path(sys.argv[1])))
