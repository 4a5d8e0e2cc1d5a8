# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural networks that make shapes. They need PyTorch, which is optional: see `runtime`.

Only `runtime` and `checkpoints` can be imported without it.
"""
