# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of all models: configuration, loop, checkpoints that resume exactly, logs, several processes."""
