"""`python -m benchmarks`: help if there is no command, one command for everything, minicnn alone without PyTorch."""

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import peers, report
from benchmarks.table import Row


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(report, "PAGE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    return report.PAGE


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list:
    """The measurements that were requested, none of which is run: (command, PyTorch's modes)."""
    asked: list = []

    def measure(name: str, given: dict, modes: tuple[str, ...], *_: object) -> Row:
        asked.append((name, tuple(modes)))
        return Row(name, 2, 0.01, {f"PyTorch {mode}": 4 for mode in modes})

    monkeypatch.setattr(report, "measure", measure)
    return asked


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "installed", lambda package: False)


def test_without_a_command_it_prints_help_and_measures_nothing(page, measured, capsys) -> None:
    command.main([])
    assert capsys.readouterr().out.startswith("usage: python -m benchmarks")
    assert not measured and not page.exists()


@pytest.mark.parametrize("name", command.EXPERIMENTS)
def test_an_experiment_is_a_command(name, capsys) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        command.main([name, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m benchmarks {name} ")
    command.main([])
    assert f"\n    {name}" in capsys.readouterr().out


def test_without_torch_a_row_has_no_peers_and_a_hint_says_why(without_torch, measured, capsys) -> None:
    command.main(["step"])
    shown = capsys.readouterr()
    assert measured == [("step", ())]
    assert shown.err == "torch is not installed (pip install -e '.[peers]'); measuring minicnn alone\n"
    assert shown.out.splitlines()[-1] == "| step | 2 ms ± 1% | – | – |  |  |"


def test_alone_asks_for_no_peers_and_with_them_the_ratio_is_shown(monkeypatch, measured, capsys) -> None:
    monkeypatch.setattr(peers, "installed", lambda package: True)
    command.main(["--alone", "step"])
    command.main(["step", "--modes", "eager"])
    assert measured == [("step", ()), ("step", ("eager",))]
    assert "| PyTorch eager 4 ms | **2.00** |" in capsys.readouterr().out


def test_figures_of_minicnn_alone_take_no_comparison_s_place(page, measured, capsys) -> None:
    command.main(["--alone", "table", "--only", "memory"])
    assert len(measured) == 3 and not page.exists() and not report.RESULTS.exists()
    for name in ("cost", "all"):
        with pytest.raises(SystemExit, match=f"benchmarks {name} needs PyTorch; --alone table prints"):
            command.main(["--alone", name])


def test_a_missing_peer_is_named_and_another_mistake_is_not_hidden(monkeypatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name, error in (("captum", SystemExit), ("minicnn.nothing", ModuleNotFoundError)):
        monkeypatch.setattr(report, "measure", lambda *_, name=name: fail(name))
        with pytest.raises(error, match=f"benchmarks: {name} is not installed" if error is SystemExit else name):
            command.main(["--alone", "step"])


@pytest.mark.slow
def test_a_real_row_alone(monkeypatch, capsys) -> None:
    command.main(["--alone", "conv", "--channels", "4", "--size", "8", "--batch", "1"])
    assert "| forward, 3×3 convolution 4→4, 1×8×8 | " in capsys.readouterr().out


@pytest.mark.slow
def test_the_cost_of_a_gradient_check_is_written_to_the_page(page, monkeypatch) -> None:
    from benchmarks.gradients import cost

    monkeypatch.setattr(cost, "CHECKERS", {})
    monkeypatch.setattr(cost, "ROUNDS", 1)
    command.main(["gradients", "--cost", "5000"])
    text = page.read_text()
    assert "## The cost of a gradient check\n\n`python -m benchmarks gradients --cost 5000`: 5,000 entries" in text
    rows = {cells[1].strip(): cells[2:] for cells in (line.split("|") for line in text.splitlines()) if len(cells) == 8}
    assert set(cost.WORKS) < set(rows)
    assert all(0 < int(rows[name][0]) < 600 and rows[name][4].strip() == "–" for name in cost.WORKS)
