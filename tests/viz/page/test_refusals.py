"""What `viz.atlas` refuses: networks without scores, snapshots of others, two networks with other classes."""

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn.training import Snapshot


def test_a_model_without_a_transform_is_refused(network, few, tmp_path):
    with pytest.raises(ValueError, match="atlas: the model does not know how images become its input"):
        viz.atlas(network.initialize(seed=0), few, tmp_path / "atlas.html")
    assert not (tmp_path / "atlas.html").exists()


def test_a_model_that_gives_no_scores_is_refused(trained, few, tmp_path):
    with pytest.raises(ValueError, match="atlas: expected a network that gives a score for each class"):
        headless = trained[0][:"relu2"]
        headless.transform = trained[0].transform
        viz.atlas(headless, few, tmp_path / "atlas.html")


def test_a_model_whose_scores_are_not_finite_is_refused(trained, network, few, tmp_path):
    network.initialize(seed=0)["fc2"].bias[...] = np.nan
    network.transform = trained[0].transform
    with pytest.raises(ValueError, match="atlas: expected finite scores"):
        viz.atlas(network, few, tmp_path / "atlas.html")


def test_snapshots_of_another_network_are_refused(trained, other, few, tmp_path):
    moments = [Snapshot(0, 0, trained[0]), Snapshot(1, 0, other)]
    with pytest.raises(ValueError, match="snapshots of this network, but the one after epoch 1 is of another"):
        viz.atlas(trained[0], few, tmp_path / "atlas.html", snapshots=moments)


@pytest.mark.parametrize("models", [0, 3])
def test_one_network_or_two(models, trained, few, tmp_path):
    with pytest.raises(ValueError, match=f"expected one network, or two to compare, got {models}"):
        viz.atlas([trained[0]] * models, few, tmp_path / "atlas.html")


def test_two_networks_of_other_classes_or_channels_are_refused(trained, few, tmp_path):
    strange = cnn.Sequential(gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(1, 4)).initialize(seed=0)
    with pytest.raises(ValueError, match="second network does not know"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html")
    strange.transform = trained[0].transform
    with pytest.raises(ValueError, match="two networks of the same classes"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html")
    with pytest.raises(ValueError, match="a title for each of 2"):
        viz.atlas([trained[0], strange], few, tmp_path / "atlas.html", title="one")


def test_attributes_that_are_not_one_number_for_each_image_are_refused(trained, few, tmp_path):
    for values in (np.arange(5), [np.nan] * 6):
        with pytest.raises(ValueError, match="expected attribute 'size' to be 6 finite numbers"):
            viz.atlas(trained[0], few, tmp_path / "atlas.html", attributes={"size": values})
