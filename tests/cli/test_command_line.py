"""The command line itself: its help texts, and its one-line errors."""

import os
import re
import subprocess
import sys

import pytest

import minicnn as cnn
from minicnn.cli import COMMANDS, main, name_of


def manual(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [name_of(command) for command in COMMANDS])
def test_each_command_has_a_manual_for_80_columns_with_examples(command, capsys):
    text = manual(capsys, command)
    assert f"minicnn {command} " in text
    assert "example" in text
    assert max(map(len, text.splitlines())) <= 80
    assert max(map(len, re.findall(r"^(  -.*?  +)\S", text, re.MULTILINE))) <= 26  # where a description begins


def test_the_manual_lists_the_commands_and_they_are_what_comes_without_one(run, capsys):
    status, out, _ = run()
    assert status == 0
    assert out == manual(capsys)
    assert all(f"\n    {name} " in out for name in map(name_of, COMMANDS))
    assert "\n    demo      learn ten kinds of clothing, and show what was learned\n" in out


def test_manuals_name_all_data_sets_and_networks(capsys):
    text = " ".join(manual(capsys, "train").replace("-\n", "-").split())
    for name in (*cnn.data.NAMES, *cnn.zoo.names()):
        assert re.sub(r"- ", "-", name) in re.sub(r"- ", "-", text)


@pytest.mark.parametrize("command", ["predict", "explain", "import"])
def test_manuals_tell_how_images_must_be_prepared_for_published_files(command, capsys):
    text = " ".join(manual(capsys, command).split())
    assert "bgr255: blue, green and red from 0 to 255, no mean subtracted: SqueezeNet's own files" in text
    assert "ONNX model zoo" in text


def test_manuals_load_nothing_heavy():
    program = (
        "import sys; from minicnn.cli import main\n"
        "try: main(['train', '--help'])\n"
        "finally: sys.exit(', '.join({'numpy', 'numba', 'matplotlib'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_runs_the_package_as_the_command_and_the_version_is_told():
    done = subprocess.run([sys.executable, "-m", "minicnn", "--version"], capture_output=True, text=True)
    assert done.stdout == f"minicnn {cnn.__version__}\n"


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(trained):
    program = f"import sys; from minicnn.cli import main; sys.exit(main(['summary', {str(trained)!r}]))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("tran garments", "invalid choice: 'tran'"),
        ("train", "the following arguments are required: DATA; see minicnn train --help"),
        ("train garments --epoch 3", "unrecognized arguments: --epoch 3"),
        ("train garments --epochs many", "argument --epochs: invalid int value: 'many'; see minicnn train --help"),
        ("train garments --model sede", "there is no network 'sede'; did you mean seed"),
        ("train minst", "unknown data set 'minst'; did you mean 'mnist'?"),
        ("train mnist --root nowhere", "nowhere: expected a data folder, but there is none"),
        ("train ./nowhere", "nowhere: expected a folder with a data set, but it does not exist"),
        ("train garments --momentum 0.9", "--momentum is sgd's, and adam has its own"),
        *[
            (f"train garments {option}", "--shares, --any-order and --sync-batch-norm are for --distributed; add it")
            for option in ("--shares 4", "--any-order", "--sync-batch-norm")
        ],
        ("train garments --lr -1", "lr must be positive and finite, got -1.0"),
        ("train garments --augment rotate", "expects a list such as crop=4,flip,cutout=8, got 'rotate' in it"),
        ("train garments --threads 0", "set_num_threads: expected 1 to "),
        ("train garments --size 32", "unexpected keyword argument 'size'"),
        ("evaluate nowhere.safetensors garments", "nowhere.safetensors: there is no such file"),
        ("predict nowhere image.png", "nowhere: there is no such file"),
        ("predict . image.png", ".: expected the folder of a run, but there is no model.safetensors in it"),
        (
            "summary resnet8",
            "resnet8: there is no such file or folder; expected a network of the zoo, the folder of a run",
        ),
        ("summary resnet8", "did you mean resnet18"),
        (
            "summary runs/nosuch",
            "runs/nosuch: there is no such file or folder; expected a network of the zoo, the folder",
        ),
        ("summary nowhere.safetensors", "nowhere.safetensors: there is no such file"),
        ("summary seed --input 1 4 4", "seed: expected input_size"),
    ],
)
def test_wrong_arguments(fails, few_garments, line, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in fails(*line.split())


@pytest.mark.parametrize("encoding", ["cp1252", *(pytest.param(e, marks=pytest.mark.slow) for e in ("ascii", "utf-8"))])
def test_a_table_is_drawn_with_what_the_output_has_characters_for(encoding, tmp_path):
    command = [sys.executable, "-m", "minicnn", "summary", "lenet5"]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    result = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert not result.stderr
    lines = result.stdout.decode(encoding).splitlines()
    plain = [line.translate(str.maketrans("×─–", "x--")) for line in lines]
    assert plain[1] == "-" * len(lines[1]) and "28x28x1" in plain[2] and plain[-1].startswith("total")
    assert ("─" in lines[1]) == (encoding == "utf-8")
