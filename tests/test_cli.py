"""The command ``minigrad``: what it prints and writes, and what it does where something is missing."""

import importlib.metadata
import re
import shutil
import subprocess
import sys

import pytest

import minigrad as mg
from minigrad import cli, data, demo
from minigrad.viz.graphs import renderers

PICTURES = ["digits-graph.svg", "digits-loss.png", "digits-predictions.png"]
EPOCH = re.compile(
    r"epoch +\d+: loss \d\.\d{4}, accuracy \d\.\d{4}; validation loss \d\.\d{4}, accuracy \d\.\d{4}; lr"
)


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.ticker"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def accuracy_in(output):
    return float(re.search(r"Accuracy on the held-out digits: (\d+\.\d\d)%", output)[1])


# demo ---------------------------------------------------------------------------------------------


def test_quick_demo_writes_its_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new" / "folder"
    assert cli.main(["demo", "--quick", "--out", str(folder)]) == 0
    output, errors = capsys.readouterr()
    assert len(EPOCH.findall(output)) == cli.QUICK_EPOCHS
    assert accuracy_in(output) > 90
    assert errors == ""  # no bar, as nobody looks at it
    expected = PICTURES if renderers.available() else PICTURES[1:]
    assert sorted(path.name for path in folder.iterdir()) == expected
    for name in expected:
        assert str(folder / name) in output
        assert (folder / name).stat().st_size > 5_000


def test_demo_learns_the_digits(tmp_path, capsys, no_matplotlib, no_graphviz):
    """The promise of the README; half a minute is allowed, it takes seconds."""
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert len(EPOCH.findall(output)) == cli.EPOCHS
    assert accuracy_in(output) > 97
    assert float(re.search(r"after (\d+\.\d) s", output)[1]) < 30


def test_demo_where_nothing_can_draw(tmp_path, capsys, no_matplotlib, no_graphviz):
    assert cli.main(["demo", "--epochs", "1", "--out", str(tmp_path)]) == 0
    output, errors = capsys.readouterr()
    assert not list(tmp_path.iterdir()) and errors == ""
    graph, plots = output.splitlines()[-2:]
    assert graph.startswith(
        "No digits-graph.svg: drawing needs Graphviz, which is not installed: pip"
    )
    assert plots == (
        "No digits-loss.png and digits-predictions.png: they need matplotlib, "
        'pip install "minigrad-autograd[plot]".'
    )


def test_demo_goes_by_its_seed(tmp_path, capsys, no_matplotlib, no_graphviz):
    printed = []
    for seed in ("3", "3", "4"):
        cli.main(["demo", "--epochs", "1", "--seed", seed, "--out", str(tmp_path)])
        printed.append(EPOCH.findall(capsys.readouterr().out))
    assert printed[0] == printed[1] != printed[2]


def test_graph_of_the_demo_is_that_of_its_loss():
    mg.manual_seed(0)
    train_set, test_set = data.digits_split()
    outcome = demo.learn(train_set, test_set, epochs=1)
    kinds = {}
    for box in outcome.graph._picture.boxes:
        kinds.setdefault(box.kind, []).append(box.title)
    assert kinds["input"] == ["images"] and kinds["target"] == ["labels"]
    assert kinds["output"] == ["loss"]
    assert kinds["parameter"] == [name for name, _ in outcome.model.named_parameters()]
    frames = [call.name for call in outcome.graph._picture.frames()]
    assert frames[0] == "Sequential" and frames[-1] == "CrossEntropyLoss" and len(frames) == 9


def test_demo_shows_a_bar_in_a_terminal(tmp_path, capsys, monkeypatch, no_matplotlib, no_graphviz):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert cli.main(["demo", "--epochs", "2", "--out", str(tmp_path)]) == 0
    output, errors = capsys.readouterr()
    assert "epoch 2/2" in errors and "batch/s" in errors
    assert len(EPOCH.findall(output)) == 2


def test_demo_into_a_file_fails_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "--out", str(tmp_path / "file")]) == 1
    output, errors = capsys.readouterr()
    assert output == ""  # it says so before it trains
    assert errors.startswith("minigrad demo: ") and "file" in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no such luck"), ValueError("bad"), OSError("disk full"), ImportError("x")],
)
def test_failures_are_one_line(error, capsys, monkeypatch):
    def fail(*args):
        raise error

    monkeypatch.setattr(demo, "run", fail)
    assert cli.main(["demo"]) == 1
    assert capsys.readouterr() == ("", f"minigrad demo: {error}\n")


def test_stopped_by_the_person(capsys, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", stop)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "minigrad: stopped\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: {demo,info}"),
        (["train"], "invalid choice: 'train'"),
        (["demo", "--epochs", "0"], "it has to be at least 1, got 0"),
        (["demo", "--epochs", "many"], "argument --epochs: "),
        (["demo", "--epochs", "2", "--quick"], "not allowed with argument --epochs"),
    ],
)
def test_wrong_arguments(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_no_epochs():
    with pytest.raises(ValueError, match="at least 1 epoch, got 0"):
        demo.run("nowhere", epochs=0)


# info ---------------------------------------------------------------------------------------------


def test_info(capsys):
    assert cli.main(["info"]) == 0
    output = capsys.readouterr().out
    facts = dict(line.split(maxsplit=1) for line in output.splitlines() if " " in line)
    assert facts["minigrad"] == mg.__version__
    assert facts["python"].startswith("{}.{}.{}".format(*sys.version_info[:3]))
    assert facts["numpy"] == importlib.metadata.version("numpy")
    assert facts["cpu"].startswith("usable: arrays of numpy 2.")
    assert facts["cuda"].startswith(("usable: arrays of cupy", "not usable: "))
    for name in renderers.RENDERERS:
        assert name in facts
    assert {"matplotlib", "safetensors", "cupy"} <= set(facts)


def test_info_where_everything_is_missing(capsys, monkeypatch, no_graphviz):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["info"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"^dot +not found$", output, re.MULTILINE)
    assert re.search(r"^text +as there is no Graphviz: pip install", output, re.MULTILINE)
    for module, extra in cli.EXTRAS.items():
        assert re.search(
            rf'^{module} +missing: pip install "minigrad-autograd\[{extra}\]"$',
            output,
            re.MULTILINE,
        )


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"minigrad {mg.__version__}\n"


def test_python_m_minigrad_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "info"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"minigrad     {mg.__version__}\n")
    bad = subprocess.run([sys.executable, "-m", "minigrad"], capture_output=True, text=True)
    assert bad.returncode == 2 and bad.stderr.startswith("usage: minigrad ")
