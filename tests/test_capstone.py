"""The capstone: what is asked of an answer, what is said of a run, and the board that is kept."""

import io
import sys
import time

import numpy as np
import pytest

from coursekit import SGD, Adam, BatchNorm, Center, Dense, Momentum, Standardize, check, mlp, train
from coursekit.exercises import deep_run, progress
from coursekit.exercises.capstone import capstone
from coursekit.exercises.deep_run import Run, Setting
from coursekit.initializers import orthogonal
from coursekit.layers import Activation
from coursekit.losses import mean_squared_error
from coursekit.schedules import cosine_decay, warmup

pytestmark = pytest.mark.usefixtures("data_folder")

DEEP = [64, *[8] * 29, 10]


def deep(seed=0, sizes=DEEP, **options):
    return mlp(sizes, np.random.default_rng(seed), dtype=np.float32, **options)


# What an answer returns.


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "Return four values: network, optimizer, batch_size, preprocessing."),
        ((deep(), Adam(), 64), "Return four values"),
        (([1], Adam(), 64, None), "must be a Network, got a list"),
        ((deep(sizes=[64, *[8] * 29, 9]), Adam(), 64, None), "64 pixels and give 10 outputs, got"),
        ((deep(), 0.1, 64, None), "must be an optimizer, got a float"),
        ((deep(), Adam(), 64.5, None), "batch_size, must be a whole number"),
        ((deep(), Adam(), True, None), "batch_size, must be a whole number"),
        ((deep(), Adam(), 65, None), "at most 64 digits"),
        ((deep(), Adam(), 64, "centred"), "None or have fit and transform"),
        ((deep(sizes=[64, *[8] * 28, 10]), Adam(), 64, None), "has 29 weight layers"),
        ((deep(loss=mean_squared_error), Adam(), 64, None), "cross-entropy"),
    ],
)
def test_what_cannot_be_trained_is_told_and_enters_no_board(value, words):
    panel = check("capstone", lambda seed: value)
    assert panel.status == "wrong"
    assert words in panel.message
    assert not progress.get("capstone").board


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (3, "wrong", "wants the function itself"),
        (lambda: None, "wrong", "called with (seed)"),
        (lambda seed: 1 / 0, "raised", "ZeroDivisionError: division by zero."),
        (lambda seed: exit(), "raised", "may not end Python"),
        (
            lambda seed: (deep(batch_norm=True), Adam(), 1, None),
            "raised",
            "at least 2 rows in a training batch",
        ),
    ],
)
def test_an_answer_that_fails_is_told_in_one_line(answer, status, words):
    outcome = capstone.check(answer)
    assert outcome.status == status
    assert words in outcome.message or "BatchNorm needs" in outcome.message
    assert "\n" not in outcome.message


def test_an_endless_answer_is_stopped(monkeypatch):
    monkeypatch.setattr(capstone, "setup_limit", 0.2)
    outcome = capstone.check(lambda seed: time.sleep(60))
    assert outcome.status == "raised"
    assert outcome.message.startswith("Stopped: your function has not returned within 0.2 s.")


def test_an_endless_layer_is_stopped(monkeypatch):
    monkeypatch.setattr(capstone, "time_limit", 0.2)

    class Endless(Dense):
        def _forward(self, x, training):
            while True:
                time.sleep(0.01)

    network = type(deep())([Endless(64, 8), *deep().layers[1:]], np.random.default_rng(0))
    outcome = capstone.check(lambda seed: (network, Adam(), 64, None))
    assert outcome.status == "raised"
    assert outcome.message.startswith("Stopped: not trained within 0.2 s.")


def test_what_an_answer_prints_is_a_remark():
    def loud(seed):
        sys.stdout.write("here")
        return deep(seed), Adam(1e-6), 64, None

    assert capstone.check(loud).remark.endswith("It prints: here")


# What is said of a run. The four failures that are the exercise's mistakes are in test_exercises.

GOOD = Run((0.1, 0.5, 0.95), 0.99, 0.95, (0.1, 0.1), 0, 1.0, 2.3, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accuracy": (0.6, 0.95)}, "knows the digits before the first step"),
        ({"diverged_at": 7, "start_loss": 300.0}, "the cause is its start"),
        ({"start_loss": float("nan")}, "the cause is its start"),
        ({"diverged_at": 7}, "diverges from a reasonable start"),
        ({"dead": 3}, "A whole layer is dead"),
        ({"accuracy": (0.1, 0.1), "gradients": (1e-9, 0.1)}, "The gradient vanishes"),
        ({"accuracy": (0.1, 0.5), "moved": 0.001}, "hardly moved"),
        ({"accuracy": (0.1, 0.5)}, "running statistics"),
        ({"accuracy": (0.1, 0.5), "settled": 0.5}, "overfitted"),
        ({"accuracy": (0.1, 0.1), "settled": 0.1, "train_accuracy": 0.1}, "near guessing"),
        ({"accuracy": (0.1, 0.9), "settled": 0.9, "train_accuracy": 0.9}, "Nearly there"),
        ({"accuracy": (0.1, 0.6), "settled": 0.6, "train_accuracy": 0.6}, "too slowly"),
    ],
)
def test_the_diagnosis_follows_what_was_measured(changes, words):
    setting = Setting(deep(), Adam(), 64, None)
    assert words in deep_run.diagnosis(setting, Run(**{**vars(GOOD), **changes}))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (lambda seed: (deep(seed), Adam(1e-6), 64, None), "hardly moved"),
        (lambda seed: (deep(seed, [64, *[32] * 29, 10]), Adam(0.001), 64, None), "too slowly"),
        (lambda seed: (deep(seed), Momentum(50.0), 64, Standardize()), "reasonable start"),
    ],
)
def test_real_runs_are_told_apart(setting, words):
    outcome = capstone.check(setting)
    assert outcome.status == "wrong"
    assert words in outcome.message
    assert "Measured with seed 0: loss at the start 2." in outcome.remark
    assert outcome.attempt.steps == 0


def test_a_plain_row_of_tanh_layers_can_do_it_too():
    def row(seed):
        network = deep(seed, [64, *[32] * 29, 10], activation="tanh", initializer="orthogonal")
        return network, SGD(0.1), 64, Standardize()

    assert capstone.check(row).status == "right"


def test_a_plain_row_of_relu_layers_as_well():
    def row(seed):
        rule = orthogonal(gain=2**0.5)
        network = deep(seed, [64, *[64] * 29, 10], initializer=rule)
        return network, Adam(cosine_decay(0.002, 300)), 64, Center()

    assert capstone.check(row).status == "right"


def test_what_was_learned_before_the_first_step_does_not_count():
    network = capstone.function(0)[0]
    pixels, classes = deep_run._digits()[:2]
    options = {"epochs": 4, "batch_size": 64, "rng": np.random.default_rng(0), "progress": False}
    train(network, pixels, classes, Momentum(0.1), **options)
    outcome = capstone.check(lambda seed: (network, Momentum(0.1), 64, None))
    assert outcome.status == "wrong"
    assert outcome.message.startswith("It knows the digits before the first step")


def test_a_run_leaves_the_readers_network_alone_and_is_the_same_twice():
    setting = Setting(*capstone.function(0))
    start = setting.network.parameters.copy()
    ticks = []
    one, other = (deep_run.run(setting, 0, lambda: ticks.append(1)) for _ in range(2))
    assert one == other
    assert np.array_equal(setting.network.parameters, start)
    assert len(ticks) == 2 * deep_run.STEPS // deep_run.EVERY
    assert len(one.accuracy) == 1 + deep_run.STEPS // deep_run.EVERY
    assert one.met
    assert one.accuracy[one.steps // deep_run.EVERY] >= deep_run.GOAL
    assert max(one.accuracy[: one.steps // deep_run.EVERY]) < deep_run.GOAL


def test_the_setting_in_one_line():
    layers = [Dense(64, 8), BatchNorm(8), Activation("tanh")]
    for _ in range(28):
        layers += [Dense(8, 8, initializer="orthogonal")]
    network = type(deep())([*layers, Dense(8, 10)], np.random.default_rng(0))
    line = deep_run.description(Setting(network, Momentum(0.1, momentum=0.5), 32, Standardize()))
    assert line == (
        "30 layers, 8 wide, he_normal, orthogonal(gain=1.0), BatchNorm, tanh; "
        "Momentum(0.1, 0.5), batch 32; Standardize"
    )
    slow = Adam(warmup(cosine_decay(0.01, 300), steps=10))
    line = deep_run.description(Setting(deep(), slow, 64, None))
    assert line.endswith("Adam(warmup(cosine_decay(0.01, 300), 10)), batch 64; raw pixels")
    assert (
        len(deep_run.description(Setting(deep(sizes=[*range(64, 20, -1), 10]), slow, 1, 0))) == 160
    )


# The bar.


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_in_a_terminal_leaves_nothing(monkeypatch):
    monkeypatch.setattr(deep_run, "_DELAY", 0.0)
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr("sys.stderr", stream)
        bar = deep_run.Bar(4)
        bar.tick()
        bar.close()
        shown = stream.getvalue()
        assert ("25% of 3 × 300 steps" in shown) == stream.isatty()
        assert not shown.rpartition("\r")[2].strip()


def test_the_bar_on_a_page_is_one_output_that_ends_empty(monkeypatch):
    import IPython
    import IPython.display

    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown[-1] = bundle

    def display(bundle, raw, display_id):
        shown.append(bundle)
        return Handle()

    shell = type("Shell", (), {"kernel": object()})()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(deep_run, "_DELAY", 0.0)
    bar = deep_run.Bar(2)
    bar.tick()
    assert 'value="1" max="2">' in shown[0]["text/html"]
    bar.tick()
    bar.close()
    assert shown == [{"text/plain": "", "text/html": ""}]
