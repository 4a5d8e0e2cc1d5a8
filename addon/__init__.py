# SPDX-License-Identifier: GPL-3.0-or-later
"""Spherical Cow: closed meshes without handles as spherical harmonics, and back, in Blender.

Registration has two stages: first a look at the bundled libraries, then all the rest. Where a library cannot
be loaded (wrong download, wrong Python) only a panel is registered that says so.
"""

from __future__ import annotations

from . import diagnostics


def register() -> None:
    """Register everything, or the panel that says why not."""
    problems = diagnostics.problems()
    if problems:
        diagnostics.register(problems)
        return
    from . import registration

    registration.register()


def unregister() -> None:
    """Undo `register`."""
    if diagnostics.registered():
        diagnostics.unregister()
        return
    from . import registration

    registration.unregister()
