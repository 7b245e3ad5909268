"""Our estimators in scikit-learn: the classifier passes its checks, the others work in pipelines and searches."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pandas = pytest.importorskip("pandas", reason="pandas is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import minicnn as cnn  # noqa: E402
import viz  # noqa: E402
from minicnn.sklearn import CNNClassifier  # noqa: E402


@parametrize_with_checks([CNNClassifier(random_state=0)])
def test_it_is_a_classifier_of_scikit_learn_s(estimator, check) -> None:
    if check.func.__name__ != "check_array_api_input":
        return check(estimator)
    # It skips itself if SciPy was imported without its array API, so it runs in a separate process.
    call = f"estimator_checks.check_array_api_input(*{check.args}, CNNClassifier(random_state=0), **{check.keywords})"
    code = "from minicnn.sklearn import CNNClassifier\nfrom sklearn.utils import estimator_checks\n"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code + call], env=os.environ | {"SCIPY_ARRAY_API": "1"}, cwd=root, check=True)


@pytest.fixture(scope="module")
def garments():
    train, test = cnn.data.load("garments")
    return train[::12], test[::10]


SMALL = {"epochs": 6, "learning_rate": 3e-3, "random_state": 0}


def test_images_are_learned_searched_and_scored(garments) -> None:
    train, test = garments
    search = GridSearchCV(CNNClassifier(**SMALL), {"learning_rate": [1e-6, 3e-3]}, cv=2)
    search.fit(train.images, train.labels)
    assert search.best_params_ == {"learning_rate": 3e-3}
    assert search.score(test.images, test.labels) > 0.6
    assert cross_val_score(CNNClassifier(**SMALL), train.images, train.labels, cv=2).mean() > 0.5


def test_the_network_of_images_is_a_model_like_any_other(garments, tmp_path) -> None:
    train, test = garments
    names = np.array(train.classes)[train.labels]
    found = CNNClassifier(**SMALL).fit(train.images, names)
    assert found.classes_.tolist() == sorted(train.classes)
    model = found.model_
    np.testing.assert_allclose(
        cnn.ops.softmax(model(model.transform(test.images)))[0], found.predict_proba(test.images), atol=1e-5
    )
    cnn.save(model, tmp_path / "m.safetensors")
    assert cnn.load(tmp_path / "m.safetensors").classes == tuple(sorted(train.classes))
    assert viz.saliency(model, model.transform(test.images[:1])).shape[-2:] == (28, 28)


def test_a_table_of_flattened_images_is_the_same_as_images(garments) -> None:
    train, _ = garments
    images, labels = train.images[:100], train.labels[:100]
    options = {**SMALL, "epochs": 1}
    flat = CNNClassifier(image_shape=(1, 28, 28), **options).fit(images.reshape(100, -1), labels)
    whole = CNNClassifier(**options).fit(images, labels)
    np.testing.assert_array_equal(flat.predict_proba(images.reshape(100, -1)), whole.predict_proba(images))
    assert whole.n_features_in_ == 784 and whole.image_shape_ == (1, 28, 28)
    with pytest.raises(ValueError, match="expected images of"):
        whole.predict(images.reshape(100, 1, 14, 56))


def test_the_same_seed_gives_the_same_weights_and_a_pickle_the_same_answers(garments) -> None:
    train, test = garments
    one, two = (CNNClassifier(**{**SMALL, "epochs": 1}).fit(train.images, train.labels) for _ in range(2))
    for found in (two, pickle.loads(pickle.dumps(one))):
        np.testing.assert_array_equal(one.predict_proba(test.images), found.predict_proba(test.images))


def test_partial_fit_goes_on_where_it_was(garments) -> None:
    train, test = garments
    found = CNNClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        found.partial_fit(train.images, train.labels)
    for _ in range(6):
        found.partial_fit(train.images, train.labels, classes=range(10))
    assert len(found.loss_curve_) == 6 and found.loss_curve_[-1] < found.loss_curve_[0]
    assert found.score(test.images, test.labels) > 0.6
    with pytest.raises(ValueError, match=r"expected labels among .*, got 77"):
        found.partial_fit(train.images[:1], [77])
    with pytest.raises(ValueError, match="expected those of the first call"):
        found.partial_fit(train.images[:1], [0], classes=[0, 1])


@pytest.mark.parametrize("network", ["lenet5", lambda shape, classes: cnn.zoo.build("seed", classes=classes)])
def test_any_network_can_be_trained(garments, network) -> None:
    train, _ = garments
    found = CNNClassifier(network, **{**SMALL, "epochs": 1}).fit(train.images[:64], train.labels[:64])
    assert found.predict(train.images[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"epochs": 0}, "epochs must be an int from 1, got 0"), ({"batch_size": 1.5}, "batch_size must be an int from 1")],
)
def test_wrong_options_are_refused_by_fit(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        CNNClassifier(**options).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"image_shape \(1, 2, 2\) does not fit 1 features"):
        CNNClassifier(image_shape=(1, 2, 2)).fit([[0.0], [1.0]], [0, 1])


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "import minicnn as cnn\n"
        "try: cnn.sklearn\n"
        "except ImportError as error: assert 'pip install \".[sklearn]\"' in str(error), error\n"
        "else: raise AssertionError\n"
        "from minicnn import *\n"
        "assert 'sklearn' in dir(cnn) and 'fit' in globals() and 'sklearn' not in globals()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# The estimators of viz


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pandas.DataFrame(rng.random((40, 5)), index=[f"row {i}" for i in range(40)], columns=list("abcde"))


@pytest.mark.parametrize("estimator", [viz.PCA(2), viz.NMF(2, random_state=0), viz.TSNE(perplexity=5, max_iter=260)])
def test_columns_have_names_where_pandas_is_wanted(estimator, table) -> None:
    name = type(estimator).__name__.lower()
    plain = clone(estimator).fit_transform(table)
    assert isinstance(plain, np.ndarray)
    named = clone(clone(estimator).set_output(transform="pandas"))  # clone keeps the parameters
    found = named.fit_transform(table)
    assert list(found.columns) == [f"{name}0", f"{name}1"] and list(found.index) == list(table.index)
    assert named.fit_transform(table.to_numpy()).index.tolist() == list(range(40))
    if hasattr(named, "transform"):
        assert list(named.transform(table[:3]).index) == ["row 0", "row 1", "row 2"]
    assert isinstance(named.set_output(transform="default").fit_transform(table), np.ndarray)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(clone(estimator).fit_transform(table), pandas.DataFrame)
    with pytest.raises(ValueError, match="transform must be one of default, pandas, got 'polars'"):
        named.set_output(transform="polars")


def test_they_stand_in_pipelines_and_searches(table) -> None:
    labels = (table["a"] > 0.5).to_numpy()
    pipeline = make_pipeline(viz.PCA(2), LogisticRegression()).set_output(transform="pandas")
    assert list(pipeline[:-1].fit(table, labels).transform(table).columns) == ["pca0", "pca1"]
    search = GridSearchCV(make_pipeline(viz.NMF(random_state=0), LogisticRegression()), {"nmf__n_components": [1, 4]})
    assert search.fit(table, labels).best_params_["nmf__n_components"] in (1, 4)
