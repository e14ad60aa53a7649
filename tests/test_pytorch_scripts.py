"""Scripts in the manner of public tutorials, written for PyTorch, run with their import lines changed.

What they print is compared with what PyTorch printed (``recorded/pytorch_scripts.json``, written by
``tools/record_pytorch_scripts.py``): the same random numbers, the same losses.
"""

import json
from pathlib import Path

import pytest
from pytorch_code import assert_same_output, output_of, with_minigrad

FOLDER = Path(__file__).parent
SCRIPTS = sorted(path.stem for path in FOLDER.glob("scripts/*.py"))


@pytest.fixture(scope="module")
def recorded():
    path = FOLDER / "recorded" / "pytorch_scripts.json"
    return json.loads(path.read_text(encoding="utf-8"))["output"]


def source_of(name):
    return (FOLDER / "scripts" / f"{name}.py").read_text(encoding="utf-8")


ON_THE_HOST = {"quickstart", "sine_five_ways", "tensors_tour"}  # they name the device, or use NumPy


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_prints_what_it_prints_with_pytorch(name, recorded, device):
    if device != "cpu" and name in ON_THE_HOST:
        pytest.skip("it is about the host")
    source = with_minigrad(source_of(name))
    assert_same_output(output_of(source), recorded[name])


def test_only_import_lines_are_changed():
    lines = [
        ("import torch", "import minigrad as torch"),
        ("import torch  # the library", "import minigrad as torch  # the library"),
        ("    import torch", "    import minigrad as torch"),
        ("import torch.nn as nn", "import minigrad.nn as nn"),
        ("import torch.nn.functional as F", "import minigrad.nn.functional as F"),
        ("import torch.optim as optim", "import minigrad.optim as optim"),
        ("import torch.nn.init as init", "import minigrad.nn.init as init"),
        ("from torch import nn, optim", "from minigrad import nn, optim"),
        ("from torch.utils.data import DataLoader", "from minigrad.utils.data import DataLoader"),
        (
            "from torch.autograd import Variable, Function",
            "from minigrad.autograd import Variable, Function",
        ),
        ("x = torch.ones(2)  # import torch", "x = torch.ones(2)  # import torch"),
    ]
    for before, after in lines:
        assert with_minigrad(before) == after
        if after.startswith(("import", "from")):
            exec(after, {})


def test_a_difference_is_seen():
    assert_same_output("loss 0.50000 at 3", "loss 0.50001 at 3")
    assert_same_output("tensor(1., grad_fn=<mul>)", "tensor(1., grad_fn=<MulBackward0>)")
    for found in ("loss 0.5002 at 3", "loss 0.50000 at", "lose 0.50000 at 3", "loss nan at 3"):
        with pytest.raises(AssertionError):
            assert_same_output(found, "loss 0.50000 at 3")
