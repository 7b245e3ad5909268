"""`fit` learns, in the same way every time, and says what it cannot do."""

import functools

import numpy as np
import pytest

import minicnn as cnn
from minicnn.data import Loader, RandomCrop, Transform
from minicnn.data.streams import Stream, generator


def test_twenty_images_can_be_overfitted(stripes):
    rng = np.random.default_rng(0)
    noise = cnn.data.Dataset(rng.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8), np.arange(20) % 10, "abcdefghij")
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 16, 3), relu=cnn.ReLU(), flatten=cnn.Flatten(), fc=cnn.Dense(576, 10)
    ).initialize()
    cnn.fit(model, noise, epochs=40, batch_size=20, optimizer=cnn.Adam(1e-2))
    result = cnn.evaluate(model, noise)
    assert result.accuracy == 1
    assert result.loss < 0.01


def test_what_is_learned_holds_for_other_images(stripes, network):
    model = network()
    cnn.fit(model, stripes(300), epochs=5, batch_size=20, optimizer=cnn.Adam(1e-2))
    assert cnn.evaluate(model, stripes(100, seed=1)).accuracy > 0.9


def test_an_epoch_is_the_loop_that_one_would_write(stripes, network, same):
    data, model, twin = stripes(50), network(), network()
    cnn.fit(model, data, epochs=2, batch_size=16, optimizer=cnn.SGD(0.1, momentum=0.9), seed=3)
    loader, optimizer = Loader(data, 16, seed=3, transform=Transform.fit(data.images)), cnn.SGD(0.1, momentum=0.9)
    for epoch in range(2):
        for batch, (x, labels) in enumerate(loader.epoch(epoch)):
            rng = generator(3, Stream.DROPOUT, epoch, batch)
            scores, pullback = twin.forward(x, cnn.Pass(train=True, rng=rng))
            _, loss_pullback = cnn.ops.cross_entropy(scores, labels)
            _, grads = pullback(loss_pullback(1.0)[0])
            optimizer.step(twin.parameters(), grads)
    assert same(model, twin)


def test_the_same_seed_gives_the_same_weights_bit_for_bit(stripes, network, same):
    models = [network() for _ in range(2)]
    for model in models:
        cnn.fit(model, stripes(), epochs=2, batch_size=16, augment=RandomCrop(1), seed=5)
    assert same(*models)


def test_another_seed_gives_other_weights(stripes, network, same):
    models = [network() for _ in range(2)]
    for seed, model in enumerate(models):
        cnn.fit(model, stripes(), epochs=1, batch_size=16, seed=seed)
    assert not same(*models)


def test_watching_and_saving_a_run_does_not_change_it(stripes, network, same, tmp_path):
    plain, watched = network(), network()
    cnn.fit(plain, stripes(), epochs=2, batch_size=16)
    cnn.fit(
        watched,
        stripes(),
        valid=stripes(20, seed=1),
        epochs=2,
        batch_size=16,
        checkpoint=tmp_path / "run.safetensors",
        checkpoint_seconds=0,
        callbacks=[cnn.EarlyStopping(5), cnn.BestCheckpoint(tmp_path / "best.safetensors")],
        progress=True,
    )
    assert same(plain, watched)


def test_accuracy_before_training_is_that_of_the_untrained_model(stripes, network):
    train, valid, model = stripes(), stripes(30, seed=1), network()
    model.transform = Transform.fit(train.images)
    expected = cnn.evaluate(model, valid)
    history = cnn.fit(model, train, valid, epochs=1)
    assert (history.before.loss, history.before.accuracy) == (expected.loss, expected.accuracy)


def test_without_validation_a_sample_of_the_training_set_is_measured_before(stripes, network, monkeypatch):
    monkeypatch.setattr("minicnn.training.loop.SAMPLE", 20)
    measured = []

    def remember(model, dataset, **options):
        measured.append(dataset)
        return cnn.evaluate(model, dataset, **options)

    monkeypatch.setattr("minicnn.training.loop.evaluate", remember)
    train = stripes(60)
    cnn.fit(network(), cnn.data.Dataset(train.images, np.arange(60) % 3, train.classes), epochs=1)
    assert len(measured[0]) == 20
    assert set(measured[0].labels) == {0, 1, 2}  # every third would be of one class


def test_validation_is_the_evaluation_of_the_model_after_the_epoch(stripes, network):
    valid, model = stripes(30, seed=1), network()
    history = cnn.fit(model, stripes(), valid, epochs=2)
    after = cnn.evaluate(model, valid)
    assert (history.epochs[-1].valid_loss, history.epochs[-1].valid_accuracy) == (after.loss, after.accuracy)


def test_training_loss_is_the_mean_over_images_not_over_batches(stripes):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3)).initialize()
    data = stripes(50)
    history = cnn.fit(model, data, epochs=1, batch_size=48, optimizer=cnn.SGD(1e-30))  # it does not move
    expected = cnn.evaluate(model, data)
    assert history.epochs[0].train_loss == pytest.approx(expected.loss, rel=1e-5)
    assert history.epochs[0].train_accuracy == expected.accuracy


def test_normalization_and_class_names_come_from_the_training_set_and_stay_with_the_model(stripes, network):
    data, model = stripes(), network()
    cnn.fit(model, data, epochs=1)
    assert model.transform == Transform.fit(data.images)
    assert model.classes == data.classes


def test_a_transform_that_the_model_has_is_kept(stripes, network):
    model = network()
    model.transform = Transform(mean=(0.5,), std=(0.25,))
    cnn.fit(model, stripes(), epochs=1)
    assert model.transform == Transform(mean=(0.5,), std=(0.25,))


def test_the_schedule_multiplies_the_learning_rate_of_every_step(stripes, network):
    history = cnn.fit(
        network(), stripes(), epochs=3, batch_size=20, optimizer=cnn.SGD(0.5), schedule=cnn.schedules.StepDecay(3, 0.1)
    )
    assert [record.lr for record in history.epochs] == pytest.approx([0.5, 0.05, 0.005])


def test_clipping_bounds_the_norm_of_a_step(stripes, network):
    model = network()
    before = {name: array.copy() for name, array in model.parameters().items()}
    cnn.fit(model, stripes(), epochs=1, batch_size=60, optimizer=cnn.SGD(1.0), clip_norm=1e-3)
    moved = np.sqrt(sum(((array - before[name]) ** 2).sum() for name, array in model.parameters().items()))
    assert moved == pytest.approx(1e-3, rel=1e-3)


def test_any_op_of_scores_and_labels_is_a_loss(stripes, network):
    smooth = functools.partial(cnn.ops.cross_entropy, label_smoothing=0.9)
    data, model = stripes(), network()
    history = cnn.fit(model, data, data, epochs=2, loss=smooth)
    assert history.epochs[-1].valid_loss == cnn.evaluate(model, data, loss=smooth).loss
    assert history.epochs[-1].valid_loss != cnn.evaluate(model, data).loss


def test_augmentation_changes_training_images_only(stripes, network):
    data, model = stripes(), network()
    seen = []

    def blacken(images, rng):
        seen.append(len(images))
        return images * 0

    history = cnn.fit(model, data, data, epochs=2, batch_size=32, augment=blacken)
    assert seen == [32, 28] * 2
    assert len({loss for _, loss in history.steps}) > 1  # dropout and labels, not images
    untrained = network()
    untrained.transform = Transform.fit(data.images)
    assert history.before.loss == cnn.evaluate(untrained, data).loss


def test_a_users_layer_trains(stripes):
    class Scale:
        buffers = {}  # noqa: RUF012

        def __init__(self):
            self.parameters = {"factor": np.ones((1,), np.float32)}

        def forward(self, x, pass_):
            factor = self.parameters["factor"]
            return x * factor, lambda dy, wants="both": (dy * factor, {"factor": (dy * x).sum(keepdims=True).ravel()})

    model = cnn.Sequential(flatten=cnn.Flatten(), scale=Scale(), fc=cnn.Dense(64, 3)).initialize()
    cnn.fit(model, stripes(), epochs=1)
    assert model["scale"].parameters["factor"] != 1


def test_a_model_in_double_precision_stays_in_it(stripes, network):
    model = network().astype(np.float64)
    cnn.fit(model, stripes(), epochs=1)
    assert {array.dtype for array in model.state().values()} == {np.dtype(np.float64)}


def test_the_loss_is_recorded_about_fifty_times_an_epoch(stripes, network):
    history = cnn.fit(network(), stripes(240), epochs=2, batch_size=2)
    assert [step for step, _ in history.steps] == list(range(2, 241, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"clip_norm": 0}, "clip_norm must be positive, got 0"),
        ({"resume": True}, "give its path as checkpoint"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_wrong_options_are_refused(stripes, network, options, message):
    with pytest.raises(ValueError, match=message):
        cnn.fit(network(), stripes(), **{"epochs": 1} | options)


def test_what_is_not_a_model_is_reported_at_once(stripes, network):
    with pytest.raises(ValueError, match=r"^fit: expected a model as first argument, got Dataset"):
        cnn.fit(stripes(), network(), epochs=1)


def test_a_loss_for_each_image_is_refused(stripes, network):
    each = functools.partial(cnn.ops.cross_entropy, reduction="none")
    with pytest.raises(ValueError, match=r"expected loss to give one number, the mean, got an array \(60,\)"):
        cnn.fit(network(), stripes(), epochs=1, loss=each)


def test_a_model_that_was_never_initialized_is_refused(stripes):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3))
    with pytest.raises(ValueError, match=r"all weights are zero.*call model.initialize\(seed=0\)"):
        cnn.fit(model, stripes(), epochs=1)


def test_a_model_of_another_number_of_classes_is_refused(stripes, network):
    with pytest.raises(ValueError, match="build it for 3 classes"):
        cnn.fit(network(classes=4), stripes(classes=3), epochs=1)


def test_a_model_whose_outputs_stand_for_other_classes_is_refused(stripes, network):
    model = network()
    model.classes = ("cat", "dog", "emu")
    with pytest.raises(ValueError, match=r"classes are 3 \(cat, dog, emu\), but the data set's are 3 \(row 0"):
        cnn.fit(model, stripes(), epochs=1)


def test_a_validation_set_of_other_classes_is_refused(stripes, network):
    with pytest.raises(ValueError, match="validation set has other classes"):
        cnn.fit(network(), stripes(), stripes(classes=2), epochs=1)


def test_images_that_do_not_fit_the_first_layer_are_refused(network):
    colored = cnn.data.Dataset(np.zeros((4, 3, 8, 8), np.uint8), np.zeros(4, int), ["a", "b", "c"])
    with pytest.raises(ValueError, match="conv: conv2d: x has 3 channels"):
        cnn.fit(network(), colored, epochs=1)
