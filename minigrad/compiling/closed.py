"""Closed functions: those that give the same results for the same arguments, whatever happens in between.

A replay of a function is right only if all that it reads stays as it was.  Of Python code that can be
known from the code: what a function reads beside its arguments has names there.  A function is *closed*
if these are numbers, words, tensors without gradients, functions of minigrad's that compute, and functions
that are closed themselves; and if its code keeps nothing, neither in a global nor in an attribute.

Everything else is not closed, for a reason that can be told.  What names stand for is looked up again before
each replay.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Iterator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.engine import CONSTANT
from minigrad.ops.declare import Op

# The modules of minigrad whose functions compute something from their arguments, and nothing else.
COMPUTING = (
    "minigrad._functions",
    "minigrad._backward",
    "minigrad._creation",
    "minigrad.func",
    "minigrad.linalg",
    "minigrad.nn.activation_functions",
    "minigrad.nn.functional",
    "minigrad.nn.log_loss_functions",
    "minigrad.nn.margin_loss_functions",
    "minigrad.nn.norm_functions",
    "minigrad.nn.regression_loss_functions",
    "minigrad.ops",
)
CLASSES = frozenset(
    {
        Tensor,
        no_grad,
        enable_grad,
        bool,
        complex,
        dict,
        enumerate,
        filter,
        float,
        int,
        list,
        map,
        range,
    }
    | {reversed, slice, str, tuple, zip}
)
FUNCTIONS = frozenset({abs, all, any, divmod, isinstance, len, max, min, pow, round, sorted, sum})
UNCHANGING = frozenset({bool, complex, float, int, range, slice, str, bytes, type(None), type(...)})
LOCAL = frozenset({"STORE_DEREF", "STORE_SLICE", "STORE_SUBSCR", "DELETE_DEREF", "DELETE_SUBSCR"})
LOOKING_UP = ("LOAD_ATTR", "LOAD_METHOD")
MISSING = object()


class NotClosed(Exception):
    """A function is not closed; the message says why, as the end of a sentence."""


class Closed:
    """A function, and what it reads.

    Parameters
    ----------
    function : callable
        A function.

    Attributes
    ----------
    tensors : list of Tensor
        What it reads beside its arguments, directly or in the functions that it calls.

    Raises
    ------
    NotClosed
        If it is not closed.
    """

    def __init__(self, function: Any) -> None:
        self.function = function
        self.tensors: list[Any] = []
        self._functions: list[tuple[FunctionType, CodeType, Any, Any]] = []
        self._globals: list[tuple[dict[str, Any], str, Any]] = []
        self._cells: list[tuple[CellType, Any]] = []
        self._seen: set[int] = set()
        self._value(function, "what is compiled")
        self._arrays = [(tensor, tensor.array) for tensor in self.tensors]

    def reads(self, tensor: Any) -> bool:
        """Tell whether it reads a tensor beside its arguments."""
        return any(tensor is one for one in self.tensors)

    def is_unchanged(self) -> bool:
        """Tell whether the function, and all that it reads, is what it was."""
        for function, code, defaults, options in self._functions:
            if function.__code__ is not code or function.__dict__:
                return False
            if function.__defaults__ is not defaults or not _are(function.__kwdefaults__, options):
                return False
        for names, name, value in self._globals:
            if names.get(name, MISSING) is not value:
                return False
        for cell, value in self._cells:
            if _content(cell) is not value:
                return False
        for tensor, array in self._arrays:
            if tensor.array is not array or obstacle_of(tensor) is not None:
                return False
        return True

    # Reading --------------------------------------------------------------------------------------

    def _value(self, value: Any, name: str) -> None:
        """Look at something that is read, under a name for messages."""
        kind = type(value)
        if kind in UNCHANGING or isinstance(value, (np.dtype, np.generic)):
            return
        if kind is tuple:
            for part in value:
                self._value(part, name)
        elif kind is Tensor:
            obstacle = obstacle_of(value)
            if obstacle is not None:
                raise NotClosed(f"{name} is a tensor that {obstacle}")
            if not any(value is one for one in self.tensors):
                self.tensors.append(value)
        elif kind is FunctionType:
            self._function(value)
        elif isinstance(value, Op):
            if not _computes(value.forward):
                raise NotClosed(f"{name} is an operation of one's own")
        elif isinstance(value, type):
            known = issubclass(value, Exception) and value.__module__ == "builtins"
            if value not in CLASSES and not known:
                raise NotClosed(f"it reads {name}, a class")
        elif kind is BuiltinFunctionType:
            if value.__module__ != "math" and value not in FUNCTIONS:
                raise NotClosed(f"it calls {name}, which may give something else each time")
        else:
            raise NotClosed(f"it reads {name}, a {kind.__name__}, which can change")

    def _function(self, function: FunctionType) -> None:
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        computes = _computes(function)
        if not computes and (function.__module__ or "").split(".")[0] == "minigrad":
            raise NotClosed(f"it calls minigrad's {function.__name__}, which does not only compute")
        code, defaults, options = function.__code__, function.__defaults__, function.__kwdefaults__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            value = _content(cell)
            self._cells.append((cell, value))
            if type(value) is not ModuleType:
                self._value(value, name)
        if computes:
            return
        if function.__dict__:
            raise NotClosed(f"{function.__name__} has attributes, which can change")
        for value in (*(defaults or ()), *(options or {}).values()):
            self._value(value, f"a default of {function.__name__}")
        self._functions.append((function, code, defaults, dict(options or {})))
        self._code(code, function)

    def _code(self, code: CodeType, function: FunctionType) -> None:
        """Look at all that a code names, and at the functions that are defined in it."""
        instructions = list(_instructions(code))
        captured = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for at, (does, name) in enumerate(instructions):
            if does.startswith(("STORE_", "DELETE_")) and "_FAST" not in does:
                if does not in LOCAL or (does.endswith("_DEREF") and name in captured):
                    raise NotClosed(f"{code.co_name} sets {name}")
            elif does.startswith("IMPORT_") or does in ("LOAD_NAME", "LOAD_BUILD_CLASS"):
                raise NotClosed(f"{code.co_name} imports a module or makes a class")
            elif does in LOOKING_UP and name.startswith("__"):
                raise NotClosed(f"{code.co_name} reads {name}")
            elif does == "LOAD_GLOBAL":
                value = self._global(function, name)
                self._named(value, name, instructions[at + 1 :])
            elif "LOAD" in does and name in captured and "_DEREF" in does:
                value = _content(captured[name])
                if type(value) is ModuleType:
                    self._named(value, name, instructions[at + 1 :])
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, function)

    def _global(self, function: FunctionType, name: str) -> Any:
        """Look a name up as Python does, and remember where it was found."""
        names = function.__globals__
        value = names.get(name, MISSING)
        self._globals.append((names, name, value))
        if value is MISSING:
            value = vars(builtins).get(name, MISSING)
            self._globals.append((vars(builtins), name, value))
        if value is MISSING:
            raise NotClosed(f"{name} is not defined")
        return value

    def _named(self, value: Any, name: str, following: list[tuple[str, Any]]) -> None:
        """Look at what a name stands for; of a module, at what is taken out of it next."""
        for does, attribute in following:
            if type(value) is not ModuleType:
                break
            if does not in LOOKING_UP or not hasattr(value, attribute):
                raise NotClosed(f"it reads the module {name}")
            if value.__name__.split(".")[0] not in ("math", "minigrad"):
                raise NotClosed(f"it reads the module {name}; only minigrad and math are known")
            value, name = getattr(value, attribute), f"{name}.{attribute}"
        self._value(value, name)


def _are(options: dict[str, Any] | None, known: dict[str, Any]) -> bool:
    """Tell whether options have just these values."""
    found = options or {}
    return found.keys() == known.keys() and all(found[name] is known[name] for name in known)


def _computes(function: Any) -> bool:
    """Tell whether a function is one of minigrad's that only compute."""
    module = getattr(function, "__module__", None) or ""
    return any(module == name or module.startswith(f"{name}.") for name in COMPUTING)


def _instructions(code: CodeType) -> Iterator[tuple[str, Any]]:
    """Yield what each instruction does, and what it names."""
    for one in dis.get_instructions(code):
        if one.opname not in ("CACHE", "EXTENDED_ARG", "PUSH_NULL"):
            yield one.opname, one.argval


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return MISSING


def obstacle_of(tensor: Any) -> str | None:
    """Return what makes a tensor one that no replay can read."""
    if tensor.node is not None and tensor.node.plan is not CONSTANT:
        return "requires gradients"
    if tensor._grad is not None:
        return "has a gradient"
    array = tensor.array
    if array.__class__ is np.ndarray:
        # A copy of one with gaps is another one in memory, and sums may then round otherwise.
        return None if array.flags.forc else "is not contiguous; pass x.contiguous()"
    return None if isinstance(array, np.generic) else f"is on {tensor.device}"


class StandIns:
    """Copies of functions that read other tensors.

    Parameters
    ----------
    tensors : list of (Tensor, Tensor)
        What is read, and what the copies read in its place.
    """

    def __init__(self, tensors: list[tuple[Any, Any]]) -> None:
        self._tensors = tensors
        self._made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Return a function, or anything else that one reads, with stand-ins."""
        if type(value) is tuple:
            return tuple(map(self.of, value))
        if type(value) is FunctionType:
            return self._function(value)
        return next((other for tensor, other in self._tensors if value is tensor), value)

    def _function(self, function: FunctionType) -> FunctionType:
        if id(function) in self._made:
            return self._made[id(function)]
        if _computes(function) and not function.__closure__:
            return function
        names: dict[str, Any] = dict(function.__globals__)
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        made = FunctionType(function.__code__, names, function.__name__, None, cells or None)
        self._made[id(function)] = made
        made.__defaults__ = self.of(function.__defaults__)
        options = function.__kwdefaults__
        made.__kwdefaults__ = options and {name: self.of(one) for name, one in options.items()}
        if not _computes(function):
            for name in _names_in(function.__code__):
                if name in names:
                    names[name] = self.of(names[name])
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            content = _content(old)
            if content is not MISSING:
                cell.cell_contents = self.of(content)
        return made

    def _cell(self, cell: CellType) -> CellType:
        if id(cell) not in self._made:
            self._made[id(cell)] = CellType()
        return self._made[id(cell)]


def _names_in(code: CodeType) -> set[str]:
    """Return the names of globals in a code, and in the functions that are defined in it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names_in(constant)
    return names
