# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning without knowing from where pictures were taken: several cameras are tried for each, and the best ones teach.

After Insafutdinov and Dosovitskiy (Unsupervised Learning of Shape and Pose with Differentiable Point Clouds, NeurIPS
2018): hypotheses start all around the object, each is drawn, and a student learns the camera of the best; and Goel,
Kanazawa and Malik (Shape and Viewpoint without Keypoints, ECCV 2020): a soft choice between them by their losses.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...datasets.views import ELEVATIONS, View
from .camera import quaternion_of
from .parts import linear_block
from .views import without_mirror

_TURN = 0.5
"""How far the network may turn a hypothesis from where it starts: at most about 2 atan(√3 · ½)."""
_SHIFT = 0.5


class CameraHypotheses(nn.Module):
    """Codes (B, code) → quaternions (B, N, 4) of unit length and places (B, N, 3) of N cameras around the object.

    They start at even azimuths, a little above, as the views of data sets are, seeing the object at its size.
    """

    begin: Tensor

    def __init__(self, code: int, head: int, count: int, scale: float = 0.8) -> None:
        super().__init__()
        self.count = count
        self.layers = nn.Sequential(linear_block(code, head), nn.Linear(head, 6 * count))
        views = [View(360.0 * k / count, sum(ELEVATIONS) / 2.0, 1.0).rotation() for k in range(count)]
        turned = np.stack([without_mirror(view) for view in views])
        begin = quaternion_of(torch.from_numpy(turned)).float()
        self.register_buffer("begin", torch.cat([begin, torch.tensor([[scale, 0.0, 0.0]]).expand(count, 3)], dim=1))
        last = self.layers[1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        moved = torch.tanh(self.layers(code)).reshape(len(code), self.count, 6)
        turn = functional.pad(_TURN * moved[..., :3], (1, 0), value=1.0)
        quaternion = product(functional.normalize(turn, dim=2), self.begin[:, :4].expand(len(code), -1, -1))
        scale = self.begin[:, 4:5] * torch.exp(_SHIFT * moved[..., 3:4])
        return quaternion, torch.cat([scale, self.begin[:, 5:] + _SHIFT * moved[..., 4:]], dim=2)


def product(a: Tensor, b: Tensor) -> Tensor:
    """(…, 4) Hamilton's product of quaternions (…, 4), real part first: first the turn b, then a."""
    w, x, y, z = a.unbind(dim=-1)
    s, i, j, k = b.unbind(dim=-1)
    parts = (
        w * s - x * i - y * j - z * k,
        w * i + x * s + y * k - z * j,
        w * j - x * k + y * s + z * i,
        w * k + x * j - y * i + z * s,
    )
    return torch.stack(parts, dim=-1)


def softly_chosen(errors: Tensor, temperature: float) -> Tensor:
    """(B,) the mean of errors (B, N) of hypotheses, weighted by softmin over the range of each row, so that units mean
    nothing. temperature: as a part of that range. The weights get no gradient."""
    fixed = errors.detach()
    low, high = fixed.amin(dim=1, keepdim=True), fixed.amax(dim=1, keepdim=True)
    weights = torch.softmax(-(fixed - low) / (temperature * (high - low).clamp_min(1e-8)), dim=1)
    return (weights * errors).sum(dim=1)
