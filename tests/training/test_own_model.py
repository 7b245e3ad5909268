"""A model of the user's own, which is no layer of this package."""

import numpy as np

import minicnn as cnn


class Mine:
    """A model that has no more than it needs."""

    def __init__(self):
        self.inner = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(9, 2)).initialize(0)

    def parameters(self):
        return self.inner.parameters()

    def state(self):
        return self.inner.state()

    def forward(self, x, pass_=cnn.Pass()):
        return self.inner.forward(x, pass_)


def test_a_users_model_need_not_be_a_layer():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 100, (20, 1, 3, 3), dtype=np.uint8)
    images[::2, :, 0] += 150
    dataset = cnn.data.Dataset(images, np.arange(20) % 2, ("upper", "lower"))
    model = Mine()
    before = model.inner["fc"].weight.copy()
    cnn.fit(model, dataset, epochs=4, batch_size=5, optimizer=cnn.Adam(0.1), progress=False)
    assert not np.array_equal(model.inner["fc"].weight, before)
    assert cnn.evaluate(model, dataset).accuracy == 1 and model.classes == ("upper", "lower")
    assert cnn.predict(model, images[0, 0])[0][0] == "upper"
