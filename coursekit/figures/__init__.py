"""The textbook's figures, computed; in a notebook ``show("7.3")`` shows one.

Matplotlib is used here only; pyplot is never loaded, and the reader's settings never change.
"""

# Importing a section registers its figures.
from coursekit.figures import (  # noqa: F401
    section_7_1,
    section_7_1_saddles,
    section_7_2,
    section_7_2_annealing,
    section_7_3,
    section_7_4,
    section_7_4_learned,
    section_7_4_maxout,
    section_7_4_relu,
    section_7_6,
    section_7_7,
    section_7_7_graph,
    section_7_8,
)
from coursekit.figures.registry import Figure, Stale, check, get, ids, save, show

__all__ = ["Figure", "Stale", "check", "get", "ids", "save", "show"]
