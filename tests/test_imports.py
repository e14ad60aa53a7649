"""What a program imports is what it uses, and every name is there nonetheless."""

import ast
import importlib.util
import inspect
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg

PACKAGES = ("", ".autograd", ".backend", ".data", ".nn", ".optim", ".optim.lr_scheduler")
TABLES = [importlib.import_module(f"minigrad{name}") for name in (*PACKAGES, ".nn.functional")]


def loaded(code):
    """Return the modules that a fresh interpreter has after ``code``, but for those of NumPy alone."""
    program = f"import json, sys, numpy\nbefore = set(sys.modules)\n{code}\n"
    program += "print(json.dumps(sorted(set(sys.modules) - before)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout.splitlines()[-1])


def ours(modules):
    return {name.partition(".")[2] for name in modules if name.startswith("minigrad.")}


TENSORS = {
    *("_backward", "_conversion", "_creation", "_inplace", "_lazy", "_tensor", "dtypes", "engine"),
    *(
        "autograd",
        "autograd.gradcheck",
        "autograd.modes",
        "backend",
        "backend.devices",
        "backend.kernels",
        "backend.sums",
    ),
    *("_functions", *(f"_functions.{n}" for n in "arguments multiplying picking".split())),
    *(f"_functions.{n}" for n in "pointwise reducing shaping statistics".split()),
    *("ops", *(f"ops.{n}" for n in "activations arithmetic comparison declare".split())),
    *(f"ops.{n}" for n in "elementary fused indexing linalg losses namespace products".split()),
    *("_warning", "ops.reductions", "ops.samples", "ops.shapes", "ownership", "versions"),
}
NETWORK = TENSORS | {
    *("_random", "autograd.function", "backend.generator", "nn", "nn.activations", "nn.containers"),
    *("nn.functional", "nn.hooks", "nn.init", "nn.layers", "nn.log_loss_functions", "nn.losses"),
    *("nn.loss_arguments", "nn.module", "nn.parameter", "optim", "optim.bundles"),
    *("optim.directions", "optim.launched", "optim.optimizer", "optim.sgd"),
}
TRAINING = """
import minigrad as mg
from minigrad import nn
mg.manual_seed(0)
x, y = mg.rand(8, 2), mg.zeros(8, 1)
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
loss_of, optimizer = nn.BCEWithLogitsLoss(), mg.optim.SGD(model.parameters(), 0.1, momentum=0.9)
for _ in range(3):
    optimizer.zero_grad()
    loss_of(model(x), y).backward()
    optimizer.step()
"""
HEAVY = set(  # what takes longer to import than most of these
    "copy dataclasses importlib.resources logging numpy.random numpy.typing pathlib random string "
    "tempfile traceback".split()
)


def test_importing_minigrad_loads_what_tensors_need():
    modules = loaded("import minigrad")
    assert ours(modules) <= TENSORS
    assert not HEAVY & set(modules)


def test_a_small_network_loads_its_layers_its_loss_and_its_optimizer():
    modules = loaded(TRAINING)
    assert ours(modules) <= NETWORK
    assert not HEAVY & set(modules)


@pytest.mark.parametrize(
    ("code", "without"),
    [
        ("from minigrad.nn import Linear", "nn.losses nn.activations nn.margin_loss_functions"),
        ("from minigrad.optim import Adam", "optim.kfac optim.lbfgs optim.schedules nn data"),
        ("from minigrad.optim.lr_scheduler import LRScheduler", "optim.schedules"),
        ("from minigrad.data import DataLoader", "data.digits data.mnist nn"),
        ("from minigrad import no_grad", "autograd.anomaly autograd.function linalg"),
    ],
)
def test_a_name_loads_what_it_needs(code, without):
    assert not ours(loaded(code)) & set(without.split())


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.__name__)
class TestEachTable:
    def test_every_name_is_there_and_listed(self, module):
        assert len(set(module.__all__)) == len(module.__all__)
        for name in module.__all__:
            assert getattr(module, name) is getattr(module, name)
        assert set(module.__all__) <= set(dir(module))
        assert not {"TYPE_CHECKING", "on_first_use", "_"} & set(dir(module))

    def test_type_checkers_see_what_is_there(self, module):
        """The imports under ``if TYPE_CHECKING`` and the table give the same names the same things."""
        seen = {}
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                for line in node.body:
                    for alias in line.names:
                        seen[alias.asname or alias.name] = (line.module, alias.name)
        assert seen
        for name, (home, its_name) in seen.items():
            assert getattr(module, name) is getattr(importlib.import_module(home), its_name), name
        (table,) = (
            node
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "on_first_use"
        )
        names = [n for text in table.args[1].values for n in ast.literal_eval(text).split()]
        for name in names:  # of a function and a module of one name, who comes last would be found
            assert importlib.util.find_spec(f"{module.__package__}.{name}") is None
        for keyword in table.keywords:
            names += ast.literal_eval(keyword.value).split()
        assert sorted(names) == sorted(seen)

    def test_an_unknown_name_is_an_attribute_error(self, module):
        with pytest.raises(AttributeError, match=f"{module.__name__}' has no attribute 'nothing'"):
            module.nothing  # noqa: B018
        for name in ("__wrapped__", "__main__", "a.b", "nn.layers", "nn/module", ""):
            assert not hasattr(module, name)
        with pytest.raises(ImportError, match="cannot import name 'nothing'"):
            exec(f"from {module.__name__} import nothing")

    def test_star_gives_all(self, module):
        found = {}
        exec(f"from {module.__name__} import *", found)
        assert set(module.__all__) <= set(found)


MISTAKES = """
import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.optim import *
from minigrad.utils.data import *
def doubled(x: mg.Tensor) -> mg.Tensor:
    return (x + x.exp()).reshape(-1).sum()
nn.Lineer
optim.Adamm
optim.lr_scheduler.StepLRR
F.reluu
mg.data.Loader
mg.backend.foo
mg.autograd.gradd
mg.tensorr
mg.device("cpu").type = "cuda"
mg.backend.Backend(name="x")
reveal_type(nn.Linear(2, 3))
reveal_type(nn.Linear(2, 3).load_state_dict({}).missing_keys)
reveal_type(Adam)
reveal_type(DataLoader)
reveal_type(mg.backend.backend_for(mg.device("cpu")).on_device(None))
reveal_type(mg.ones(2).view(2, 1).mean(axis=0))
reveal_type(mg.cat([mg.rand(2), mg.ones(2).exp()]))
"""


def test_type_checkers_find_mistakes_and_nothing_else(tmp_path):
    pytest.importorskip("mypy")
    root = Path(mg.__file__).parents[1]
    path = {} if root.name == "site-packages" else {"MYPYPATH": str(root)}  # it looks there itself
    names = [f"mg.{name}\n" for name in mg.__all__]
    names += [f"mg.autograd.{name}\n" for name in mg.autograd.__all__]
    (tmp_path / "program.py").write_text(MISTAKES + "".join(names))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--follow-imports=silent"]
        + ["--ignore-missing-imports", "--cache-dir", str(tmp_path / "cache"), "program.py"],
        cwd=tmp_path,
        env=os.environ | path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines, said = [*MISTAKES.splitlines(), *names], {}
    for line in done.stdout.splitlines():
        if line.startswith("program.py:"):
            _, number, text = line.split(":", 2)
            said.setdefault(lines[int(number) - 1], text)
    assert list(said) == lines[lines.index("nn.Lineer") : -len(names)], done.stdout + done.stderr
    for line, text in said.items():
        expected = "has no attribute"
        if line.startswith("reveal_type"):
            expected = "note: Revealed type is"
            assert '"Any"' not in text, (line, text)
        elif "=" in line:
            expected = "Missing named argument" if "Backend" in line else "is read-only"
        assert expected in text, (line, text)
    assert '"list[str]"' in said["reveal_type(nn.Linear(2, 3).load_state_dict({}).missing_keys)"]
    for line in ("mg.ones(2).view(2, 1).mean(axis=0)", "mg.cat([mg.rand(2), mg.ones(2).exp()])"):
        assert '"minigrad._tensor.Tensor"' in said[f"reveal_type({line})"]


def test_a_longer_name_leads_to_the_short_one():
    with pytest.raises(AttributeError, match="'make_moons'; did you mean 'moons'[?]$"):
        mg.data.make_moons  # noqa: B018


def test_modules_that_are_not_listed_are_attributes_too():
    assert loaded("import minigrad as mg; mg.optim.vectors.copies; mg.nn.layers.Linear")


def test_a_module_that_lacks_something_says_what(tmp_path, monkeypatch):
    monkeypatch.setattr(mg, "__path__", [*mg.__path__, str(tmp_path)])
    (tmp_path / "lacking.py").write_text("import no_such_library")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        mg.lacking  # noqa: B018


def test_pickled_objects_find_their_classes():
    model = mg.nn.Sequential(mg.nn.Linear(2, 1), mg.nn.Tanh())
    code = f"import pickle; print(type(pickle.loads({pickle.dumps(model)!r})))"
    modules = loaded(code)
    assert "minigrad.nn.layers" in modules and "minigrad.optim" not in modules
