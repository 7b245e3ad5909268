"""The model that predicts the speed of many nodes, in cases whose answer is known."""

import pytest

from benchmarks.cluster import FREE, Link, Work, efficiency


def test_without_communication_only_the_fixed_part_costs():
    work = Work(fixed=0.0, each=1.0, buckets=((1000, 0.5),))
    assert efficiency(work, 64, 16, FREE, weak=False) == efficiency(work, 64, 16, FREE, weak=True) == 1
    assert efficiency(Work(1.0, 1.0, ()), 64, 64, FREE, weak=False) == pytest.approx((65 / 64) / 2)


def test_a_sum_hides_behind_what_is_left_of_the_backward_pass():
    link = Link("slow", latency=0.0, bandwidth=1.0)  # two nodes send as many bytes as the array has
    assert Work(0.0, 1.0, ((5, 0.5),)).step(10, 2, link) == 10
    assert Work(0.0, 1.0, ((5, 1.0),)).step(10, 2, link) == 15
    assert Work(0.0, 1.0, ((6, 0.5), (3, 0.6))).step(10, 2, link) == 14  # the second waits for the first


def test_every_node_updates_all_weights():
    assert Work(0.0, 1.0, (), update=10.0).step(5, 8, FREE) == 15
    assert efficiency(Work(0.0, 1.0, (), update=10.0), 10, 2, FREE, weak=False) == pytest.approx(20 / 15 / 2)


def test_more_nodes_send_up_to_twice_the_bytes_in_more_messages():
    link = Link("", latency=1.0, bandwidth=1.0)
    assert link.sum(8, 2) == 2 + 8
    assert link.sum(8, 8) == 6 + 14
    assert Link("", latency=1.0, bandwidth=1.0, addition=3.0).sum(8, 8) == 6 + 14 + 3 * 7  # each adds 7/8
