# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: colour maps that are perceptual, coefficient images that can be read back, plots that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from spherical_cow.errors import InvalidParameter, OutputError
from spherical_cow.harmonics.container import COLOR, POSITION, SCALARS, Harmonics
from spherical_cow.meshfile.color import linear_to_srgb
from spherical_cow.pictures import (
    COLOUR_MAPS,
    amplitude_range,
    coefficient_image,
    colour_map,
    save_png,
    spectrum_plot,
)


def random_harmonics(lmax: int, channels: tuple[str, ...] = POSITION) -> Harmonics:
    degree = np.maximum.outer(np.arange(lmax + 1), np.arange(lmax + 1))
    noise = np.random.default_rng(0).standard_normal((len(channels), lmax + 1, lmax + 1))
    return Harmonics(noise / (1.0 + degree) ** 2, channels)


def luminance(linear: np.ndarray) -> np.ndarray:
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ["viridis", "magma"])
def test_colour_maps_agree_with_matplotlib(name):
    matplotlib = pytest.importorskip("matplotlib")
    expected = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    found = linear_to_srgb(colour_map(np.linspace(-3, 7, 256), -3, 7, name))
    assert np.abs(found - expected).max() < 1.1 / 255


@pytest.mark.parametrize("name", ["viridis", "magma"])
def test_colour_maps_of_amounts_grow_steadily_lighter(name):
    lightness = np.cbrt(luminance(colour_map(np.linspace(0, 1, 100), 0, 1, name)))
    steps = np.diff(lightness)
    assert steps.min() > 0 and steps.max() < 4 * steps.mean()


def test_the_map_around_zero_is_symmetric_in_lightness_and_palest_at_zero():
    colours = colour_map(np.linspace(-2, 2, 201), -2, 2, "blue_red")
    lightness = np.cbrt(luminance(colours))
    assert np.argmax(lightness) == 100 and colours[100].min() > 0.85
    np.testing.assert_allclose(lightness, lightness[::-1], atol=0.07)
    assert (np.diff(lightness[:101]) > 0).all() and (np.diff(lightness[100:]) < 0).all()
    assert colours[0, 2] > 3 * colours[0, 0] and colours[-1, 0] > 3 * colours[-1, 2]


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_values_outside_are_clamped_and_missing_ones_grey(name):
    colours = colour_map([-9.0, 0.0, 1.0, 9.0, np.nan, -np.inf, np.inf], 0.0, 1.0, name)
    assert colours.shape == (7, 3) and colours.min() >= 0 and colours.max() <= 1
    for one, other in ((0, 1), (2, 3), (5, 0), (6, 3)):
        np.testing.assert_array_equal(colours[one], colours[other])
    np.testing.assert_allclose(linear_to_srgb(colours[4]), 0.5)
    np.testing.assert_array_equal(colour_map([5.0], 5.0, 5.0, name), colour_map([0.5], 0.0, 1.0, name))
    np.testing.assert_array_equal(colour_map([0.2], 1.0, 0.0, name), colour_map([0.8], 0.0, 1.0, name))


def test_unknown_maps_and_ranges_are_refused():
    with pytest.raises(InvalidParameter, match="jet"):
        colour_map([0.0], 0, 1, "jet")
    with pytest.raises(InvalidParameter, match="finite"):
        colour_map([0.0], 0, np.nan)


def test_each_coefficient_is_a_square_of_its_amplitude():
    coefficients = random_harmonics(7).coefficients[0]
    picture = coefficient_image(coefficients, size=64)
    assert picture.shape == (64, 64, 3)
    squares = picture.reshape(8, 8, 8, 8, 3)
    assert (squares == squares[:, :1, :, :1]).all()
    low, high = amplitude_range(np.abs(coefficients))
    expected = linear_to_srgb(colour_map(np.log10(np.abs(coefficients)).ravel(), low, high, "magma"))
    np.testing.assert_allclose(squares[:, 0, :, 0].reshape(-1, 3), expected, atol=1e-12)


def test_the_scale_ignores_the_offset_and_the_sign():
    coefficients = random_harmonics(16).coefficients[0]
    moved = coefficients.copy()
    moved[0, 0] = 1e9
    assert amplitude_range(np.abs(moved)) == amplitude_range(np.abs(coefficients))
    np.testing.assert_array_equal(coefficient_image(-coefficients), coefficient_image(coefficients))


@pytest.mark.parametrize("lmax", [0, 1, 64, 700])
def test_images_of_any_degree_and_of_nothing(lmax):
    for coefficients in (np.zeros((lmax + 1, lmax + 1)), np.full((lmax + 1, lmax + 1), 3.0)):
        picture = coefficient_image(coefficients)
        assert picture.shape[0] == picture.shape[1] >= 512 and np.isfinite(picture).all()
    with pytest.raises(InvalidParameter):
        coefficient_image(np.zeros((2, 3, 3)))


def curve_height(picture: np.ndarray, colour: str, column: int) -> float:
    """The mean row of the pixels nearest to a colour in a column."""
    target = np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8) / 255
    near = np.abs(picture[:, column] - target).max(axis=1) < 0.25
    return float(np.flatnonzero(near).mean())


def test_a_power_law_is_a_straight_line_of_its_slope():
    """Power l⁻⁴ over two decades of degrees falls eight decades, along a straight line."""
    lmax = 100
    degree = np.arange(lmax + 1)
    coefficients = np.zeros((1, lmax + 1, lmax + 1))
    coefficients[0, degree[1:], degree[1:]] = degree[1:] ** -2.0
    picture = spectrum_plot(Harmonics(coefficients, ("x",)), size=(1280, 800))
    columns = np.array([150, 350, 550, 750, 950])
    heights = np.array([curve_height(picture, "#d1495b", column) for column in columns])
    slopes = np.diff(heights) / np.diff(columns)
    np.testing.assert_allclose(slopes, slopes.mean(), atol=0.02)
    # the axes: two decades across 918 pixels, eight decades down 632
    assert slopes.mean() == pytest.approx(632 / 918, abs=0.02)


@pytest.mark.parametrize("size", [(1280, 800), (400, 300), (333, 777)])
def test_plots_have_their_size_and_every_channel(size):
    harmonics = random_harmonics(40, (*POSITION, *COLOR, *SCALARS, "mine", "yours"))
    picture = spectrum_plot(harmonics, size=size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.min() >= 0.0 and picture.max() == 1.0


@pytest.mark.parametrize("lmax", [0, 1, 2])
def test_plots_of_almost_nothing(lmax):
    for factor in (0.0, 1.0, 1e-150):
        harmonics = random_harmonics(lmax)
        picture = spectrum_plot(Harmonics(factor * harmonics.coefficients, harmonics.channels), size=(300, 200))
        assert np.isfinite(picture).all()


def test_png_files_are_what_was_drawn(tmp_path):
    picture = coefficient_image(random_harmonics(8).coefficients[0])
    save_png(picture, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert np.abs(np.asarray(image) / 255.0 - picture).max() <= 0.5 / 255 + 1e-12
    with pytest.raises(OutputError):
        save_png(picture, tmp_path / "missing" / "a.png")
