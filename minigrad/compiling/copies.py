"""Copies of functions that read other tensors than the functions do, for recording on stand-ins."""

from __future__ import annotations

from types import CellType, FunctionType, ModuleType
from typing import Any

from minigrad._tensor import Tensor
from minigrad.compiling.closed import Closed, computes, content_of, is_known


class Copies:
    """Copies of what a closed function is made of, which read other tensors.

    Parameters
    ----------
    closed : Closed
        The function.
    tensors : list of Tensor
        What is read in the place of its tensors.
    """

    def __init__(self, closed: Closed, tensors: list[Any]) -> None:
        self._tensors = list(zip(closed.tensors, tensors, strict=True))
        self._read = closed.names_read()
        self._made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Return something that is read, with stand-ins."""
        kind = type(value)
        if kind is tuple:
            return tuple(map(self.of, value))
        if kind is Tensor:
            return next((other for tensor, other in self._tensors if value is tensor), value)
        if id(value) in self._made:
            return self._made[id(value)]
        if kind is FunctionType and (value.__closure__ or not computes(value)):
            return self._function(value)
        if kind is ModuleType and not is_known(value.__name__):
            return self._module(value)
        return value

    def _function(self, function: FunctionType) -> FunctionType:
        own = function.__globals__
        names = own if computes(function) else self._names(own)
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        made = FunctionType(function.__code__, names, function.__name__, None, cells or None)
        self._made[id(function)] = made
        made.__defaults__ = self.of(function.__defaults__)
        options = function.__kwdefaults__
        made.__kwdefaults__ = options and {name: self.of(one) for name, one in options.items()}
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = self.of(content_of(old))
        return made

    def _module(self, module: ModuleType) -> ModuleType:
        made = self._made[id(module)] = ModuleType(module.__name__)
        vars(made).update(self._names(vars(module)))
        return made

    def _names(self, names: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of the names of a module, with stand-ins for what is read of them."""
        if id(names) not in self._made:
            made = self._made[id(names)] = dict(names)
            for name in self._read.get(id(names), ()):
                made[name] = self.of(names[name])
        return self._made[id(names)]

    def _cell(self, cell: CellType) -> CellType:
        if id(cell) not in self._made:
            self._made[id(cell)] = CellType()
        return self._made[id(cell)]
