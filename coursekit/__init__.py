"""Companion package of the course on training neural networks.

``import coursekit`` loads NumPy and nothing heavier: figures, exercises and widgets are fetched at
their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coursekit.descent import (
    Trajectory,
    best_on_quadratic,
    first_step,
    minimize,
    settled_step,
)
from coursekit.objectives import (
    Beale,
    DoubleWell,
    Objective,
    Quadratic,
    Rosenbrock,
    bowl,
    saddle,
    valley,
)
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

if TYPE_CHECKING:
    from coursekit import (
        activations,
        datasets,
        diagnostics,
        exercises,
        figures,
        initializers,
        losses,
        preprocessing,
        pretraining,
        schedules,
    )
    from coursekit.claims import claim
    from coursekit.layers import Activation, Dense, Maxout, PReLU, Residual
    from coursekit.listings import show_source
    from coursekit.network import Network, mlp
    from coursekit.normalization import BatchNorm
    from coursekit.preprocessing import Center, ChannelMean, MeanImage, MinMax, Standardize
    from coursekit.schedules import ReduceOnPlateau
    from coursekit.sweeps import best, sweep
    from coursekit.training import History, train
    from coursekit.widgets.panel import check, exercise

__version__ = "0.1.0"

# Fetched at their first use: where each name lives, and the rooms that are names themselves.
_LAZY = {
    "Activation": "layers",
    "BatchNorm": "normalization",
    "Center": "preprocessing",
    "ChannelMean": "preprocessing",
    "Dense": "layers",
    "History": "training",
    "Maxout": "layers",
    "MeanImage": "preprocessing",
    "MinMax": "preprocessing",
    "Network": "network",
    "PReLU": "layers",
    "ReduceOnPlateau": "schedules",
    "Residual": "layers",
    "Standardize": "preprocessing",
    "best": "sweeps",
    "check": "widgets.panel",
    "claim": "claims",
    "exercise": "widgets.panel",
    "mlp": "network",
    "show_source": "listings",
    "sweep": "sweeps",
    "train": "training",
}
_ROOMS = (
    "activations",
    "datasets",
    "diagnostics",
    "exercises",
    "figures",
    "initializers",
    "losses",
    "preprocessing",
    "pretraining",
    "schedules",
)

__all__ = [
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "BatchNorm",
    "Beale",
    "Center",
    "ChannelMean",
    "Dense",
    "DoubleWell",
    "History",
    "Maxout",
    "MeanImage",
    "MinMax",
    "Momentum",
    "Nesterov",
    "Network",
    "Objective",
    "PReLU",
    "Quadratic",
    "RMSProp",
    "ReduceOnPlateau",
    "Residual",
    "Rosenbrock",
    "Standardize",
    "Trajectory",
    "activations",
    "best",
    "best_on_quadratic",
    "bowl",
    "check",
    "claim",
    "datasets",
    "diagnostics",
    "exercise",
    "exercises",
    "figures",
    "first_step",
    "initializers",
    "losses",
    "minimize",
    "mlp",
    "preprocessing",
    "pretraining",
    "saddle",
    "schedules",
    "settled_step",
    "show_source",
    "sweep",
    "train",
    "valley",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"coursekit.{name}")
    if name in _LAZY:
        return getattr(import_module(f"coursekit.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'coursekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
