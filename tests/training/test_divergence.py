"""Training stops at NaN or infinity, says where it began, and leaves the last good checkpoint alone."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.data import Dataset
from minicnn.training.divergence import first_not_finite


def two_layers():
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), flatten=cnn.Flatten(), block=cnn.Sequential(fc=cnn.Dense(72, 8), out=cnn.Dense(8, 3))
    ).initialize()


def test_the_error_names_the_batch_and_the_layer_where_a_number_first_overflowed(stripes):
    with pytest.raises(cnn.TrainingDiverged) as raised:
        cnn.fit(two_layers(), stripes(), epochs=3, batch_size=20, optimizer=cnn.SGD(1e20))
    error = raised.value
    assert (error.epoch, error.batch, error.layer, error.checkpoint) == (1, 2, "block.out", None)
    assert str(error) == (
        "fit: batch 2 of epoch 1: the loss is nan: block.out is the first layer whose output is not finite, though its "
        "parameters are; lower the learning rate or give clip_norm; this run has not written a checkpoint"
    )


def test_it_is_the_batch_itself_that_is_named_even_late_in_the_run(stripes):
    data = stripes(100)
    model = cnn.Sequential(flatten=cnn.Flatten(), odd=Overflow(at=8), fc=cnn.Dense(64, 3)).initialize()
    with pytest.raises(cnn.TrainingDiverged, match=r"batch 3 of epoch 2: .* odd is the first layer") as raised:
        cnn.fit(model, data, epochs=3, batch_size=20)
    assert (raised.value.epoch, raised.value.batch) == (2, 3)


class Overflow(cnn.Layer):
    """The identity, except that from training pass number `at` on its output is infinite."""

    def __init__(self, at):
        self.at, self.passes = at, 0

    def forward(self, x, pass_):
        self.passes += pass_.train
        return (x if self.passes < self.at else x * np.inf), lambda dy, wants="both": (dy, {})


def test_a_parameter_that_is_not_finite_is_named(stripes):
    model = two_layers()
    model["block.fc"].bias[3] = np.nan
    with pytest.raises(cnn.TrainingDiverged, match=r"before training: .* its parameter block.fc.bias is not either"):
        cnn.fit(model, stripes(), epochs=1)


def test_running_statistics_that_overflowed_with_the_batch_are_not_blamed():
    model = cnn.Sequential(relu=cnn.ReLU(), norm=cnn.BatchNorm2d(1))
    model["norm"].weight[...] = model["norm"].bias[...] = 3e38
    x = np.array([0, 3e38], np.float32).reshape(2, 1, 1, 1)  # their variance overflows, and so does the output
    with np.errstate(over="ignore"):
        layer, sentence = first_not_finite(model, x, cnn.Pass(train=True))
    assert not np.isfinite(model["norm"].running_var).all()
    assert (layer, sentence) == (
        "norm",
        "norm is the first layer whose output is not finite, though its parameters are",
    )


def test_running_statistics_that_overflow_stop_the_run_all_the_same(stripes, network):
    model = network()
    model["conv"].weight[...] = 1e30  # the variance overflows, but what is divided by it is finite: zero
    with pytest.raises(cnn.TrainingDiverged, match=r"norm.running_var is no longer finite"):
        cnn.fit(model, stripes(), epochs=1)


def test_a_loss_that_overflows_while_the_scores_are_finite_is_named(stripes):
    def infinite(scores, labels):
        return np.float32(np.inf), lambda dloss: (scores,)

    with pytest.raises(cnn.TrainingDiverged, match="every layer's output is finite, the loss itself is not") as raised:
        cnn.fit(two_layers(), stripes(), epochs=1, loss=infinite)
    assert raised.value.layer is None


def test_the_last_good_checkpoint_stays_as_it_was(stripes, tmp_path):
    path = tmp_path / "run.safetensors"
    good = {}

    def harm(run):
        good[run.epoch] = path.read_bytes() if path.exists() else b""
        if run.epoch == 3:
            run.optimizer.lr = 1e20

    with pytest.raises(cnn.TrainingDiverged, match=r"batch 2 of epoch 4: .* last good checkpoint is .*run.safetensors"):
        cnn.fit(
            two_layers(),
            stripes(),
            epochs=5,
            batch_size=20,
            optimizer=cnn.SGD(0.01),
            checkpoint=path,
            callbacks=[harm],
        )
    assert len(cnn.checkpoint.read(path).training["history"]["epochs"]) == 3
    assert all(np.isfinite(array).all() for array in cnn.load(path).state().values())


def test_a_step_that_overflows_is_never_saved_though_its_loss_was_finite(stripes, tmp_path):
    path = tmp_path / "run.safetensors"
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3)).initialize()
    with pytest.raises(cnn.TrainingDiverged, match=r"batch 1 of epoch 1: fc.weight is no longer finite"):
        cnn.fit(model, stripes(), epochs=1, optimizer=cnn.SGD(3e38, weight_decay=3e38), checkpoint=path)
    assert not path.exists()


def test_validation_that_overflows_stops_the_run(stripes):
    train = stripes()
    dark = Dataset(train.images * 0, train.labels, train.classes)
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3)).initialize()
    model.transform = cnn.data.Transform(scale=1.0)
    model["fc"].weight[...] = np.array([[3e38], [-3e38], [0]], np.float32)
    with pytest.raises(cnn.TrainingDiverged, match=r"before training: the loss in evaluation is .* fc is the first"):
        cnn.fit(model, dark, train, epochs=1)


def normalized(weight, running_var, scale):
    """A layer that multiplies by `weight` what it has normalized, then scores that stay small."""
    model = cnn.Sequential(norm=cnn.BatchNorm2d(1), flatten=cnn.Flatten(), fc=cnn.Dense(64, 3)).initialize()
    model.transform = cnn.data.Transform(scale=scale)
    model["norm"].weight[...], model["norm"].running_var[...] = weight, running_var
    model["fc"].weight[...] *= 1e-3
    return model


def test_an_overflow_in_evaluation_is_looked_for_as_in_evaluation(stripes):
    """By the statistics of a batch, the outputs would be finite."""
    with pytest.raises(cnn.TrainingDiverged, match=r"before training: .* norm is the first layer"):
        cnn.fit(normalized(weight=1e37, running_var=0, scale=1), stripes(), epochs=1)


def test_an_overflow_in_training_is_looked_for_as_in_training(stripes):
    """By the running statistics, the outputs are finite, as they were before training."""
    with pytest.raises(cnn.TrainingDiverged, match=r"batch 1 of epoch 1: .* norm is the first layer"):
        cnn.fit(normalized(weight=3e38, running_var=1, scale=2550), stripes(), epochs=1)
