"""`fit` and `evaluate` check their arguments before anything runs, and errors say what they got."""

import numpy as np
import pytest

import minicnn as cnn


def model() -> cnn.Sequential:
    return cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(16, 2)).initialize(0)


def dataset() -> cnn.data.Dataset:
    images = np.random.default_rng(0).integers(0, 256, (8, 1, 4, 4)).astype(np.uint8)
    return cnn.data.Dataset(images, np.arange(8) % 2, ("a", "b"))


def test_arrays_in_place_of_a_data_set() -> None:
    given = dataset()
    message = r"fit: expected train to be a Dataset, got ndarray; make one from arrays by minicnn\.data\.Dataset"
    with pytest.raises(ValueError, match=message):
        cnn.fit(model(), given.images, given.labels, epochs=1)
    with pytest.raises(ValueError, match="fit: expected valid to be a Dataset, got ndarray"):
        cnn.fit(model(), given, given.labels, epochs=1)
    with pytest.raises(ValueError, match="evaluate: expected dataset to be a Dataset, got ndarray"):
        cnn.evaluate(model(), given.images)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (print, r"expected callbacks to be a list of functions, got <built-in function print>; write callbacks=\[…\]"),
        ([print, 3], r"expected callbacks\[1\] to be a function of the run, got 3"),
        (3, "expected callbacks to be a list of functions, got 3"),
    ],
)
def test_callbacks_are_looked_at_before_the_first_epoch(callbacks, message: str) -> None:
    untouched = model()
    before = untouched.state()["fc.weight"].copy()
    with pytest.raises(ValueError, match=f"fit: {message}"):
        cnn.fit(untouched, dataset(), epochs=1, callbacks=callbacks)
    assert np.array_equal(before, untouched.state()["fc.weight"])


def test_callbacks_from_an_iterator_are_all_called_every_epoch() -> None:
    seen: list[int] = []
    cnn.fit(model(), dataset(), epochs=2, callbacks=iter([lambda run: seen.append(run.epoch)]))
    assert seen == [1, 2]


def test_a_model_that_could_not_be_read_again_is_refused_before_the_first_epoch(tmp_path) -> None:
    class Odd(cnn.Layer):
        def __init__(self, size):
            self.body = cnn.Dense(16, size)

    odd = cnn.Sequential(flatten=cnn.Flatten(), odd=Odd(2)).initialize(0)
    with pytest.raises(ValueError, match=r"odd: Odd could not be loaded again: .* to be stored as self.size"):
        cnn.fit(odd, dataset(), epochs=1, checkpoint=tmp_path / "run.safetensors")
    assert not list(tmp_path.iterdir())


def test_without_a_number_there_are_five_epochs_as_on_the_command_line() -> None:
    assert len(cnn.fit(model(), dataset(), progress=False).epochs) == 5
