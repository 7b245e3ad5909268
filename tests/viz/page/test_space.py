"""Groups of the feature space: what those of several classes have in common."""

import numpy as np

from viz.page.space import mixed_groups


def test_a_group_of_several_classes_is_named_by_what_sets_it_apart():
    rng = np.random.default_rng(0)
    spots = np.repeat([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], 40, axis=0)
    points = spots + 0.01 * rng.random((120, 2))
    labels = np.r_[np.zeros(40, int), np.ones(40, int), np.arange(40) % 2]  # the third holds both classes
    brightness = np.r_[np.zeros(80), np.full(40, 9.0)] + rng.random(120)
    right = np.r_[np.ones(80, bool), np.arange(40) % 4 > 0]
    everywhere = np.arange(120)
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness, "noise": rng.random(120)}, everywhere)
    np.testing.assert_allclose(group.pop("at"), [0.505, 0.905], atol=5e-3)
    assert group == {"count": 40, "what": "high brightness", "right": 0.75, "elsewhere": 1.0}
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness}, everywhere[::2])
    assert (group["count"], group["right"]) == (40, 0.5)  # every second is counted, of which half are wrong
    few = everywhere[:80]
    assert mixed_groups(points[:80], labels[:80], right[:80], {"brightness": brightness[:80]}, few) == []
    assert mixed_groups(points, labels, right, {"noise": rng.random(120)}, everywhere) == []
