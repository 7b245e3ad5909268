"""A real Jupyter kernel, as students use it: what cells show, what `fit` prints, what the stop button does."""

import queue
import time
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the extra notebook is not installed")
nbclient = pytest.importorskip("nbclient", reason="the extra notebook is not installed")
pytest.importorskip("ipykernel", reason="the extra notebook is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client"),
    pytest.mark.filterwarnings("ignore:.*Proactor event loop.*"),
]

ROOT = Path(__file__).parents[1]
PATIENCE = 600  # seconds: kernels may have to be compiled first

BEGIN = """
import numpy as np
import minicnn as cnn, viz
from viz import plot
rng = np.random.default_rng(0)
data = cnn.data.Dataset(rng.integers(0, 256, (40, 1, 8, 8), np.uint8), np.arange(40) % 2, ["odd", "<even>"])
model = cnn.Sequential(flatten=cnn.Flatten(), fc1=cnn.Dense(64, 8), relu=cnn.ReLU(), fc2=cnn.Dense(8, 2)).initialize()
model.transform = cnn.data.Transform()
result = cnn.evaluate(model, data)
"""


@pytest.fixture(autouse=True)
def kernel_s_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kernels import the code under test and start in an empty folder; the user's settings are not touched."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)


def run(*cells: str) -> list[list]:
    """The outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def text(outputs: list, name: str = "stdout") -> str:
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == name)


def test_what_a_cell_returns_is_seen() -> None:
    with_html = ["model", "data", "data[1]", "result", "cnn.summary(model, (1, 8, 8))", "viz.diagram(model)"]
    with_html += [
        "cnn.predict(model, data.images[0, 0])",
        "viz.activation_statistics(model, data, ['relu'], progress=False)",
    ]
    drawn = [
        "plot.confusion(result)",
        "result.plot()",
        "data.show(8)",
        "plot.images(data)",
        "viz.diagram(model).plot()",
    ]
    begin, *shown, figures = run(BEGIN, *with_html, *drawn, "import sys; 'matplotlib.pyplot' in sys.modules")
    assert begin == []
    for cell, outputs in zip([*with_html, *drawn], shown, strict=True):
        assert [output.output_type for output in outputs] == ["execute_result"], cell
        (output,) = outputs
        assert ("text/html" if cell in with_html else "image/png") in output.data, cell
        assert len(output.data["text/plain"]) < 600, cell
    assert figures[0].data["text/plain"] == "False"


def test_drawings_appear_once_beside_pyplot_and_leave_nothing_open() -> None:
    _, alone, given, first, later, left = run(
        BEGIN + "import matplotlib.pyplot as plt",
        "plot.confusion(result)",
        "figure, axes = plt.subplots()\nplot.confusion(result, ax=axes);",
        "plot.confusion(result)\nplot.per_class(result)",
        "%matplotlib inline\nplot.confusion(result)",
        "plt.get_fignums()",
    )
    for outputs in (alone, given, first, later):
        assert [output.output_type for output in outputs if "image/png" in output.get("data", {})] == [
            "display_data" if outputs is given else "execute_result"
        ]
    assert left[0].data["text/plain"] == "[]"


FIT = BEGIN + "history = cnn.fit(model, data, data, epochs=3, batch_size=8)"


def test_fit_prints_a_line_for_each_epoch_and_leaves_no_bar_in_the_saved_notebook() -> None:
    (outputs, shown) = run(FIT, "history")
    lines = text(outputs).splitlines()
    assert [line.split(":")[0] for line in lines] == ["before training", "epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert text(outputs, "stderr") == ""
    (bar,) = (output.data for output in outputs if output.output_type == "display_data")
    assert bar == {"text/plain": ""}
    assert "<img " in shown[0].data["text/html"] and shown[0].data["text/html"].count("<tr>") == 1 + 1 + 3


def test_without_widgets_the_bar_is_text_and_nobody_is_warned() -> None:
    (outputs,) = run("import sys; sys.modules['ipywidgets'] = None\n" + FIT)
    assert len(text(outputs).splitlines()) == 4
    assert "IProgress" not in text(outputs, "stderr") and "epoch 3/3" in text(outputs, "stderr")


def test_progress_false_shows_nothing() -> None:
    assert run(FIT.replace("batch_size=8", "progress=False")) == [[]]


def test_the_stop_button_ends_fit_with_the_history_so_far() -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    try:

        def outputs(code: str, stop_at: str = "") -> str:
            """The output of a cell; once this text is printed, the kernel is interrupted as by the button."""
            cell, said, stopped = client.execute(code), "", False
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                try:
                    message = client.get_iopub_msg(timeout=10)
                except queue.Empty:
                    continue
                content, kind = message["content"], message["msg_type"]
                if message["parent_header"].get("msg_id") != cell:
                    continue
                if kind == "status" and content["execution_state"] == "idle":
                    return said
                said += content.get("text", "") + content.get("evalue", "")
                if stop_at and stop_at in said and not stopped:
                    stopped = True
                    manager.interrupt_kernel()
            raise TimeoutError(said)

        said = outputs(FIT.replace("epochs=3", "epochs=10**6"), stop_at="epoch 2/")
        assert "\ninterrupted in epoch " in said and "KeyboardInterrupt" not in said
        told = outputs("print(history.interrupted, len(history.epochs) >= 2, np.isfinite(model['fc1'].weight).all())")
        assert told == "True True True\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_page_is_a_frame() -> None:
    cell = "from viz.page.page import Page; page = Page('a.html'); page.write_text('<p>hello'); page"
    (outputs,) = run(cell)
    assert 'srcdoc="&lt;p&gt;hello"' in outputs[-1].data["text/html"]
