# SPDX-License-Identifier: GPL-3.0-or-later
"""From any mesh to one closed surface of genus 0, keeping as much of it as can be kept."""
