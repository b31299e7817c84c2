"""What moves in a notebook: the panels of the exercises, and the playgrounds.

Everything here is fetched at its first use, and is a picture or a text where no widget works.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.widgets.annealing import Annealing
    from coursekit.widgets.ball import Ball
    from coursekit.widgets.batch import Batch
    from coursekit.widgets.depth import Depth
    from coursekit.widgets.descent import Descent
    from coursekit.widgets.features import Features
    from coursekit.widgets.hyperplane import Hyperplane
    from coursekit.widgets.maxout import Maxout
    from coursekit.widgets.progress_picture import show_progress
    from coursekit.widgets.saturation import Saturation

_LAZY = {
    "Annealing": "annealing",
    "Ball": "ball",
    "Batch": "batch",
    "Depth": "depth",
    "Descent": "descent",
    "Features": "features",
    "Hyperplane": "hyperplane",
    "Maxout": "maxout",
    "Saturation": "saturation",
    "show_progress": "progress_picture",
}

__all__ = [
    "Annealing",
    "Ball",
    "Batch",
    "Depth",
    "Descent",
    "Features",
    "Hyperplane",
    "Maxout",
    "Saturation",
    "show_progress",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"coursekit.widgets.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'coursekit.widgets' has no attribute {name!r}")
