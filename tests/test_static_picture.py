"""The picture of a frame for the stored notebook: every kind of item is there, in its place."""

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image as Pillow
from playgrounds import drawn, of_colour

from coursekit.widgets.scene import (
    COLOURS,
    RAMPS,
    Area,
    Bars,
    Frame,
    Handle,
    Image,
    Panel,
    Path,
    Points,
    Text,
    View,
)
from coursekit.widgets.static import picture, png

RED = "#FF0000"  # of nothing else in a picture


def frame_of(*items, back=(), **panel):
    return Frame({"only": View(Panel(**panel), items, back)})


def centre(frame, color=RED):
    """Where the pixels of a colour lie in the panel, in shares of its width and height."""
    figure = picture(frame)
    pixels = drawn(figure)
    rows, columns = np.nonzero(of_colour(pixels, color))
    assert len(rows), "no pixel of this colour"
    (axes,) = figure.axes
    box = axes.get_window_extent()
    x = (columns.mean() + 0.5 - box.x0) / box.width
    y = (len(pixels) - 0.5 - rows.mean() - box.y0) / box.height
    return x, y


# In a panel from 0 to 1, each about (0.3, 0.7).
ITEMS = [
    Path([(0.2, 0.6), (0.4, 0.8)], RED),
    Path([(0.2, 0.7), (np.nan, np.nan), (0.4, 0.7)], RED, marker="s"),
    Points([(0.2, 0.6), (0.4, 0.8)], RED, "D"),
    Points([(0.3, 0.7)], RED, "*", 9.0),
    Area([(0.2, 0.6), (0.4, 0.6), (0.4, 0.8), (0.2, 0.8)], RED, 1.0),
    Bars([(0.2, 0.8), (0.4, 0.8)], RED, 0.1, base=0.6),
    Text((0.3, 0.7), "mmmm", RED, "center", bold=True),
    Text((0.3, 0.7), "mmmm", RED, "center", share=True, bold=True),
    Handle("start", (0.3, 0.7), color=RED),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.kind)
def test_an_item_stands_in_its_place(item):
    assert centre(frame_of(item)) == pytest.approx((0.3, 0.7), abs=0.02)


def test_every_kind_is_tried():
    from coursekit.widgets.static import _DRAWERS

    assert {item.kind for item in ITEMS} | {"image"} == set(_DRAWERS)


@pytest.mark.parametrize("ramp", RAMPS)
def test_an_image_has_its_lowest_row_below(ramp):
    shades = Image([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], ramp)
    pixels = drawn(picture(frame_of(shades)))
    high = RAMPS[ramp][0][2]
    assert of_colour(pixels, high).sum() > 1000
    if ramp == "signed":
        assert centre(frame_of(shades), high) == pytest.approx((1 / 6, 0.25), abs=0.02)


def test_a_colour_by_its_role_is_the_one_of_the_light_page():
    x, y = centre(frame_of(Area([(0, 0), (0.2, 0), (0.2, 0.2)], "bad", 1.0)), COLOURS["bad"][0])
    assert (x, y) == pytest.approx((0.2 * 2 / 3, 0.2 / 3), abs=0.02)


def test_the_background_is_drawn_too_and_first():
    below, above = (
        Area([(0, 0), (1, 0), (1, 1), (0, 1)], color, 1.0) for color in (RED, "#0000FF")
    )
    assert centre(frame_of(back=[below])) == pytest.approx((0.5, 0.5), abs=0.01)
    with pytest.raises(AssertionError, match="no pixel"):
        centre(frame_of(above, back=[below]))


def test_a_logarithmic_panel():
    log = {"log_y": True, "y": (1e-8, 1.0)}
    assert centre(frame_of(Points([(0.5, 1e-6)], RED), **log))[1] == pytest.approx(0.25, abs=0.01)
    bars = Bars([(0.5, 1e-4)], RED, 0.2)  # from the lower edge, as 0 has no place here
    assert centre(frame_of(bars, **log)) == pytest.approx((0.5, 0.25), abs=0.01)


def test_nothing_is_drawn_beyond_the_panel():
    far = Path([(0.5, 0.5), (40.0, 0.5), (1e300, np.inf)], RED, 5.0)
    words = Text((0.99, 0.5), "mmmmmmmmmmmm", RED, bold=True)
    figure = picture(frame_of(far, words, Area([(0, 0), (9, 0), (9, 9)], RED, 1.0)))
    pixels = drawn(figure)
    rows, columns = np.nonzero(of_colour(pixels, RED))
    box = figure.axes[0].get_window_extent()
    assert columns.max() <= box.x1 + 1
    assert columns.min() >= box.x0 - 1
    assert (len(pixels) - rows).max() <= box.y1 + 1


def test_titles_and_labels():
    figure = picture(frame_of(title="A title", x_label="w₁", y_label="loss", x=(-2, 2), y=(0, 9)))
    (axes,) = figure.axes
    assert axes.get_title("left") == "A title"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w₁", "loss")
    assert (axes.get_xlim(), axes.get_ylim()) == ((-2, 2), (0, 9))


def test_an_axis_without_numbers():
    shown, bare = (picture(frame_of(y_ticks=ticks)).axes[0].get_yticks() for ticks in (True, False))
    assert len(shown) > 1
    assert len(bare) == 0


def test_a_handle_has_its_label_beside_it():
    (axes,) = picture(
        frame_of(Handle("slope", (0.5, 0.5), "the slope"), Handle("bare", (0, 0)))
    ).axes
    assert [text.get_text() for text in axes.texts] == ["the slope"]


def test_equal_units_are_equally_long():
    figure = picture(frame_of(x=(0, 4), y=(0, 1), equal=True))
    figure.draw_without_rendering()
    box = figure.axes[0].get_window_extent()
    assert box.width / box.height == pytest.approx(4, rel=0.01)


def rows_of(*shares, height=170):
    """How many panels stand in each row of a picture, and its height in inches."""
    views = {str(n): View(Panel(share=share, height=height), []) for n, share in enumerate(shares)}
    figure = picture(Frame(views))
    figure.draw_without_rendering()
    tops = [round(axes.get_window_extent().y0) for axes in figure.axes]
    return [tops.count(top) for top in sorted(set(tops), reverse=True)], figure.get_figheight()


def test_panels_stand_in_rows_as_on_a_page():
    one, height = rows_of(1.0, 1.0)
    assert (one, height) == ([2], pytest.approx(2.0))
    assert rows_of(1.0, 1.0, 1.0, 3.6) == ([3, 1], pytest.approx(4.0))
    assert rows_of(6.0, 0.5) == ([1, 1], pytest.approx(4.0))


def test_a_picture_is_a_png_of_a_fixed_width_whatever_the_readers_settings():
    frame = frame_of(Path([(0, 0), (1, 1)], RED))
    with matplotlib.rc_context({"savefig.dpi": 30, "axes.facecolor": "black"}):
        changed = png(frame)
    assert changed == png(frame)
    assert Pillow.open(io.BytesIO(changed)).size == (900, 352)
