"""Layers joined in any way: the forward pass, the backward pass, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import Concat, Conv2d, Graph, Join, Pass, ReLU, Residual, Sequential, Watch, gradcheck, summary
from minicnn.layers.description import build, describe
from minicnn.receptive_field import receptive_fields
from minicnn.testing import assert_contract, tie_free


def fire() -> Graph:
    """Two branches that share what comes before them."""
    return Graph(
        squeeze=Conv2d(3, 2, 1),
        squeezed=ReLU(),
        narrow=Conv2d(2, 3, 1),
        wide=Conv2d(2, 3, 3, padding=1),
        wide_relu=ReLU(),
        join=Join("concat"),
        inputs={"wide": ["squeezed"], "join": ["narrow", "wide_relu"]},
    )


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph of layers that keep 2 channels; every layer takes from any before it, often from several."""
    layers, inputs, unused = {}, {}, {"input"}
    for i in range(draw(st.integers(1, 7))):
        before = (
            sorted(unused) if i and draw(st.booleans()) else draw(st.sampled_from([["input"], [*layers] or ["input"]]))
        )
        sources = draw(st.lists(st.sampled_from(before), min_size=1, max_size=3))
        kinds = [Join("add")] if len(sources) > 1 else [Conv2d(2, 2, 1), Conv2d(2, 2, 3, padding=1, bias=False), ReLU()]
        layers[f"n{i}"], inputs[f"n{i}"] = draw(st.sampled_from(kinds)), sources
        unused = (unused - set(sources) - {"input"}) | {f"n{i}"}
    if len(unused) > 1:
        layers["end"], inputs["end"] = Join("add"), sorted(unused)
    return Graph(layers, inputs=inputs)


def filled(model, seed: int = 0):
    model.initialize(seed).astype(np.float64)
    for i, array in enumerate(model.parameters().values()):
        array += 0.2 * tie_free(array.shape, seed + i)
    return model


@given(graph=graphs(), seed=st.integers(0, 99))
def test_the_pullback_of_any_graph_is_its_gradient(graph: Graph, seed: int) -> None:
    assert gradcheck(filled(graph, seed), tie_free((2, 2, 3, 4), seed), max_entries=16) < 1e-7


@given(graph=graphs(), seed=st.integers(0, 99))
def test_any_graph_keeps_the_contract(graph: Graph, seed: int) -> None:
    assert_contract(filled(graph, seed), tie_free((1, 2, 3, 3), seed))


@given(graph=graphs())
def test_any_graph_is_rebuilt_from_its_description(graph: Graph) -> None:
    filled(graph)
    rebuilt = build(json.loads(json.dumps(describe(graph)))).astype(np.float64)
    rebuilt.load_state(graph.state())
    x = tie_free((1, 2, 3, 3))
    assert np.array_equal(rebuilt(x), graph(x))
    assert describe(rebuilt) == describe(graph)


def test_without_forks_it_is_a_sequential() -> None:
    graph = filled(Graph(conv=Conv2d(2, 3, 3), relu=ReLU(), inputs={}))
    x = tie_free((2, 2, 5, 5))
    assert np.array_equal(graph(x), Sequential(graph.children)(x))


def test_a_join_of_two_branches_is_a_concat() -> None:
    graph = filled(fire())
    x, dy = tie_free((2, 3, 4, 4)), tie_free((2, 6, 4, 4), 1)
    branches = Sequential(
        squeeze=graph["squeeze"],
        squeezed=graph["squeezed"],
        join=Concat(narrow=graph["narrow"], wide=Sequential(wide=graph["wide"], wide_relu=graph["wide_relu"])),
    )
    y, pullback = graph.forward(x)
    y_branches, pullback_branches = branches.forward(x)
    assert np.allclose(y, y_branches)
    assert np.allclose(pullback(dy)[0], pullback_branches(dy)[0])


def test_an_array_that_is_added_back_makes_it_a_residual() -> None:
    graph = filled(Graph(conv=Conv2d(2, 2, 1), add=Join("add"), inputs={"add": ["conv", "input"]}))
    x, dy = tie_free((1, 2, 3, 3)), tie_free((1, 2, 3, 3), 1)
    residual = Residual(conv=graph["conv"])
    assert np.allclose(graph(x), residual(x))
    assert np.allclose(graph.forward(x)[1](dy)[0], residual.forward(x)[1](dy)[0])


def test_the_same_array_joined_twice_gets_the_gradient_twice() -> None:
    graph = Graph(relu=ReLU(), add=Join("add"), inputs={"add": ["relu", "relu"]})
    y, pullback = graph.forward(np.array([[[[1.0, -1.0]]]]))
    assert y.tolist() == [[[[2.0, 0.0]]]]
    assert pullback(np.ones((1, 1, 1, 2)))[0].tolist() == [[[[2.0, 0.0]]]]


def test_a_watched_layer_gets_the_sum_of_the_gradients_from_all_that_took_it() -> None:
    graph = filled(fire())
    watch = Watch("squeezed", "narrow", "wide")
    y, pullback = graph.forward(tie_free((1, 3, 4, 4)), Pass(watch=watch))
    pullback(np.ones_like(y))
    parts = [
        graph[name].forward(watch.activations["squeezed"])[1](watch.gradients[name])[0] for name in ("narrow", "wide")
    ]
    assert np.allclose(watch.gradients["squeezed"], parts[0] + parts[1])


def test_a_pass_that_ends_at_a_layer_runs_only_what_that_layer_depends_on() -> None:
    graph = filled(fire())
    x = tie_free((1, 3, 4, 4))
    watch = Watch("squeeze", "narrow", "wide")
    y, pullback = graph.forward(x, Pass(until="wide", watch=watch))
    assert set(watch.activations) == {"squeeze", "wide"}
    assert np.array_equal(y, watch.activations["wide"])
    assert {name.partition(".")[0] for name in pullback(np.ones_like(y))[1]} == {"squeeze", "wide"}


def test_asked_for_parameters_alone_it_gives_the_same_ones_and_no_input_gradient() -> None:
    graph = filled(fire())
    y, pullback = graph.forward(tie_free((1, 3, 4, 4)))
    both, (dx, alone) = pullback(np.ones_like(y))[1], pullback(np.ones_like(y), wants="parameters")
    assert dx is None and alone.keys() == both.keys() == graph.parameters().keys()
    assert all(np.array_equal(alone[name], both[name]) for name in both)
    assert pullback(np.ones_like(y), wants="input")[1] == {}


def test_receptive_fields_meet_where_branches_join() -> None:
    fields = receptive_fields(fire())
    assert fields["narrow"].size == (1, 1)
    assert fields["join"].size == fields["wide"].size == (3, 3)


def test_a_summary_lists_its_layers() -> None:
    rows = summary(fire().initialize(), (3, 5, 5)).rows
    assert [row.path for row in rows] == ["squeeze", "squeezed", "narrow", "wide", "wide_relu", "join"]
    assert rows[-1].output_shape == (6, 5, 5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"b": ["c"]}, "'b' takes 'c', but there is no such layer before it"),
        ({"a": ["a"]}, "'a' takes 'a', but there is no such layer before it"),
        ({"b": ["input"], "c": ["b", "b"]}, "nothing takes the output of 'a'"),
        ({"b": ["a", "input"]}, "a Join takes several arrays, any other layer one"),
        ({"c": ["b"]}, "a Join takes several arrays"),
        ({"b": []}, r"'b' takes \[\]"),
        ({"d": ["a"]}, "there is no layer 'd'"),
    ],
)
def test_what_does_not_join_is_refused(inputs: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph(a=ReLU(), b=ReLU(), c=Join("add"), inputs={"c": ["a", "b"]} | inputs)


def test_a_layer_may_not_be_named_as_the_input() -> None:
    with pytest.raises(ValueError, match="is the graph's own input"):
        Graph({"input": ReLU()}, inputs={})


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="expected operation to be one of concat, add, mul, got 'max'"):
        Join("max")


def test_arrays_that_do_not_fit_are_refused_with_the_path_of_the_join() -> None:
    graph = Graph(conv=Conv2d(2, 2, 3), add=Join("add"), inputs={"add": ["conv", "input"]})
    with pytest.raises(ValueError, match=r"^add: add: expected arrays of one shape"):
        graph(np.zeros((1, 2, 5, 5), np.float32))
