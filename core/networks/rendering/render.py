# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of meshes with gradients to vertices, colours, textures and cameras: one function, several back-ends."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import InvalidParameter
from . import with_nvdiffrast, with_pytorch3d
from .back_ends import chosen_back_end
from .blending import Picture, composed, mask_of, visible
from .light import Light
from .outlines import fronts_of, outline_mask
from .paint import Paint
from .rasterise import Fragments, Softness, fragments_of
from .triangles import triangles_of

WIDTH = 0.3
"""Pixels within which edges turn from a half to nearly all or nothing."""


def render(
    vertices: Tensor,
    faces: Tensor,
    matrices: Tensor,
    size: int,
    *,
    paint: Paint | None = None,
    softness: Softness | None = None,
    light: Light | None = None,
    background: float = 1.0,
    closed: bool = False,
    back_end: str = "auto",
) -> Picture:
    """Square pictures of a mesh, `size` pixels along an edge.

    vertices: (V, 3), or (B, V, 3) one mesh for each picture. faces: (F, 3). matrices: (B, 3, 4) of `camera.stacked`.
    paint: what is on the mesh; None for a mask alone. softness: of edges; by default they turn within a third of a
    pixel. light: None for colours as they are. background: behind the mesh. back_end: one of `back_ends.BACK_ENDS`.

    closed: the mesh has an inside, and its faces look outwards. Then only fronts are drawn, and are soft at the outline
    alone, which stays where it is. Else faces that meet at an outline cover its pixels one by one, and softness moves
    it outwards: by a tenth of a pixel by default, by as much as its width where that is wide. A mesh that reaches
    behind a camera is drawn as if it were not closed.

    Raises `InvalidParameter` for arrays that do not fit together or are no numbers, and as `chosen_back_end` does.
    """
    _check(vertices, faces, matrices, size, paint)
    chosen = chosen_back_end(back_end, vertices.device, soft=softness is not None)

    def colours(fragments: Fragments) -> Tensor:
        assert paint is not None
        plain = paint.colours(fragments, faces)
        return plain if light is None else plain * light.at(fragments, vertices, faces)[:, None]

    if chosen == "nvdiffrast":
        return with_nvdiffrast.picture(vertices, faces, matrices, size, colours if paint else None, background)
    soft = softness or Softness.of_pixels(WIDTH, size)
    triangles = triangles_of(vertices, faces, matrices)
    draw = with_pytorch3d.fragments_of if chosen == "pytorch3d" else fragments_of
    if closed and triangles.parts is None:
        fronts = fronts_of(triangles)
        fragments = draw(fronts, size, soft)
        mask = outline_mask(triangles, fronts, fragments, faces, size, soft)
    else:
        fragments = draw(triangles, size, soft)
        mask = mask_of(fragments, len(matrices), size)
    if paint is None:
        return Picture(None, mask)
    share = visible(fragments)
    seen = share.nonzero()[:, 0]
    front = fragments.only(seen)
    return Picture(composed(front.pixel, share[seen], colours(front), mask, background), mask)


def _check(vertices: Tensor, faces: Tensor, matrices: Tensor, size: int, paint: Paint | None) -> None:
    fits = vertices.ndim in (2, 3) and vertices.shape[-1] == 3 and faces.ndim == 2 and faces.shape[1] == 3
    fits = fits and matrices.ndim == 3 and matrices.shape[1:] == (3, 4) and size >= 1
    if not fits or (vertices.ndim == 3 and len(vertices) != len(matrices)):
        raise InvalidParameter(
            f"Vertices {tuple(vertices.shape)}, faces {tuple(faces.shape)} and cameras {tuple(matrices.shape)} "
            f"make no picture of {size} pixels.",
            "Give vertices (V, 3) or (B, V, 3), faces (F, 3), matrices (B, 3, 4), and at least one pixel.",
        )
    if not (torch.isfinite(vertices).all() and torch.isfinite(matrices).all()):
        raise InvalidParameter("Vertices or cameras are not all numbers.", "A step before made them infinite or NaN.")
    if faces.numel() and (int(faces.min()) < 0 or int(faces.max()) >= vertices.shape[-2]):
        raise InvalidParameter("Faces name vertices that do not exist.", "Give the faces of these vertices.")
    if paint is not None:
        paint.check(len(matrices), vertices.shape[-2], len(faces))
