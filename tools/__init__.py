# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for developers: environments, the extension zip, the sample cow. Nothing here is shipped."""
