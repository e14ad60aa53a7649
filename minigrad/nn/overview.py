"""The overview of a model: its modules, what shapes they return, and how many parameters they have."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad._creation import zeros
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.nn.module import Module
from minigrad.nn.parameter import Uninitialized


class Row(NamedTuple):
    """One module of a :class:`Summary`."""

    path: str
    kind: str
    output_shape: Any  # a tuple, several of them, or None if the module was not called
    parameters: int  # of this very module, but those of a row above
    trainable: int  # of those, how many require a gradient
    note: str = ""  # "shared": its parameters are in a row above; "not made yet": it is lazy


class Summary:
    """What :func:`summary` returns; printing it shows a table.

    Attributes
    ----------
    rows : list of Row
        The modules in the order in which they were added, parents first.
    """

    def __init__(self, model: Module, rows: list[Row]) -> None:
        self.rows = rows
        made = [p for p in model.parameters() if not isinstance(p, Uninitialized)]
        self._sizes = [(p.numel(), p.nbytes, p.requires_grad) for p in made]

    @property
    def total_params(self) -> int:
        """Number of parameters, shared ones counted once."""
        return sum(size for size, _, _ in self._sizes)

    @property
    def trainable_params(self) -> int:
        """How many of them require a gradient."""
        return sum(size for size, _, trainable in self._sizes if trainable)

    @property
    def param_bytes(self) -> int:
        """Bytes of memory that the parameters take."""
        return sum(nbytes for _, nbytes, _ in self._sizes)

    def __str__(self) -> str:
        lines = [("module", "output shape", "parameters")]
        for row in self.rows:
            depth = row.path.count(".") + 1 if row.path else 0
            name = row.path.rpartition(".")[2]
            title = f"{'  ' * depth}{name}: {row.kind}" if name else row.kind
            frozen = " (frozen)" if row.parameters and not row.trainable else ""
            count = f"{row.parameters:,}{frozen}" if row.parameters else row.note or "-"
            lines.append((title, _shape_text(row.output_shape), count))
        first, second, third = (max(map(len, column)) for column in zip(*lines, strict=True))
        table = [f"{a:<{first}}  {b:<{second}}  {c:>{third}}" for a, b, c in lines]
        rule = "-" * len(table[0])
        fixed = self.total_params - self.trainable_params
        return "\n".join(
            [
                *[table[0].rstrip(), rule, *table[1:], rule],
                f"{self.total_params:,} parameters, {self.trainable_params:,} of them trainable, "
                f"{fixed:,} frozen; {self.param_bytes / 1e6:,.2f} MB",
            ]
        )

    __repr__ = __str__


def summary(model: Module, *inputs: Any, **named: Any) -> Summary:
    """Run a model once and return a table of its modules, their output shapes and parameter counts.

    The model runs in evaluation mode, without gradients, and is left as it was: no running statistics
    change and no random numbers are drawn.  (Lazy layers are made, as by any call.)

    Parameters
    ----------
    model : Module
        What is looked at.
    *inputs, **named : Tensor, or tuple of int
        What it is called with; a shape stands for zeros in the dtype and on the device of the model.

    Returns
    -------
    Summary
        With ``rows``, ``total_params`` and ``trainable_params``.

    Raises
    ------
    TypeError
        If ``model`` is no Module.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> nn.summary(model, (1, 64))
    module       output shape  parameters
    -------------------------------------
    Sequential   (1, 10)                -
      0: Linear  (1, 32)            2,080
      1: ReLU    (1, 32)                -
      2: Linear  (1, 10)              330
    -------------------------------------
    2,410 parameters, 2,410 of them trainable, 0 frozen; 0.01 MB
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expected a Module, got {type(model).__name__}")
    shapes: dict[Module, Any] = {}
    handles = [
        module.register_forward_hook(lambda m, args, out: shapes.update({m: _shapes(out)}))
        for module in model.modules()
    ]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            model(
                *(_example(model, given) for given in inputs),
                **{name: _example(model, given) for name, given in named.items()},
            )
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return Summary(model, _rows(model, shapes))


def _example(model: Module, given: Any) -> Any:
    """Return an input: what is given, or zeros if that is a shape."""
    if not (isinstance(given, (tuple, list)) and all(isinstance(length, int) for length in given)):
        return given
    known = (p for p in model.parameters() if not isinstance(p, Uninitialized))
    first = next(known, None)
    if first is None:
        return zeros(*given)
    return zeros(*given, dtype=first.dtype, device=first.device)


def _rows(model: Module, shapes: dict[Module, Any]) -> list[Row]:
    counted: set[Any] = set()
    rows = []
    for path, module in model.named_modules(remove_duplicate=False):
        own = list(module._parameters.values())
        made = [p for p in own if not isinstance(p, Uninitialized) and p not in counted]
        counted.update(made)
        sizes = [(p.numel(), p.requires_grad) for p in made]
        total = sum(size for size, _ in sizes)
        trainable = sum(size for size, wanted in sizes if wanted)
        lazy = any(isinstance(p, Uninitialized) for p in own)
        note = "not made yet" if lazy else "shared" if own and not made else ""
        rows.append(Row(path, type(module).__name__, shapes.get(module), total, trainable, note))
    return rows


def _shapes(out: Any) -> Any:
    """Return the shape of a tensor, or those of the tensors in a tuple, list or mapping."""
    if isinstance(out, Tensor):
        return tuple(out.shape)
    if isinstance(out, dict):
        return [_shapes(part) for part in out.values()]
    return [_shapes(part) for part in out] if isinstance(out, (tuple, list)) else None


def _shape_text(shape: Any) -> str:
    if isinstance(shape, list):
        return ", ".join(map(_shape_text, shape))
    return "-" if shape is None else str(shape)
