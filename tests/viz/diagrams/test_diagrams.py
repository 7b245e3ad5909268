import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from matplotlib.mathtext import MathTextParser

import minicnn as cnn
import viz
from minicnn import testing
from viz.diagrams.bricks import brick_layout, bricks_of
from viz.diagrams.layout import ABOVE, LABEL, LETTER, MARGIN, ROW, _apex, _bend, arc_ends


def two_layers(**options):
    return cnn.Sequential(fc1=cnn.Dense(784, 100, **options), relu=cnn.ReLU(), fc2=cnn.Dense(100, 10, **options))


def rebuilt(model):
    namespace = {}
    exec(viz.python_code(model), namespace)
    copy = namespace["model"].astype(next(iter(model.parameters().values()), np.zeros(1, np.float32)).dtype)
    copy.load_state(model.state())
    return copy


def test_two_dense_layers_are_the_book_s_formula():
    assert viz.diagram(two_layers()).letters == ["l₂ = relu(l₀W₀)W₁"]
    flat = cnn.Sequential(flatten=cnn.Flatten(), **two_layers().children)
    assert viz.diagram(flat).letters == ["l₂ = relu(l₀W₀)W₁"]


def test_algebra_has_biases_and_what_letters_leave_out():
    assert viz.diagram(two_layers(bias=False)).algebra == [r"l_{2} = \mathrm{relu}(l_{0}\,W_{0})\,W_{1}"]
    assert viz.diagram(cnn.zoo.build("seed")).algebra == [
        r"l_{1} = \mathrm{pool}(\mathrm{relu}(l_{0} \ast W_{0} + b_{0}))",
        r"l_{2} = \mathrm{vec}(\mathrm{pool}(\mathrm{relu}(l_{1} \ast W_{1} + b_{1})))",
        r"l_{3} = \mathrm{drop}(\mathrm{relu}(l_{2}\,W_{2} + b_{2}))",
        r"l_{4} = l_{3}\,W_{3} + b_{3}",
    ]


@pytest.mark.parametrize(
    ("weights", "written"), [(3, ["l₃ = l₀W₀W₁W₂"]), (4, ["l₁ = l₀W₀", "l₂ = l₁W₁", "l₃ = l₂W₂", "l₄ = l₃W₃"])]
)
def test_a_chain_of_up_to_three_weights_stands_on_one_line(weights, written):
    assert viz.diagram(cnn.Sequential(*(cnn.Dense(4, 4) for _ in range(weights)))).letters == written


@pytest.mark.parametrize(
    ("stride", "sign"), [(1, ""), (2, "_{2}"), ((2, 1), r"_{2\times 1}"), ((1, 2), r"_{1\times 2}")]
)
@pytest.mark.parametrize(("kind", "star"), [(cnn.Conv2d, r"\ast"), (cnn.ConvTranspose2d, r"\ast^{\top}")])
def test_a_convolution_s_sign_has_its_strides(kind, star, stride, sign):
    model = cnn.Sequential(kind(1, 1, 3, stride=stride, bias=False))
    assert viz.diagram(model, (1, 9, 9)).algebra == [rf"l_{{1}} = l_{{0}} {star}{sign} W_{{0}}"]


def test_a_sum_that_is_multiplied_stands_in_brackets():
    linear = cnn.Sequential(cnn.Dense(4, 3), cnn.Dense(3, 2))
    assert viz.diagram(linear).letters == ["l₂ = l₀W₀W₁"]
    assert viz.diagram(linear).algebra == [r"l_{2} = (l_{0}\,W_{0} + b_{0})\,W_{1} + b_{1}"]


@pytest.mark.parametrize("bias", [True, False])
def test_a_sum_in_the_brackets_of_a_join_needs_no_others(bias):
    model = cnn.Sequential(only=cnn.Concat(fc1=cnn.Dense(4, 3, bias=bias)), fc2=cnn.Dense(3, 2, bias=bias))
    joined, end = (r"[l_{0}\,W_{0} + b_{0}]", " + b_{1}") if bias else (r"[l_{0}\,W_{0}]", "")
    assert viz.diagram(model).algebra == [rf"l_{{3}} = {joined}\,W_{{1}}{end}"]
    assert viz.diagram(model).letters == ["l₃ = [l₀W₀]W₁"]


def test_branches_and_ways_around():
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3, stride=2, padding=1),
        relu=cnn.ReLU(),
        fork=cnn.Concat(one=cnn.Conv2d(4, 2, 1), rest=cnn.Sequential(cnn.Conv2d(4, 2, 3, padding=1), cnn.ReLU())),
        around=cnn.Residual(conv=cnn.Conv2d(4, 4, 3, padding=1, bias=False)),
        gap=cnn.GlobalAvgPool2d(),
        fc=cnn.Dense(4, 3),
    )
    found = viz.diagram(model, (1, 8, 8))
    assert found.letters == [
        "l₁ = relu(l₀∗W₀)",
        "l₂ = l₁∗W₁",
        "l₃ = relu(l₁∗W₂)",
        "l₄ = [l₂, l₃]",
        "l₅ = l₄∗W₃",
        "l₆ = mean(l₅ + l₄)",
        "l₇ = l₆W₄",
    ]
    assert found.algebra[0] == r"l_{1} = \mathrm{relu}(l_{0} \ast_{2} W_{0} + b_{0})"
    assert [s.shape for s in found.statements] == [
        (1, 8, 8), (4, 4, 4), (2, 4, 4), (2, 4, 4), (4, 4, 4), (4, 4, 4), (4,), (3,),
    ]  # fmt: skip


def test_bricks_are_the_matrices_of_the_products():
    conv, fc = viz.diagram(cnn.zoo.build("seed")).statements[1::2]
    block, strip = bricks_of(conv)
    assert (block.letter, block.rows, block.columns) == ("W₀", 9, 10)  # nine of ten numbers enter an output
    assert (strip.letter, strip.rows, strip.columns) == ("l₁", 13 * 13, 10)  # places and channels
    block, strip = bricks_of(fc)
    assert (block.rows, block.columns, strip.rows, strip.columns) == (500, 50, 1, 50)


@pytest.mark.parametrize("name", ["seed", "lenet5", "mnist-cnn", "cifar-vgg-bn", "resnet20", "squeezenet1_1"])
def test_the_python_builds_an_equal_network(name):
    model = cnn.zoo.build(name)
    copy = rebuilt(model)
    assert {k: a.shape for k, a in copy.state().items()} == {k: a.shape for k, a in model.state().items()}
    channels, *size = cnn.zoo.network(name).input_shape
    x = np.random.default_rng(0).standard_normal((1, channels, *(min(side, 64) for side in size))).astype(np.float32)
    assert np.array_equal(copy(x), model(x))


@given(testing.networks())
def test_any_network_can_be_rebuilt_and_written(network):
    assert np.array_equal(rebuilt(network.model)(network.x()), network.model(network.x()))
    found = viz.diagram(network.model, network.shape[1:])
    assert found.letters and len(found.letters) == len(found.algebra)
    parser = MathTextParser("agg")
    for line in found.algebra:
        parser.parse(f"${line}$")


class Twice(cnn.Layer):
    def __init__(self, times, kind="plain"):
        self.times, self.kind = times, kind

    def forward(self, x, pass_):
        return self.times[0] * x, lambda dy, wants="both": (self.times[0] * dy, {})


def test_a_layer_of_one_s_own_is_written_by_its_name():
    model = cnn.Sequential({"twice": Twice((2, 2), kind="odd"), "for": cnn.Dense(2, 2)})
    assert viz.diagram(model, (2,)).letters == ["l₂ = Twice(l₀)W₀"]
    assert "{'twice': Twice((2, 2), kind='odd'), 'for': cnn.Dense(2, 2)}" in viz.python_code(model)


@pytest.mark.parametrize(
    ("model", "format"),
    [
        pytest.param(two_layers(), "svg", id="two layers"),
        pytest.param(cnn.zoo.build("resnet20"), "png", id="resnet20", marks=pytest.mark.slow),
    ],
)
def test_all_four_stand_on_one_page(model, format):
    figure = viz.diagram(model).plot()
    texts = [text.get_text() for text in figure.texts]
    assert {"bricks", "letters", "algebra", "Python"} <= set(texts)
    figure.savefig(io.BytesIO(), format=format, dpi=40)
    width, height = figure.get_size_inches()
    for text in figure.texts:
        x, y = text.get_position()
        assert 0 <= x <= 1 and 0 <= y <= 1
    assert width < 41 and height < 30


def test_no_kernel_is_run_for_the_shapes(monkeypatch):
    def never(self, x, pass_):
        raise AssertionError(f"{type(self).__name__} was run")

    for kind in (cnn.Conv2d, cnn.MaxPool2d, cnn.AvgPool2d, cnn.BatchNorm2d, cnn.Dense):
        monkeypatch.setattr(kind, "forward", never)
    inside = cnn.Residual(conv=cnn.Conv2d(4, 4, 3, padding=1), bn=cnn.BatchNorm2d(4))
    model = cnn.Sequential(conv=cnn.Conv2d(3, 4, 3), pool=cnn.MaxPool2d(2), inside=inside, gap=cnn.GlobalAvgPool2d())
    found = viz.diagram(model)
    assert found.input_shape == (3, 224, 224) and found.statements[-2].shape == (4, 111, 111)
    assert viz.diagram(cnn.Conv2d(3, 4, 3), (3, 9, 9)).statements[-1].shape == (4, 7, 7)


def test_the_shape_is_taken_from_what_the_network_tells():
    assert viz.diagram(two_layers()).input_shape == (784,)
    assert repr(viz.diagram(two_layers())) == "Diagram(2 weights, input 784)"
    assert viz.diagram(cnn.zoo.build("seed")).input_shape == (1, 28, 28)
    model = cnn.zoo.build("cifar-vgg")
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, channels="RGB", crop=32)
    assert viz.diagram(model).input_shape == (3, 32, 32)


@pytest.mark.parametrize("side", [224, 227, 299, 64, 32, 28])
def test_without_a_transform_the_usual_size_is_taken_that_fits(side):
    only = cnn.Sequential(cnn.Conv2d(2, 1, (side, side - 1)), cnn.Flatten(), cnn.Dense(2, 1))
    assert viz.diagram(only).input_shape == (2, side, side)


def test_the_first_size_that_fits_is_taken_unless_a_transform_crops():
    model = cnn.Sequential(relu=cnn.ReLU(), first=cnn.Conv2d(3, 1, 5))
    assert viz.diagram(model).input_shape == (3, 224, 224)
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, channels="RGB", crop=(30, 40))
    assert viz.diagram(model).input_shape == (3, 30, 40)


@pytest.mark.parametrize(("letters", "lines"), [(69, 5), (70, 7)])
def test_a_container_stands_on_one_line_if_that_has_at_most_100_columns(letters, lines):
    """As indented as what is in it; the network itself always has several lines."""
    name = "n" * letters
    code = viz.python_code(cnn.Sequential(cnn.Concat(**{name: cnn.ReLU()})))
    assert code.count("\n") == lines
    block = f"    cnn.Concat({name}=cnn.ReLU()),\n"
    assert (block in code) is (lines == 5) and len(block.rstrip(",\n")) + 4 == 31 + letters
    if lines == 7:
        assert f"    cnn.Concat(\n        {name}=cnn.ReLU(),\n    ),\n" in code


def test_a_network_without_a_usual_size_asks_for_it():
    with pytest.raises(ValueError, match="give input_shape"):
        viz.diagram(cnn.Sequential(cnn.Conv2d(1, 1, 3), cnn.Flatten(), cnn.Dense(25, 1)))
    with pytest.raises(ValueError, match="no weights"):
        viz.diagram(cnn.Sequential(cnn.ReLU()))


def layout_of(name, width=None):
    """The layout of a network, its statements, and the boxes by letters."""
    found = viz.diagram(cnn.zoo.build(name), cnn.zoo.network(name).input_shape).statements
    layout = brick_layout(found, width)
    named = (zip(bricks_of(s), layout.boxes[s.number], strict=True) for s in found)
    return layout, found, {brick.letter: box for pair in named for brick, box in pair if brick}


def test_a_projection_is_drawn_above_what_it_skips():
    layout, _, boxes = layout_of("resnet18")
    columns = layout.columns
    assert columns[8] == columns[10] < columns[9] < columns[11]  # l₁₁ = relu(l₉ + l₁₀), l₉ is made of l₈
    tops = {letter: bottom + high for letter, (_, bottom, _, high) in boxes.items()}
    assert boxes["l₁₀"][1] > max(tops[letter] for letter in ("W₆", "l₉", "l₁₁"))


@pytest.mark.parametrize(("name", "rows"), [("lenet5", 1), ("resnet18", 2), ("googlenet", 2), ("densenet121", 12)])
def test_a_long_network_has_rows_each_of_which_goes_on_where_one_ends(name, rows):
    layout, found, _ = layout_of(name)
    assert max(layout.rows.values()) + 1 == rows and layout.width < ROW + 1
    for s in found:
        before = [source for source in s.sources if layout.rows[source] != layout.rows[s.number]]
        for source in before:
            assert layout.rows[source] == layout.rows[s.number] - 1
            last = max(n for n, row in layout.rows.items() if row == layout.rows[source])
            assert layout.columns[source] == layout.columns[last]
    for upper, lower in itertools.pairwise(range(rows)):
        bottoms = [strip[1] for n, (_, strip) in layout.boxes.items() if layout.rows[n] == upper]
        tops = [strip[1] + strip[3] for n, (_, strip) in layout.boxes.items() if layout.rows[n] == lower]
        assert min(bottoms) > max(tops)


def test_an_arc_clears_the_bricks_that_it_goes_over():
    tall = (4.0, 0.0, 2.0, 3.0)  # its top is 2 above the arc's ends, halfway between them
    bend = _bend((0.0, 1.0), (10.0, 1.0), [tall])
    assert 2 + LETTER < 2 * 0.5 * 0.5 * bend * 10 < 2 + 2 * LETTER  # with room for the brick's letter, and no more
    assert _bend((0.0, 1.0), (10.0, 1.0), [(4.0, 2.0, 2.0, 3.0)]) < bend  # of another lane


@pytest.mark.parametrize(("end", "bend"), [((10.0, 0.0), 0.12), ((2.0, 0.0), 0.5), ((10.0, -3.0), 0.12)])
def test_an_arc_over_nothing_rises_little(end, bend):
    """By 0.6 inches, or half of what is short; bricks in other lanes, at its ends or above it change nothing."""
    boxes = [(-0.3, -9.0, 0.5, 20.0), (end[0] - 0.1, -9.0, 0.2, 20.0), (end[0] / 2 - 0.1, 0.0, 0.2, 20.0)]
    assert _bend((0.0, 0.0), end, []) == _bend((0.0, 0.0), end, boxes) == pytest.approx(bend)
    assert _bend((0.0, 0.0), end, [(end[0] / 2, -1.0, 0.1, 99.0)]) == 1  # and at most by its span


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.2, 2.0])
def test_an_arc_is_highest_where_its_curve_is(slope):
    start, end, bend = (2.0, 1.0), (12.0, 1 + 10 * slope), 0.4
    t = min(max(0.5 + slope / (4 * bend), 0), 1)
    assert _apex(start, end, bend) == pytest.approx(1 + 10 * (slope * t + 2 * t * (1 - t) * bend), abs=0.01)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "mobilenet_v2"])
def test_a_drawing_ends_where_its_arcs_letters_and_shapes_end(name):
    """The last row's bricks have just the room for their shapes below, the first row's for their letters and arcs."""
    layout, _, boxes = layout_of(name)
    assert min(bottom for _, bottom, _, _ in boxes.values()) == pytest.approx(LABEL + MARGIN)
    assert max(bottom + high for _, bottom, _, high in boxes.values()) <= layout.height - ABOVE - MARGIN + 1e-9
    arcs = [_apex(*arc_ends(layout, *pair), bend) for pair, bend in layout.bends.items()]
    assert all(arc <= layout.height - MARGIN for arc in arcs) and (len(arcs) > 0) == (name != "lenet5")


@pytest.mark.parametrize(("name", "width"), [("lenet5", 9), ("lenet5", 12), ("resnet18", 21), ("squeezenet1_1", None)])
def test_bricks_fill_the_width_and_none_lies_on_another(name, width):
    layout, _, boxes = layout_of(name, width)
    first = [box for n, pair in layout.boxes.items() for box in pair if box and layout.rows[n] == 0]
    ends = [box[0] + box[2] for box in boxes.values()]
    assert min(box[0] for box in first) == pytest.approx(layout.width - max(ends))
    assert all(w > 0 and h > 0 and 0 < y < y + h < layout.height for _, y, w, h in boxes.values())
    for (x0, y0, w0, h0), (x1, y1, w1, h1) in itertools.combinations(boxes.values(), 2):
        assert x0 + w0 < x1 or x1 + w1 < x0 or y0 + h0 < y1 or y1 + h1 < y0


@pytest.mark.parametrize(
    ("layers", "around", "turned"), [(2, False, False), (4, False, False), (4, True, True), (5, False, True)]
)
def test_shapes_below_more_than_nine_bricks_are_turned(layers, around, turned):
    """Each product has two bricks, a sum one, and the input one."""
    model = cnn.Sequential(*(cnn.Dense(6, 6) for _ in range(layers)))
    if around:
        model = cnn.Sequential(*list(model.children.values())[1:], cnn.Residual(cnn.Dense(6, 6)))
    found = viz.diagram(model, (6,))
    bricks = sum(brick is not None for s in found.statements for brick in bricks_of(s))
    assert (bricks > 9) == turned
    texts = [text for ax in found.plot().axes for text in ax.texts if "×" in text.get_text()]
    assert {text.get_rotation() for text in texts} == {90.0 if turned else 0.0}


@pytest.mark.parametrize(
    ("count", "last"), [(1, "line 0"), (72, "line 71"), (73, "… and 2 more lines"), (100, "… and 29 more lines")]
)
def test_columns_of_more_than_72_lines_are_cut(count, last):
    found, lines = viz.diagram(two_layers()), [f"line {i}" for i in range(count)]
    figure = viz.Diagram(lines, ["x"], "code", found.input_shape, found.statements).plot()
    at = next(i for i, text in enumerate(figure.texts) if text.get_text() == "letters")
    column = figure.texts[at + 1 : at + 1 + min(count, 72)]
    assert [text.get_text() for text in column] == [*lines[: min(count, 72) - 1], last]
    downward = [text.get_position()[1] * figure.get_figheight() for text in column]
    assert np.diff(downward) == pytest.approx([-1.42 * 8 / 72] * (len(column) - 1))  # inches of a line of 8 points
    assert min(downward) > 0 and figure.texts[at + 1 + len(column)].get_text() == "algebra"
