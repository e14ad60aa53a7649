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
from collections.abc import Iterator, Mapping
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    ModuleType,
)
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
KNOWN = """abs all any bool complex dict divmod enumerate filter float int isinstance len list map max min pow
    range reversed round slice sorted str sum tuple zip"""
BUILT_IN = frozenset(map(vars(builtins).__getitem__, KNOWN.split()))
CLASSES = BUILT_IN | {Tensor, enable_grad, no_grad}
UNCHANGING = frozenset({bool, complex, float, int, range, str, bytes, type(None), type(...)})
LOCAL = frozenset({"STORE_DEREF", "STORE_SLICE", "STORE_SUBSCR", "DELETE_DEREF", "DELETE_SUBSCR"})
LOOKING_UP = ("LOAD_ATTR", "LOAD_METHOD")
# What these tell is neither in the numbers of a tensor nor in its shape; the last two read by words.
TELLING = frozenset(
    {"base", "data_ptr", "flags", "name", "node", "storage_offset", "format", "format_map"}
)
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
    memory : set of int
        Where that lies, see :func:`memory_of`.

    Raises
    ------
    NotClosed
        If it is not closed.
    """

    def __init__(self, function: Any) -> None:
        self.function = function
        self.tensors: list[Any] = []
        self._functions: list[tuple[FunctionType, CodeType, Any, Any]] = []
        self._globals: list[tuple[Mapping[str, Any], str, Any]] = []  # and what has attributes
        self._cells: list[tuple[CellType, Any]] = []
        self._seen: set[int] = set()
        self._value(function, "what is compiled")
        self._arrays = [(one, one.array, one.array.shape) for one in self.tensors]
        self.memory = set(map(memory_of, self.tensors))

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
            if content_of(cell) is not value:
                return False
        for tensor, array, shape in self._arrays:
            if tensor.array is not array or array.shape != shape or obstacle_of(tensor) is not None:
                return False
        return True

    def names_read(self) -> dict[int, list[str]]:
        """Return which names are read of a dictionary of names, by the identity of that."""
        found: dict[int, list[str]] = {}
        for names, name, value in self._globals:
            if value is not MISSING:
                found.setdefault(id(names), []).append(name)
        return found

    # Reading --------------------------------------------------------------------------------------

    def _value(self, value: Any, name: str) -> None:
        """Look at something that is read, under a name for messages."""
        kind = type(value)
        if kind in UNCHANGING or isinstance(value, (np.dtype, np.generic)):
            return
        if kind is slice and UNCHANGING.issuperset(
            map(type, (value.start, value.stop, value.step))
        ):
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
            if not computes(value.forward):
                raise NotClosed(f"{name} is an operation of one's own")
        elif isinstance(value, type):
            # One's own classes of exceptions may have attributes, which can change.
            of_python = issubclass(value, Exception) and value.__module__ == "builtins"
            if value not in CLASSES and not of_python:
                raise NotClosed(f"it reads {name}, a class")
        elif kind is BuiltinFunctionType:
            if value.__module__ != "math" and value not in BUILT_IN:
                raise NotClosed(f"it calls {name}, which may give something else each time")
        else:
            raise NotClosed(f"it reads {name}, a {kind.__name__}, which can change")

    def _function(self, function: FunctionType) -> None:
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        only_computes = computes(function)
        if not only_computes and is_known(_home(function)):
            raise NotClosed(
                f"it calls minigrad's {function.__name__}, which does more than compute"
            )
        code, defaults, options = function.__code__, function.__defaults__, function.__kwdefaults__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            value = content_of(cell)
            self._cells.append((cell, value))
            if type(value) is not ModuleType:
                self._value(value, name)
        if only_computes:
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
            elif does == "BUILD_SET":
                raise NotClosed(f"{code.co_name} makes a set, whose order may be another each time")
            elif does == "MATCH_CLASS":
                raise NotClosed(f"{code.co_name} matches attributes")
            elif does in LOOKING_UP:
                self._attribute(code, name)
            elif does == "LOAD_GLOBAL":
                value = self._global(function, name)
                self._named(value, name, instructions[at + 1 :])
            elif "LOAD" in does and name in captured and "_DEREF" in does:
                value = content_of(captured[name])
                if type(value) is ModuleType:
                    self._named(value, name, instructions[at + 1 :])
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, function)

    def _attribute(self, code: CodeType, name: str) -> None:
        """Look at an attribute of anything; that of a tensor has to be minigrad's, and to stay that."""
        if name.startswith("_") or name in TELLING:
            raise NotClosed(f"{code.co_name} reads {name}")
        names = next((vars(kind) for kind in Tensor.__mro__ if name in vars(kind)), vars(Tensor))
        value = names.get(name, MISSING)
        self._globals.append((names, name, value))
        made = value.fget if isinstance(value, property) else value
        ours = isinstance(made, FunctionType) and _home(made).split(".")[0] == "minigrad"
        if not ours and value is not MISSING and not isinstance(value, MemberDescriptorType):
            raise NotClosed(f"{code.co_name} reads {name}, which minigrad's tensors do not have")

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
            module, value, name = value, getattr(value, attribute), f"{name}.{attribute}"
            names = vars(module)
            self._globals.append((names, attribute, names.get(attribute, MISSING)))
            if not is_known(module.__name__):
                if attribute not in names:
                    raise NotClosed(f"it reads {name}, which the module makes when it is asked")
            elif isinstance(value, (Tensor, tuple)) or (
                isinstance(value, FunctionType) and not computes(value)
            ):  # for these there are stand-ins in modules of one's own only
                raise NotClosed(f"it reads {name}, which does more than compute")
        self._value(value, name)


def _are(options: dict[str, Any] | None, known: dict[str, Any]) -> bool:
    """Tell whether options have just these values."""
    found = options or {}
    return found.keys() == known.keys() and all(found[name] is known[name] for name in known)


def is_known(module: str) -> bool:
    """Tell whether a module is one of minigrad's, or ``math``."""
    return module.split(".")[0] in ("math", "minigrad")


def computes(function: Any) -> bool:
    """Tell whether a function is one of minigrad's that only compute."""
    return all(
        any(module == name or module.startswith(f"{name}.") for name in COMPUTING)
        for module in (_home(function), getattr(function, "__module__", None) or "")
    )


def _home(function: Any) -> str:
    """Return the module in which a function was written; ``wraps`` gives it the name of another."""
    return function.__globals__.get("__name__") or ""


def _instructions(code: CodeType) -> Iterator[tuple[str, Any]]:
    """Yield what each instruction does, and what it names."""
    for one in dis.get_instructions(code):
        if one.opname not in ("CACHE", "EXTENDED_ARG", "PUSH_NULL"):
            yield one.opname, one.argval


def content_of(cell: CellType) -> Any:
    """Return what a variable of an enclosing function holds."""
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


def memory_of(tensor: Any) -> int:
    """Return what two tensors have in common if they share memory: whose memory it is, as a number."""
    array = tensor.array
    return id(array if array.base is None else array.base)
