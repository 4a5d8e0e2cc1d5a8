# SPDX-License-Identifier: GPL-3.0-or-later
"""From any mesh to one closed surface of genus 0, keeping as much of it as can be kept.

`run.repair` runs a `recipe.Recipe`; `catalogue` says in words which steps there are. Nothing is imported here, so
that an interface can show recipes without loading what runs them.
"""
