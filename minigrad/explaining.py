"""``explain``: what an operation computes, and its derivative, in the words of the code that runs."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from textwrap import indent
from types import FunctionType
from typing import Any

from minigrad import engine
from minigrad.autograd.function import Function
from minigrad.ops.declare import REGISTRY, Op
from minigrad.ops.texts import markdown, plain, source_of, summary

OTHER_NAMES = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "//": "floor_divide", "%": "remainder",
    "@": "matmul", "[]": "getitem", "where": "select", "cat": "concatenate", "permute": "permute_dims",
    "transpose": "permute_dims", "repeat_interleave": "repeat", "logsigmoid": "log_sigmoid",
    "max": "amax", "min": "amin", "multiply": "mul", "subtract": "sub", "divide": "div",
    "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
}  # fmt: skip
"""Python's signs, its methods for them, and PyTorch's names -> the operation's name."""

MEANINGS = {
    "g": "the gradient of out",
    "out": "the output",
    "needs": "which inputs need a gradient",
    "xp": "NumPy or CuPy",
}
"""What a rule is given beside inputs and keywords."""

_NAMESAKES = ("select", "scatter")
"""PyTorch's functions whose name is that of an operation which does something else."""


def explain(operation: Any) -> Explanation:
    """Explain an operation: what it computes, and what it passes back to the gradient of each input.

    In a notebook or an interactive Python the answer shows itself; elsewhere, print it.

    Parameters
    ----------
    operation : str, Op, callable or Tensor
        The name of an operation (``"tanh"``, ``"*"``), the operation (your own by ``@mg.op`` too), the
        function that applies it (``mg.tanh``), a subclass of ``autograd.Function``, or a tensor: then the
        operation that made it.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        If there is no such operation (close names are listed), or no recorded operation made the tensor.
    TypeError
        If it is something else.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.explain("tanh")
    tanh(x): Hyperbolic tangent, tanh x.
    <BLANKLINE>
        out = xp.tanh(x)
        gradient of x += g * (1 - out * out)
    <BLANKLINE>
    g: the gradient of out; out: the output; xp: NumPy or CuPy
    """
    found = _operation(operation)
    function = found if isinstance(found, type) else getattr(found, "function", None)
    return _of_function(function) if function is not None else _of_op(found)


@dataclass(frozen=True)
class Explanation:
    """What :func:`explain` says, piece by piece; it shows itself as text and in notebooks.

    Attributes
    ----------
    name : str
        Of the operation.
    inputs, keywords : tuple of str
        What it is called with.
    summary : str
        The first paragraph of its docstring, as it stands there.
    forward : str
        What it computes, as code.
    derivatives : dict of str to str
        For each input the rule as code: one expression, or a ``def`` of several lines.  A rule for all
        inputs together, as that of a ``Function``, stands under their names, ``"x, weight, bias"``.
        Empty without a derivative.
    kinks : str
        Where the derivative is a convention, and which.
    fused : str
        For a fused operation, as code, the plain operations that it stands for; else empty.
    helpers : dict of str to str
        What the functions do that this code calls, by their names.
    given : dict of str to str
        What the code is given beside inputs and keywords, and what it is.
    """

    name: str
    inputs: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    summary: str = ""
    forward: str = ""
    derivatives: dict[str, str] = field(default_factory=dict)
    kinks: str = ""
    fused: str = ""
    helpers: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=lambda: MEANINGS)

    @property
    def signature(self) -> str:
        """The operation as it is called: ``softmax(x, axis)``."""
        return f"{self.name}({', '.join((*self.inputs, *self.keywords))})"

    @property
    def meaning(self) -> str:
        """The summary as plain text, its formula in Unicode."""
        return plain(self.summary)

    @property
    def legend(self) -> dict[str, str]:
        """What the names in the code are, for those that occur."""
        text = "\n".join((self.forward, *self.derivatives.values()))
        meanings = self.given | {f"{name}_shape": f"the shape of {name}" for name in self.inputs}
        own = {*self.inputs, *self.keywords}  # a person's own g is no gradient
        return {
            name: meaning
            for name, meaning in meanings.items()
            if name not in own and re.search(rf"\b{re.escape(name)}\b", text)
        }

    def __str__(self) -> str:
        lines = [f"{self.signature}: {self.meaning}" if self.summary else self.signature, ""]
        lines.append(_line("out = ", "forward:", self.forward))
        for name, rule in self.derivatives.items():
            lines.append(_line(f"gradient of {name} += ", f"gradient of {name}:", rule))
        if not self.derivatives:
            lines.append("    no derivative: the result is bool or an index")
        lines.append("")
        if self.kinks:
            lines.append(f"kinks: {self.kinks}")
        if self.fused:
            lines += ["fused; the plain operations it stands for:", indent(self.fused, "    "), ""]
        lines.append("; ".join(f"{name}: {meaning}" for name, meaning in self.legend.items()))
        lines += [f"{name}: {plain(what)}" for name, what in self.helpers.items()]
        return "\n".join(lines).rstrip()

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        parts = [f"**`{self.signature}`** {markdown(self.summary)}".rstrip()]
        parts.append(_paragraph("forward", self.forward))
        parts += [
            _paragraph(f"gradient of {name}", rule) for name, rule in self.derivatives.items()
        ]
        if not self.derivatives:
            parts.append("no derivative: the result is bool or an index")
        if self.kinks:
            parts.append(f"kinks: {self.kinks}")
        if self.fused:
            parts.append(_paragraph("fused; the plain operations it stands for", self.fused))
        named = {**self.legend, **self.helpers}
        parts.append("\n".join(f"- `{name}`: {markdown(what)}" for name, what in named.items()))
        return "\n\n".join(parts)


def _line(before: str, above: str, code: str) -> str:
    """Return code on the line that it completes, or below a line of its own."""
    return indent(f"{above}\n{indent(code, '    ')}" if "\n" in code else before + code, "    ")


def _paragraph(what: str, code: str) -> str:
    return f"{what}:\n\n```python\n{code}\n```" if "\n" in code else f"{what}: `{code}`"


# From an operation to its explanation -----------------------------------------------------------------


def _operation(asked: Any) -> Any:
    """Return the ``Op`` or the class of a Function that ``asked`` stands for."""
    if isinstance(asked, engine.Tensor):
        if asked.node is None or asked.node.plan.kind == "leaf":
            name = f" {asked.name!r}" if getattr(asked, "name", None) else ""
            raise ValueError(
                f"explain: no recorded operation made this tensor{name}, it is a leaf or a constant; give "
                "a result computed from a tensor that requires gradients, or a name as 'tanh'"
            )
        asked = asked.node
    if isinstance(asked, engine.Node):
        node = asked.inputs[0] if asked.plan.kind == "item" else asked
        return node.plan.op
    if isinstance(asked, Op) or hasattr(asked, "function") or _is_function(asked):
        return asked
    if isinstance(asked, str):
        return _named(asked)
    if isinstance(asked, FunctionType) and asked.__module__.startswith("minigrad."):
        if asked.__name__ not in _NAMESAKES:
            return _named(asked.__name__)
    type_name = f"an instance of {type(asked).__name__}"
    given = repr(asked.__name__) if hasattr(asked, "__name__") else type_name
    raise TypeError(
        "explain: expected an operation, its name as 'tanh', or a tensor that an operation made; "
        f"got {given}"
    )


def _is_function(asked: Any) -> bool:
    """Tell whether it is a subclass of ``autograd.Function``."""
    return isinstance(asked, type) and hasattr(asked, "apply") and hasattr(asked, "backward")


def _named(name: str) -> Op:
    """Return the operation of that name."""
    for spelled in _spellings(name):
        known = OTHER_NAMES.get(spelled, spelled)
        if known in REGISTRY:
            return REGISTRY[known]
    close = difflib.get_close_matches(name.lower(), [*REGISTRY, *OTHER_NAMES], n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise ValueError(
        f"explain: there is no operation {name!r}; {hint}what is computed by several operations has no rule "
        "of its own: mg.draw shows which they are; for one of yours pass the operation itself"
    )


def _spellings(name: str) -> list[str]:
    """Return a name, and of Python's ``__radd__`` and ``__iadd__`` what is in them."""
    found = re.fullmatch(r"__(([ri]?)(\w+))__", name)
    return [found[1], found[3]] if found else [name]


def _of_op(op: Op) -> Explanation:
    rules = op.rules
    if op.joint is not None:
        rules = {", ".join(op.input_names): op.joint}
    forward = inspect.unwrap(op.forward)
    return Explanation(
        op.name,
        tuple(op.input_names),
        tuple(op.defaults),
        summary(op),
        _text(forward, docstring=False),
        {name: _text(rule) for name, rule in rules.items()} if op.differentiable else {},
        op.kinks,
        "" if op.composite is None else _text(op.composite),
        _helpers((forward, *rules.values())),
    )


def _helpers(functions: Iterable[Any]) -> dict[str, str]:
    """Return the first paragraphs of the docstrings of what the functions call by name."""
    named = [
        (name, one.__globals__.get(name)) for one in functions for name in one.__code__.co_names
    ]
    return {
        name: summary(found)
        for name, found in named
        if isinstance(found, FunctionType) and found.__doc__
    }


def _of_function(function: Any) -> Explanation:
    """Explain a subclass of ``autograd.Function``."""
    contextual = function.setup_context is Function.setup_context  # else forward takes no ctx
    inputs, keywords = _parameters(function.forward, skipped=1 if contextual else 0)
    gradients, _ = _parameters(function.backward, skipped=1)
    given = dict.fromkeys(gradients, "the gradient of the output")
    return Explanation(
        function.__name__,
        inputs,
        keywords,
        summary(function) if "__doc__" in vars(function) else "",
        _text(function.forward, docstring=False),
        {", ".join(inputs): _text(function.backward, docstring=False)},
        given={"ctx": "what forward leaves for backward"} | given,
    )


def _parameters(function: Any, skipped: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a function is called with: by place, but for the ``skipped`` first ones, and by name."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # nobody knows
        return ("...",), ()
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    by_place = [one.name for one in found if one.kind not in named]
    return tuple(by_place[skipped:]) or ("...",), tuple(o.name for o in found if o.kind in named)


def _text(function: Callable[..., Any], docstring: bool = True) -> str:
    """Return the source of a function, or one line that says why there is none."""
    try:
        return source_of(function, docstring)
    except (OSError, TypeError, ValueError, SyntaxError, AttributeError):
        return f"({getattr(function, '__name__', 'a function')}: its source is not to be had)"
