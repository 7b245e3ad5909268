"""`python -m benchmarks startup`: which processor seconds it counts, and what it runs."""

from pathlib import Path

import pytest

from benchmarks import startup

BURN = "import time\nwhile time.process_time() < 0.25: pass"


@pytest.mark.slow
@pytest.mark.parametrize("program", [BURN, f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])"])
def test_processor_seconds_are_the_command_s_and_its_children_s(program, tmp_path) -> None:
    found = startup.spent(["-S", "-c", program], str(tmp_path))
    assert 0.25 <= found.processor < 2
    asleep = startup.spent(["-S", "-c", "import time; time.sleep(0.6)"], str(tmp_path))
    assert asleep.seconds > 0.6 > asleep.processor


def test_a_command_that_fails_is_no_measurement(tmp_path) -> None:
    with pytest.raises(SystemExit, match="exited with status 3"):
        startup.spent(["-c", "raise SystemExit(3)"], str(tmp_path))


def test_squeezenet_is_measured_where_its_weights_are(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("MINICNN_DATA", raising=False)
    assert list(startup.cold(tmp_path)) == ["first training step", "minicnn demo"]
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "data"))
    arguments, most = startup.cold(tmp_path)["minicnn predict, SqueezeNet 1.1"]
    assert str(tmp_path / "models" / "squeezenet1_1.safetensors") in arguments and most == 40
