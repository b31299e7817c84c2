import time
from itertools import pairwise

import numpy as np
import pytest
from training_runs import clouds, fit, rng

import coursekit.training
from coursekit.initializers import constant
from coursekit.layers import Activation, Dense, PReLU
from coursekit.losses import mean_squared_error
from coursekit.network import Network, mlp
from coursekit.normalization import BatchNorm
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from coursekit.schedules import ReduceOnPlateau, exponential_decay
from coursekit.training import train

METHODS = [SGD(0.1), Momentum(0.05), Nesterov(0.05), AdaGrad(0.05), RMSProp(0.01), Adam(0.01)]


# The steps.


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_every_method_learns_clouds_that_are_well_parted(method):
    network = mlp([2, 16, 3], rng())
    history = fit(network, method, epochs=15, validation=clouds(seed=5))
    assert history.validation_loss[-1] < 0.25 * history.validation_loss[0]
    # The clouds are 10 standard deviations apart: no row lies on the wrong side.
    assert history.validation_accuracy[-1] == 1
    assert history.diverged_at is None


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_full_batch_training_is_the_optimizers_own_loop(method):
    x, targets = clouds()
    network, twin = mlp([2, 5, 3], rng()), mlp([2, 5, 3], rng())
    history = fit(network, method, batch_size=60, epochs=5)
    w, losses = twin.parameters.copy(), []
    state = method.init(w)
    for _ in range(5):
        twin.parameters = method.lookahead(w, state)
        loss, gradient = twin.loss_and_gradient(x, targets)
        w, state = method.update(w, gradient, state)
        losses.append(loss)
    # The rows come in another order, so that sums round apart.
    np.testing.assert_allclose(network.parameters, w, rtol=0, atol=1e-10)
    np.testing.assert_allclose(history.loss, losses, rtol=0, atol=1e-10)
    assert history.state.step == 5


def test_every_epoch_goes_through_all_rows_once_in_a_new_order():
    seen = []

    def spy(outputs, targets):
        seen.append(targets[:, 0].tolist())
        return mean_squared_error(outputs, targets)

    rows = np.arange(10.0)[:, np.newaxis]
    network = Network([Dense(1, 1)], rng(), loss=spy)
    train(network, rows, rows, SGD(1e-6), epochs=2, batch_size=4, rng=rng(3), progress=False)
    batches = seen[1:]  # the first call looks whether the targets fit
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    first, second = (
        [row for batch in half for row in batch] for half in (batches[:3], batches[3:])
    )
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first != sorted(first)


def test_a_batch_larger_than_the_data_is_the_whole_data():
    assert len(fit(mlp([2, 3], rng()), batch_size=1000, epochs=4).loss) == 4


def test_the_same_rng_gives_the_same_run_and_arguments_are_not_changed():
    x, targets = clouds()
    kept = x.copy(), targets.copy()
    runs = []
    for _ in range(2):
        network = mlp([2, 8, 3], rng(), batch_norm=True)
        history = train(
            network, x, targets, Adam(), epochs=2, batch_size=16, rng=rng(1), progress=False
        )
        runs.append((network.parameters, history.loss, history.accuracy))
    for first, second in zip(*runs, strict=True):
        assert np.array_equal(first, second)
    assert np.array_equal(x, kept[0])
    assert np.array_equal(targets, kept[1])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_float32_stays_float32(method):
    network = mlp([2, 8, 3], rng(), batch_norm=True, dtype=np.float32)
    history = fit(network, method, l2=0.01)
    arrays = [network.parameters, network.gradient, network.layers[1].running_mean]
    arrays += [part for part in history.state if isinstance(part, np.ndarray)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_run_in_two_halves_is_the_whole_run():
    whole, halves = mlp([2, 8, 3], rng()), mlp([2, 8, 3], rng())
    method = Adam(exponential_decay(0.01, 0.9))
    fit(whole, method, epochs=4)
    generator = rng(1)
    first = fit(halves, method, epochs=2, rng=generator)
    second = fit(halves, method, epochs=2, rng=generator, state=first.state)
    assert np.array_equal(whole.parameters, halves.parameters)
    assert second.learning_rate[0] == pytest.approx(0.01 * 0.9**8)


# Rates.


def test_the_history_keeps_the_rate_of_every_step():
    history = fit(mlp([2, 3], rng()), SGD(exponential_decay(0.1, 0.5)), epochs=2, batch_size=20)
    np.testing.assert_allclose(history.learning_rate, 0.1 * 0.5 ** np.arange(6))
    assert (fit(mlp([2, 3], rng()), SGD(0.3)).learning_rate == 0.3).all()


@pytest.mark.parametrize(
    ("mode", "metric"), [("min", "validation_loss"), ("max", "validation_accuracy")]
)
def test_a_plateau_of_the_validation_data_lowers_the_rate(mode, metric):
    plateau = ReduceOnPlateau(0.5, factor=0.1, patience=2, mode=mode)
    network = mlp([2, 3], rng())
    history = fit(network, plateau=plateau, epochs=8, batch_size=60, validation=clouds(seed=6))
    state, rates = plateau.init(), []
    for value in getattr(history, metric)[1:]:
        rates.append(plateau.rate(state))
        state = plateau.update(state, value)
    assert history.learning_rate.tolist() == rates


def test_a_loss_that_stands_still_is_a_plateau():
    # All weights 0 and a bias that starts at the optimum: nothing ever improves.
    network = mlp([2, 3], rng(), initializer=constant(0.0))
    x, targets = np.zeros((6, 2)), np.array([0, 1, 2] * 2)
    history = train(
        network,
        x,
        targets,
        SGD(1.0),
        epochs=6,
        batch_size=6,
        rng=rng(),
        validation=(x, targets),
        plateau=ReduceOnPlateau(0.4, factor=0.5, patience=2),
        progress=False,
    )
    # Epoch 1 sets the best value; 2 and 3 wait, 4 and 5 wait.
    assert history.learning_rate.tolist() == [0.4, 0.4, 0.4, 0.2, 0.2, 0.1]


def test_a_plateau_without_validation_data_is_refused():
    with pytest.raises(ValueError, match="plateau needs validation data"):
        fit(mlp([2, 3], rng()), plateau=ReduceOnPlateau(0.5))


# The penalty.


def test_l2_pulls_weights_and_nothing_else():
    layers = [Dense(2, 4), BatchNorm(4), PReLU(4), Dense(4, 3)]
    network = Network(layers, rng(), loss=lambda y, t: (0.0, np.zeros_like(y)))
    network.parameters = np.full(network.size, 2.0)
    fit(network, SGD(0.5), l2=0.1, batch_size=60, epochs=1)
    # The loss has no gradient: one step takes η λ w = 0.05 w off each weight.
    assert (layers[0].weights == 1.9).all()
    assert (layers[3].weights == 1.9).all()
    others = layers[0].bias, layers[1].gamma, layers[1].beta, layers[2].beta, layers[3].bias
    assert all((array == 2.0).all() for array in others)


def test_l2_holds_the_weights_small_and_is_not_in_the_loss():
    networks = [mlp([2, 8, 3], rng()) for _ in range(2)]
    start = networks[0].evaluate(*clouds())[0]
    histories = [fit(net, l2=l2, epochs=20) for net, l2 in zip(networks, (0.0, 0.3), strict=True)]
    assert np.linalg.norm(networks[1].parameters) < 0.7 * np.linalg.norm(networks[0].parameters)
    full = fit(mlp([2, 8, 3], rng()), l2=0.3, epochs=1, batch_size=60)
    assert full.loss[0] == pytest.approx(start, rel=1e-12)
    assert histories[1].loss[-1] > histories[0].loss[-1]


# The network's own vector.


@pytest.mark.parametrize("method", [SGD(0.1), Nesterov(0.1)], ids=["sgd", "nesterov"])
def test_the_vector_stays_the_same_object_and_holds_the_result(method):
    network = mlp([2, 4, 3], rng())
    vector, weights = network.parameters, network.layers[0].weights
    start = vector.copy()
    fit(network, method)
    assert network.parameters is vector
    assert not np.array_equal(vector, start)
    assert np.array_equal(weights.ravel(), vector[:8])
    weights[...] = 7
    assert (network.parameters[:8] == 7).all()


def test_an_interrupted_run_leaves_the_weights_it_had_come_to():
    def interrupt(epoch, network):
        if epoch == 2:
            raise KeyboardInterrupt

    whole, broken = mlp([2, 4, 3], rng()), mlp([2, 4, 3], rng())
    vector = broken.parameters
    fit(whole, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, epochs=5, on_epoch=interrupt)
    assert broken.parameters is vector
    assert np.array_equal(vector, whole.parameters)
    assert broken.evaluate(*clouds()) == whole.evaluate(*clouds())


class Keeper(SGD):
    """Keeps every gradient it gets."""

    def init(self, w):
        return []

    def update(self, w, gradient, state):
        return w - self.learning_rate * gradient, [*state, gradient]


def test_an_optimizer_may_keep_the_gradients():
    gradients = fit(mlp([2, 3], rng()), Keeper(0.1)).state
    assert len(gradients) == 12
    assert not any(np.array_equal(*pair) for pair in pairwise(gradients))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_a_method_that_may_not_write_over_its_arguments_gives_the_same_run(method):
    class Pure(type(method)):
        def update(self, w, gradient, state):
            w.flags.writeable = gradient.flags.writeable = False
            return super().update(w, gradient, state)

    network, twin = mlp([2, 5, 3], rng()), mlp([2, 5, 3], rng())
    fast, pure = fit(network, method), fit(twin, Pure(**vars(method)))
    np.testing.assert_array_equal(network.parameters, twin.parameters)
    np.testing.assert_array_equal(fast.loss, pure.loss)


def test_the_state_of_an_earlier_run_is_not_written_over():
    network = mlp([2, 5, 3], rng())
    state = fit(network, Adam(0.01)).state
    before = state.mean.copy()
    fit(network, Adam(0.01), state=state)
    np.testing.assert_array_equal(state.mean, before)


def test_an_optimizer_that_returns_another_shape_is_refused():
    class Wrong(Keeper):
        def update(self, w, gradient, state):
            return w[1:], state

    with pytest.raises(ValueError, match=r"parameters.* \(9,\), got \(8,\)"):
        fit(mlp([2, 3], rng()), Wrong(0.1))


# The progress bar.


def test_a_long_run_shows_its_progress_unless_told_to_be_silent(monkeypatch, capsys):
    monkeypatch.setattr(coursekit.training, "_PATIENCE_SECONDS", 0.01)
    for progress in (True, False):
        fit(mlp([2, 3], rng()), progress=progress, on_epoch=lambda epoch, net: time.sleep(0.2))
        shown = capsys.readouterr()
        assert ("12" in shown.err) == progress  # of 12 steps
        assert shown.out == ""


def test_a_short_run_shows_nothing(capsys):
    fit(mlp([2, 3], rng()), progress=True)
    assert capsys.readouterr().err.strip() == ""


# Bad input.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number, at least 0, got -1"),
        ({"epochs": 1.5}, "epochs must be a whole number, at least 0, got 1.5"),
        ({"batch_size": 0}, "batch_size must be a whole number, at least 1, got 0"),
        ({"rng": 3}, "rng must be .*Generator, got 3"),
        ({"l2": -0.1}, "l2 must be a finite number at least 0, got -0.1"),
        ({"validation": (np.zeros((4, 3)), [0] * 4)}, r"\(batch, 2\) for Network.*got \(4, 3\)"),
        ({"validation": (np.zeros((4, 2)), [0, 1, 2, 3])}, "classes from 0 to 2, got 3 in row 3"),
    ],
)
def test_bad_settings_are_refused_before_the_first_step(settings, message):
    network = mlp([2, 3], rng())
    start = network.parameters.copy()
    with pytest.raises(ValueError, match=message):
        fit(network, **settings)
    assert np.array_equal(network.parameters, start)


def test_bad_data_are_refused_before_the_first_step_by_their_own_row():
    x, targets = clouds()
    network = mlp([2, 3], rng())
    settings = {"epochs": 1, "batch_size": 7, "rng": rng(), "progress": False}
    holes = x.copy()
    holes[[3, 41], 1] = np.nan
    with pytest.raises(ValueError, match="nan or inf in 2 of 60 rows: 3, 41"):
        train(network, holes, targets, SGD(0.1), **settings)
    with pytest.raises(ValueError, match="got 9 in row 50"):
        train(network, x, np.where(np.arange(60) == 50, 9, targets), SGD(0.1), **settings)
    with pytest.raises(ValueError, match=r"\(60, 2\) and \(59,\)"):
        train(network, x, targets[1:], SGD(0.1), **settings)


@pytest.mark.parametrize("batch_size", [1, 59])
def test_a_last_batch_of_one_is_refused_with_batch_norm(batch_size):
    network = mlp([2, 4, 3], rng(), batch_norm=True)
    with pytest.raises(ValueError, match=rf"batch_size={batch_size} cuts 60 rows .* single row"):
        fit(network, batch_size=batch_size)
    plain = Network([Dense(2, 4), Activation("relu"), Dense(4, 3)], rng())
    assert np.isfinite(fit(plain, batch_size=batch_size).loss).all()
