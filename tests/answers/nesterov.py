"""Differently written right answers to the code exercises of notebook 04."""


def from_the_point_ahead(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v
    after = ahead - learning_rate * gradient(ahead)
    return [after, after - w]


def expanded(phi, buffer, gradient, learning_rate, momentum):
    ahead = (1 + momentum) * gradient + momentum**2 * buffer
    return phi - learning_rate * ahead, gradient + buffer * momentum


OTHERS = {
    "nesterov-step": from_the_point_ahead,
    "library-form": expanded,
}
