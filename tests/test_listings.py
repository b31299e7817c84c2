"""Source code shown in a notebook."""

import numpy as np
import pytest

from coursekit import SGD, Momentum, descent, show_source
from coursekit.schedules import constant


def test_a_listing_is_the_source_without_decorator_and_docstring():
    shown = repr(show_source(Momentum.update))
    assert shown.startswith("def update(\n")
    assert "velocity -= eta * gradient" in shown
    assert "@quiet" not in shown
    assert '"""' not in shown


def test_what_is_shown_still_runs():
    names = dict(vars(descent))
    exec(repr(show_source(descent.first_step)), names)
    assert names["first_step"](np.array([False, True])) == 1


def test_of_a_class_no_docstring_is_left_at_any_depth():
    shown = repr(show_source(constant))
    assert shown.startswith("class constant:\n    rate: float\n")
    assert '"""' not in shown


def test_several_stand_below_each_other_and_show_as_highlighted_code():
    listing = show_source(Momentum.lookahead, SGD.init)
    assert repr(listing).count("\ndef ") == 1
    assert listing._repr_markdown_() == f"```python\n{listing!r}\n```"


def test_what_has_no_source_is_refused():
    with pytest.raises(ValueError, match="show_source needs functions, methods or classes, got"):
        show_source(np)
