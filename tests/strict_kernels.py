"""``ElementwiseKernel`` and ``ReductionKernel`` of the stand-in: arguments as in CuPy 14, C run by NumPy.

Arguments are bound, and refused, as in CuPy's source (``cupy/_core/_kernel.pyx``, ``_reduction.pyx``).
The lines of C are read by a small parser and computed for all elements at once.  It knows what minigrad's
kernels are written in and refuses everything else:

- statements ``const T x = ...;``, ``T &x = <raw elements>;``, ``x = ...;``, ``x += ...;`` (also -=, \\*=, /=);
- ``+ - * / %``, comparisons, ``c ? x : y``, brackets, ``sqrt exp log log1p``, whole numbers (``0.5`` is a double in C,
  which turns the whole expression into one), ``x[...]`` of raw arguments, ``i``.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

FUNCTIONS = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "log1p": np.log1p}
TOKEN = re.compile(
    r"\s*(\d+(?![\w.])|_in_ind\.size\(\)|_out_ind\.size\(\)|[A-Za-z_]\w*|<=|>=|==|!=|[-+*/%<>?:()\[\]])"
)
COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
STATEMENT = re.compile(r"^(?:(const )?(T|ptrdiff_t) (&)?)?(\w+) ([-+*/]?)= (.+)$", re.DOTALL)

launched: list[str] = []
"""The names of all kernels that were launched, in order."""


class Expression:
    """An expression of C, parsed into nested tuples."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place, text = 0, text.strip()
        while place < len(text):
            found = TOKEN.match(text, place)
            if not found:
                raise SyntaxError(
                    f"not in the subset of C that kernels are written in: {text[place:]!r}"
                )
            self.tokens.append(found[1])
            place = found.end()
        self.tree = self.choice()
        if self.tokens:
            raise SyntaxError(f"unexpected {self.tokens[0]!r} in {text!r}")

    def next(self, *expected: str) -> str | None:
        """Take the next token, if it is one of ``expected``."""
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in expected else None

    def needed(self, expected: str) -> None:
        if not self.next(expected):
            raise SyntaxError(f"expected {expected!r} before {self.tokens}")

    def choice(self) -> Any:
        condition = self.chain(0)
        if not self.next("?"):
            return condition
        first = self.choice()
        self.needed(":")
        return ("?", condition, first, self.choice())

    LEVELS = (("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))

    def chain(self, level: int) -> Any:
        if level == len(self.LEVELS):
            return self.one()
        left = self.chain(level + 1)
        while symbol := self.next(*self.LEVELS[level]):
            left = (symbol, left, self.chain(level + 1))
        return left

    def one(self) -> Any:
        if self.next("-"):
            return ("negative", self.one())
        if self.next("("):
            inside = self.choice()
            self.needed(")")
            return inside
        token = self.tokens.pop(0)
        if token.isdigit():
            return int(token)
        if self.next("("):
            inside = self.choice()
            self.needed(")")
            return ("call", token, inside)
        if self.next("["):
            inside = self.choice()
            self.needed("]")
            return ("element", token, inside)
        if not re.match(r"\w", token):
            raise SyntaxError(f"unexpected {token!r}")
        return ("name", token)


def both_whole(left: Any, right: Any) -> bool:
    return all(np.asarray(one).dtype.kind in "iu" for one in (left, right))


def value(tree: Any, names: dict[str, Any], chosen: Any = True) -> Any:
    """Compute an expression for all elements at once.

    ``chosen`` tells for which elements C would compute it at all: the others may index out of range.
    """
    if isinstance(tree, int):
        return tree
    kind, *parts = tree
    if kind == "name":
        if isinstance(names[parts[0]], Raw):
            raise TypeError(f"raw argument {parts[0]!r} without an index")
        return names[parts[0]]
    if kind == "call":
        with np.errstate(all="ignore"):
            return FUNCTIONS[parts[0]](value(parts[1], names, chosen))
    if kind == "element":
        return names[parts[0]].at(value(parts[1], names, chosen), chosen)
    if kind == "?":
        condition = value(parts[0], names, chosen)
        first, second = (
            value(parts[1], names, chosen & condition),
            value(parts[2], names, chosen & ~condition),
        )
        return np.where(condition, first, second)
    values = [value(part, names, chosen) for part in parts]
    if kind == "negative":
        return -values[0]
    if kind in COMPARE:
        return COMPARE[kind](*values)
    if kind == "/":
        return np.floor_divide(*values) if both_whole(*values) else _floating(np.divide, *values)
    if kind == "%":  # the sign is that of the dividend, in C
        assert both_whole(*values)
        return np.fmod(*values)
    return _floating({"+": np.add, "-": np.subtract, "*": np.multiply}[kind], *values)


def _floating(function: Any, left: Any, right: Any) -> Any:
    """Compute as C does: a whole number beside a float becomes one of its kind."""
    kinds = [np.asarray(one).dtype for one in (left, right)]
    for dtype in kinds:
        if dtype.kind == "f":
            with np.errstate(all="ignore"):
                return function(
                    np.asarray(left, dtype if kinds[0].kind != "f" else None),
                    np.asarray(right, dtype if kinds[1].kind != "f" else None),
                )
    return function(left, right)


class Raw:
    """A raw argument: its elements in the order of C, whatever its shape."""

    def __init__(self, name: str, host: np.ndarray, written: bool) -> None:
        self.name, self.host, self.written = name, host, written

    def at(self, index: Any, chosen: Any) -> np.ndarray:
        index, chosen = self._checked(index, chosen)
        flat = self.host.reshape(-1)
        return flat[np.where(chosen, index, 0)] if flat.size else np.zeros(index.shape, flat.dtype)

    def put(self, index: Any, chosen: Any, values: Any) -> None:
        index, chosen = self._checked(index, chosen)
        np.put(self.host, index[chosen], np.broadcast_to(values, index.shape)[chosen])

    def _checked(self, index: Any, chosen: Any) -> tuple[Any, Any]:
        index, chosen = np.broadcast_arrays(index, chosen)
        used = index[chosen]
        if used.size and (used.min() < 0 or used.max() >= self.host.size):
            raise IndexError(
                f"{self.name}[{used.min()}..{used.max()}] of {self.host.size} elements"
            )
        return index, chosen


def leaves(tree: Any, names: dict[str, Any], chosen: Any) -> list[tuple[Raw, Any, Any]]:
    """Return which elements of raw arguments a reference is to, and for which ``i``."""
    if tree[0] == "element":
        return [(names[tree[1]], np.asarray(value(tree[2], names, chosen)), chosen)]
    assert tree[0] == "?", "a reference is to elements of raw arguments"
    condition = value(tree[1], names, chosen)
    return leaves(tree[2], names, chosen & condition) + leaves(tree[3], names, chosen & ~condition)


def run(text: str, names: dict[str, Any], types: dict[str, Any], fixed: set[str]) -> None:
    """Run lines of C: ``names`` are arguments, of which those in ``fixed`` may not be written."""
    references = []
    fixed = {*fixed, "i"}
    for line in filter(None, (part.strip() for part in text.split(";"))):
        found = STATEMENT.match(line)
        if not found:
            raise SyntaxError(f"not in the subset of C that kernels are written in: {line!r}")
        constant, type_name, reference, name, symbol, right = found.groups()
        tree = Expression(right).tree
        if type_name:
            if name in names:
                raise SyntaxError(f"{name!r} is declared twice")
            dtype = types["T"] if type_name == "T" else np.dtype(np.int64)
            chosen = np.ones(np.shape(names["i"]), bool)
            names[name] = np.array(np.broadcast_to(value(tree, names, chosen), chosen.shape), dtype)
            if reference:
                if constant:
                    raise SyntaxError("a constant reference is not needed")
                for raw, index, where in leaves(tree, names, chosen):
                    if not raw.written:
                        raise TypeError(f"reference to an element of the input {raw.name!r}")
                    references.append((name, raw, index, where))
            elif constant:
                fixed.add(name)
            continue
        if name in fixed or name not in names:
            raise TypeError(f"{name!r} cannot be written: {line!r}")
        result = value(tree, names)
        if symbol:
            result = value((symbol, ("name", name), ("name", "right")), names | {"right": result})
        names[name][...] = result
    for name, raw, index, where in references:
        raw.put(index, where, names[name])


class Parameter:
    """One of ``"T x, raw int64 y"``."""

    def __init__(self, text: str, written: bool) -> None:
        *words, self.type, self.name = text.split()
        self.raw = "raw" in words
        self.written = written
        if set(words) - {"raw"}:
            raise ValueError(f"Unknown keyword in {text!r}")
        self.dtype = None if len(self.type) == 1 else np.dtype(self.type)


def parameters(text: str, written: bool) -> list[Parameter]:
    return [Parameter(one, written) for one in text.strip().split(",")] if text else []


class _Kernel:
    array: type  # StrictArray, set where that is defined

    def __init__(self, in_params: str, out_params: str, name: str) -> None:
        if not re.fullmatch(r"[a-zA-Z_]\w*", name):
            raise ValueError(f'Invalid kernel name: "{name}"')
        self.inputs, self.outputs = parameters(in_params, False), parameters(out_params, True)
        self.params = [*self.inputs, *self.outputs]
        self.name = name
        if "i" in [one.name for one in self.params]:
            raise ValueError("Can not use 'i' as a parameter name")

    def bind(
        self, args: tuple[Any, ...], size: int | None = None
    ) -> tuple[list[Any], list[Any], Any, dict[str, Any]]:
        """Return inputs, outputs, the shape of the loop and the types, as CuPy finds them."""
        if len(args) not in (len(self.inputs), len(self.params)):
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}. It must be either {len(self.inputs)} or "
                f"{len(self.params)} (with outputs), but given {len(args)}."
            )
        for one in args:
            if type(one) not in (self.array, int, float, bool):
                raise TypeError(f"Unsupported type {type(one)}")
        outs = list(args[len(self.inputs) :])
        if any(not isinstance(one, self.array) for one in outs):
            raise TypeError("Output arguments must be cupy.ndarray")
        looped = [
            a
            for p, a in zip(self.params, args, strict=False)
            if not p.raw and isinstance(a, self.array)
        ]
        if size is not None and looped:
            raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
        if size is None and not looped:
            raise ValueError("Loop size is undecided.")
        shape = (size,) if size is not None else np.broadcast_shapes(*(one.shape for one in looped))
        return list(args[: len(self.inputs)]), outs, shape, self.types(args, outs)

    def types(self, args: tuple[Any, ...], outs: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        order = [*zip(self.outputs, outs, strict=False), *zip(self.inputs, args, strict=False)]
        for param, argument in order:
            if not isinstance(argument, self.array):
                continue
            expected = (
                found.setdefault(param.type, argument.dtype) if param.dtype is None else param.dtype
            )
            if argument.dtype != expected:
                raise TypeError(
                    f"Type is mismatched. {param.name} {argument.dtype} {expected} {param.type}"
                )
        for param in self.params:
            if param.dtype is None and param.type not in found:
                raise KeyError(param.type)
        return found

    def typed(self, param: Parameter, argument: Any, types: dict[str, Any], shape: Any) -> Any:
        """Return what a name stands for in the lines."""
        dtype = types[param.type] if param.dtype is None else param.dtype
        if not isinstance(argument, self.array):
            return dtype.type(argument)
        return (
            Raw(param.name, argument._host, param.written)
            if param.raw
            else np.broadcast_to(argument._host, shape)
        )


class ElementwiseKernel(_Kernel):
    """As CuPy's."""

    def __init__(
        self,
        in_params: str,
        out_params: str,
        operation: str,
        name: str = "kernel",
        *,
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__(in_params, out_params, name)
        self.operation = operation

    def __call__(self, *args: Any, size: int | None = None) -> Any:
        ins, outs, shape, types = self.bind(args, size)
        if not outs:
            if any(one.raw for one in self.outputs) and size is None:
                raise ValueError("Output array size is Undecided")
            dtypes = [types[one.type] if one.dtype is None else one.dtype for one in self.outputs]
            outs = [self.array(np.full(shape, 77, dtype)) for dtype in dtypes]
        for param, out in zip(self.outputs, outs, strict=True):
            if not param.raw and out.shape != shape:
                raise ValueError("Out shape is mismatched")
        if 0 not in shape:
            launched.append(self.name)
            names = {
                p.name: self.typed(p, a, types, shape)
                for p, a in zip(self.inputs, ins, strict=True)
            }
            for param, out in zip(self.outputs, outs, strict=True):
                names[param.name] = Raw(param.name, out._host, True) if param.raw else out._host
            names["i"] = np.arange(int(np.prod(shape))).reshape(shape)
            run(self.operation, names, types, {one.name for one in self.inputs})
        return outs[0] if len(outs) == 1 else tuple(outs)


class ReductionKernel(_Kernel):
    """As CuPy's, for sums: ``reduce_expr`` has to be ``a + b``."""

    def __init__(
        self, in_params: str, out_params: str, map_expr: str, reduce_expr: str, post_map_expr: str, identity: str,
        name: str = "reduce_kernel",
    ) -> None:  # fmt: skip
        super().__init__(in_params, out_params, name)
        assert (reduce_expr, identity) == ("a + b", "0"), "the stand-in knows sums only"
        self.map, self.last = map_expr, post_map_expr

    def __call__(self, *args: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if len(args) != len(self.inputs):
            raise TypeError(f"Wrong number of arguments for {self.name}")
        if not all(isinstance(one, self.array) for one in args):
            raise TypeError("minigrad gives reductions arrays only")
        ins, _, shape, types = self.bind(args)
        launched.append(self.name)
        names = {
            p.name: self.typed(p, a, types, shape) for p, a in zip(self.inputs, ins, strict=True)
        }
        (out,) = self.outputs
        dtype = types[out.type] if out.dtype is None else out.dtype
        total = np.sum(
            np.asarray(value(Expression(self.map).tree, names)).astype(dtype),
            axis,
            keepdims=keepdims,
        )
        result = np.full(np.shape(total), 77, dtype)
        sizes = {"_in_ind.size()": int(np.prod(shape)), "_out_ind.size()": result.size}
        if result.size:
            run(
                self.last,
                {**names, **sizes, "a": total, "i": np.zeros(result.shape, int), out.name: result},
                types,
                set(names),
            )
        return self.array(result)
