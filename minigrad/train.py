"""Training: the loop that most models need, with progress, metrics, early stopping and a history.

:func:`train_epoch` and :func:`evaluate` are plain minigrad: where you need something else, write them
yourself.  :func:`fit` is what is around them.
"""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sized
from typing import Any

from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.dtypes import float32
from minigrad.nn.module import Module
from minigrad.nn.utils import get_total_norm
from minigrad.optim.lr_scheduler import ReduceLROnPlateau
from minigrad.optim.stopping import Progress, why_stop

__all__ = ["History", "accuracy", "evaluate", "fit", "train_epoch"]

Batches = Iterable[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]
Metrics = Mapping[str, Callable[[Tensor, Tensor], Tensor]]
Criterion = Callable[[Progress], str | None]


def train_epoch(
    model: Module, loader: Batches, loss: Loss, optimizer: Any, metrics: Metrics | None = None
) -> dict[str, float]:
    """Train a model on every batch once: forward, backward, update.

    Parameters
    ----------
    model, loader, loss, optimizer, metrics
        As for :func:`fit`.

    Returns
    -------
    dict of str to float
        The mean ``"loss"`` and metrics of the batches, each measured before its update.
    """
    means = _Means(metrics)
    model.train()
    for inputs, targets in loader:
        outputs = model(inputs)
        value = loss(outputs, targets)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        means.add(value, outputs, targets)
    return means.result()


@no_grad()
def evaluate(
    model: Module, loader: Batches, loss: Loss, metrics: Metrics | None = None
) -> dict[str, float]:
    """Measure a model on every batch, in evaluation mode; the mode it had comes back.

    Parameters
    ----------
    model, loader, loss, metrics
        As for :func:`fit`.

    Returns
    -------
    dict of str to float
        The mean ``"loss"`` and metrics.
    """
    means = _Means(metrics)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        for inputs, targets in loader:
            outputs = model(inputs)
            means.add(loss(outputs, targets), outputs, targets)
    finally:
        for module, training in modes:
            module.training = training
    return means.result()


def fit(
    model: Module,
    loader: Batches,
    loss: Loss,
    optimizer: Any,
    epochs: int = 10,
    *,
    validation: Batches | None = None,
    metrics: Metrics | None = None,
    scheduler: Any = None,
    stop: Criterion | Iterable[Criterion] = (),
    restore_best: bool = False,
    verbose: bool = True,
) -> History:
    r"""Train a model: for every epoch and every batch, forward, backward, update.

    The seven decisions of stochastic gradient descent (document 004) are its arguments: the schedule
    (``scheduler``), the stopping criterion (``stop``), size and choice of the batches (``loader``), what is
    computed forward and differentiated backward (``loss`` of ``model``), the update (``optimizer``), and
    how often all that is repeated (``epochs``).

    Parameters
    ----------
    model : Module
        What is trained, from where it stands.
    loader : iterable of (inputs, targets)
        The batches of one epoch, usually a :class:`~minigrad.data.DataLoader`.
    loss : callable
        ``loss(outputs, targets)`` returns the mean loss of a batch.
    optimizer : Optimizer
        Of the parameters of the model; one whose ``step()`` needs no closure.
    epochs : int, default 10
        How often the loader is gone through, at most.
    validation : iterable of (inputs, targets), optional
        Batches that are not trained on, looked at after each epoch.
    metrics : mapping of str to callable, optional
        What else is measured, such as ``{"accuracy": accuracy}``: each is called with outputs and targets of
        a batch, and the mean over all samples is taken.
    scheduler : optional
        Its ``step()`` is called after each epoch (:class:`~minigrad.optim.lr_scheduler.ReduceLROnPlateau`
        is given the validation loss, or else the training loss).
    stop : callable, or iterable of callable
        Criteria of :mod:`minigrad.optim.stopping`, asked after each epoch; they are ``reset()`` first.  The
        gradient they are told of is that of the epoch's last batch.
    restore_best : bool, default False
        Give the model at the end the parameters that had the lowest validation loss.
    verbose : bool, default True
        Show a line for each epoch, and in terminals a bar of the batches (by tqdm).

    Returns
    -------
    History
        What was measured in each epoch.

    Raises
    ------
    ValueError
        If ``epochs`` is less than 1, the loader has no batches or can be gone through only once, a metric has
        the name of something else, or ``restore_best`` has no validation data.
    TypeError
        If an argument is of the wrong kind, or the optimizer's ``step()`` needs a closure, as those of SAM
        and line searches do.
    FloatingPointError
        If the loss is not finite: the learning rate is too large, or the data holds NaN.  The error has what
        was measured so far as its attribute ``history``.  (With ``restore_best`` the model has its best
        parameters also after an error.)

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import data, nn, optim, train
    >>> _ = mg.manual_seed(0)
    >>> points, labels = data.moons(200)
    >>> loader = data.DataLoader(data.TensorDataset(points, labels), batch_size=20, shuffle=True)
    >>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> history = train.fit(
    ...     model, loader, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.05), epochs=40,
    ...     metrics={"accuracy": train.accuracy}, verbose=False,
    ... )
    >>> history["accuracy"][-1] > 0.95
    True
    """
    _check_places(model, loader, loss, optimizer)
    _check(loader, optimizer, epochs, validation, metrics, restore_best)
    criteria = [stop] if callable(stop) else list(stop)
    for criterion in criteria:
        if hasattr(criterion, "reset"):
            criterion.reset()
    history, best = History(), _Best(model)
    try:
        with _Display(loader, epochs, verbose) as display:
            for epoch in range(1, epochs + 1):
                start = time.perf_counter()
                record = {"lr": optimizer.param_groups[0]["lr"]}
                batches = display.batches(loader, epoch)
                record |= train_epoch(model, batches, loss, optimizer, metrics)
                if validation is not None:
                    seen = evaluate(model, validation, loss, metrics)
                    record |= {f"validation {name}": value for name, value in seen.items()}
                history.append(record | {"seconds": time.perf_counter() - start})
                display.line(history.line())
                _check_finite(history)
                if restore_best:
                    best.look(record["validation loss"])
                if scheduler is not None:
                    _step(scheduler, record)
                history.stopped = why_stop(criteria, _progress(model, epoch, record))
                if history.stopped is not None:
                    break
    finally:
        best.restore()
    return history


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the fraction of samples that are classified right.

    Parameters
    ----------
    outputs : Tensor
        Logits: of several classes, shape (N, C, ...); or of one, in the shape of ``targets``, where more
        than 0 stands for yes.
    targets : Tensor
        Class indices, shape (N, ...); or what is, 0 or 1.

    Returns
    -------
    Tensor, shape (), float32

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.train.accuracy(mg.tensor([[0.0, 1.0], [2.0, 0.0]]), mg.tensor([1, 1]))
    tensor(0.5000)
    """
    if outputs.shape == targets.shape:
        right = (outputs > 0) == (targets > 0.5)
    elif (
        outputs.ndim > 1
        and outputs.shape[1] > 1
        and outputs.shape[:1] + outputs.shape[2:] == targets.shape
    ):
        right = outputs.argmax(1) == targets
    else:
        raise ValueError(
            f"accuracy: outputs {tuple(outputs.shape)} do not fit targets {tuple(targets.shape)}; expected "
            "(N, C) and (N,) with at least two classes, or two equal shapes"
        )
    return right.to(float32).mean()


class _Means:
    """The mean of loss and metrics over batches, weighted by how many samples they have.

    Nothing is read before the end, so that a GPU need not wait for each batch.
    """

    def __init__(self, metrics: Metrics | None) -> None:
        self.metrics = dict(metrics or {})
        self.sums: dict[str, Any] = dict.fromkeys(["loss", *self.metrics], 0.0)
        self.samples = 0

    def add(self, value: Tensor, outputs: Tensor, targets: Tensor) -> None:
        with no_grad():
            measured = {name: metric(outputs, targets) for name, metric in self.metrics.items()}
        count = len(targets)
        for name, one in {"loss": value.detach(), **measured}.items():
            self.sums[name] = self.sums[name] + one * count
        self.samples += count

    def result(self) -> dict[str, float]:
        if not self.samples:
            raise ValueError(
                "the loader has no batches; is the data set smaller than one, with drop_last?"
            )
        return {name: float(total) / self.samples for name, total in self.sums.items()}


class _Best:
    """The parameters and buffers that a model had at its lowest validation loss."""

    def __init__(self, model: Module) -> None:
        self.model, self.loss = model, math.inf
        self.state: dict[str, Tensor] | None = None

    def look(self, loss: float) -> None:
        if loss < self.loss:
            self.loss, self.state = loss, copy.deepcopy(self.model.state_dict())

    def restore(self) -> None:
        if self.state is not None:
            self.model.load_state_dict(self.state)


def _progress(model: Module, epoch: int, record: dict[str, float]) -> Progress:
    """Return what the stopping criteria are told."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return Progress(
        epoch,
        record["loss"],
        lambda: get_total_norm(gradients).item(),
        record.get("validation loss"),
    )


def _step(scheduler: Any, record: dict[str, float]) -> None:
    """Let a scheduler know that an epoch has passed."""
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(record.get("validation loss", record["loss"]))
    else:
        scheduler.step()


def _check_places(model: Any, loader: Any, loss: Any, optimizer: Any) -> None:
    """Raise if the arguments of :func:`fit` that are given by their places were mixed up."""
    fitting = {
        "model": (model, isinstance(model, Module), "a Module"),
        "loader": (
            loader,
            isinstance(loader, Iterable) and not isinstance(loader, (Tensor, Module)),
            "an iterable of batches",
        ),
        "loss": (loss, callable(loss), "a function of outputs and targets"),
        "optimizer": (optimizer, hasattr(optimizer, "param_groups"), "an optimizer"),
    }
    for name, (given, fits, wanted) in fitting.items():
        if not fits:
            what = given.__name__ if isinstance(given, type) else type(given).__name__
            raise TypeError(
                f"fit: {name} has to be {wanted}, got {what}; the order is "
                "fit(model, loader, loss, optimizer)"
            )


def _check(
    loader: Batches,
    optimizer: Any,
    epochs: int,
    validation: Batches | None,
    metrics: Metrics | None,
    restore_best: bool,
) -> None:
    """Raise if :func:`fit` cannot go on to the end with these."""
    if epochs < 1:
        raise ValueError(f"fit: epochs has to be at least 1, got {epochs}")
    if restore_best and validation is None:
        raise ValueError("fit: restore_best needs validation data to tell which epoch was best")
    for name, batches in (("loader", loader), ("validation", validation)):
        if isinstance(batches, (tuple, list)) and any(isinstance(one, Tensor) for one in batches):
            raise TypeError(
                f"fit: {name} is to give batches, each a pair (inputs, targets), and this is one such pair "
                "or a list of tensors; write [(inputs, targets)] for a single batch of all, or "
                "DataLoader(TensorDataset(inputs, targets), batch_size=...)"
            )
        if isinstance(batches, Iterator):
            raise ValueError(
                f"fit: {name} is an iterator ({type(batches).__name__}), which gives its batches only once; "
                "pass a DataLoader or a list"
            )
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        raise TypeError(
            f"fit: {type(optimizer).__name__} asks for the loss again in every step, which fit cannot do; "
            "write the loop yourself, with optimizer.step(closure)"
        )
    for name in metrics or ():
        if name in ("loss", "lr", "seconds") or name.startswith("validation "):
            raise ValueError(f"fit: the history has {name!r} already; give the metric another name")


def _check_finite(history: History) -> None:
    loss, rate = history["loss"][-1], history["lr"][-1]
    if not math.isfinite(loss):
        error = FloatingPointError(
            f"fit: the loss is {loss} in epoch {len(history)}; try a smaller learning rate than {rate:g}, "
            "and look for NaN in the data (mg.autograd.detect_anomaly() shows where it begins)"
        )
        error.history = history  # type: ignore[attr-defined]
        raise error


class _Display:
    """What is shown while a model trains: a line for each epoch, in terminals a bar below them."""

    def __init__(self, loader: Batches, epochs: int, verbose: bool) -> None:
        self.epochs, self.verbose, self.bar = epochs, verbose, None
        if not verbose:
            return
        try:
            from tqdm import tqdm
        except ImportError:
            return
        total = epochs * len(loader) if isinstance(loader, Sized) else None
        self.bar = tqdm(total=total, unit="batch", leave=False, disable=None)  # terminals only

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *exc: Any) -> None:
        if self.bar is not None:
            self.bar.close()

    def batches(self, loader: Batches, epoch: int) -> Batches:
        """Yield the batches, and let the bar grow by each."""
        if self.bar is None:
            yield from loader
            return
        self.bar.set_description(f"epoch {epoch}/{self.epochs}")
        for batch in loader:
            yield batch
            self.bar.update()

    def line(self, text: str) -> None:
        """Print a line, above the bar."""
        if self.verbose:
            (print if self.bar is None else self.bar.write)(text)


class History:
    """What was measured in each epoch: a list of values for each name.

    Looked up and gone through like a dictionary of the names, but its length is the number of epochs.

    Attributes
    ----------
    columns : dict of str to list of float
        ``"loss"``, the metrics, the same on validation data (``"validation loss"``), ``"lr"``, the learning
        rate of the first group, and ``"seconds"``.
    stopped : str or None
        Why training stopped before its last epoch, if it did.

    Examples
    --------
    >>> import minigrad as mg
    >>> history = mg.train.History()
    >>> history.append({"loss": 0.5, "lr": 0.1})
    >>> history.append({"loss": 0.25, "lr": 0.1})
    >>> history["loss"], len(history)
    ([0.5, 0.25], 2)
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.stopped: str | None = None

    def append(self, record: Mapping[str, float]) -> None:
        """Add what was measured in one epoch."""
        for name, value in record.items():
            self.columns.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.columns:
            there_are = ", ".join(self.columns) or "nothing was measured yet"
            advice = " (see fit(validation=...))" if str(name).startswith("validation ") else ""
            raise KeyError(f"the history has no {name!r}{advice}, but {there_are}")
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def keys(self) -> KeysView[str]:
        """Return the names of what was measured, so that ``dict(history)`` has them all."""
        return self.columns.keys()

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    def line(self) -> str:
        """Return the last epoch as a line of text."""
        last = {name: values[-1] for name, values in self.columns.items()}
        seconds = last.pop("seconds", None)
        rate = last.pop("lr", None)
        seen = {name: value for name, value in last.items() if name.startswith("validation ")}
        parts = [_listed({name: value for name, value in last.items() if name not in seen})]
        if seen:
            parts.append("validation " + _listed(seen).replace("validation ", ""))
        if rate is not None:
            parts.append(f"lr {rate:.3g}")
        if seconds is not None:
            parts.append(f"{seconds:.2f} s")
        return f"epoch {len(self):3d}: " + "; ".join(parts)

    def __repr__(self) -> str:
        end = f"; stopped: {self.stopped}" if self.stopped else ""
        return f"History({self.line()}{end})" if self.columns else "History()"

    def plot(self) -> Any:
        """Draw the losses, each metric, and the learning rate if it changed.

        Returns
        -------
        matplotlib.figure.Figure
            ``figure.savefig(path)`` writes it; a notebook shows it.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from minigrad.viz.plots.pictures import training_curves

        left_out = {"seconds"} if len(set(self.columns.get("lr", ()))) > 1 else {"seconds", "lr"}
        return training_curves({n: c for n, c in self.columns.items() if n not in left_out})


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name} {value:.4f}" if 1e-3 <= abs(value) < 1e4 else f"{name} {value:.3g}"
        for name, value in values.items()
    )
