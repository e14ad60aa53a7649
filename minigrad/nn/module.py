"""The base of all layers and models: parameters, buffers, submodules, and how they are called.

A module keeps everything in ordinary attributes.  What is a parameter, a buffer or a submodule is told
by what the attribute holds, so ``self.weight`` costs nothing more than on any other object, and the
order is the order in which the attributes were first set.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from minigrad import dtypes
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.devices import Device
from minigrad.engine import State, as_tensor, current_state, state
from minigrad.nn.hooks import Hook, RemovableHandle, call_with_hooks
from minigrad.nn.parameter import Parameter, Uninitialized

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Module:
    """A part of a model: it has parameters and says in ``forward`` what it computes.

    Call the module, not ``forward``: the call runs the hooks, and lets errors and drawings name the
    module.

    Attributes
    ----------
    training : bool
        What :meth:`train` and :meth:`eval` switch; batch norm and dropout go by it.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(2, 3)
    ...         self.out = nn.Linear(3, 1)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).tanh())
    >>> net = Net()
    >>> net(mg.ones(5, 2)).shape
    Size([5, 1])
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    >>> net
    Net(
      (hidden): Linear(in_features=2, out_features=3, bias=True)
      (out): Linear(in_features=3, out_features=1, bias=True)
    )
    """

    training: bool = True
    _name: str = ""  # in its parent
    _label: str = "Module"  # what scopes call it: "hidden: Linear", or "Net" where it has no parent
    # Made on the instance when first needed:
    _saved_buffers: Mapping[str, bool] = _NOTHING  # name of each buffer -> whether it is saved
    _hooks: Mapping[int, Hook] = _NOTHING

    def __init__(self) -> None:
        self.training = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._label = cls.__name__

    # Calling --------------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every module defines its own.

        Raises
        ------
        NotImplementedError
            If it does not.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define forward(), so it cannot be called"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward``, in the module's scope, with the hooks around it."""
        outer = current_state()
        inner = State(outer.grad_enabled, (*outer.scope, self._label), outer.observer)
        token = state.set(inner)
        try:
            if self._hooks:
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        finally:
            now = current_state()
            if now is inner:
                state.reset(token)
            else:  # forward called set_grad_enabled(), which is to last
                state.set(State(now.grad_enabled, outer.scope, now.observer))

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``.

        ``args`` is the tuple of positional arguments.  What the hook returns, unless it is ``None``, takes
        their place (a single value stands for a tuple of one).

        Parameters
        ----------
        hook : callable
            See above.
        prepend : bool, default False
            Call it before the hooks that are there already, not after them.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs)``, which returns ``None`` or both, ``(args, kwargs)``.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.
        """
        return self._register_hook(Hook("forward_pre", hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``.

        What the hook returns, unless it is ``None``, takes the place of the output.

        Parameters
        ----------
        hook : callable
            See above.
        prepend : bool, default False
            Call it before the hooks that are there already, not after them.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs, output)``.
        always_call : bool, default False
            Call it, with ``None`` for the output, also if ``forward`` or a hook before it fails.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.
        """
        return self._register_hook(Hook("forward", hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs have been computed.

        ``grad_output`` is a tuple: a gradient for each output, ``None`` for those that want none, zeros where
        none arrived.  What the hook returns, unless it is ``None``, takes its place on the way into the
        module.  Arguments and result as for
        :meth:`register_forward_pre_hook`.
        """
        return self._register_hook(Hook("backward_pre", hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs have been computed.

        Both are tuples: a gradient for each positional argument of the call and for each output; ``None``
        for those that want none, zeros where none arrived.  What the hook returns, unless it is ``None``,
        takes the place of ``grad_input``.  If no input requires a gradient, the hook is called when those
        of the outputs have been computed.  Arguments and result as for :meth:`register_forward_pre_hook`.
        """
        return self._register_hook(Hook("backward", hook), prepend)

    def _register_hook(self, hook: Hook, prepend: bool) -> RemovableHandle:
        return RemovableHandle(self._own("_hooks"), hook, prepend)

    # Attributes -----------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            value.name = value.name or name
            self._forget_buffer(name)
        elif isinstance(value, Module):
            value._name_in_parent(name)
        elif value is not None:
            self._check_kept_kind(name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._forget_buffer(name)

    def _forget_buffer(self, name: str) -> None:
        if name in self._saved_buffers:
            del self._own("_saved_buffers")[name]

    def _check_kept_kind(self, name: str, value: Any) -> None:
        """Raise if ``value`` would silently take the place of a parameter, buffer or submodule."""
        now = vars(self).get(name)
        if isinstance(now, Parameter):
            kind, needed = "parameter", "a Parameter"
        elif isinstance(now, Module):
            kind, needed = "module", "a Module"
        elif name in self._saved_buffers and not isinstance(value, Tensor):
            kind, needed = "buffer", "a Tensor"
        else:
            return
        raise TypeError(
            f"{type(self).__name__}: cannot assign {type(value).__name__} as {kind} {name!r}; "
            f"{needed} or None is expected (delete the attribute first to make it something else)"
        )

    def _own(self, kind: str) -> dict[Any, Any]:
        """Return a dictionary of this instance, a copy of the class's if it has none yet."""
        own: dict[Any, Any] = vars(self).setdefault(kind, dict(getattr(type(self), kind)))
        return own

    def _name_in_parent(self, name: str) -> None:
        """Note the name that the parent gives this module, for scopes."""
        vars(self).update(_name=name, _label=f"{name}: {type(self).__name__}")

    def _check_new_name(self, name: str, kind: str) -> None:
        owner = type(self).__name__
        if not isinstance(name, str):
            raise TypeError(
                f"{owner}: the name of a {kind} has to be a str, got {type(name).__name__}"
            )
        if not name or "." in name:
            raise KeyError(
                f"{owner}: the name of a {kind} is not empty and has no '.', got {name!r}"
            )
        vacant = name in vars(self) and vars(self)[name] is None
        if hasattr(self, name) and name not in self._of_kind(kind) and not vacant:
            raise KeyError(f"{owner}: the attribute {name!r} exists and is no {kind}")

    def _of_kind(self, kind: str) -> Members:
        return getattr(self, f"_{kind}s")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under ``name``; the same as setting the attribute, with checks.

        Parameters
        ----------
        name : str
            Not empty, without ``.``.
        param : Parameter or None
            ``None`` keeps the place for a parameter that this module does without.

        Raises
        ------
        KeyError
            If the name is taken or not allowed.
        TypeError
            If ``param`` is no Parameter.
        """
        self._check_new_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"{type(self).__name__}: parameter {name!r} has to be a Parameter or None, got "
                f"{type(param).__name__}"
            )
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is no parameter but belongs to the module, like a running mean.

        Buffers move with :meth:`to` and are saved with the parameters, but are not trained.

        Parameters
        ----------
        name : str
            Not empty, without ``.``.
        tensor : Tensor or None
            ``None`` keeps the place for a buffer that this module does without.
        persistent : bool, default True
            Whether :meth:`state_dict` has it.

        Raises
        ------
        KeyError
            If the name is taken or not allowed.
        TypeError
            If ``tensor`` is no Tensor.
        """
        self._check_new_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"{type(self).__name__}: buffer {name!r} has to be a Tensor or None, got "
                f"{type(tensor).__name__}"
            )
        if tensor is not None and tensor.is_leaf:
            tensor.name = tensor.name or name
        self._own("_saved_buffers")[name] = persistent
        object.__setattr__(self, name, tensor)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under ``name``; the same as setting the attribute, with checks.

        Raises
        ------
        KeyError
            If the name is taken or not allowed.
        TypeError
            If ``module`` is no Module.
        """
        self._check_new_name(name, "module")
        if module is not None and not isinstance(module, Module):
            what, advice = type(module).__name__, ""
            if isinstance(module, type):
                what, advice = f"the class {module.__name__}", f"; write {module.__name__}(...)"
            raise TypeError(
                f"{type(self).__name__}: submodule {name!r} has to be a Module or None, got {what}{advice}"
            )
        setattr(self, name, module)

    add_module = register_module

    # Looking through --------------------------------------------------------------------------------

    @property
    def _parameters(self) -> Members:
        """The parameters of this very module by name."""
        own = {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}
        return Members(self, own, self.register_parameter)

    @property
    def _buffers(self) -> Members:
        """The buffers of this very module by name."""
        own = {name: getattr(self, name) for name in self._saved_buffers}
        present = {name: value for name, value in own.items() if value is not None}
        return Members(self, present, self.register_buffer)

    @property
    def _modules(self) -> Members:
        """The direct submodules by name."""
        own = {name: value for name, value in vars(self).items() if isinstance(value, Module)}
        return Members(self, own, self.add_module)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield name and module of each direct submodule, a shared one once."""
        seen = set()
        for name, module in self._modules.items():
            if module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield each direct submodule, a shared one once."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield path and module of this module and of all below it, parents first.

        Parameters
        ----------
        memo : set of Module, optional
            Modules that are left out (and are added to).
        prefix : str
            Path of this module; ``""`` by default.
        remove_duplicate : bool, default True
            Yield a module that stands in several places only once.
        """
        memo = set() if memo is None else memo
        if remove_duplicate:
            if self in memo:
                return
            memo.add(self)
        yield prefix, self
        for name, module in list(vars(self).items()):
            if isinstance(module, Module):
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all below it, parents first, each once."""
        return (module for _, module in self.named_modules())

    def _named_members(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        places = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        seen = set()
        for path, module in places:
            for name, value in module._of_kind(kind).items():
                if remove_duplicate and value in seen:
                    continue
                seen.add(value)
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield path and parameter, in the order in which modules and parameters were added.

        Parameters
        ----------
        prefix : str
            Put before every path.
        recurse : bool, default True
            Look into submodules too.
        remove_duplicate : bool, default True
            Yield a parameter that several modules share only once.
        """
        return self._named_members("parameter", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield every parameter once, in the order of :meth:`named_parameters`."""
        seen = set()
        for module in self.modules() if recurse else (self,):
            for value in list(vars(module).values()):
                if isinstance(value, Parameter) and value not in seen:
                    seen.add(value)
                    yield value

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield path and buffer; arguments as for :meth:`named_parameters`."""
        return self._named_members("buffer", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield every buffer once."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """Return the module at a path such as ``"hidden.0"``; this one for ``""``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        found: Module = self
        for name in target.split(".") if target else ():
            found = self._member(found, "module", name, target)
        return found

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path such as ``"hidden.0.weight"``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        path, _, name = target.rpartition(".")
        return self._member(self.get_submodule(path), "parameter", name, target)

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path such as ``"norm.running_mean"``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        path, _, name = target.rpartition(".")
        return self._member(self.get_submodule(path), "buffer", name, target)

    def _member(self, owner: Module, kind: str, name: str, target: str) -> Any:
        members = owner._of_kind(kind)
        if name not in members:
            known = ", ".join(map(repr, members)) or "none"
            raise AttributeError(
                f"{type(self).__name__} has no {kind} {target!r}: {type(owner).__name__} has no {name!r}; "
                f"its {kind}s are: {known}"
            )
        return members[name]

    # Changing all -----------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call ``fn`` with every module below and then with this one; return this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training; return it.

        Raises
        ------
        ValueError
            If ``mode`` is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train(mode): mode has to be a bool, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and all below it to evaluation; return it."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Compute gradients for all parameters, or stop (freeze them); return the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            ``.grad`` becomes ``None``; else what there is is filled with 0.
        """
        for param in self.parameters():
            if set_to_none or param.grad is None:
                param.grad = None
            else:
                param.grad.detach().zero_()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move parameters and buffers to a device, or floating ones to a dtype, in place.

        ``to(device)``, ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``, and the keywords ``device``
        and ``dtype``.  The parameters stay the same objects, so an optimizer that has them keeps them;
        gradients are converted too.

        Returns
        -------
        Module
            This module.

        Raises
        ------
        TypeError
            If the dtype is not floating.
        BackendUnavailable
            If the device cannot be used here.
        """
        device, dtype = _device_and_dtype(args, kwargs)
        if dtype is not None and dtype.kind != "f":
            raise TypeError(
                f"{type(self).__name__}.to(dtype) is for floating dtypes, got {dtype}; integer "
                "buffers keep theirs"
            )

        def convert(tensor: Tensor) -> Tensor:
            return tensor.to(device, dtype if tensor.dtype.kind == "f" else None)

        # Convert everything first: if that fails, nothing has been changed.
        converted = []
        waiting = []
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            if isinstance(tensor, Uninitialized):
                waiting.append(tensor)
                continue
            before, gradient = tensor.detach(), tensor.grad
            after = convert(before)
            if after is not before:
                new_gradient = None if gradient is None else convert(gradient.detach())
                converted.append((tensor, after, new_gradient))
        for tensor, after, new_gradient in converted:
            tensor.grad = None
            tensor.data = after
            tensor.grad = new_gradient
        for tensor in waiting:
            tensor.move(device, dtype)
        return self

    def cpu(self) -> Self:
        """Move parameters and buffers to the host; return the module."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> Self:
        """Move parameters and buffers to a GPU, the first one by default; return the module."""
        return self.to("cuda" if device is None else f"cuda:{device}")

    def float(self) -> Self:
        """Convert floating parameters and buffers to float32; return the module."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Convert floating parameters and buffers to float64; return the module."""
        return self.to(dtypes.float64)

    def half(self) -> Self:
        """Convert floating parameters and buffers to float16; return the module."""
        return self.to(dtypes.float16)

    # Saving and loading -------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """Return all parameters and saved buffers by path, in order.

        Parameters
        ----------
        prefix : str
            Put before every path.
        keep_vars : bool, default False
            Return the parameters themselves; else detached tensors on the same memory.  Buffers are
            returned themselves.  So all of them change when the model is trained on: save or ``deepcopy``
            them to keep today's.
        """
        found: dict[str, Tensor] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            saved = {n: b for n, b in module._buffers.items() if module._saved_buffers[n]}
            for name, tensor in {**module._parameters, **saved}.items():
                key = f"{path}.{name}" if path else name
                # Not a buffer's memory, which batch norm replaces so that older graphs keep theirs.
                as_it_is = keep_vars or name in saved or isinstance(tensor, Uninitialized)
                found[prefix + key] = tensor if as_it_is else tensor.detach()
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadedKeys:
        """Copy saved parameters and buffers into this module's own memory.

        Nothing is changed if anything does not fit.

        Parameters
        ----------
        state_dict : mapping of str to Tensor or array
            What :meth:`state_dict` returned, here or in another process.
        strict : bool, default True
            Whether the keys have to be the same; else only those that both have are copied.

        Returns
        -------
        LoadedKeys
            ``missing_keys`` and ``unexpected_keys``, empty lists if ``strict``.

        Raises
        ------
        RuntimeError
            Naming every key that is missing (with ``strict``), unexpected (with ``strict``) or of
            another shape.
        TypeError
            If ``state_dict`` is no mapping, or something in it holds no numbers.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict: expected a mapping from names to tensors, got "
                f"{type(state_dict).__name__}"
            )
        own = self.state_dict(keep_vars=True)
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        given = {key: as_tensor(state_dict[key]) for key in own if key in state_dict}
        problems = []
        if strict and missing:
            problems.append(f"missing keys: {', '.join(map(repr, missing))}")
        if strict and unexpected:
            problems.append(f"unexpected keys: {', '.join(map(repr, unexpected))}")
        for key, tensor in given.items():
            if not isinstance(own[key], Uninitialized) and tensor.shape != own[key].shape:
                problems.append(
                    f"shape of {key!r}: {tuple(own[key].shape)} in the model, "
                    f"{tuple(tensor.shape)} in the state"
                )
        if problems:
            raise RuntimeError(
                f"load_state_dict: this state does not fit {type(self).__name__}, and nothing was "
                "changed:\n  " + "\n  ".join(problems)
            )
        with no_grad():
            for key, tensor in given.items():
                target = own[key]
                if isinstance(target, Uninitialized):
                    target.materialize(tensor)
                else:
                    target.copy_(tensor)
        return LoadedKeys(missing, unexpected)

    # Printing -----------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the module's line in ``repr``."""
        return ""

    def __repr__(self) -> str:
        extra, children = self.extra_repr(), self._child_lines()
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        inside = "\n".join([extra, *children] if extra else children)
        return f"{type(self).__name__}(\n{_indented(inside)}\n)"

    def _child_lines(self) -> list[str]:
        return [f"({name}): {module!r}" for name, module in self._modules.items()]


class Members(MutableMapping[str, Any]):
    """Parameters, buffers or submodules of a module by name; setting or deleting one does so there."""

    def __init__(
        self, module: Module, own: dict[str, Any], register: Callable[[str, Any], None]
    ) -> None:
        self._module, self._own, self._register = module, own, register

    def __getitem__(self, name: str) -> Any:
        return self._own[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._register(name, value)
        self._own[name] = value

    def __delitem__(self, name: str) -> None:
        del self._own[name]
        delattr(self._module, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def __repr__(self) -> str:
        return repr(self._own)


class LoadedKeys(NamedTuple):
    """What :meth:`Module.load_state_dict` returns: two lists of names."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        missing, unexpected = self
        return f"LoadedKeys(missing_keys={missing}, unexpected_keys={unexpected})"


def in_module() -> str:
    """Return which module is running, to end an error message with; ``""`` if none is."""
    scope = state.get().scope
    return f" (in module {' > '.join(scope)})" if scope else ""


def _device_and_dtype(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return the device and the dtype that the arguments of ``to`` ask for."""
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    kwargs.pop("non_blocking", None)
    if kwargs:
        raise TypeError(f"to() got unknown arguments {sorted(kwargs)}")
    for arg in args:
        if isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, (str, Device)):
            device = arg
        elif arg is not None:
            dtype = arg
    return device, None if dtype is None else dtypes.as_dtype(dtype)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
