# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of times and errors: `python -m benchmarks`, or `make bench`. See docs/benchmarks.md."""
