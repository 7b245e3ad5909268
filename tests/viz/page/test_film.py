"""Which moments of a training the film shows."""

from viz.page import film


def test_the_film_of_a_large_network_has_fewer_moments_but_the_first_and_the_last():
    moments = [str(k) for k in range(10)]
    assert film._thinned(moments, 20) == moments
    assert film._thinned(moments, 4) == ["0", "3", "6", "9"]
    assert film._thinned(moments, 2) == ["0", "9"]
