"""More exercises of notebook 10: a start that keeps a deep network alive."""

from coursekit.exercises.core import tune_exercise
from coursekit.exercises.deep_starts import start_of

_DEEP = {"initialization": "normal", "std": 0.05, "activation": "tanh", "depth": 50, "width": 60}
_DEEP |= {"batch_norm": False, "standardize": True, "seed": 0}


def _measure_arrivals(state):
    """Whether signal and gradient both keep their size through 50 layers, within a factor of 3."""
    signal, gradient, flat = start_of(**state)
    told = f"{signal:.2g} times the signal is left in layer 50, {gradient:.2g} times the gradient "
    told += "in layer 1"
    if 1 / 3 <= signal <= 3 and 1 / 3 <= gradient <= 3:
        return True, f"Both arrive: {told}."
    if signal < 1 / 3:
        return False, f"The signal fades on its way: {told}."
    if flat < 0.1:
        return False, f"The signal arrives, and the gradient grows on its way back: {told}."
    return False, (
        f"The gradient grows on its way back, although {flat:.0%} of the activations are "
        f"saturated: {told}."
    )


keep_it_alive = tune_exercise(
    "keep-it-alive",
    section="7.5",
    title="Fifty layers, both ways",
    question=(
        "A tanh network with 50 layers of 60 units. Find a standard deviation of the weights at "
        "which the signal in the last layer is at least a third of that in the first, and the "
        "gradient in the first layer neither less than a third nor more than three times that in "
        "the last. Glorot's rule would take √(2/120) = 0.129."
    ),
    playground="Depth",
    settings=_DEEP,
    goal=_measure_arrivals,
    solution={"std": 0.142},
    mistakes=[
        (
            {"std": 0.05},
            "The signal fades on its way: 6.9e-21 times the signal is left in layer 50, 8.7e-21 "
            "times the gradient in layer 1.",
        ),
        (
            {"std": 0.129},
            "The signal fades on its way: 0.18 times the signal is left in layer 50, 0.25 times "
            "the gradient in layer 1.",
        ),
        (
            {"std": 0.2},
            "The signal arrives, and the gradient grows on its way back: 0.88 times the signal is "
            "left in layer 50, 40 times the gradient in layer 1.",
        ),
        (
            {"std": 0.5},
            "The gradient grows on its way back, although 38% of the activations are saturated: "
            "1 times the signal is left in layer 50, 3.2e+08 times the gradient in layer 1.",
        ),
    ],
    hints=[
        "Look at both curves: the activations by layer, and the gradient. Which one leaves first?",
        "Above 1/√60 the signal settles at a size of its own. The gradient then grows at each "
        "layer; by how much it may, in 50 layers, is the question.",
        "A little above Glorot's 0.129: the window begins before 0.135 and ends after 0.16.",
    ],
)
