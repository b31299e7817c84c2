"""The picture of the reader's progress: a square an exercise, and the same in words."""

from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from playgrounds import drawn

from coursekit import exercises, guide
from coursekit.exercises import progress
from coursekit.figures import style
from coursekit.widgets import progress_picture, show_progress

CHAPTERS = guide.chapters(Path(guide.__file__).parents[1] / "notebooks")


pytestmark = pytest.mark.usefixtures("data_folder")


def areas(figure):
    """How many pixels have the colour of solved, and of solved with help."""
    pixels = drawn(figure)
    faces = [progress_picture.STATES[state][0] for state in ("right", "right with help")]
    return [int((np.abs(pixels - to_rgb(face)).max(axis=-1) < 0.02).sum()) for face in faces]


def test_there_is_a_square_for_every_exercise():
    rows = progress_picture._states(CHAPTERS)
    assert sum(map(len, rows.values())) == len(exercises.ids())
    assert len(rows) == len(CHAPTERS)
    assert progress_picture.told(rows) == f"0 of {len(exercises.ids())} exercises solved."


def test_it_shows_what_was_solved():
    empty = areas(progress_picture.draw(progress_picture._states(CHAPTERS)))
    progress.tried("gradient-step", "right")
    progress.tried("tune-rate", "right")
    progress.saw_hint("valley", 1)
    progress.tried("valley", "right")
    progress.tried("momentum-step", "wrong")
    rows = progress_picture._states(CHAPTERS)
    now = areas(progress_picture.draw(rows))
    square = empty[0]  # the legend has one of each kind
    assert now[0] == pytest.approx(3 * square, rel=0.1)
    assert now[1] == pytest.approx(2 * empty[1], rel=0.1)
    words = progress_picture.told(rows)
    assert words.startswith(f"3 of {len(exercises.ids())} exercises solved: 3 of ")
    assert "0 of " in words.split(": ")[1]


def test_no_text_lies_on_another():
    figure = progress_picture.draw(progress_picture._states(CHAPTERS))
    drawn(figure)
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    for number, one in enumerate(boxes):
        assert one.x0 >= 0
        assert one.x1 <= figure.bbox.x1
        assert not any(one.overlaps(other) for other in boxes[number + 1 :])
    assert {text.get_fontsize() >= 7 for text in axes.texts} == {True}


def test_a_notebook_gets_a_picture_with_its_words(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda *args, **kw: shown.append((args[0], kw)))
    assert show_progress(CHAPTERS) is None
    ((data, options),) = shown
    assert b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == options["metadata"]["image/png"]["alt"]
    assert options["metadata"]["image/png"]["width"] == 100 * style.PAGE
