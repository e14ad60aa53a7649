"""Learning rates: the documents' numbers, and the same rates as PyTorch's schedulers (recorded)."""

import copy
import importlib
import inspect
import json
import math
import pickle
import re
import sys
import warnings
from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest
from optim_runs import (
    RECORD,
    SCHEDULERS,
    advance,
    leaf,
    made,
    momenta_of,
    numbers,
    rates_of,
    two_groups,
)

import minigrad as mg
from minigrad.optim import SGD, Adam, RMSprop, lr_scheduler
from minigrad.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LRScheduler,
    MultiplicativeLR,
    OneCycleLR,
    ReduceLROnPlateau,
    ScheduleLR,
    SequentialLR,
    StepLR,
)
from minigrad.optim.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    InverseSqrt,
    InverseTime,
    Lambda,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Product,
    Schedule,
    Sequential,
    Step,
    WarmUp,
)

# Schedules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "steps", "values", "digits"),
    [
        (Exponential(beta=1.01), [0, 100], [1, 0.369711], 6),  # 000, eq. 1.3
        (Step(30, beta=2), [0, 29, 30, 60, 99], [1, 1, 0.5, 0.25, 0.125], 16),  # 000, eq. 1.4
        (Linear(100), [0, 1, 50, 99, 100, 150], [1, 0.99, 0.5, 0.01, 0, 0], 15),  # 000, eq. 1.5
        (Linear(200), [50], [0.75], 16),
        (
            0.1 * Linear(100, end=0.01),  # 004, "Learning rate"
            [0, 1, 50, 99, 100, 500],
            [0.1, 0.09901, 0.0505, 0.00199, 0.001, 0.001],
            15,
        ),
        (
            0.1 * CosineRestarts(10, growth=2),  # 000, section 1.4
            [0, 5, 9, 10, 20, 29, 30],
            [0.1, 0.05, 0.00245, 0.1, 0.05, 0.00062, 0.1],
            5,
        ),
        (0.1 * Cosine(10, periodic=True), [9, 10, 11, 20], [0.00245, 0, 0.00245, 0.1], 5),
        (0.1 * Cosine(10), [9, 10, 11, 20], [0.00245, 0, 0, 0], 5),
        (Cosine(4, end=0.5), [0, 2, 4, 9], [1, 0.75, 0.5, 0.5], 15),
        (CosineRestarts(2, end=0.2), [0, 1, 2, 5], [1, 0.6, 1, 0.6], 15),
        (Constant(0.3), [0, 7], [0.3, 0.3], 16),
        (Exponential(0.5), [0, 1, 3], [1, 0.5, 0.125], 16),
        (MultiStep([5, 2, 5], 0.1), [0, 1, 2, 4, 5, 9], [1, 1, 0.1, 0.1, 0.001, 0.001], 15),
        (MultiStep([2], beta=4), [1, 2], [1, 0.25], 16),
        (InverseTime(), [0, 1, 3], [1, 0.5, 0.25], 16),
        (InverseTime(3.0, power=0.5), [0, 1, 5], [1, 0.5, 0.25], 16),
        (InverseSqrt(4), [0, 1, 3, 15, 99], [0.25, 0.5, 1, 0.5, 0.2], 15),
        (InverseSqrt(), [0, 3], [1, 0.5], 16),
        (Linear(4, start=0.2, end=1), [0, 2, 4, 8], [0.2, 0.6, 1, 1], 15),
        (WarmUp(4), [0, 1, 2, 3, 9], [0.25, 0.5, 0.75, 1, 1], 16),
        (Polynomial(10, power=2), [0, 5, 9, 10, 12], [1, 0.25, 0.01, 0, 0], 15),
        (Polynomial(10, end=0.5), [0, 5, 10, 12], [1, 0.75, 0.5, 0.5], 16),
        (OneCycle(10), [0, 1, 2, 9, 10, 50], [0.04, 0.52, 1, 4e-6, 4e-6, 4e-6], 15),
        (
            OneCycle(11, 0.3, 0.2, 2.0, 0.1, "linear", three_phase=True),
            [0, 2.3, 4.6, 10],
            [0.2, 2, 0.2, 0.1],
            14,
        ),
        (OneCycle(10, peak_at=0.0), [0, 9], [0.975528, 0.000004], 6),
        (Cyclic(1, 3, 2, 4), range(8), [1, 2, 3, 2.5, 2, 1.5, 1, 2], 15),
        (Cyclic(1, 3, 2, mode="triangular2"), [2, 6, 10], [3, 2, 1.5], 16),
        (Cyclic(0, 1, 2, mode="exp_range", gamma=0.5), [2, 6], [0.25, 1 / 64], 16),
        (Lambda(lambda t: 2 * t), [0, 3], [0, 6], 16),
        (Step(2, 0.5) * Linear(4), [0, 1, 2, 3], [1, 0.75, 0.25, 0.125], 16),
        (Linear(4) * 3, [1], [2.25], 16),
        (WarmUp(2).then(Linear(4), after=2), range(6), [0.5, 1, 1, 0.75, 0.5, 0.25], 16),
        (Sequential([0.5, lambda t: t, Constant()], [2, 4]), range(5), [0.5, 0.5, 0, 1, 1], 16),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),  # the same in every process
)
def test_values(schedule, steps, values, digits):
    np.testing.assert_allclose(schedule(steps), values, rtol=0, atol=0.5 * 10.0**-digits + 1e-300)


@pytest.mark.parametrize(
    ("c", "end"), [(1.1, "2.6e-07"), (1.5, "0.069272"), (2, "0.288788"), (4, "0.688538")]
)
def test_a_rate_that_decays_too_fast_stops_anywhere(c, end):
    """Document 003's 1/C^t: on w^2 / 2 from 1 descent stops where the product of 1 - C^-t is."""
    w = 1.0
    for rate in Exponential(beta=c)(range(1, 400)):
        w -= rate * w
    assert f"{w:.{len(end.split('e')[0].split('.')[1])}{'e' if 'e' in end else 'f'}}" == end


def test_a_rate_like_one_over_t_gets_there():
    w = 1.0
    for t, rate in enumerate(InverseTime()(range(1, 1000)), 2):
        w -= rate * w
        assert math.isclose(w, 1 / t)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_arrays_of_steps_give_arrays_of_the_numbers(shape):
    schedule = WarmUp(3).then(0.5 * Cosine(10), after=4)
    steps = np.arange(int(np.prod(shape))).reshape(shape)
    rates = schedule(steps)
    if shape == ():
        assert type(rates) is type(schedule(2)) is type(schedule(np.int64(2))) is float
    else:
        assert rates.shape == shape and rates.dtype == np.float64
        assert rates.ravel().tolist() == [schedule(int(t)) for t in steps.ravel()]


def test_schedules_are_values():
    made = 0.1 * WarmUp(5).then(Step(10, beta=2), after=5)
    assert (
        made == 0.1 * WarmUp(5).then(Step(10, beta=2), after=5) == pickle.loads(pickle.dumps(made))
    )
    assert made != 0.2 * WarmUp(5).then(Step(10, beta=2), after=5)
    assert hash(Sequential([WarmUp(5), Linear(3)], [5])) == hash(WarmUp(5).then(Linear(3), after=5))
    assert repr(Cosine(10)) == "Cosine(steps=10, end=0.0, periodic=False)"
    with pytest.raises(FrozenInstanceError):
        Cosine(10).steps = 20


def test_numpy_numbers_scale_a_schedule():
    for number in (np.float64(0.5), np.float32(0.5), np.int64(2)):
        for product in (number * Linear(4), Linear(4) * number):
            assert isinstance(product, Product) and product(2) == number * 0.5
    with pytest.raises(TypeError, match="unsupported operand"):
        np.ones(2) * Linear(4)


def test_a_schedule_of_ones_own():
    @dataclass(frozen=True)
    class Halving(Schedule):
        every: int

        def rate(self, t):
            return 0.5 ** (t // self.every)

    assert (2 * Halving(3))([0, 2, 3, 6]).tolist() == [2, 2, 1, 0.5]

    class Nothing(Schedule):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing has no method rate\(t\)"):
        Nothing()(0)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: Exponential(beta=0.99),
            ValueError,
            "Exponential: beta = 0.99 is out of range, expected beta > 1: .* gamma = 1/beta, so for "
            "that factor write gamma=0.99",
        ),
        (lambda: Step(10, beta=1), ValueError, "Step: beta = 1 is out of range, expected beta > 1"),
        (lambda: Exponential(), TypeError, "Exponential: give either gamma, a factor, or beta"),
        (lambda: Exponential(0.9, beta=2), TypeError, "Exponential: give either gamma"),
        (lambda: Exponential(-0.5), ValueError, "Exponential: gamma = -0.5 is out of .* >= 0"),
        (lambda: Exponential("x"), TypeError, "Exponential: gamma has to be a number, got str 'x'"),
        (lambda: Step(0, 0.5), ValueError, "Step: every = 0 is out of range, expected > 0"),
        (lambda: MultiStep([-1], 0.5), ValueError, "MultiStep: milestone = -1 is out of range"),
        (lambda: Constant(-1), ValueError, "Constant: value = -1 is out of range"),
        (lambda: Linear(0), ValueError, "Linear: steps = 0 is out of range"),
        (lambda: Linear(math.inf), ValueError, "Linear: steps = inf is out of range"),
        (lambda: Linear(5, end=-1), ValueError, "Linear: end = -1 is out of range"),
        (lambda: Cosine(-3), ValueError, "Cosine: steps = -3 is out of range"),
        (
            lambda: CosineRestarts(5, 0.5),
            ValueError,
            "CosineRestarts: growth = 0.5 .* expected >= 1",
        ),
        (lambda: Polynomial(5, 0), ValueError, "Polynomial: power = 0 is out of range"),
        (lambda: WarmUp(0), ValueError, "WarmUp: steps = 0 is out of range"),
        (lambda: InverseTime(-1), ValueError, "InverseTime: decay = -1 is out of range"),
        (lambda: InverseSqrt(0), ValueError, "InverseSqrt: warmup = 0 is out of range"),
        (lambda: OneCycle(10, 30), ValueError, "OneCycle: peak_at = 30 .* expected from 0 to 1"),
        (
            lambda: OneCycle(10, anneal="x"),
            ValueError,
            "anneal = 'x' is unknown, .* 'cos' or 'linear'",
        ),
        (lambda: Cyclic(0, 1, mode="x"), ValueError, "Cyclic: mode = 'x' is unknown"),
        (lambda: Cyclic(0, 1, 5, 0), ValueError, "Cyclic: down = 0 is out of range"),
        (lambda: Lambda(3), TypeError, "Lambda: expected a function of the step, got 3"),
        (
            lambda: Product([Linear(3), "x"]),
            TypeError,
            "a schedule is a function of .*, got str 'x'",
        ),
        (
            lambda: Sequential([Linear(3), Linear(3)], [1, 2]),
            ValueError,
            "Sequential: 2 schedules need 1 milestones between them, got 2",
        ),
        (
            lambda: Sequential([1, 2, 3], [5, 4]),
            ValueError,
            r"Sequential: milestones have to increase, got \[5, 4\]",
        ),
        (lambda: Linear(5).plot(0), ValueError, "Linear: steps = 0 .* expected a whole number > 0"),
    ],
)
def test_schedules_say_what_is_wrong(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_plot():
    pytest.importorskip("matplotlib")
    from minigrad.viz.plots.pictures import rate_curves

    figure = (0.1 * Linear(20)).plot(30, title="down")
    (line,) = figure.axes[0].lines
    assert line.get_xdata()[[0, -1]].tolist() == [0, 29]
    np.testing.assert_array_equal(line.get_ydata(), (0.1 * Linear(20))(range(30)))
    assert figure.axes[0].get_title() == "down" and figure.axes[0].get_xlabel() == "step"
    figure = rate_curves({f"{k} steps": Cosine(k)(range(200)) for k in (100, 200)})
    assert [text.get_text() for text in figure.axes[0].get_legend().texts] == [
        "100 steps",
        "200 steps",
    ]


def test_plot_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ImportError, match=r'need matplotlib: pip install "minigrad-autograd\[plot\]"'
    ):
        Linear(5).plot(10)


# Schedulers: PyTorch's numbers ----------------------------------------------------------------------


def title(entry):
    return f"{entry['code']} {entry['optimizer']}{' touched' if entry['touched'] else ''}"


# These multiply by one number, and their rates are PyTorch's to the last bit.
EXACT = ("StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR")


@pytest.mark.parametrize("entry", RECORD["schedules"], ids=title)
def test_rates_equal_pytorchs(entry):
    optimizer = two_groups(getattr(mg.optim, entry["optimizer"]))
    scheduler = made(entry["code"], optimizer)
    rtol = 0 if entry["code"].startswith(EXACT) else 1e-12
    assert len(entry["rates"]) == 25
    for number, expected in enumerate(entry["rates"]):
        np.testing.assert_allclose(rates_of(optimizer), expected, rtol=rtol, atol=0)
        assert scheduler.get_last_lr() == rates_of(optimizer)
        if "momenta" in entry:
            np.testing.assert_allclose(momenta_of(optimizer), entry["momenta"][number], rtol=1e-12)
        if entry["touched"] and number == RECORD["touched_at"]:
            optimizer.param_groups[0]["lr"] *= 3
        if number < 24:
            advance(optimizer, scheduler, number)


CODES = list(dict.fromkeys(entry["code"] for entry in RECORD["schedules"]))


@pytest.mark.parametrize("code", CODES)
def test_resume_is_exact(code):
    """Scheduler and optimizer go on with the same rates, from text."""
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    for number in range(7):
        advance(optimizer, scheduler, number)
    saved = json.loads(json.dumps(scheduler.state_dict()))
    groups = optimizer.state_dict()
    for number in range(7, 20):
        advance(optimizer, scheduler, number)

    resumed = two_groups()
    other = made(code, resumed)
    resumed.load_state_dict(groups)
    other.load_state_dict(saved)
    assert other.get_last_lr() == rates_of(resumed)
    for number in range(7, 20):
        advance(resumed, other, number)
    assert rates_of(resumed) == rates_of(optimizer)
    assert momenta_of(resumed) == momenta_of(optimizer)
    assert other.state_dict() == scheduler.state_dict()


@pytest.mark.parametrize("code", CODES)
def test_a_copy_goes_on_by_itself(code):
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    twin = copy.deepcopy(scheduler)
    for number in range(5):
        advance(twin.optimizer, twin, number)
    for number in range(5):
        advance(optimizer, scheduler, number)
    assert rates_of(twin.optimizer) == rates_of(optimizer)


def test_step_can_be_told_where_to_go():
    """By the closed form, from the rates that the groups began with, whatever they are now."""
    for code, at_9 in (
        ("StepLR(o, 4, 0.5)", 0.25),
        ("ExponentialLR(o, 0.9)", 0.9**9),
        ("CosineAnnealingLR(o, 12)", (1 + math.cos(math.pi * 9 / 12)) / 2),
        ("LambdaLR(o, lambda t: 1 / (1 + t))", 0.1),
        ("ConstantLR(o, 0.1, 5)", 1),
    ):
        optimizer = two_groups()
        scheduler = made(code, optimizer)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 7.0
        scheduler.step(9)
        np.testing.assert_allclose(rates_of(optimizer), [0.1 * at_9, 0.02 * at_9], rtol=1e-14)
        assert scheduler.last_epoch == 9


def test_warm_restarts_take_fractions_of_a_step():
    optimizer = two_groups()
    scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=4, T_mult=3)
    optimizer.step()
    for t in (0.5, 3.75, 4, 7, 15.99, 16, 52, 100):
        scheduler.step(t)
        expected = 0.1 * CosineRestarts(4, growth=3)(t)
        np.testing.assert_allclose(rates_of(optimizer)[0], expected, rtol=1e-14)
        assert scheduler.last_epoch == int(t)
    with pytest.raises(ValueError, match="CosineAnnealingWarmRestarts: epoch = -1 is out of range"):
        scheduler.step(-1)


# Schedulers: behaviour ------------------------------------------------------------------------------


def test_module_paths_are_pytorchs():
    assert importlib.import_module("minigrad.optim.lr_scheduler") is mg.optim.lr_scheduler
    assert issubclass(lr_scheduler._LRScheduler, LRScheduler)
    for name in lr_scheduler.__all__:
        assert issubclass(getattr(lr_scheduler, name), LRScheduler)


@pytest.mark.parametrize("name", RECORD["signatures"])
def test_options_and_defaults_are_pytorchs(name):
    parameters = inspect.signature(getattr(lr_scheduler, name)).parameters.values()
    assert [str(p.replace(annotation=p.empty)) for p in parameters] == RECORD["signatures"][name]


def test_groups_keep_the_rate_they_began_with():
    optimizer = two_groups()
    scheduler = ExponentialLR(optimizer, 0.5)
    advance(optimizer, scheduler)
    assert (
        [group["initial_lr"] for group in optimizer.param_groups]
        == scheduler.base_lrs
        == [0.1, 0.02]
    )
    assert rates_of(optimizer) == [0.05, 0.01]
    assert ExponentialLR(optimizer, 0.5).base_lrs == [0.1, 0.02]


def test_any_schedule_can_be_followed():
    schedule = WarmUp(3).then(InverseTime(0.5), after=3)
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, schedule)
    for t in range(12):
        np.testing.assert_allclose(rates_of(optimizer), [0.1 * schedule(t), 0.02 * schedule(t)])
        if t == 5:
            optimizer.param_groups[1]["lr"] = 0.02 * schedule(5)
        advance(optimizer, scheduler)
    assert json.dumps(scheduler.state_dict()) and "schedule" not in scheduler.state_dict()
    plain = two_groups(lr=1)
    ScheduleLR(plain, lambda t: 0.25 / (1 + t))
    np.testing.assert_allclose(rates_of(plain), [0.025, 0.005])


def test_a_rate_that_was_zero_comes_back():
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, Constant(0.0).then(Linear(4), after=2))
    for expected in (0, 0, 0.1, 0.075, 0.05, 0.025, 0, 0):
        np.testing.assert_allclose(rates_of(optimizer)[0], expected, atol=1e-17)
        advance(optimizer, scheduler)


def test_a_subclass_in_pytorchs_way():
    class Harmonic(LRScheduler):
        def __init__(self, optimizer, slope, last_epoch=-1):
            self.slope = slope
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            return [base / (1 + self.slope * self.last_epoch) for base in self.base_lrs]

    optimizer = two_groups()
    scheduler = Harmonic(optimizer, 2)
    advance(optimizer, scheduler)
    np.testing.assert_allclose(rates_of(optimizer), [0.1 / 3, 0.02 / 3])
    assert scheduler.state_dict()["slope"] == 2 and scheduler.last_epoch == 1

    class Nothing(LRScheduler):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing has no method get_lr\(\)"):
        Nothing(two_groups())


def test_warns_once_when_the_scheduler_steps_first():
    optimizer = two_groups()
    scheduler = StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"call of `lr_scheduler.step\(\)` before `opt") as caught:
        scheduler.step()
    assert caught[0].filename == __file__ and len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
        ExponentialLR(optimizer, 0.9).step()


@pytest.mark.parametrize(
    "code",
    ["SequentialLR(o, [StepLR(o, 2), StepLR(o, 2)], [4])", "ChainedScheduler([StepLR(o, 2)] * 2)"],
)
def test_made_of_others_warns_once_and_where_it_was_called(code):
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    with pytest.warns(UserWarning, match="Detected call") as caught:
        scheduler.step()
    assert caught[0].filename == __file__ and len(caught) == 1


def test_nothing_is_left_in_the_optimizer_after_its_first_step():
    optimizer = two_groups()
    StepLR(optimizer, 3), StepLR(optimizer, 3)
    assert len(optimizer._post_hooks) == 1
    optimizer.step()
    assert optimizer._post_hooks == []


def test_get_lr_by_hand_warns():
    scheduler = StepLR(two_groups(), 3)
    with pytest.warns(
        UserWarning, match=r"the rates that are set now are get_last_lr\(\)"
    ) as caught:
        scheduler.get_lr()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "code", [c for c in CODES if not c.startswith(("Sequ", "Chain", "Reduce"))]
)
def test_last_epoch_goes_on_from_the_rates_of_the_groups(code):
    """Saved after seven steps, without the scheduler; the constructor makes it the seventh again."""
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    for _ in range(7):
        advance(optimizer, scheduler)
    resumed = two_groups()
    resumed.load_state_dict(optimizer.state_dict())
    other = made(f"{code[:-1]}, last_epoch=6)", resumed)
    for _ in range(7, 14):
        assert other.last_epoch == scheduler.last_epoch
        np.testing.assert_allclose(rates_of(resumed), rates_of(optimizer), rtol=1e-12)
        advance(optimizer, scheduler), advance(resumed, other)


def test_sequential_goes_on_from_last_epoch():
    def make(optimizer, **options):
        parts = [ConstantLR(optimizer, 0.1, 99), ExponentialLR(optimizer, 0.9)]
        return SequentialLR(optimizer, parts, [3], **options)

    optimizer = two_groups()
    scheduler = make(optimizer)
    for _ in range(6):
        advance(optimizer, scheduler)
    resumed = two_groups()
    other = make(resumed, last_epoch=5)
    assert other.last_epoch == 6 and rates_of(resumed) == rates_of(optimizer)


@pytest.mark.parametrize(
    ("code", "factors"),
    [
        (
            "SequentialLR(o, [SequentialLR(o, [ConstantLR(o, .5, 99), ExponentialLR(o, .8)], [2]), "
            "ConstantLR(o, .25, 99)], [4])",
            [0.5, 0.5, 1, 0.8, 0.25, 0.25],
        ),
        (
            "SequentialLR(o, [ConstantLR(o, .25, 99), SequentialLR(o, [ConstantLR(o, .5, 99), "
            "ExponentialLR(o, .8)], [2])], [2])",
            [0.25, 0.25, 0.5, 0.5, 1, 0.8],
        ),
        (
            "SequentialLR(o, [ConstantLR(o, .25, 99), ChainedScheduler([ConstantLR(o, .5, 2), "
            "ExponentialLR(o, .8)])], [2])",
            [0.25, 0.25, 0.5, 0.4, 0.64, 0.512],
        ),
        (
            "SequentialLR(o, [ChainedScheduler([ConstantLR(o, .5, 99), ExponentialLR(o, .8)]), "
            "ConstantLR(o, .25, 99)], [3])",
            [0.5, 0.4, 0.32, 0.25, 0.25],
        ),
        (
            "ChainedScheduler([SequentialLR(o, [ConstantLR(o, .5, 99), ExponentialLR(o, .8)], [2]), "
            "ExponentialLR(o, .5)])",
            [0.5, 0.25, 0.5, 0.2],
        ),
    ],
)
def test_schedulers_made_of_others_nest(code, factors):
    """In PyTorch 2.13 some of these raise an error, or are one step off."""
    optimizer = two_groups()
    scheduler = made(code, optimizer)
    for factor in factors:
        np.testing.assert_allclose(rates_of(optimizer), [0.1 * factor, 0.02 * factor], rtol=1e-14)
        advance(optimizer, scheduler)


def test_functions_are_not_saved_but_the_attributes_of_objects_are():
    class Factor:
        def __init__(self, base):
            self.base = base

        def __call__(self, t):
            return self.base**t

    for kind in (LambdaLR, MultiplicativeLR):
        optimizer = two_groups()
        scheduler = kind(optimizer, [Factor(0.5), lambda t: 0.9])
        saved = scheduler.state_dict()
        assert saved["lr_lambdas"] == [{"base": 0.5}, None]
        other = kind(two_groups(), [Factor(0.1), lambda t: 0.9])
        other.load_state_dict(saved)
        assert other.lr_lambdas[0].base == 0.5 and callable(other.lr_lambdas[1])
    assert LambdaLR(two_groups(), Linear(5)).state_dict()["lr_lambdas"] == [None, None]
    saved = CyclicLR(two_groups(), 0, 1, 4, scale_fn=Factor(0.5)).state_dict()
    cyclic = CyclicLR(two_groups(), 0, 1, 4, scale_fn=Factor(0.1))
    cyclic.load_state_dict(saved)
    assert cyclic._scale_fn_custom.base == 0.5


def test_a_state_dict_is_a_copy():
    optimizer = two_groups()
    scheduler = StepLR(optimizer, 3)
    saved = scheduler.state_dict()
    saved["base_lrs"][0] = 5.0
    scheduler.load_state_dict(saved)
    saved["base_lrs"][0] = 6.0
    assert scheduler.base_lrs == [5.0, 0.02]


def test_loading_what_does_not_fit_changes_nothing():
    optimizer = two_groups()
    one_group = SGD([mg.zeros(1)])
    scheduler = StepLR(optimizer, 3)
    before = scheduler.state_dict()
    for wrong, message in (
        (None, "StepLR: load_state_dict expects what state_dict"),
        ({}, "StepLR: load_state_dict expects"),
        (
            StepLR(one_group, 5).state_dict(),
            "StepLR: load_state_dict: it has 1 base_lrs, this scheduler 2",
        ),
        (
            LambdaLR(two_groups(), abs).state_dict(),
            "StepLR: load_state_dict: it has 2 lr_lambdas, this",
        ),
        (ChainedScheduler([scheduler]).state_dict(), "StepLR: load_state_dict: it has 0 base_lrs"),
    ):
        with pytest.raises(ValueError, match=message):
            scheduler.load_state_dict(wrong)
        assert scheduler.state_dict() == before
    chained = ChainedScheduler([scheduler, scheduler])
    saved = chained.state_dict()
    del saved["_schedulers"][1]["base_lrs"]
    with pytest.raises(ValueError, match="StepLR: load_state_dict: it has 0 base_lrs"):
        chained.load_state_dict(saved)


def test_new_groups_need_a_new_scheduler():
    optimizer = two_groups()
    scheduler = ExponentialLR(optimizer, 0.5)
    optimizer.add_param_group({"params": [leaf([1.0], "cpu")], "lr": 0.3})
    optimizer.step()
    with pytest.raises(
        ValueError, match="ExponentialLR: there are rates for 2 groups .* has 3; after"
    ):
        scheduler.step()
    assert scheduler.last_epoch == 0 and rates_of(optimizer) == [0.1, 0.02, 0.3]
    assert ExponentialLR(optimizer, 0.5).base_lrs == [0.1, 0.02, 0.3]


def test_an_error_in_a_step_changes_nothing():
    optimizer = two_groups()
    scheduler = LambdaLR(optimizer, lambda t: 1 / (2 - t))
    advance(optimizer, scheduler)
    with pytest.raises(ZeroDivisionError):
        scheduler.step()
    assert scheduler.last_epoch == 1 and rates_of(optimizer) == [0.1, 0.02]


def test_one_cycle_ends():
    """The step after the last leaves the rates; in PyTorch they overshoot, below 0 if linear."""
    optimizer = two_groups(Adam)
    scheduler = OneCycleLR(optimizer, 0.5, total_steps=4, anneal_strategy="linear", pct_start=0.5)
    for _ in range(3):
        advance(optimizer, scheduler)
    last = rates_of(optimizer)
    np.testing.assert_allclose(last, [0.5 / 25e4] * 2)
    assert optimizer.param_groups[0]["betas"] == (0.95, 0.999)
    advance(optimizer, scheduler)
    assert rates_of(optimizer) == last
    with pytest.raises(ValueError, match="OneCycleLR: Tried to step 5 times; total_steps is 4"):
        scheduler.step()
    assert scheduler.last_epoch == 4


def test_momentum_is_left_alone_if_asked():
    optimizer = two_groups(Adam)
    scheduler = OneCycleLR(optimizer, 0.5, 10, cycle_momentum=False)
    advance(optimizer, scheduler)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)
    without = RMSprop([leaf([0.0], "cpu")])
    assert OneCycleLR(without, 0.5, 10).use_beta1 is False
    with pytest.raises(ValueError, match="OneCycleLR: Adagrad has neither momentum nor betas"):
        OneCycleLR(mg.optim.Adagrad([mg.zeros(1)]), 0.5, 10)


def test_a_schedule_sets_the_steps_of_training(device):
    """The parameters move as by rates that are set by hand; nothing is fetched from the device."""
    moved = []
    for follow in (True, False):
        x = leaf([3.0, -1.0], device)
        optimizer = Adam([x])
        scheduler = OneCycleLR(optimizer, 0.5, 12) if follow else None
        rates, betas = (
            OneCycle(12, start=0.02, peak=0.5, end=2e-6),
            OneCycle(12, 0.3, 0.95, 0.85, 0.95),
        )
        for t in range(12):
            if not follow:
                optimizer.param_groups[0].update(lr=rates(t), betas=(betas(t), 0.999))
            optimizer.zero_grad()
            (x * x).sum().backward()
            optimizer.step()
            if follow:
                scheduler.step()
        moved.append(numbers(x))
    np.testing.assert_allclose(moved[0], moved[1], rtol=1e-13)


def test_stepping_a_scheduler_does_not_wait_for_the_device(transfers):
    x = leaf([3.0, -1.0], "strict")
    optimizer = SGD([x], lr=0.1, momentum=0.9)
    made_of = [ExponentialLR(optimizer, 0.9), CyclicLR(optimizer, 0.01, 0.1, 3)]
    (x * x).sum().backward()
    with transfers.forbidden():
        for _ in range(3):
            optimizer.step()
            for scheduler in made_of:
                scheduler.step()


# Plateaus -------------------------------------------------------------------------------------------


def test_halving_when_there_is_no_decrease():
    """Document 002, section 3.1.3, on 4 w^2 - 6 w - 9 from 0: the bad steps are kept."""
    w = leaf(0.0, "cpu")
    optimizer = SGD([w], lr=0.5)
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0, min_lr=0.01)
    path = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = 4 * w**2 - 6 * w - 9
        loss.backward()
        scheduler.step(loss)
        path.append((w.item(), optimizer.param_groups[0]["lr"]))
        optimizer.step()
    assert path[:4] == [(0, 0.5), (3, 0.25), (-1.5, 0.125), (0.75, 0.125)]
    assert path[-1] == (0.75, 0.01)  # at the minimum there is no decrease: it stops at the floor


def test_nan_is_no_improvement():
    optimizer = two_groups()
    scheduler = ReduceLROnPlateau(optimizer, patience=1)
    for metric in (1.0, math.nan, math.nan):
        scheduler.step(metric)
    assert scheduler.best == 1.0 and rates_of(optimizer) == [0.1 * 0.1, 0.02 * 0.1]


def test_a_plateau_counts_new_groups_in():
    optimizer = two_groups()
    one, each = (
        ReduceLROnPlateau(optimizer, patience=0),
        ReduceLROnPlateau(optimizer, min_lr=[0, 0]),
    )
    optimizer.add_param_group({"params": [leaf([1.0], "cpu")], "lr": 0.5})
    one.step(1.0), one.step(1.0)
    np.testing.assert_allclose(rates_of(optimizer), [0.01, 0.002, 0.05])
    with pytest.raises(ValueError, match="ReduceLROnPlateau: there are rates for 2 groups"):
        each.step(1.0)
    assert each.last_epoch == 0


def test_cooldown_is_told():
    scheduler = ReduceLROnPlateau(two_groups(), patience=0, cooldown=1)
    seen = []
    for metric in (1.0, 1.0, 1.0, 0.5):
        scheduler.step(metric, epoch=10)
        seen.append(scheduler.in_cooldown)
    assert seen == [False, True, False, False] and scheduler.last_epoch == 10


# Errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("StepLR(3, 4)", TypeError, "StepLR: expected an optimizer, got int 3"),
        ("StepLR(o, 0)", ValueError, "StepLR: step_size = 0 is out of range, expected > 0"),
        ("StepLR(o, 3, gamma=-1)", ValueError, "StepLR: gamma = -1 is out of range, expected >= 0"),
        ("StepLR(o, '3')", TypeError, "StepLR: step_size has to be a number, got str '3'"),
        ("MultiStepLR(o, [3, -1])", ValueError, "MultiStepLR: milestone = -1 is out of range"),
        ("ConstantLR(o, 1.5)", ValueError, "ConstantLR: factor = 1.5 .* expected from 0 to 1"),
        ("ConstantLR(o, 0.5, 0)", ValueError, "ConstantLR: total_iters = 0 is out of range"),
        ("LinearLR(o, 0)", ValueError, "LinearLR: start_factor = 0 is out of range, expected > 0"),
        ("LinearLR(o, 1.1)", ValueError, "LinearLR: start_factor = 1.1 is out of range"),
        ("LinearLR(o, 1, -0.1)", ValueError, "LinearLR: end_factor = -0.1 is out of range"),
        (
            "ExponentialLR(o, float('nan'))",
            ValueError,
            "ExponentialLR: gamma = nan is out of range",
        ),
        ("PolynomialLR(o, 0)", ValueError, "PolynomialLR: total_iters = 0 is out of range"),
        ("CosineAnnealingLR(o, -5)", ValueError, "CosineAnnealingLR: T_max = -5 is out of range"),
        (
            "CosineAnnealingWarmRestarts(o, 2.5)",
            ValueError,
            "CosineAnnealingWarmRestarts: T_0 = 2.5 is out of range, expected a whole number > 0",
        ),
        ("CosineAnnealingWarmRestarts(o, 2, 0)", ValueError, "T_mult = 0 is out of range"),
        (
            "ScheduleLR(o, 'x')",
            TypeError,
            "a schedule is a function of the step or a number, got str",
        ),
        (
            "LambdaLR(o, 0.5)",
            TypeError,
            "LambdaLR: lr_lambda has to be a function .*, got float 0.5",
        ),
        ("LambdaLR(o, [abs])", ValueError, "LambdaLR: lr_lambda has 1 values, .* has 2 groups"),
        (
            "OneCycleLR(o, 0.5)",
            ValueError,
            "OneCycleLR: give total_steps, or both epochs and steps",
        ),
        ("OneCycleLR(o, 0.5, 1.5)", ValueError, "OneCycleLR: total_steps = 1.5 is out of range"),
        (
            "OneCycleLR(o, 0.5, epochs=2, steps_per_epoch=0)",
            ValueError,
            "steps_per_epoch = 0 is out",
        ),
        ("OneCycleLR(o, 0.5, 9, pct_start=30)", ValueError, "pct_start = 30 .* from 0 to 1"),
        ("OneCycleLR(o, 0.5, 9, anneal_strategy='x')", ValueError, "expected 'cos' or 'linear'"),
        ("OneCycleLR(o, [0.5], 9)", ValueError, "OneCycleLR: max_lr has 1 values"),
        ("OneCycleLR(o, -0.5, 9)", ValueError, "OneCycleLR: max_lr = -0.5 is out of range"),
        ("OneCycleLR(o, 0.5, 9, div_factor=0)", ValueError, "OneCycleLR: div_factor = 0 is out"),
        (
            "OneCycleLR(o, 0.5, 9, max_momentum=2)",
            ValueError,
            "OneCycleLR: max_momentum = 2 is out",
        ),
        ("CyclicLR(o, 0.1, 0.2, mode='x')", ValueError, "CyclicLR: mode = 'x' is unknown"),
        ("CyclicLR(o, 0.1, 0.2, 0)", ValueError, "CyclicLR: step_size_up = 0 is out of range"),
        ("CyclicLR(o, -0.1, 0.2)", ValueError, "CyclicLR: base_lr = -0.1 is out of range"),
        ("ReduceLROnPlateau(o, factor=1.0)", ValueError, "factor = 1.0 .* expected >= 0 and < 1"),
        (
            "ReduceLROnPlateau(o, mode='up')",
            ValueError,
            "mode = 'up' is unknown, expected 'min' or",
        ),
        ("ReduceLROnPlateau(o, threshold_mode='x')", ValueError, "threshold_mode = 'x' is unknown"),
        ("ReduceLROnPlateau(o, min_lr=[0])", ValueError, "ReduceLROnPlateau: min_lr has 1 values"),
        ("ReduceLROnPlateau(o, patience=-1)", ValueError, "patience = -1 is out of range"),
        ("SequentialLR(o, [], [])", ValueError, "SequentialLR: expected at least one scheduler"),
        ("ChainedScheduler([])", ValueError, "ChainedScheduler: expected at least one scheduler"),
        ("ChainedScheduler([3])", TypeError, "ChainedScheduler: number 0 is no scheduler but int"),
        (
            "ChainedScheduler([StepLR(o, 3), ReduceLROnPlateau(o)])",
            ValueError,
            "ChainedScheduler: number 1 is a ReduceLROnPlateau, whose step",
        ),
        (
            "SequentialLR(o, [StepLR(o, 3), StepLR(other, 3)], [2])",
            ValueError,
            "SequentialLR: number 1, StepLR, belongs to another optimizer",
        ),
        (
            "SequentialLR(o, [StepLR(o, 3)], [2])",
            ValueError,
            "SequentialLR: 1 schedulers need 0 milestones between them, got 1",
        ),
        (
            "SequentialLR(o, [StepLR(o, 3)] * 3, [2, 2])",
            ValueError,
            r"SequentialLR: milestones have to increase, got \[2, 2\]",
        ),
        (
            "StepLR(o, 3, last_epoch=4)",
            KeyError,
            r"param_groups\[0\] has no 'initial_lr', which last_epoch = 4 needs",
        ),
    ],
)
def test_schedulers_say_what_is_wrong(code, kind, message):
    optimizer = two_groups()
    names = SCHEDULERS | {"o": optimizer, "other": two_groups()}
    with pytest.raises(kind, match=message):
        eval(code, names)
    assert rates_of(optimizer) == [0.1, 0.02]
