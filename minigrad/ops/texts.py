"""The texts of operations: rules as source code, docstrings as plain text or Markdown.

The drawings, :func:`minigrad.explain` and the table in the docs show the code that runs, in its own words.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

# That kernels may take a formula's place on a GPU is not said again for every rule.
_LAUNCHES = re.compile(r"    if xp is not np and \(launches := .*\n        return launches\(.*\n")


@lru_cache(maxsize=1024)
def source_of(function: Callable[..., Any], docstring: bool = True) -> str:
    """Return a function as text: the expression of a lambda or of a sole ``return``, or the whole ``def``.

    Parameters
    ----------
    function : callable
        A rule, or what an operation computes.
    docstring : bool, default True
        Whether a whole ``def`` keeps its docstring.

    Raises
    ------
    OSError
        If there is no source, as in an interactive Python before 3.13.
    ValueError
        If the source is no longer that of the function.
    """
    if function.__name__ == "<lambda>":
        return ast.unparse(_lambda_of(function.__code__).body)
    source = _LAUNCHES.sub("", textwrap.dedent(inspect.getsource(function)))
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise ValueError(f"the source of {function.__name__!r} is not a function any more")
    lines, body = source.splitlines(), tree.body
    short = body[0].lineno == tree.lineno  # all of it on the line of "def"
    if ast.get_docstring(tree) is not None and not docstring:
        if not short:
            del lines[body[0].lineno - 1 : body[0].end_lineno]
        body = body[1:]
    text = "\n".join(lines[tree.lineno - 1 :])  # from "def" on: decorators stand above it
    if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value and "#" not in text:
        return ast.unparse(body[0].value)
    if not short:
        return text
    tree.body, tree.decorator_list = body or [ast.Pass()], []
    return ast.unparse(tree)


def _lambda_of(code: CodeType) -> ast.Lambda:
    """Return the lambda that was compiled to ``code``: a text that is not what runs would be worse than none.

    Raises
    ------
    OSError, ValueError
        As :func:`source_of`.
    """
    text = "".join(linecache.getlines(code.co_filename))
    if not text:
        raise OSError(f"there is no source of line {code.co_firstlineno} of {code.co_filename}")
    for found in _lambdas(text).get(code.co_firstlineno, ()):
        compiled = eval(compile(ast.Expression(found), "rule", "eval"), {}).__code__
        if _steps(compiled) == _steps(code):
            return found
    raise ValueError(f"line {code.co_firstlineno} of {code.co_filename} has changed")


@lru_cache(maxsize=32)
def _lambdas(text: str) -> dict[int, list[ast.Lambda]]:
    """Return the lambdas of a file by line."""
    found: dict[int, list[ast.Lambda]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(node)
    return found


_JUMPS = {*dis.hasjrel, *dis.hasjabs}


def _steps(code: CodeType) -> list[tuple[str, Any]]:
    """Return what a function does, step by step, whatever way Python has of getting at names."""
    names = {"LOAD_METHOD": "LOAD_ATTR", "LOAD_DEREF": "LOAD_GLOBAL"}
    steps = []
    for step in dis.get_instructions(code):
        if step.opname not in ("COPY_FREE_VARS", "PUSH_NULL"):
            value = None if step.opcode in _JUMPS else step.argval
            value = _steps(value) if isinstance(value, CodeType) else value
            steps.append((names.get(step.opname, step.opname), value))
    return steps


# Docstrings -------------------------------------------------------------------------------------------


def summary(op: Any) -> str:
    """Return the first paragraph of an operation's docstring, as it stands there."""
    return " ".join(inspect.cleandoc(op.__doc__ or "").split("\n\n")[0].split())


def markdown(text: str) -> str:
    """Return docstring text with its roles in Markdown."""
    text = re.sub(r":math:`([^`]+)`", r"$\1$", " ".join(text.split()))
    text = re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", text)
    return text.replace("``", "`")


SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "mu": "μ", "pi": "π",
    "sigma": "σ", "Phi": "Φ", "sum": "∑", "prod": "∏", "int": "∫", "top": "ᵀ", "cdot": "·", "le": "≤",
    "ge": "≥", "ne": "≠", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
}  # fmt: skip
"""LaTeX's signs in Unicode; other commands, ``\\ln``, are written as their names."""

_GROUP = r"\{([^{}]*)\}"


def plain(text: str) -> str:
    r"""Return docstring text for a terminal or a tooltip: formulas in Unicode, no roles.

    Examples
    --------
    >>> plain(r"Mean, :math:`\frac1n \sum_i x_i^2`.")
    'Mean, 1/n ∑_i x_i².'
    """
    text = re.sub(r":math:`([^`]+)`", lambda found: plain_formula(found[1]), text)
    text = re.sub(r":\w+:`~?([\w.]+)`", r"\1", text)
    return text.replace("``", "")


def plain_formula(latex: str) -> str:
    """Return a formula on one line, with as few brackets as can be."""
    text = re.sub(r"\\mathrm\{(\w+)\}", r"\1", latex)
    text = re.sub(r"\\frac(\w)(\w)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\([_&])", r"\1", text)
    text = re.sub(r"\\bar (\w)", "\\1\N{COMBINING MACRON}", text)
    text = re.sub(r"\\(lfloor|lceil) | ?\\(rfloor|rceil)", lambda m: SIGNS[m[1] or m[2]], text)
    text = re.sub(r"\\[,;] ?", " ", text)
    text = re.sub(r"\\(?!frac|sqrt)([A-Za-z]+)", lambda found: SIGNS.get(found[1], found[1]), text)
    before = None
    while text != before:  # from the innermost brackets outwards
        before = text
        text = re.sub(rf"\\sqrt(?:{_GROUP}| ?(\w))", lambda m: f"√{_term(m[1] or m[2])}", text)
        text = re.sub(rf"\\frac{_GROUP}{_GROUP}", lambda m: f"{_term(m[1])}/{_term(m[2])}", text)
        text = re.sub(rf"([\^_]){_GROUP}", lambda m: f"{m[1]}{_term(m[2])}", text)
    text = text.replace("^2", "²").replace("^3", "³").replace("^ᵀ", "ᵀ").replace(" ᵀ", "ᵀ")
    return " ".join(text.split())


def _term(text: str) -> str:
    """Return what stands in a power or below a line, in brackets unless it is one sign."""
    return text if re.fullmatch(r"[^\W_]+|√\w|-\w", text) else f"({text})"
