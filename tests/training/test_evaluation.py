"""`evaluate`, on a model whose answers can be worked out by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn as cnn
from minicnn.data import Dataset, Loader, Transform


def judge():
    """A model whose scores are the three pixels of an image."""
    model = cnn.Sequential(cnn.Flatten())
    model.transform = Transform(scale=1.0)
    return model


def images(*scores, labels, classes=("ant", "bee", "cow")):
    return Dataset(np.array(scores, np.uint8).reshape(-1, 1, 1, 3), np.array(labels), classes)


#       ant: right, wrong; bee: right, wrong (confidently); no cow
FOUR = images([2, 1, 0], [1, 3, 0], [0, 5, 1], [9, 1, 0], labels=[0, 0, 1, 1])


def test_accuracy_and_confusion_by_hand():
    result = cnn.evaluate(judge(), FOUR)
    assert result.accuracy == 0.5
    assert result.confusion.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert result.predictions.tolist() == [0, 1, 1, 0]
    assert result.labels.tolist() == [0, 0, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12))
def test_the_confusion_counts_each_class_by_what_it_was_taken_for(pairs):
    """The row is the true class, the column the prediction."""
    scores = [[9 * (answer == k) for k in range(3)] for _, answer in pairs]
    result = cnn.evaluate(judge(), images(*scores, labels=[true for true, _ in pairs]))
    assert result.confusion.tolist() == [[pairs.count((i, j)) for j in range(3)] for i in range(3)]
    assert list(zip(result.labels, result.predictions, strict=True)) == pairs


def test_a_class_without_images_has_no_accuracy():
    assert np.array_equal(cnn.evaluate(judge(), FOUR).per_class, [0.5, 0.5, np.nan], equal_nan=True)


def test_probabilities_are_the_softmax_of_the_scores_and_the_loss_its_logarithm():
    result = cnn.evaluate(judge(), FOUR)
    scores = FOUR.images.reshape(4, 3).astype(float)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert result.probabilities.dtype == np.float32
    np.testing.assert_allclose(result.probabilities, expected, rtol=1e-5)
    assert result.loss == pytest.approx(-np.log(expected[range(4), [0, 0, 1, 1]]).mean(), rel=1e-6)


def test_the_worst_mistakes_are_those_the_model_was_surest_of():
    result = cnn.evaluate(judge(), FOUR)
    assert result.worst().tolist() == [3, 1]
    assert result.worst(1).tolist() == [3]


def test_sixteen_of_the_worst_are_given_the_first_of_those_that_are_alike_first():
    result = cnn.evaluate(judge(), images(*[[5, 0, 0]] * 17, [9, 0, 0], labels=[1] * 18))
    assert result.worst().tolist() == [17, *range(15)]


@pytest.mark.parametrize(("count", "shown"), [(10, "k9)"), (11, "k9, …)")])
def test_of_many_classes_a_refusal_names_ten(count, shown):
    model = judge()
    model.classes = [f"k{i}" for i in range(count)]
    with pytest.raises(ValueError, match=re.escape(f"the model's classes are {count} (k0, k1, ")) as raised:
        cnn.evaluate(model, FOUR)
    assert f"k8, {shown}, but the data set's are 3 (ant, bee, cow)" in str(raised.value)


def test_a_map_of_scores_for_each_image_is_refused():
    model = cnn.Sequential(relu=cnn.ReLU())
    model.transform = Transform(scale=1.0, mean=(0.0,) * 3, std=(1.0,) * 3, channels="RGB")
    with pytest.raises(ValueError, match=r"expected the model to return \(N, 3\) scores, .* \(4, 3, 1, 1\)"):
        cnn.evaluate(model, Dataset(np.zeros((4, 3, 1, 1), np.uint8), np.zeros(4, int), ("ant", "bee", "cow")))


def test_the_batch_size_does_not_matter(stripes, network):
    model, data = network(), stripes(53)
    model.transform = Transform()
    results = [cnn.evaluate(model, data, batch_size=size) for size in (1, 10, 256)]
    for result in results[1:]:
        assert result.loss == pytest.approx(results[0].loss, rel=1e-6)
        assert np.array_equal(result.predictions, results[0].predictions)


def test_evaluating_changes_nothing(stripes, network):
    model = network()
    model.transform = Transform()
    before = {name: array.copy() for name, array in model.state().items()}
    cnn.evaluate(model, stripes())
    assert all(np.array_equal(before[name], array) for name, array in model.state().items())


def test_it_prints_every_class_with_its_accuracy_and_what_it_was_taken_for():
    lines = str(cnn.evaluate(judge(), FOUR)).splitlines()
    assert lines[0] == "4 images, loss 2.6507, accuracy 50.00%"
    assert lines[-3].split() == ["0", "ant", "50.00%", "1", "1", "·"]
    assert lines[-1].split() == ["2", "cow", "–", "·", "·", "·"]


@pytest.mark.parametrize(("classes", "copies", "width"), [(10, 1, 1), (11, 1, 2), (3, 9, 1), (3, 10, 2), (3, 100, 3)])
def test_the_columns_of_the_confusion_are_as_wide_as_their_longest_number(classes, copies, width):
    """A class's number or a count; each column begins with a blank."""
    data = Dataset(
        np.zeros((copies, 1, 1, classes), np.uint8), np.zeros(copies, int), [f"k{i}" for i in range(classes)]
    )
    head, first = str(cnn.evaluate(judge(), data)).splitlines()[2:4]
    assert head.endswith("taken for " + " ".join(f"{i:{width}}" for i in range(classes)))
    assert first.endswith(f"   {copies:{width}}" + f" {'·':>{width}}" * (classes - 1)) and len(first) == len(head)


def test_its_table_names_for_each_class_what_it_was_most_often_taken_for():
    three = images([0, 5, 0], [0, 5, 0], [0, 0, 5], [5, 0, 0], [0, 5, 0], [0, 5, 0], labels=[0, 0, 0, 1, 1, 1])
    table = cnn.evaluate(judge(), three)._table()
    assert [tuple(row) for row in table.rows] == [
        ("ant", "bee (2)", "3", "0.00%"),
        ("bee", "ant (1)", "3", "66.67%"),
        ("cow", "", "0", "–"),
    ]
    assert len(table.head) == 4 and table.left == 2


def test_a_model_of_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"expected the model to return \(N, 2\) scores, for 2 classes"):
        cnn.evaluate(judge(), images([1, 2, 3], labels=[0], classes=("ant", "bee")))


def test_the_same_classes_in_another_order_are_refused():
    model = judge()
    model.classes = ("cow", "bee", "ant")
    with pytest.raises(ValueError, match=r"evaluate: the model's classes are 3 \(cow, bee, ant\)"):
        cnn.evaluate(model, FOUR)


def test_images_with_the_wrong_channels_are_refused():
    odd = Dataset(np.zeros((1, 2, 1, 1), np.uint8), np.array([0]), ("ant", "bee", "cow"))
    with pytest.raises(ValueError, match="images have 2 channels, but the model takes 1"):
        cnn.evaluate(judge(), odd)


def test_an_infinite_score_shows_in_the_loss_without_a_warning():
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(3, 3))
    model["fc"].weight[...] = np.inf
    model.transform = Transform()
    assert np.isnan(cnn.evaluate(model, FOUR).loss)


def test_a_model_that_does_not_know_how_images_become_its_input_has_no_score(stripes, network):
    data, model = stripes(60), network()
    loader, optimizer = Loader(data, 20, transform=Transform.fit(data.images)), cnn.Adam(1e-2)
    for epoch in range(8):  # a user's own loop, which sets no transform
        for x, labels in loader.epoch(epoch):
            scores, pullback = model.forward(x)
            _, gradients = pullback(cnn.ops.cross_entropy(scores, labels)[1](1.0)[0])
            optimizer.step(model.parameters(), gradients)
    with pytest.raises(
        ValueError, match=r"evaluate: the model does not know how images become its input; set model\.tr"
    ):
        cnn.evaluate(model, data)
    model.transform = loader.transform
    right = (model(model.transform(data.images)).argmax(axis=1) == data.labels).mean()
    assert cnn.evaluate(model, data).accuracy == right > 0.9


def test_a_nan_that_signals_is_no_reason_to_warn(stripes):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3))
    model.transform = Transform()
    model.children["fc"].weight.view(np.uint32)[:] = 0x7F800001
    assert np.isnan(cnn.evaluate(model, stripes()).loss)
    with pytest.raises(cnn.TrainingDiverged):
        cnn.fit(model, stripes(), epochs=1, progress=False)


def test_a_model_without_first_values_has_no_score(stripes):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(64, 3))
    model.transform = Transform()
    with pytest.raises(ValueError, match="evaluate: all weights are zero, the model is not initialized yet"):
        cnn.evaluate(model, stripes())
    with pytest.raises(ValueError, match="predict: all weights are zero, the model is not initialized yet"):
        cnn.predict(model, stripes().images[0])
    normalized = cnn.Sequential(norm=cnn.BatchNorm2d(1), flatten=cnn.Flatten(), fc=cnn.Dense(64, 3))
    normalized["norm"].weight[...] = normalized["fc"].bias[...] = 1  # what is not zero for one number each
    normalized.transform = Transform()
    with pytest.raises(ValueError, match="evaluate: all weights are zero"):
        cnn.evaluate(normalized, stripes())
