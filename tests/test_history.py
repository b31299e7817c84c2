import numpy as np
import pytest
from training_runs import clouds, fit, rng

from coursekit.losses import mean_squared_error
from coursekit.network import mlp
from coursekit.optimizers import SGD, Adam, Nesterov
from coursekit.training import train

# Divergence.


def test_a_diverging_run_ends_visibly_and_silently(recwarn, capfd):
    x, targets = clouds()
    network = mlp([2, 8, 1], rng(), loss=mean_squared_error)
    settings = {"epochs": 50, "batch_size": 20, "rng": rng(1), "progress": False}
    history = train(
        network, x, targets[:, None] * 1.0, SGD(50.0), validation=(x, targets[:, None]), **settings
    )
    step = history.diverged_at
    assert 0 < step < 149
    assert np.isfinite(history.loss[:step]).all()
    assert not np.isfinite(history.loss[step])
    assert np.isnan(history.loss[step + 1 :]).all()
    assert len(history.loss) == 150
    assert len(history.validation_loss) == 51
    assert np.isnan(history.validation_loss[-1])
    assert history.frame()["loss"].isna().any()
    assert len(recwarn) == 0
    assert capfd.readouterr() == ("", "")


def test_accuracy_of_a_diverged_classifier_is_nan_not_the_share_of_class_0():
    network = mlp([2, 8, 3], rng())
    network.parameters = np.full(network.size, 1e200)
    history = fit(network, validation=clouds(seed=5))
    assert history.diverged_at == 0
    assert np.isnan(history.accuracy).all()
    assert np.isnan(history.validation_accuracy).all()


# The table.


def test_the_table_by_epoch_is_tidy():
    history = fit(mlp([2, 3], rng()), epochs=2, batch_size=20, validation=clouds(seed=5))
    table = history.frame()
    assert table.columns.tolist() == ["epoch", "step", "data", "loss", "accuracy", "learning_rate"]
    assert table["epoch"].tolist() == [0, 1, 1, 2, 2]
    assert table["step"].tolist() == [0, 3, 3, 6, 6]
    assert table["data"].tolist() == ["validation", "train", "validation", "train", "validation"]
    train_rows = table[table["data"] == "train"]
    np.testing.assert_allclose(
        train_rows["loss"], [history.loss[:3].mean(), history.loss[3:].mean()]
    )
    validation = table[table["data"] == "validation"]
    assert validation["loss"].tolist() == history.validation_loss.tolist()
    assert validation["accuracy"].tolist() == history.validation_accuracy.tolist()
    np.testing.assert_array_equal(table["learning_rate"], [np.nan, 0.1, 0.1, 0.1, 0.1])


def test_the_table_by_step_has_a_row_for_each():
    history = fit(mlp([2, 3], rng()), epochs=2, batch_size=20)
    table = history.frame(by="step")
    assert table["step"].tolist() == list(range(6))
    assert table["epoch"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["loss"].tolist() == history.loss.tolist()
    assert table["accuracy"].tolist() == history.accuracy.tolist()
    assert set(table["data"]) == {"train"}
    assert set(history.frame()["data"]) == {"train"}  # there is no validation data


def test_no_epochs_is_a_table_of_the_start():
    table = fit(mlp([2, 3], rng()), epochs=0, validation=clouds(seed=5)).frame()
    assert table["epoch"].tolist() == [0]
    assert fit(mlp([2, 3], rng()), epochs=0).frame().empty


def test_an_unknown_table_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown kind of table 'batch'\. Known: epoch, step"):
        fit(mlp([2, 3], rng())).frame(by="batch")


def test_regression_has_no_accuracy():
    x, _ = clouds()
    network = mlp([2, 4, 2], rng(), loss=mean_squared_error)
    history = train(network, x, x, Adam(), epochs=1, batch_size=20, rng=rng(), progress=False)
    assert np.isnan(history.accuracy).all()
    assert np.isfinite(history.loss).all()


def test_on_epoch_sees_the_network_of_that_epoch():
    seen = []
    network = mlp([2, 3], rng())
    fit(
        network,
        Nesterov(0.1),
        on_epoch=lambda epoch, net: seen.append((epoch, net.parameters.copy())),
    )
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert np.array_equal(seen[-1][1], network.parameters)
    assert not np.array_equal(seen[0][1], seen[1][1])
