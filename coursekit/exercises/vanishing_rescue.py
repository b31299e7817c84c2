"""One more exercise of notebook 14: a deep network to be rescued (Section 7.8)."""

from coursekit.exercises.core import tune_exercise
from coursekit.exercises.deep_starts import start_of

_RESCUED = {"initialization": "normal", "std": 0.1, "activation": "sigmoid", "batch_norm": False}
_RESCUED |= {"standardize": False, "depth": 30, "width": 100, "seed": 0}


def _measure_rescue(state):
    """Whether signal and gradient keep their size in 30 layers within a factor of 4."""
    if state["activation"] == "linear":
        return False, "Thirty linear layers are one linear layer: keep an activation that bends."
    signal, gradient, flat = start_of(**state)
    told = f"{signal:.2g} times the signal in layer 30, {gradient:.2g} times the gradient in "
    told += f"layer 1, {flat:.0%} flat"
    if signal < 1 / 4:
        return False, f"The digits grow alike on their way: {told}."
    if gradient < 1 / 4:
        return False, f"The gradient fades on its way back: {told}."
    if max(signal, gradient) > 4:
        return False, f"It grows from layer to layer: {told}."
    if flat > 1 / 3:
        return False, f"Too much passes nothing back: {told}."
    return True, f"Rescued: {told}."


tune_exercise(
    "rescue-the-network",
    section="7.8",
    title="Rescue the network",
    question=(
        "Thirty layers of 100 sigmoid units, raw pixels, weights from N(0, 0.1²). Rescue it: in "
        "the last layer at least a quarter of the signal between the digits, in the first layer at "
        "least a quarter of the gradient, both at most fourfold, and no more than a third of the "
        "units flat. Change what you like; there is more than one way, and some remedies do not go "
        "together."
    ),
    playground="Depth",
    settings=_RESCUED,
    goal=_measure_rescue,
    solution={
        "initialization": "He",
        "std": 0.1,
        "activation": "ReLU",
        "batch_norm": False,
        "standardize": True,
    },
    mistakes=[
        (
            {"initialization": "normal", "std": 0.1},
            "The digits grow alike on their way: 0 times the signal in layer 30, 1.1e-18 times the "
            "gradient in layer 1, 0% flat.",
        ),
        (
            {"initialization": "Glorot", "activation": "ReLU"},
            "The digits grow alike on their way: 1.6e-05 times the signal in layer 30, 4e-05 times "
            "the gradient in layer 1, 27% flat.",
        ),
        (
            {"initialization": "He", "activation": "tanh"},
            "It grows from layer to layer: 1.6 times the signal in layer 30, 5.9 times the "
            "gradient in layer 1, 0% flat.",
        ),
        (
            {"initialization": "He", "activation": "ReLU", "batch_norm": True},
            "It grows from layer to layer: 1 times the signal in layer 30, 3.2e+02 times the "
            "gradient in layer 1, 0% flat.",
        ),
        (
            {"initialization": "LeCun", "activation": "linear"},
            "Thirty linear layers are one linear layer: keep an activation that bends.",
        ),
    ],
    hints=[
        "Which activation passes the most of a gradient, and which rule was made for it?",
        "The sigmoid can be kept, too: with one switch, and whatever weights.",
        "With batch normalization, ReLU is the wrong choice: the gradient grows by 1.2 a layer.",
    ],
)
