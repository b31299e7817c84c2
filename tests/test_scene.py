"""What a playground shows, as values: frames that travel, numbers in words, colours."""

import json
import math

import numpy as np
import pytest
from playgrounds import unpacked

from coursekit.widgets import scene
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
    encode,
    number,
)

POINTS = np.array([(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)])


def one_view(*items, back=(), key=""):
    return Frame({"only": View(Panel(), items, back, key)})


def sent_items(frame, part="items"):
    content, buffers = encode(frame)
    return content["views"]["only"][part], buffers


# How frames travel.


@pytest.mark.parametrize(
    "item", [Path(POINTS), Points(POINTS), Area(POINTS), Bars(POINTS)], ids=lambda item: item.kind
)
def test_points_arrive_as_float32_buffers(item):
    (sent,), buffers = sent_items(one_view(item))
    assert sent["kind"] == item.kind
    assert sent["color"] == item.color
    assert np.array_equal(unpacked(sent["points"], buffers), POINTS)


def test_an_image_keeps_its_rows_and_columns():
    values = np.linspace(0, 1, 6).reshape(2, 3)
    (sent,), buffers = sent_items(one_view(Image(values, "signed")))
    assert (sent["kind"], sent["ramp"]) == ("image", "signed")
    assert np.array_equal(unpacked(sent["values"], buffers), values.astype(np.float32))


def test_transposed_arrays_and_lists_arrive_in_the_right_order():
    (first, second), buffers = sent_items(one_view(Path(POINTS.T.copy().T), Path([(7, 8)])))
    assert np.array_equal(unpacked(first["points"], buffers), POINTS)
    assert unpacked(second["points"], buffers).tolist() == [[7.0, 8.0]]
    assert [first["points"]["buffer"], second["points"]["buffer"]] == [0, 1]


def test_an_empty_array_keeps_its_shape():
    (sent,), buffers = sent_items(one_view(Points(np.empty((0, 2)))))
    assert sent["points"]["shape"] == [0, 2]
    assert bytes(buffers[0]) == b""


def test_gaps_and_numbers_beyond_float32_arrive_as_nan_and_inf_without_a_word():
    (sent,), buffers = sent_items(one_view(Path([(0.0, np.nan), (1.0, 1e300), (2.0, -np.inf)])))
    heights = unpacked(sent["points"], buffers)[:, 1]
    assert np.array_equal(heights, [np.nan, np.inf, -np.inf], equal_nan=True)


def test_all_but_the_arrays_is_json():
    items = [Text((0.1, 0.2), "words", share=True), Handle("start", (1.0, 2.0), axis="x")]
    frame = Frame(
        {"only": View(Panel("title", log_y=True, y=(0.1, 10.0)), [*items, Path(POINTS)])},
        ("one", "two"),
        goal="there",
        met=True,
    )
    content, _ = encode(frame)
    back = json.loads(json.dumps(content))
    assert back["readout"] == ["one", "two"]
    assert (back["goal"], back["met"]) == ("there", True)
    text, handle, _ = back["views"]["only"]["items"]
    assert (text["kind"], text["at"], text["share"]) == ("text", [0.1, 0.2], True)
    assert (handle["kind"], handle["name"], handle["axis"]) == ("handle", "start", "x")
    panel = back["views"]["only"]["panel"]
    assert (panel["title"], panel["log_y"], panel["y"]) == ("title", True, [0.1, 10.0])


def test_a_background_is_sent_once_for_each_key():
    frame = one_view(Path(POINTS), back=[Image([[0.0, 1.0]])], key="valley")
    content, buffers = encode(frame, {"only": "bowl"})
    assert [item["kind"] for item in content["views"]["only"]["back"]] == ["image"]
    assert len(buffers) == 2
    content, buffers = encode(frame, {"only": "valley"})
    assert "back" not in content["views"]["only"]
    assert len(buffers) == 1
    assert content["views"]["only"]["items"][0]["points"]["buffer"] == 0


def test_a_background_without_a_key_is_sent_always():
    frame = one_view(back=[Image([[0.0, 1.0]])])
    for known in (None, {}, {"only": ""}):
        assert len(encode(frame, known)[0]["views"]["only"]["back"]) == 1


# Numbers in words.


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.0027, "0.0027"),
        (35.0, "35"),
        (-0.51, "−0.51"),
        (9999.0, "10000"),
        (6.02e-19, "6·10⁻¹⁹"),
        (-1.2e9, "−1.2·10⁹"),
        (1e-8, "10⁻⁸"),
        (9.96e-9, "10⁻⁸"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "not a number"),
    ],
)
def test_a_number_in_two_digits(value, words):
    assert number(value) == words


def test_a_number_in_three_digits():
    assert [number(v, 3) for v in (0.12345, 1.2345e-7)] == ["0.123", "1.23·10⁻⁷"]


# Colours.

# Lines behind everything else, the page itself, and the star, which has an edge in ink.
QUIET = {"paper", "grid", "contour", "star"}
WORDS = {"ink", "muted", "good", "bad"}


def luminance(color):
    """Relative luminance of sRGB, as WCAG 2.1 defines it."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(color, paper):
    high, low = sorted([luminance(color), luminance(paper)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("role", sorted(set(COLOURS) - QUIET))
def test_every_role_is_seen_on_its_paper(role, page):
    wanted = 4.5 if role in WORDS or page else 3
    assert contrast(COLOURS[role][page], COLOURS["paper"][page]) >= wanted


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_the_darkest_shades_of_a_loss_leave_ink_and_methods_readable(page):
    (low, _, high) = RAMPS["loss"][page]
    for shade in (low, high):
        assert contrast(COLOURS["ink"][page], shade) >= 4.5
        # Momentum and Nesterov have 2.6 and 2.2 on the darkest one; dashes and markers help them.
        assert contrast(COLOURS["SGD"][page], shade) >= 3


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ramp", RAMPS)
def test_the_ends_of_a_ramp_are_told_apart_in_grey(ramp, page):
    low, middle, high = RAMPS[ramp][page]
    if ramp == "signed":  # two colours, and the middle between them
        assert min(contrast(low, middle), contrast(high, middle)) >= 3
    else:
        assert contrast(low, middle) < contrast(low, high)


def test_the_methods_are_those_of_the_figures():
    from coursekit.figures import style

    for name, look in style.METHODS.items():
        assert COLOURS[name][0] == look.color
    assert COLOURS["paper"][0] == style.PAPER
    assert scene.COLOURS["ink"][0] == style.INK
