"""The base class of the schedulers."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

from minigrad._warning import warn
from minigrad.optim.checks import error
from minigrad.optim.optimizer import Optimizer

_has_stepped: WeakKeyDictionary[Optimizer, bool] = WeakKeyDictionary()
"""For optimizers with a scheduler: whether they have made a step since they have one."""


class LRScheduler:
    """Base class of the schedulers.

    A subclass writes ``get_lr``, which returns the rates for step ``self.last_epoch``, one for each group of
    parameters, and uses ``self.base_lrs`` or the rates that the groups have now::

        class Harmonic(LRScheduler):
            def get_lr(self):
                return [base / (1 + self.last_epoch) for base in self.base_lrs]

    It may add ``_get_closed_form_lr``, which does the same by ``self.base_lrs`` alone.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates it sets.
    last_epoch : int, default -1
        The step before.  -1 begins a run.  To go on with one whose scheduler was not saved, give the number
        of the last step; the rates of the groups are taken as those of the next one.

    Attributes
    ----------
    last_epoch : int
        The number of the step, 0 in the first.
    base_lrs : list of float
        The rates that the groups began with, ``group["initial_lr"]``.

    Raises
    ------
    TypeError
        If ``optimizer`` is none.
    KeyError
        If ``last_epoch`` is not -1 and a group has no ``"initial_lr"``.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Harmonic(mg.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base / (1 + self.last_epoch) for base in self.base_lrs]
    >>> x = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.6)
    >>> scheduler = Harmonic(optimizer)
    >>> (x * x).sum().backward()
    >>> for _ in range(3):
    ...     print(round(scheduler.get_last_lr()[0], 3))
    ...     optimizer.step()
    ...     scheduler.step()
    0.6
    0.3
    0.2
    """

    _is_initial = False  # while the constructor makes the first step
    _get_lr_called_within_step = False
    _not_saved: tuple[str, ...] = ("optimizer",)

    optimizer: Optimizer
    last_epoch: int

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise error(
                    self,
                    KeyError,
                    f"param_groups[{number}] has no 'initial_lr', which last_epoch = {last_epoch} needs; "
                    "load the optimizer's state_dict first, or begin with last_epoch = -1",
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _attach(self, optimizer: Any) -> None:
        """Keep the optimizer, and have it noted when it makes its first step."""
        if not isinstance(optimizer, Optimizer):
            raise error(
                self,
                TypeError,
                f"expected an optimizer, got {type(optimizer).__name__} {optimizer!r}",
            )
        self.optimizer = optimizer
        if optimizer in _has_stepped:
            return
        _has_stepped[optimizer] = False

        def note(stepped: Optimizer, *arguments: Any) -> None:
            _has_stepped[stepped] = True
            handle.remove()

        handle = optimizer.register_step_post_hook(note)

    def _initial_step(self) -> None:
        """Set the rates of the first step."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _restart(self) -> None:
        """Begin again, from the rates that the groups have now."""
        self.last_epoch = -1
        self._initial_step()

    def _enter(self) -> None:
        """Begin in the middle of a run, when it is this one's turn."""
        self._update_lr(0)

    # For subclasses to write ----------------------------------------------------------------------

    def get_lr(self) -> list[float]:
        """Return the rates for step ``last_epoch``, one for each group; called by :meth:`step`."""
        raise NotImplementedError(f"{type(self).__name__} has no method get_lr()")

    # Steps ----------------------------------------------------------------------------------------

    def step(self, epoch: float | None = None) -> None:
        """Set the rates for the next step; to be called after ``optimizer.step()``.

        Parameters
        ----------
        epoch : number, optional
            Go to this step instead, by the rates that the groups began with.

        Warns
        -----
        UserWarning
            Once, if the optimizer has not made a step yet.
        """
        self._warn_of_order()
        self._step_count += 1
        self._update_lr(epoch)

    def _warn_of_order(self) -> None:
        if not self._is_initial and _has_stepped.get(self.optimizer) is False:
            _has_stepped[self.optimizer] = True
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first rate of the "
                "schedule was never used; call `optimizer.step()` first",
            )

    def _update_lr(self, epoch: Any = None) -> None:
        groups = self.optimizer.param_groups
        self._check_groups(len(self.base_lrs))
        before = self.last_epoch
        self.last_epoch = before + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            rates = (closed or self.get_lr)()
            self._check_groups(len(rates))
        except BaseException:
            self.last_epoch = before
            raise
        finally:
            self._get_lr_called_within_step = False
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self._note_rates()

    def _check_groups(self, count: int) -> None:
        now = len(self.optimizer.param_groups)
        if now != count:
            raise error(
                self,
                ValueError,
                f"there are rates for {count} groups of parameters, the optimizer has {now}; after "
                "add_param_group, make a new scheduler",
            )

    def _note_rates(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warn(
                "get_lr() is for step() to call; the rates that are set now are get_last_lr()",
            )

    def get_last_lr(self) -> list[float]:
        """Return the rates that were set last, one for each group."""
        return self._last_lr

    # Saving and loading ---------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here: numbers, words and lists of them.

        Returns
        -------
        dict
            Copies of all attributes but the optimizer, schedules and functions.
        """
        return {
            name: copy.deepcopy(value)
            for name, value in self.__dict__.items()
            if name not in self._not_saved
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned; load the optimizer's, which has the rates, too.

        Parameters
        ----------
        state_dict : dict
            Of a scheduler of the same class, or of PyTorch's.

        Raises
        ------
        ValueError
            If it does not fit; nothing has been changed then.
        """
        self._check_state(state_dict)
        for name, value in state_dict.items():
            if name not in self._not_saved:
                setattr(self, name, copy.deepcopy(value))
        _has_stepped[self.optimizer] = True  # as far as one can tell, in the run that goes on here

    def _check_state(self, state_dict: Any) -> None:
        own = self.state_dict()
        if not isinstance(state_dict, dict) or "_last_lr" not in state_dict:
            raise error(self, ValueError, "load_state_dict expects what state_dict() returned")
        for name in ("base_lrs", "min_lrs", "_schedulers", "lr_lambdas"):
            there, here = (len(state.get(name) or ()) for state in (state_dict, own))
            if there != here:
                raise error(
                    self,
                    ValueError,
                    f"load_state_dict: it has {there} {name}, this scheduler {here}; was it another kind "
                    "of scheduler, or other groups of parameters?",
                )


def per_group(owner: Any, optimizer: Optimizer, **named: Any) -> list[Any]:
    """Return one value for each group: of a list, which has to have as many, or the same one."""
    [(name, value)] = named.items()
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise error(
            owner, ValueError, f"{name} has {len(value)} values, the optimizer has {count} groups"
        )
    return list(value)


_LRScheduler = LRScheduler  # PyTorch's old name
