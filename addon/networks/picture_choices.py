# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user can choose from in *Fit to Pictures*: (identifier, name, tooltip)."""

from __future__ import annotations

PICTURE_CAMERAS = (
    (
        "scene",
        "Scene Cameras",
        "Each picture has the camera of the scene that it was taken with. The result stands where the cameras see it",
    ),
    (
        "turntable",
        "Turntable",
        "The object was turned, or the camera went around it, by the same angle from one picture"
        " to the next in the list. The result stands at the 3D cursor",
    ),
)
"""From where the pictures of *Fit to Pictures* were taken."""

PICTURE_BACKGROUNDS = (
    ("auto", "Automatic", "What is transparent; in pictures without transparency, what has the color of the margin"),
    ("alpha", "Transparent", "What is transparent"),
    ("plain", "Plain Color", "What has the color of the margin, transparent or not"),
)
"""What of a picture is not the object."""

PICTURE_SYMMETRIES = (
    ("free", "None", "Any shape"),
    ("plane", "Left and Right", "The half at positive X is the mirror image of the half at negative X"),
    ("two_planes", "Two Planes", "Left and right alike, and front and back (Y)"),
    ("rotational", "Rotation", "Turned on a lathe: the same from all sides around the vertical axis"),
)
"""What the shape is known to have, in the axes of the scene or the turntable, through its own middle."""

FIT_STARTS = (
    ("auto", "Automatic", "At what the outlines leave of space; at an ellipsoid where they leave nothing"),
    ("silhouettes", "Outlines", "At what the outlines leave of space"),
    ("sphere", "Ellipsoid", "At an ellipsoid of the size of the object"),
)
"""Where a fit to pictures begins."""

FIT_QUALITIES = (
    ("draft", "Draft", "642 vertices, for a first look"),
    ("normal", "Normal", "4,002 vertices"),
    ("fine", "Fine", "5,762 vertices, from large pictures. Takes several times as long"),
    ("custom", "Custom", "As the numbers below say"),
)
"""How fine a fit to pictures is."""
