"""Modules that hold other modules, or parameters: in a row, in a list, by name."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, overload

from minigrad._tensor import Tensor
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter


class _Row(Module):
    """Modules in a row, by default numbered: what Sequential and ModuleList share."""

    def _key(self, index: Any) -> str:
        """Return the name of the module at ``index``, which may count from the end."""
        names = list(self._modules)
        try:
            return names[operator.index(index)]
        except IndexError:
            raise IndexError(
                f"{type(self).__name__}: index {index} is out of range for {len(names)} modules"
            ) from None

    def _hold(self, modules: Iterable[Module]) -> None:
        """Hold just ``modules``, numbered in order."""
        for name in list(self._modules):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    @overload
    def __getitem__(self, index: int) -> Any: ...

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._modules[self._key(index)]
        part = type(self).__new__(type(self))
        part.training = self.training
        # Not by setattr, so that in scopes the modules keep the names they have in the whole.
        vars(part).update(self._cut(index))
        return part

    def _cut(self, index: slice) -> dict[str, Module]:
        return dict(list(self._modules.items())[index])

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._key(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)
        numbered = names == [str(i) for i in range(len(names))]
        for name in names[index] if isinstance(index, slice) else [self._key(index)]:
            delattr(self, name)
        if numbered:
            self._hold(list(self))

    def append(self, module: Module) -> Self:
        """Add a module at the end; return this one."""
        number = len(self)
        while str(number) in self._modules:  # in a slice the numbers may begin later
            number += 1
        self.add_module(str(number), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end; return this one."""
        modules = list(modules)
        self._check_modules(modules)
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at ``index``, number all anew; return this one.

        Raises
        ------
        ValueError
            If the modules have names that are no numbers, which would be lost.
        """
        self._check_modules([module])
        if list(self._modules) != [str(i) for i in range(len(self))]:
            raise ValueError(
                f"{type(self).__name__}: cannot insert between modules with names of their own "
                f"({', '.join(map(repr, self._modules))}); make a new one"
            )
        modules = list(self)
        modules.insert(index, module)
        self._hold(modules)
        return self

    def pop(self, index: int = -1) -> Module:
        """Take a module out, the last one by default, and return it."""
        module: Module = self[index]
        del self[index]
        return module

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, modules: Iterable[Module]) -> Self:
        """Return a new one that holds these modules and then others, numbered anew."""
        joined = [*self, *modules]
        self._check_modules(joined)
        whole = type(self).__new__(type(self))
        Module.__init__(whole)
        for i, module in enumerate(joined):
            vars(whole)[str(i)] = module  # so that in scopes the modules keep their names
        return whole

    def _check_modules(self, modules: Iterable[Any]) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(
                    f"{type(self).__name__} holds modules, got {type(module).__name__}; nothing was changed"
                )


class _Holder(Module):
    """A module that only holds others and is never called: in scopes they carry its name, ``layers.0``."""

    def _name_in_parent(self, name: str) -> None:
        super()._name_in_parent(name)
        for key, module in self._modules.items():
            module._name_in_parent(f"{name}.{key}")

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, Module) and self._name:
            value._name_in_parent(f"{self._name}.{name}")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Raise: what it holds has no order of computation.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            f"a {type(self).__name__} cannot be called: call the modules in it, or use a Sequential"
        )


class Sequential(_Row):
    """Modules one after the other: each gets the output of the one before.

    Parameters
    ----------
    *modules : Module, or one mapping of names to modules
        In the order in which they are called.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> model(mg.ones(5, 3)).shape
    Size([5, 2])
    >>> model[:2]
    Sequential(
      (0): Linear(in_features=3, out_features=4, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named: Iterable[tuple[str, Any]] = modules[0].items()
        elif len(modules) == 1 and isinstance(modules[0], (list, tuple)):
            raise TypeError(
                f"Sequential takes modules one by one, got one {type(modules[0]).__name__} of them; "
                "write Sequential(*modules)"
            )
        else:
            named = ((str(i), module) for i, module in enumerate(modules))
        for name, module in named:
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Return what the last module makes of what the others made of ``input``."""
        for module in list(vars(self).values()):
            if isinstance(module, Module):
                input = module(input)
        return input


class ModuleList(_Holder, _Row):
    """A list of modules whose parameters are found; what is called when, its owner decides.

    Parameters
    ----------
    modules : iterable of Module, optional
        What it holds at first.

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleList takes modules in a list, got one {type(modules).__name__}; "
                "write ModuleList([...])"
            )
        self.extend(modules)

    def _cut(self, index: slice) -> dict[str, Module]:
        return {str(i): module for i, module in enumerate(list(self)[index])}

    def _child_lines(self) -> list[str]:
        """Return the children's lines, equal ones in a row as one: ``(0-2): 3 x ...``."""
        runs: list[list[Any]] = []
        for i, text in enumerate(map(repr, self)):
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        return [
            f"({first}): {text}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]


class _ByName(Module):
    """What ModuleDict and ParameterDict share: the ways of a dictionary."""

    _kind: str  # "module" or "parameter"
    _keep: Callable[[str, Any], None]

    def __getitem__(self, key: str) -> Any:
        return self._of_kind(self._kind)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._keep(key, value)

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def __len__(self) -> int:
        return len(self._of_kind(self._kind))

    def __iter__(self) -> Iterator[str]:
        return iter(self._of_kind(self._kind))

    def __contains__(self, key: object) -> bool:
        return key in self._of_kind(self._kind)

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._of_kind(self._kind).keys()

    def values(self) -> Iterable[Any]:
        """Return what has these names."""
        return self._of_kind(self._kind).values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the names with what has them."""
        return self._of_kind(self._kind).items()

    def update(self, given: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add what is given, or replace what has the same name."""
        for name, value in dict(given).items():
            self._keep(name, value)

    def pop(self, key: str) -> Any:
        """Take one out and return it."""
        value = self[key]
        delattr(self, key)
        return value

    def clear(self) -> None:
        """Take all out."""
        for key in list(self):
            self.pop(key)


class ModuleDict(_Holder, _ByName):
    """Modules by name whose parameters are found; what is called when, its owner decides.

    Parameters
    ----------
    modules : mapping of str to Module, or iterable of such pairs, optional
        What it holds at first.
    """

    _kind = "module"

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def _keep(self, name: str, value: Module) -> None:
        self.add_module(name, value)


class _ParameterHolder(Module):
    """Parameters by name, and nothing else: what ParameterList and ParameterDict share."""

    def _keep(self, name: str, value: Any) -> None:
        """Keep ``value`` under ``name``; a plain tensor becomes a parameter."""
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value.detach())
        self.register_parameter(name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Raise: it computes nothing.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            f"a {type(self).__name__} cannot be called: use the parameters in it"
        )

    def _child_lines(self) -> list[str]:
        return [
            f"({name}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]"
            for name, p in self._parameters.items()
        ]


class ParameterList(_ParameterHolder):
    """A list of parameters that are found as those of a module.

    Parameters
    ----------
    values : iterable of Tensor, optional
        What it holds at first; what is no Parameter becomes one, on the same memory.

    Examples
    --------
    >>> import minigrad as mg
    >>> weights = mg.nn.ParameterList([mg.zeros(2), mg.zeros(3, 1)])
    >>> weights
    ParameterList(
      (0): Parameter containing: [float32 of size 2]
      (1): Parameter containing: [float32 of size 3x1]
    )
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.extend(values)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters.values())

    def __getitem__(self, index: Any) -> Any:
        chosen = list(self)[index]
        return type(self)(chosen) if isinstance(index, slice) else chosen

    def __setitem__(self, index: int, value: Tensor) -> None:
        self._keep(str(range(len(self))[index]), value)

    def __iadd__(self, values: Iterable[Tensor]) -> Self:
        return self.extend(values)

    def append(self, value: Tensor) -> Self:
        """Add a parameter at the end; return the list."""
        self._keep(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add several parameters at the end; return the list."""
        for value in list(values):
            self.append(value)
        return self


class ParameterDict(_ParameterHolder, _ByName):
    """Parameters by name that are found as those of a module.

    Parameters
    ----------
    values : mapping of str to Tensor, or iterable of such pairs, optional
        What it holds at first; what is no Parameter becomes one, on the same memory.
    """

    _kind = "parameter"

    def __init__(self, values: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]] = ()) -> None:
        super().__init__()
        self.update(values)
