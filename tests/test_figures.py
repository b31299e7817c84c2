"""The textbook's figures: their numbers, their files, and how they look."""

import ast
import hashlib
import itertools
import math
import os
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import coursekit
from coursekit import figures
from coursekit.figures import registry, style

ROOT = Path(coursekit.__file__).parents[1]
IDS = figures.ids()
every = pytest.mark.parametrize("id", IDS)
ROUNDING = 1e-12  # a few dozen operations in float64


# ---- the numbers behind each figure, against closed forms


def test_7_1_steps_go_against_the_slope():
    d = figures.get("7.1").data()
    curvature = float(d.objective.curvatures[0])
    assert d.points[0, 0] < 0 < d.points[0, 1]
    assert np.allclose(d.slopes, curvature * d.points, rtol=ROUNDING)
    assert np.allclose(np.diff(d.points, axis=0), -d.learning_rate * d.slopes[:-1], rtol=ROUNDING)
    factor = 1 - d.learning_rate * curvature
    assert np.allclose(d.ends, d.points[0] * factor**d.steps, rtol=ROUNDING)


def test_7_2_step_counts():
    d = figures.get("7.2").data()
    one, two = d.bounds
    small, large, diverging = d.regimes
    assert 0 < small.learning_rate < one < large.learning_rate < two < diverging.learning_rate
    for regime in (small, large):  # |w(n)| = |w(0)| |1 − ηλ|ⁿ
        factor = abs(1 - regime.learning_rate * d.curvature)
        exact = math.log(d.tolerance / abs(d.start)) / math.log(factor)
        assert regime.steps == math.ceil(exact)
    assert math.isinf(diverging.steps)
    assert d.growth == pytest.approx(diverging.learning_rate * d.curvature - 1, rel=ROUNDING)
    assert d.exact_steps == 1
    assert (np.sign(large.run.points[:10, 0]) == [-1, 1] * 5).all()
    assert (small.run.points[:, 0] < 0).all()


def test_7_3_distances_left():
    d = figures.get("7.3").data()
    root = math.sqrt(d.condition_number)
    contraction = (d.condition_number - 1) / (d.condition_number + 1)
    assert d.left["SGD"] == pytest.approx(d.start * contraction**d.steps, rel=1e-10)
    # At its best rate heavy ball has a double root ±r: w(n) = w(0) (1 + n ((1 − ηλ)/±r − 1)) (±r)ⁿ.
    r = (root - 1) / (root + 1) * np.array([1, -1])
    start, n = d.runs["Momentum"].points[0], d.steps
    slope = (1 - d.momentum.learning_rate * d.objective.curvatures) / r - 1
    # A double root doubles the number of digits that rounding can reach: half of 1e-16's digits.
    assert np.allclose(d.runs["Momentum"].points[-1], start * (1 + n * slope) * r**n, rtol=1e-6)
    assert {len(run.points) for run in d.runs.values()} == {n + 1}
    assert np.array_equal(d.runs["SGD"].points[0], start)
    zig_zag = np.sign(d.runs["SGD"].points[:, 1])
    assert (zig_zag[1:] == -zig_zag[:-1]).all()


def test_7_3_no_neighbouring_rate_is_better():
    d = figures.get("7.3").data()
    curvatures = d.objective.curvatures

    def contraction(rate, momentum):
        """The largest root of z² − (1 + ρ − ηλ) z + ρ over the curvatures: the factor a step."""
        return max(
            np.abs(np.roots([1, -(1 + momentum - rate * c), momentum])).max() for c in curvatures
        )

    for rate, rho in ((d.plain.learning_rate, 0), (d.momentum.learning_rate, d.momentum.momentum)):
        best = contraction(rate, rho)
        for factor, shift in itertools.product((0.95, 1.0, 1.05), (-0.03, 0.0, 0.03)):
            if (factor, shift) != (1.0, 0.0) and (rho or not shift):
                assert contraction(rate * factor, rho + shift) > best


def test_7_4_curvatures_of_both_signs_where_the_slope_is_zero():
    d = figures.get("7.4").data()
    assert d.slope == 0
    assert d.eigenvalues[0] < 0 < d.eigenvalues[1]
    for eigenvalue, values in zip(d.eigenvalues, d.values, strict=True):
        assert np.allclose(values, 0.5 * eigenvalue * d.offsets**2, atol=ROUNDING)


def test_7_5_only_the_ridge_itself_is_held():
    d = figures.get("7.5").data()
    assert d.offsets[0] == 0
    assert {abs(offset) for offset in d.offsets[1:]} == {1e-3, 1e-6}
    assert (d.run.points[:, 0, 0] == 0).all()
    assert d.run.values[-1] == pytest.approx([d.plateau, 0, 0], abs=1e-9)
    assert d.left[0] == math.inf
    # Growing to ½ instead of to 1 saves ln 2 / ln(1 + η|λ₋|) steps; the slope flattens on the way
    # to the well, which costs one or two.
    saved = math.log(2) / math.log(1 + d.learning_rate)
    assert d.left[1:] == pytest.approx(np.array(d.predicted[1:]) - saved, abs=2.5)
    # The wells treat both starts alike, so the difference is the formula's, but for whole steps.
    assert d.left[2] - d.left[1] == pytest.approx(d.predicted[2] - d.predicted[1], abs=1)


# ---- captions and words


def test_ids_are_the_books():
    expected = [f"7.{n + 1}" for n in range(len(IDS))]
    assert expected == IDS
    assert figures.get("7.3").filename("png") == "fig-7-03-narrow-valley.png"
    assert repr(figures.get("7.3")) == "<Figure 7.3: narrow-valley>"


@every
def test_caption_is_one_sentence_and_alt_tells_numbers(id):
    one = figures.get(id)
    assert re.fullmatch(r"[A-Z][^.!?]*\.", one.caption)
    assert len(one.alt) > 200
    assert len(re.findall(r"[−+]?\d", one.alt)) >= 3
    assert "{" not in one.alt
    assert " -" not in one.alt


def test_unknown_names():
    with pytest.raises(ValueError, match=r"unknown figure '7\.99'.*Known: 7\.1, 7\.2"):
        figures.get("7.99")
    with pytest.raises(ValueError, match=r"unknown format 'gif'.*Known: svg, png, pdf"):
        figures.get("7.1").filename("gif")
    with pytest.raises(ValueError, match="width must be a finite number at least 3, got 1"):
        figures.get("7.1").draw(1)


@pytest.mark.parametrize(("id", "slug"), [("7.1", "new"), ("7.99", "narrow-valley")])
def test_an_id_or_a_slug_is_registered_once(id, slug):
    with pytest.raises(ValueError, match="registered already"):
        registry.figure(id, slug=slug, caption="", alt="")(dict)
    assert figures.ids() == IDS


# ---- files


def test_committed_files_are_fresh():
    assert figures.check() == []


def test_every_figure_has_its_files_and_every_file_a_figure():
    files = {path.name for path in (ROOT / "figures").glob("*fig-*")}
    assert files == {
        figures.get(id).filename(format) for id in IDS for format in registry.COMMITTED
    }
    for name in files:
        if name.endswith("png"):
            assert (ROOT / "figures" / name).stat().st_size < 120_000


def test_only_the_registry_saves():
    saving = [
        path.relative_to(ROOT / "coursekit").as_posix()
        for path in sorted((ROOT / "coursekit").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("savefig", "imsave", "print_figure")
    ]
    assert saving == ["figures/registry.py"]


def test_same_bytes_in_another_process_whatever_the_readers_settings():
    here = [figures.get("7.4").render(format) for format in registry.FORMATS]
    script = """
import hashlib, sys, matplotlib as mpl
mpl.rcParams.update({"axes.grid": True, "font.size": 20, "svg.fonttype": "none"})
before = mpl.rcParams.copy()
from coursekit import figures
for format in ("svg", "png", "pdf"):
    print(hashlib.sha256(figures.get("7.4").render(format)).hexdigest())
assert mpl.rcParams.copy() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    there = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert there.stdout.split() == [hashlib.sha256(content).hexdigest() for content in here]


@pytest.mark.parametrize(("owner", "moment"), [(os, "fsync"), (Path, "replace")])
def test_an_interrupted_save_leaves_no_half_file(tmp_path, monkeypatch, owner, moment):
    figures.save("7.1", "png", out=tmp_path, progress=False)
    whole = (tmp_path / "fig-7-01-gradient-descent.png").read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        figures.save(["7.1", "7.2"], "png", out=tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["fig-7-01-gradient-descent.png"]
    assert next(tmp_path.iterdir()).read_bytes() == whole


def test_check_names_every_kind_of_stale_file(tmp_path):
    assert len(figures.check(out=tmp_path / "none")) == 2 * len(IDS)
    svg, png = figures.save("7.1", out=tmp_path, progress=False)
    (tmp_path / "fig-9-09-gone.svg").touch()
    stale = dict(figures.check(out=tmp_path))
    assert stale.pop("fig-9-09-gone.svg") == "belongs to no registered figure"
    assert svg.name not in stale
    assert set(stale.values()) == {"is missing"}
    assert figures.check("7.1", out=tmp_path) == []
    png.write_bytes(png.read_bytes()[:1000])
    svg.write_text(svg.read_text().replace("<path", "<circle", 1))
    assert figures.check("7.1", out=tmp_path) == [
        (svg.name, "has other shapes or other text"),
        (png.name, "cannot be read as png"),
    ]


def test_show_displays_the_committed_picture_and_its_caption(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda *args, **kw: shown.append((args[0], kw)))
    assert figures.show("7.3") is None
    (bundle, options), (caption, _) = shown
    one = figures.get("7.3")
    assert b64decode(bundle["image/png"]) == one.png()
    assert bundle["text/plain"] == f"Figure 7.3. {one.alt}"
    assert options == {"metadata": {"image/png": {"width": 700, "alt": one.alt}}, "raw": True}
    assert caption["text/markdown"].startswith(f"**Figure 7.3.** {one.caption}\n")
    assert one.alt in caption["text/markdown"]
    assert caption["text/plain"] == f"Figure 7.3. {one.caption}"


# ---- how they look


def corners(text, renderer):
    """The four corners of a text's box, turned as the text is, shape (4, 2) in pixels."""
    centre = np.mean(Text.get_window_extent(text, renderer).get_points(), axis=0)
    angle = text.get_rotation()
    text.set_rotation(0)
    flat = Text.get_window_extent(text, renderer)
    text.set_rotation(angle)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return centre + (flat.corners() - flat.corners().mean(axis=0)) @ [[cos, sin], [-sin, cos]]


def overlap(one, two):
    """How deep two turned boxes lie in each other: the least overlap along any of their sides."""
    depths = []
    for box in (one, two):
        for side in (box[1] - box[0], box[2] - box[0]):
            a, b = (corner @ side / np.linalg.norm(side) for corner in (one, two))
            depths.append(min(a.max(), b.max()) - max(a.min(), b.min()))
    return min(depths)


@every
@pytest.mark.parametrize("width", [style.PAGE, style.COLUMN])
def test_text_is_large_enough_inside_and_apart(monkeypatch, id, width):
    found = []
    original = Text.draw

    def draw(self, renderer, *args, **kwargs):
        original(self, renderer, *args, **kwargs)
        if self.get_visible() and self.get_text().strip():
            found.append((self.get_text(), self.get_fontsize(), corners(self, renderer)))

    monkeypatch.setattr(Text, "draw", draw)
    drawn = figures.get(id).draw(width)
    with style.context():
        FigureCanvasAgg(drawn).draw()
    assert drawn.get_figwidth() == width
    assert len(found) > 10
    for words, points, box in found:
        assert points >= 7, words
        assert (box >= 0).all(), words
        assert (box <= drawn.bbox.size).all(), words
    for (one, _, a), (two, _, b) in itertools.combinations(found, 2):
        assert overlap(a, b) <= 1, (one, two)  # boxes have more than a pixel of white around


@every
def test_drawing_leaves_the_data_and_the_settings_alone(id):
    before, words = mpl.rcParams.copy(), figures.get(id).alt
    figures.get(id).draw(style.COLUMN)
    assert mpl.rcParams.copy() == before
    assert figures.get(id).alt == words


def linear(color):
    srgb = np.array(to_rgb(color))
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lightness(light):
    """CIELAB of linear RGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(xyz @ np.clip(light, 0, 1) / [0.9505, 1, 1.089], 0.009))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira and Fernandes (2009), severity 1.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_differ_for_every_eye(vision):
    palette = [method.color for method in style.METHODS.values()]
    for pair in [*itertools.combinations(palette, 2), (style.UP, style.DOWN)]:
        one, two = (lightness(VISION[vision] @ linear(color)) for color in pair)
        assert np.linalg.norm(one - two) > 15  # about 2 is just noticeable side by side


def test_methods_differ_in_grey_and_stand_out_from_the_paper():
    methods = style.METHODS.values()
    weights = [0.299, 0.587, 0.114]
    greys = sorted(255 * np.dot(to_rgb(method.color), weights) for method in methods)
    assert np.diff(greys).min() >= 8
    assert len({str(method.linestyle) for method in methods}) == len(style.METHODS)
    assert len({method.marker for method in methods}) == len(style.METHODS)

    def contrast(color):
        luminance = [0.2126, 0.7152, 0.0722]
        return (luminance @ linear(style.PAPER) + 0.05) / (luminance @ linear(color) + 0.05)

    # WCAG 2: 3 for graphics, 4.5 for words.
    assert min(contrast(method.color) for method in methods) >= 3
    words = [method.words for method in methods]
    assert min(contrast(c) for c in [*words, style.UP, style.DOWN, style.MUTED]) >= 4.5
