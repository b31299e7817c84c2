"""Differently written right answers to the code exercises of notebook 03."""


def looped_step(w, v, gradient, learning_rate, momentum):
    if not hasattr(w, "__len__"):
        moved = momentum * v - gradient * learning_rate
        return w + moved, moved
    pairs = [
        looped_step(*each, learning_rate, momentum) for each in zip(w, v, gradient, strict=True)
    ]
    return [new for new, _ in pairs], [velocity for _, velocity in pairs]


def by_horner(gradients, learning_rate, momentum):
    total = 0.0
    for gradient in gradients:
        total = momentum * total + gradient
    return -learning_rate * total


OTHERS = {
    "momentum-step": looped_step,
    "unrolled-sum": by_horner,
}
