"""What the rules ask of an array library exists in NumPy 2 and in CuPy 14, and is called as both allow.

CuPy itself is asked where it is installed (it imports without a GPU), else what was recorded of it.
"""

import ast
import importlib.util
import inspect
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import strict_backend
from strict_backend import NAMES, RECORD, parameters_of

import minigrad

SOURCES = sorted(Path(minigrad.__file__).parent.rglob("*.py"))
MAKERS = {"xp_of", "namespace_of"}
NOT_A_FUNCTION = {"linalg"}


class Uses(ast.NodeVisitor):
    """Collects what is taken from a namespace of arrays: ``xp.exp(...)``, ``xp_of(x).zeros``."""

    def __init__(self, file):
        self.file = file
        self.names = {"xp"}  # and whatever a namespace is assigned to
        self.found = []  # (name, place, call or None)
        self.seen = set()

    def visit_Assign(self, node):  # noqa: N802
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for target in node.targets:
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            if len(targets) == len(values):
                for one, value in zip(targets, values, strict=True):
                    if isinstance(one, ast.Name) and self.is_namespace(value):
                        self.names.add(one.id)
        self.generic_visit(node)

    def is_namespace(self, node):
        if isinstance(node, ast.Name):
            return node.id in self.names
        called = node.func if isinstance(node, ast.Call) else None
        return isinstance(called, ast.Name) and called.id in MAKERS

    def path(self, node):
        """Return the dotted name taken from a namespace, ``None`` if it is from something else."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        return ".".join(reversed(parts)) if parts and self.is_namespace(node) else None

    def visit_Call(self, node):  # noqa: N802
        self.note(node.func, node)
        self.generic_visit(node)

    def visit_Attribute(self, node):  # noqa: N802
        self.note(node, None)
        self.generic_visit(node)

    def note(self, node, call):
        name = self.path(node)
        if name and id(node) not in self.seen:
            self.seen.update(id(part) for part in ast.walk(node) if isinstance(part, ast.Attribute))
            place = f"{self.file.relative_to(SOURCES[0].parent).as_posix()}:{node.lineno}"
            self.found.append((name, place, call))


def uses_in(text, file=SOURCES[0]):
    uses = Uses(file)
    uses.visit(ast.parse(text))
    return uses.found


USES = [use for file in SOURCES for use in uses_in(file.read_text(encoding="utf-8"), file)]
USED = sorted({name for name, _, _ in USES if name not in NOT_A_FUNCTION})


def recorder():
    path = Path(__file__).parent / "tools" / "record_cupy_names.py"
    spec = importlib.util.spec_from_file_location("record_cupy_names", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cupy_names():
    """Names and signatures of the installed CuPy, else those recorded."""
    if importlib.util.find_spec("cupy") is None:
        return NAMES
    import cupy

    return recorder().common_names(cupy)


def binds(signature, call):
    """Tell whether a call in the source fits a signature, as far as the source shows."""
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    keywords = {one.arg: None for one in call.keywords if one.arg}
    positional = [None for one in call.args if not isinstance(one, ast.Starred)]
    try:
        if starred or any(one.arg is None for one in call.keywords):
            signature.bind_partial(*positional, **keywords)
        else:
            signature.bind(*positional, **keywords)
    except TypeError:
        return False
    return True


def test_the_names_that_rules_use_are_found():
    found = uses_in(
        "def rule(xp, g):\n"
        "    other, n = namespace_of(g), 3\n"
        "    a = xp.linalg.inv(g)\n"
        "    xp.add.at(a, n, g)\n"
        "    function = xp_of(g).exp\n"
        "    return other.eye(n, dtype=g.dtype) + g.T.sum()\n"
    )
    assert sorted((name, call is not None) for name, _, call in found) == [
        ("add.at", True), ("exp", False), ("eye", True), ("linalg.inv", True),
    ]  # fmt: skip
    assert len(USED) > 60 and {"exp", "matmul", "add.at", "linalg.svd", "reshape"} <= set(USED)


@pytest.mark.parametrize("name", USED)
def test_name_exists_in_numpy_and_cupy(name, cupy_names):
    places = ", ".join(sorted(place for one, place, _ in USES if one == name))
    value = np
    for part in name.split("."):
        assert hasattr(value, part), f"NumPy {np.__version__} has no {name} (used in {places})"
        value = getattr(value, part)
    assert name in cupy_names, f"CuPy has no {name} (used in {places})"


@pytest.mark.parametrize("name", sorted({name for name, _, call in USES if call is not None}))
def test_calls_fit_the_signatures(name, cupy_names):
    theirs = parameters_of(cupy_names[name])
    try:
        function = np
        for part in name.split("."):
            function = getattr(function, part)
        ours = inspect.signature(function)
    except (TypeError, ValueError):  # a compiled function of NumPy that does not tell
        ours = None
    for place, call in [(place, call) for one, place, call in USES if one == name and call]:
        code = f"{place}: {ast.unparse(call)}"
        assert binds(theirs, call), f"{code} does not fit CuPy's {name}{theirs}"
        assert ours is None or binds(ours, call), f"{code} does not fit NumPy's {name}{ours}"


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        ("xp.clip(x, min=0)", False),
        ("xp.clip(x, 0, 1)", True),
        ("xp.sum(x, axis=0, keepdims=True)", True),
        ("xp.sum(x, where=mask)", False),
        ("xp.max(x, initial=0)", False),
        ("xp.take_along_axis(x, indices)", False),
        ("xp.take_along_axis(x, indices, 0)", True),
        ("xp.reshape(x, shape=(2, 3))", False),
        ("xp.reshape(x, (2, 3))", True),
        ("xp.exp(x, where=mask)", False),
        ("xp.exp(x, out=y)", True),
        ("xp.concatenate(*arrays)", True),
        ("xp.unique(*arrays, sorted=False)", False),
    ],
)
def test_a_call_that_only_numpy_takes_is_caught(code, fits):
    ((name, _, call),) = uses_in(code)
    assert binds(parameters_of(NAMES[name]), call) is fits


@pytest.mark.parametrize(
    "name", ["vecdot", "errstate", "scatter_add", "linalg.vecdot", "linalg.eig_"]
)
def test_names_that_are_not_in_both_are_not_recorded(name):
    assert name not in NAMES
    with pytest.raises(AttributeError, match="do not both have"):
        strict_backend._function(name)


def test_the_stand_in_has_the_recorded_names_and_no_others():
    installed = tuple(map(int, np.__version__.split(".")[:2]))
    recorded = tuple(map(int, RECORD["numpy"].split(".")[:2]))
    for name in NAMES:
        # An older NumPy has fewer names, and a newer one has lost some.
        if installed == recorded or hasattr(np, name.split(".")[0]):
            strict_backend._function(name)
    public = {name for name in dir(np) if not name.startswith("_")}
    for name in public - set(NAMES) - {"ndarray", "linalg"}:
        assert not hasattr(strict_backend.namespace, name)


def test_the_record_is_of_cupy_14_and_numpy_2():
    assert RECORD["cupy"].split(".")[0] == "14" and RECORD["numpy"].split(".")[0] == "2"
    text = (Path(__file__).parent / "recorded" / "cupy_names.json").read_text(encoding="utf-8")
    assert text == json.dumps(RECORD, indent=1) + "\n"
    for text in filter(None, NAMES.values()):
        parameters_of(text)


def test_the_installed_cupy_is_as_recorded(cupy_names):
    if importlib.util.find_spec("cupy") is None:
        pytest.skip("CuPy is not installed: the recorded names were used")
    changed = {
        name: (NAMES.get(name), cupy_names[name])
        for name in USED
        if NAMES.get(name) != cupy_names[name]
    }
    if changed and sys.modules["cupy"].__version__ == RECORD["cupy"]:
        raise AssertionError(f"record again with tests/tools/record_cupy_names.py: {changed}")


def test_rules_call_no_methods_of_arrays():
    """Methods differ between libraries, and a Tensor's are PyTorch's: rules use functions."""
    allowed = {"T", "shape", "ndim", "dtype", "size", "kind", "base", "flags"}
    allowed.add(
        "dot"
    )  # of matrices, where the library is known to be NumPy: quicker than the function
    methods = {name for name in dir(np.ndarray) if not name.startswith("_")} - allowed
    for file in SOURCES:
        if "ops" not in file.parts or file.stem in ("declare", "samples", "namespace"):
            continue
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parameters = getattr(getattr(function, "args", None), "args", [])
            if not parameters or parameters[0].arg != "xp":
                continue
            arrays = {one.arg for one in parameters[1:]}
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    where = f"{file.name}:{node.lineno}: {ast.unparse(node)}"
                    if node.attr in ("dot", "argmax") and file.stem in ("products", "fused"):
                        continue  # of matrices, where the library is known to be NumPy: quicker
                    if node.attr == "view" and function.name == "through":
                        continue  # likewise
                    assert node.value.id not in arrays or node.attr not in methods, where
