# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators that run a network have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ... import network_runtime
from ..shell import JobOperator


class NetworkOperator(JobOperator):
    """A job with PyTorch on the active mesh: greyed out, with the reason, where there is none.

    Its requests say `torch=True`.
    """

    if TYPE_CHECKING:
        bl_idname: str

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether networks can run, and there is a mesh."""
        if reason := network_runtime.why_not():
            cls.poll_message_set(reason)
            return False
        return super().poll(context)
