# SPDX-License-Identifier: GPL-3.0-or-later
"""Many shapes: a common alignment, their mean and principal components, and how alike they are."""
