"""Figures for a dark page and in grey: every colour is turned, and none twice."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from coursekit import figures
from coursekit.__main__ import main
from coursekit.figures import registry, style, themes

turned_themes = pytest.mark.parametrize("theme", ["dark", "grey"])


def pixels(figure):
    """What Agg draws, (rows, columns, 3), from 0 to 1."""
    canvas = FigureCanvasAgg(figure)
    with style.context():
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def apart(light, other, theme):
    """How far each pixel is from the light one's turned colour."""
    return np.abs(pixels(other) - themes.THEMES[theme].turn(pixels(light))).max(axis=-1)


@pytest.fixture(autouse=True)
def no_colour_beyond_the_screen(monkeypatch):
    """A dark page's yellow would need a negative blue: it is cut, and before it is mixed."""
    monkeypatch.setattr(style, "HIGHLIGHT", "#C8B45A")


@pytest.mark.parametrize("id", figures.ids())
def test_the_picture_is_the_light_one_turned(id):
    light, other = (figures.get(id).draw(style.COLUMN) for _ in range(2))
    themes.apply(other, "dark")
    differences = apart(light, other, "dark")
    # Agg rounds each layer to a step of 255, and layers lie upon layers; the map doubles a step.
    assert differences.mean() < 1 / 255
    assert differences.max() < 16 / 255


def test_a_colour_that_is_forgotten_would_be_seen():
    """What the test above sees: a text of the wrong colour."""
    light, other = (figures.get("7.3").draw(style.COLUMN) for _ in range(2))
    other.axes[0].texts[0].set_color(style.PALE)
    themes.apply(other, "dark")
    assert apart(light, other, "dark").max() > 50 / 255


@turned_themes
def test_every_way_to_draw_is_turned(theme):
    """Markers, meshes, images, hatches, collections, halos, 3-D: what some figure may use."""

    def draw():
        figure = Figure(figsize=(4, 4), facecolor="#FCFCFA")
        one, two, three = figure.add_subplot(221), figure.add_subplot(222), figure.add_subplot(223)
        solid = figure.add_subplot(224, projection="3d")
        one.plot([0, 1, 2], [0, 1, 0], "o--", color="#D55E00", mfc="#0072B2", mec="#22262B")
        one.fill_between([0, 1, 2], 0, [1, 0, 1], color="#2A8350", alpha=0.4)
        one.bar([0, 1], [1, 2], hatch="//", facecolor="#C3CAD1", edgecolor="#7A1F4B")
        two.imshow(np.arange(9).reshape(3, 3), cmap="Greys", interpolation="nearest")
        three.pcolormesh(np.arange(16).reshape(4, 4), cmap="Greys", rasterized=True)
        halo = [withStroke(linewidth=3, foreground="#FCFCFA")]
        three.text(2, 2, "words", color="#7A1F4B", path_effects=halo)
        three.annotate("to", (1, 1), (3, 3), arrowprops={"arrowstyle": "->", "color": "#0072B2"})
        x, y = np.mgrid[-1:1:9j, -1:1:9j]
        solid.plot_surface(x, y, x**2 - y**2, color="#8AA0B4")
        return figure

    light, other = draw(), draw()
    themes.apply(other, theme)
    assert apart(light, other, theme).max() < 16 / 255


@turned_themes
def test_every_format_is_turned(theme):
    for format in registry.FORMATS:
        light, other = (figures.get("7.5").render(format, "page", t) for t in ("light", theme))
        assert light != other
    paper = themes.THEMES[theme].turn(np.array([[252, 252, 250]]) / 255)[0]
    svg = figures.get("7.5").render("svg", "page", theme).decode().lower()
    assert "#{:02x}{:02x}{:02x}".format(*np.round(255 * paper).astype(int)) in svg
    assert "#fcfcfa" not in svg
    if theme == "grey":
        png = Image.open(io.BytesIO(figures.get("7.5").render("png", "column", theme)))
        red, green, blue = np.moveaxis(np.asarray(png.convert("RGB")).astype(int), -1, 0)
        assert (red == green).all()
        assert (green == blue).all()


def test_dark_keeps_contrast_and_hue():
    dark = themes.THEMES["dark"]
    paper = dark.turn(np.array([252, 252, 250]) / 255)
    assert paper.max() < 0.1

    def luminance(color):
        linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
        return np.array([0.2126, 0.7152, 0.0722]) @ linear

    for method in style.METHODS.values():
        light = np.array([int(method.color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        turned = dark.turn(light)
        # WCAG 2: 3 for graphics.
        assert (luminance(turned) + 0.05) / (luminance(paper) + 0.05) >= 3
        if np.ptp(light) > 0.1:  # a colour, and no grey: the strongest part stays the strongest
            assert turned.argmax() == light.argmax()


def test_unknown_sizes_and_themes():
    with pytest.raises(ValueError, match=r"unknown theme 'sepia'.*Known: light, dark, grey"):
        figures.get("7.1").render("png", "page", "sepia")
    with pytest.raises(ValueError, match=r"unknown size 'wall'.*Known: page, column, slide"):
        figures.get("7.1").render("png", "wall")
    with pytest.raises(ValueError, match="size must be a finite number at least 3, got 1"):
        figures.save("7.1", size=1)


@pytest.mark.parametrize(
    ("looks", "alike"),
    [
        ([{"color": "#0072B2"}, {"color": "#D55E00"}], False),  # grey tells them
        ([{"color": "#808000"}, {"color": "#0072C8"}], False),
        ([{"color": "#C05050"}, {"color": "#5A7A9A"}], True),
        ([{"color": "#C05050"}, {"color": "#5A7A9A", "ls": "--"}], False),
        ([{"color": "#C05050"}, {"color": "#5A7A9A", "marker": "o"}], False),
        ([{"color": "#C05050"}, {"color": "#C05050"}], False),  # the same thing twice
    ],
)
def test_lines_that_differ_in_colour_only_are_named(looks, alike):
    figure = Figure()
    axes = figure.add_subplot()
    for look in looks:
        axes.plot([0, 1], [0, 1], **look)
    assert bool(themes.alike_in_grey(figure)) == alike


def test_grey_print_tells_the_lines_of_all_figures_apart():
    assert registry.check_grey() == []


def test_check_reports_such_lines(monkeypatch, tmp_path, capsys):
    figures.save("7.1", out=tmp_path, progress=False)
    monkeypatch.setattr(themes, "alike_in_grey", lambda figure: "#c05050 and #5a7a9a")
    assert main(["figures", "7.1", "--check", "--out", str(tmp_path)]) == 1
    reason = "has lines that differ in colour only: #c05050 and #5a7a9a"
    assert capsys.readouterr().out == f"fig-7-01-gradient-descent.svg {reason}\n"
