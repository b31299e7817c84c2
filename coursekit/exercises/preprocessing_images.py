"""More exercises of notebook 12: images, the zig-zag, and the equalizer."""

import numpy as np

from coursekit.descent import first_step, minimize
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import predict_exercise, tune_exercise
from coursekit.objectives import Quadratic
from coursekit.optimizers import SGD


def _images(rng):
    """Colour images as they come from files, 0 … 255 in one byte, and as floats."""
    yield (rng.integers(0, 256, (5, 4, 4, 3)).astype(np.uint8),)
    yield (rng.integers(100, 256, (9, 3, 3, 3)).astype(np.uint8),)
    yield (rng.uniform(0, 1, (6, 5, 5, 3)),)
    yield (rng.uniform(0, 1, (4, 2, 2, 3)).astype(np.float32),)


@code_exercise(
    "mean-image",
    section="7.6",
    title="Subtract the mean image",
    trials=_images,
    hints=[
        "The mean image has a value for each pixel and channel: the mean over the M images.",
        "That is axis 0, and nothing else.",
        "A byte holds 0 … 255: −3 becomes 253 in it. Keep the mean and the difference as floats.",
    ],
)
def mean_image(images):
    """Return (the mean image, the images with it subtracted).

    images: (M, N, N, 3), as floats or as bytes from 0 to 255. The mean image has the shape
    (N, N, 3). Both results are real numbers, and may be negative.
    """
    mean = images.mean(axis=0)
    return mean, images - mean


@mean_image.mistake(
    "Your difference wraps around: in bytes 2 − 5 is 253. Subtract floats, not bytes."
)
def _wraps(images):
    mean = images.mean(axis=0)
    return mean, images - mean.astype(images.dtype)


@mean_image.mistake(
    "Your sum overflows: a byte holds no more than 255. Sum in floats, or let `mean` do it."
)
def _overflows(images):
    mean = images.sum(axis=0, dtype=images.dtype) / len(images)
    return mean, images - mean


@mean_image.mistake("That is the mean over the rows of pixels. The images are along axis 0.")
def _mean_of_rows(images):
    mean = images.mean(axis=1)
    return mean, images - mean[:, np.newaxis]


@mean_image.mistake(
    "That is a mean for each channel, over all pixels. The mean image keeps its pixels."
)
def _channels_only(images):
    mean = images.mean(axis=(0, 1, 2))
    return mean, images - mean


@mean_image.mistake("That image is grey: red, green and blue have a mean image each.")
def _grey(images):
    mean = images.mean(axis=(0, 3))
    return mean, images - mean[..., np.newaxis]


@mean_image.mistake(
    "That subtracts from each image its own mean. One image is subtracted from all."
)
def _own_mean(images):
    mean = images.mean(axis=(1, 2, 3))
    return mean, images - mean[:, np.newaxis, np.newaxis, np.newaxis]


@mean_image.mistake("The order: the mean image first, then the images.")
def _exchanged(images):
    mean = images.mean(axis=0)
    return images - mean, mean


def _by_channel(images, mean):
    return mean, images - mean


@code_exercise(
    "channel-mean",
    section="7.6",
    title="Subtract the channel mean",
    trials=_images,
    hints=[
        "Three numbers: one for red, one for green, one for blue.",
        "Each is a mean over all images and all their pixels: axes 0, 1 and 2.",
        "Count the numbers in the sum: M images of N² pixels.",
    ],
)
def channel_mean(images):
    """Return (the mean of each channel, the images with it subtracted).

    images: (M, N, N, 3), as floats or as bytes from 0 to 255. The first result has the shape (3,),
    the second that of the images. Both are real numbers.
    """
    mean = images.mean(axis=(0, 1, 2))
    return mean, images - mean


@channel_mean.mistake(
    "You divide by M, as the book prints it. The sum runs over M·N² values: divide by as many."
)
def _divided_by_images(images):
    return _by_channel(images, images.sum(axis=(0, 1, 2), dtype=float) / len(images))


@channel_mean.mistake("That is one mean for all three channels. Each channel has its own.")
def _one_for_all(images):
    return _by_channel(images, images.mean())


@channel_mean.mistake("That is the mean image, with a mean for each pixel. Average the pixels too.")
def _the_image(images):
    return _by_channel(images, images.mean(axis=0))


@channel_mean.mistake(
    "Each image has its own three means there. One mean a channel serves all images: average over "
    "axis 0 too."
)
def _each_image(images):
    mean = images.mean(axis=(1, 2))
    return mean, images - mean[:, np.newaxis, np.newaxis]


@channel_mean.mistake(
    "You took axis 1 for the channels, as PyTorch stores them. Here they are the last axis."
)
def _channels_first(images):
    mean = images.mean(axis=(0, 2, 3))
    return mean, images - mean[np.newaxis, :, np.newaxis, np.newaxis]


@channel_mean.mistake(
    "Your difference wraps around: in bytes 2 − 5 is 253. Subtract floats, not bytes."
)
def _wraps_too(images):
    mean = images.mean(axis=(0, 1, 2))
    return mean, images - mean.astype(images.dtype)


@channel_mean.mistake(
    "Your sum overflows: a byte holds no more than 255. Sum in floats, or let `mean` do it."
)
def _overflows_too(images):
    total = images.sum(axis=(0, 1, 2), dtype=images.dtype)
    return _by_channel(images, total / (images.size / 3))


_THREE = {
    "A": ("positive, far from 0", [(1, 2), (2, 1), (1, 1), (2, 2)]),
    "B": ("one-hot", [(1, 0), (0, 1), (1, 0), (0, 1)]),
    "C": ("centred", [(2, -1.8), (-2, 1.8), (1.8, -2), (-1.8, 2)]),
}


def _run_three():
    lines = ["data                    one sign a step   κ       steps"]
    angles = np.radians(np.arange(0, 360, 5))
    for letter, (name, rows) in _THREE.items():
        x = np.array(rows, float)
        moment = x.T @ x / len(x)
        low, high = np.linalg.eigvalsh(moment)
        step = np.eye(2) - 2 / (low + high) * moment
        away, count = np.array([np.cos(angles), np.sin(angles)]), 0
        while np.linalg.norm(away, axis=0).max() > 0.01:
            away, count = step @ away, count + 1
        same = np.mean([min(row) >= 0 or max(row) <= 0 for row in rows])
        kappa = f"{high / low:.0f}"
        lines.append(f"{letter}  {name:21} {same:10.0%} {kappa:>11} {count:9}")
    return "\n".join(lines)


predict_exercise(
    "zig-zag",
    section="7.6",
    title="Is it the sign?",
    question=(
        "A linear unit with two inputs learns from four examples, by plain descent at its best "
        "rate. In data A the examples are (1, 2), (2, 1), (1, 1), (2, 2): positive. In data B they "
        "are (1, 0), (0, 1), (1, 0), (0, 1): no number is negative. In data C they are (2, −1.8), "
        "(−2, 1.8), (1.8, −2), (−1.8, 2): centred. Take the worst start at a distance of 1 from "
        "the minimum. Which data need the most steps to a distance of 0.01?"
    ),
    right="C",
    reveal=_run_three,
    choices={
        "A": (
            "A: positive, and far from 0.",
            "A is slow, for its mean makes one direction steep. But κ decides, and in C the two "
            "inputs are nearly the same number but for the sign, so that κ is still larger.",
        ),
        "B": (
            "B: in no example can a weight move against the other.",
            "That is true, and does no harm: each example moves one weight, and leaves the other "
            "alone. The second moment is a multiple of the identity, and one step is enough.",
        ),
        "C": (
            "C, although it is centred.",
            "What costs is the shape of the second moment. C has the largest κ, although its mean "
            "is 0 and every example moves the weights opposite ways; B has κ = 1, although no "
            "example can.",
        ),
        "D": (
            "A and B alike: in both, an example moves the weights one way only.",
            "The sign is the same, the price is not: work out the second moment xᵀx/M of both.",
        ),
    },
    hints=[
        "Write down the second moment, xᵀx/4, of each: three matrices of 2 × 2.",
        "The number of steps grows with κ = λmax/λmin, as in notebook 01.",
    ],
)


_MINIMUM = (1.0, -0.6)  # that of the playground
_UNEQUAL = {
    "start": (-1.2, 1.2),
    "mean": (2.5, 2.0),
    "scale1": 0.4,
    "scale2": 1.6,
    "correlation": 0.0,
    "preprocessing": "none",
    "per_example": False,
    "best_rate": True,
    "steps": 60,
}
_ENOUGH = 6


def steps_to_arrive(state):
    """Steps of the descent at 2/(λmin + λmax), and the condition number, of these inputs."""
    mean, scales = np.array(state["mean"]), np.array([state["scale1"], state["scale2"]])
    curvatures, directions = np.linalg.eigh(np.diag(scales**2) + np.outer(mean, mean))
    surface = Quadratic(curvatures, directions, _MINIMUM)
    run = minimize(surface, state["start"], SGD(2 / curvatures.sum()), steps=1000)
    arrived = np.linalg.norm(run.points - _MINIMUM, axis=-1) <= 0.01
    return first_step(arrived), surface.condition_number


def _measure_equalized(state):
    """The descent arrives within six steps at the rate by formula."""
    count, kappa = steps_to_arrive(state)
    taken = f"{count} steps" if count < np.inf else "More than 1000 steps"
    if count <= _ENOUGH:
        taken = "1 step" if count == 1 else taken
        return True, f"There in {taken}: the condition number is {kappa:.3g}."
    mean = np.square(state["mean"]).sum()
    low, high = sorted([state["scale1"] ** 2, state["scale2"] ** 2])
    if mean > high / 2:
        why = f"the mean adds ‖m‖² = {mean:.3g} to it in one direction"
    else:
        why = f"the squares of the scales are {low:.3g} and {high:.3g}"
    said = f"{taken}, and {_ENOUGH} are allowed: the condition number is {kappa:.3g}"
    return False, f"{said}; {why}."


tune_exercise(
    "equalize",
    section="7.6",
    title="Make the valley round",
    question=(
        "These inputs lie off the origin, and x₂ varies four times as much as x₁. Move the cloud "
        "by its centre and set the two scales, until descent at its best rate comes within "
        f"0.01 of the minimum in at most {_ENOUGH} steps. You are the preprocessing."
    ),
    playground="Features",
    settings=_UNEQUAL,
    goal=_measure_equalized,
    solution={"mean": (0.0, 0.0), "scale1": 1.0, "scale2": 1.0},
    mistakes=[
        (
            {"mean": (0.0, 0.0), "scale1": 0.4, "scale2": 1.6},
            "46 steps, and 6 are allowed: the condition number is 16; the squares of the scales "
            "are 0.16 and 2.56.",
        ),
        (
            {"mean": (2.5, 2.0), "scale1": 0.9, "scale2": 0.9},
            "39 steps, and 6 are allowed: the condition number is 13.7; the mean adds ‖m‖² = 10.2 "
            "to it in one direction.",
        ),
        (
            {"mean": (2.5, 2.0), "scale1": 0.4, "scale2": 1.6},
            "22 steps, and 6 are allowed: the condition number is 7.74; the mean adds ‖m‖² = 10.2 "
            "to it in one direction.",
        ),
    ],
    hints=[
        "Centring alone makes it worse here, and so does scaling alone. It takes both.",
        "With the mean at 0 the curvatures are the squares of the two scales.",
        "The scales need not be 1. What must they be?",
    ],
)
