"""Stopping criteria: each stops when it should, says why, and can go on from its state."""

import math

import pytest

from minigrad.optim.stopping import (
    Criterion,
    GradientNorm,
    LossChange,
    MaxSteps,
    Patience,
    Progress,
    why_stop,
)


def first_stop(criterion, losses, **more):
    """Return at which step a criterion stops on these losses (``None``: never), and why."""
    for step, loss in enumerate(losses, start=1):
        reason = criterion(Progress(step, loss, validation=loss, **more))
        if reason is not None:
            return step, reason
    return None, None


def test_max_steps():
    assert first_stop(MaxSteps(3), [1.0] * 5) == (3, "3 steps were made")


@pytest.mark.parametrize(
    ("norm", "stops"), [(2e-5, False), (1e-5, True), (0.0, True), (math.nan, False)]
)
def test_gradient_norm(norm, stops):
    reason = GradientNorm(1e-5)(Progress(1, 0.0, lambda: norm))
    assert (reason is not None) is stops
    assert reason is None or "at most 1e-05" in reason


def test_only_the_gradient_norm_asks_for_it():
    def expensive():
        raise AssertionError

    progress = Progress(1, 1.0, expensive, validation=1.0)
    assert why_stop([MaxSteps(5), LossChange(), Patience()], progress) is None


@pytest.mark.parametrize(
    ("criterion", "losses", "step"),
    [
        (LossChange(0.1), [3.0, 2.0, 1.95, 1.0], 3),
        (LossChange(0.1, steps=2), [3.0, 2.95, 2.0, 1.95, 1.9], 5),
        (LossChange(0.0, relative=0.1), [3.0, 2.0, 1.85], 3),
        (LossChange(0.1), [3.0, 2.0, 1.0], None),
        (LossChange(0.1), [math.nan, math.nan, math.nan], None),
        (LossChange(0.0), [1.0, 1.0], 2),
        (Patience(2), [3.0, 2.0, 2.5, 2.0], 4),
        (Patience(2), [3.0, 2.0, 2.5, 1.9, 2.0, 1.9], 6),
        (Patience(2, min_delta=0.5), [3.0, 2.0, 1.8, 1.6], 4),
        (Patience(1), [1.0, math.nan], 2),
    ],
    ids=str,
)
def test_when_they_stop(criterion, losses, step):
    assert first_stop(criterion, losses)[0] == step
    criterion.reset()
    assert first_stop(criterion, losses)[0] == step


def test_patience_says_what_it_waited_for():
    assert first_stop(Patience(2), [0.25, 0.5, 0.75])[1] == (
        "the validation loss has not fallen below 0.25 for 2 steps"
    )
    assert "the loss has not" in first_stop(Patience(2, of="loss"), [0.25, 0.5, 0.75])[1]


def test_patience_needs_something_to_watch():
    with pytest.raises(ValueError, match="no validation loss to watch"):
        Patience()(Progress(1, 1.0))
    with pytest.raises(ValueError, match="'validation' or 'loss', got 'accuracy'"):
        Patience(of="accuracy")


@pytest.mark.parametrize("make", [lambda: Patience(3), lambda: LossChange(0.2, steps=3)])
def test_they_go_on_from_their_state(make):
    losses = [3.0, 2.0, 2.1, 2.2, 2.3, 2.4]
    whole, first, second = make(), make(), make()
    expected = first_stop(whole, losses)[0]
    assert first_stop(first, losses[:3])[0] is None
    second.load_state_dict(first.state_dict())
    assert 3 + first_stop(second, losses[3:])[0] == expected


def test_the_first_reason_counts_and_all_are_asked():
    patience = Patience(2)
    assert (
        why_stop([MaxSteps(1), patience], Progress(1, 1.0, validation=1.0)) == "1 steps were made"
    )
    assert patience.best == 1.0
    assert why_stop([], Progress(1, 1.0)) is None


def test_a_function_is_a_criterion_and_the_base_class_is_none():
    assert (
        why_stop([lambda progress: "enough" if progress.loss < 2 else None], Progress(1, 1.0))
        == "enough"
    )
    with pytest.raises(NotImplementedError, match="Criterion does not say when"):
        Criterion()(Progress(1, 1.0))
