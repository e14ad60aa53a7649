"""Running code written for PyTorch, with PyTorch or with minigrad in its place, and comparing what comes out."""

import ast
import contextlib
import io
import math
import re

import numpy as np

IMPORT_ALONE = re.compile(r"^([ \t]*)import torch(?=[ \t]*(?:#.*)?$)", re.MULTILINE)
IMPORT = re.compile(r"^([ \t]*(?:import|from)) torch\b", re.MULTILINE)


def with_minigrad(source):
    """Return the source with its import lines changed, and nothing else."""
    return IMPORT.sub(r"\1 minigrad", IMPORT_ALONE.sub(r"\1import minigrad as torch", source))


def run(source, names=None):
    """Run the source; return the value of its last line and the names it leaves."""
    names = {"__name__": "__main__"} if names is None else names
    tree = ast.parse(source)
    last = tree.body.pop()
    exec(compile(tree, "<code>", "exec"), names)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "<code>", "exec"), names)
        return None, names
    return eval(compile(ast.Expression(last.value), "<code>", "eval"), names), names


def plain(value):
    """Return a value as what JSON can hold: tensors with dtype and shape, tuples as lists."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        value = value.detach() if hasattr(value, "detach") else value
        numbers = plain(value.tolist())
        return {"dtype": dtype_name(value.dtype), "shape": list(value.shape), "data": numbers}
    if isinstance(value, (list, tuple)) or hasattr(value, "values") and hasattr(value, "indices"):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if "dtype" in type(value).__name__.lower():
        return dtype_name(value)
    return type(value).__name__


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


def assert_alike(found, expected, tolerance=1e-5):
    """Compare two plain values: numbers closely, everything else exactly.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    if isinstance(expected, dict):
        assert isinstance(found, dict) and list(found) == list(expected), f"{found} != {expected}"
        for key in expected:
            assert_alike(found[key], expected[key], tolerance)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), f"{found} != {expected}"
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other, tolerance)
    elif isinstance(expected, float):
        assert isinstance(found, float), f"{found!r} != {expected!r}"
        if math.isfinite(expected):
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance / 10)
        else:
            np.testing.assert_equal(found, expected)
    else:
        assert type(found) is type(expected) and found == expected, f"{found!r} != {expected!r}"


NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|\binf\b|\bnan\b)")


def output_of(source):
    """Run a script; return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def words_and_numbers(text):
    """Split what a script printed, without names of derivatives, of the library and of devices."""
    text = re.sub(r"grad_fn=<[^>]*>", "grad_fn", text).replace("torch.", "")
    text = re.sub(r", device='[^']*'", "", text)
    words = [" ".join(part.split()) for part in NUMBER.split(text)]
    return words, [float(number) for number in NUMBER.findall(text)]


def assert_same_output(found, expected, tolerance=1e-4):
    """Compare what two scripts printed: the words exactly, the numbers closely.

    Raises
    ------
    AssertionError
        Where they differ.
    """
    (words, numbers), (other_words, others) = map(words_and_numbers, (found, expected))
    assert words == other_words
    np.testing.assert_allclose(numbers, others, rtol=tolerance, atol=tolerance / 100)
