"""The training loop: what it does, what it measures, and when it stops."""

import copy
import math
import re
import sys

import pytest

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.optim import lr_scheduler
from minigrad.optim.stopping import GradientNorm, LossChange, MaxSteps, Patience


def problem(device="cpu", n=60):
    """Return a small model and two loaders of two classes."""
    mg.manual_seed(0)
    points, labels = (t.to(device) for t in data.moons(n))
    model = nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2)
    )
    loader = data.DataLoader(data.TensorDataset(points, labels), batch_size=16, shuffle=True)
    held_out = data.DataLoader(data.TensorDataset(points[:20], labels[:20]), batch_size=7)
    return model, loader, held_out


def run(epochs=3, device="cpu", make=optim.SGD, lr=0.1, **options):
    model, loader, held_out = problem(device)
    if options.pop("validate", False):
        options["validation"] = held_out
    optimizer = make(model.parameters(), lr=lr)
    if "scheduler" in options:
        options["scheduler"] = options["scheduler"](optimizer)
    options.setdefault("verbose", False)
    return model, train.fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs, **options)


def test_it_is_the_loop_one_would_write(device):
    model, loader, _ = problem(device)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        total = 0.0
        for x, y in loader:
            loss = nn.CrossEntropyLoss()(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / 60)
    fitted, history = run(device=device)
    assert all(mg.equal(a, b) for a, b in zip(model.parameters(), fitted.parameters(), strict=True))
    assert history["loss"] == pytest.approx(losses, rel=1e-6)
    assert history["loss"][-1] < history["loss"][0]


def test_it_measures_what_it_is_asked_to(device):
    model, history = run(
        2,
        device,
        validate=True,
        metrics={"accuracy": train.accuracy, "mean": lambda out, y: out.mean()},
    )
    assert list(history.columns) == [
        *["lr", "loss", "accuracy", "mean"],
        *["validation loss", "validation accuracy", "validation mean", "seconds"],
    ]
    assert len(history) == 2 and history["lr"] == [0.1, 0.1] and min(history["seconds"]) > 0
    points, labels = (t.to(device) for t in problem()[2].dataset.tensors)
    model.eval()
    assert history["validation loss"][-1] == pytest.approx(
        nn.CrossEntropyLoss()(model(points), labels).item(), rel=1e-6
    )
    right = (model(points).argmax(1) == labels).float().mean().item()
    assert history["validation accuracy"][-1] == pytest.approx(right)


def test_evaluation_changes_nothing():
    model, _, held_out = problem()
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    numbers = mg.get_rng_state()
    seen = train.evaluate(
        model, held_out.dataset.tensors and [held_out.dataset.tensors], nn.CrossEntropyLoss()
    )
    assert seen.keys() == {"loss"}
    assert model.training and not model[1].training and mg.equal(numbers, mg.get_rng_state())
    assert all(mg.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_the_best_epoch_is_restored():
    rates = [0.2, 0.2, 0.2, 500.0, 500.0]
    model, history = run(
        5,
        validate=True,
        restore_best=True,
        scheduler=lambda o: lr_scheduler.LambdaLR(o, lambda t: rates[min(t, 4)] / 0.1),
        lr=0.1,
    )
    best = min(history["validation loss"])
    assert best < history["validation loss"][-1]
    seen = train.evaluate(model, problem()[2], nn.CrossEntropyLoss())
    assert seen["loss"] == pytest.approx(best, rel=1e-6)


def test_schedulers_are_stepped_once_an_epoch():
    _, history = run(4, scheduler=lambda o: lr_scheduler.StepLR(o, 2, 0.5))
    assert history["lr"] == [0.1, 0.1, 0.05, 0.05]
    _, history = run(
        4, lr=0.0, scheduler=lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0), validate=True
    )
    assert history["lr"] == [0.0] * 4

    def plateau(optimizer):
        return lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=1e9)

    _, history = run(3, scheduler=plateau)
    assert history["lr"] == pytest.approx([0.1, 0.01, 0.001])


@pytest.mark.parametrize(
    ("criterion", "epochs", "words"),
    [
        (MaxSteps(2), 2, "2 steps"),
        (GradientNorm(1e9), 1, "norm of the gradient"),
        (LossChange(1e9), 2, "the loss changed by"),
        (Patience(1, min_delta=1e9), 2, "validation loss has not fallen"),
        (lambda progress: "enough" if progress.step == 3 else None, 3, "enough"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_stops_early_and_says_why(criterion, epochs, words):
    _, history = run(5, validate=True, stop=[criterion])
    assert len(history) == epochs and words in history.stopped and "stopped: " in repr(history)


def test_without_a_reason_all_epochs_are_run():
    _, history = run(2, stop=[MaxSteps(5)])
    assert len(history) == 2 and history.stopped is None and "stopped" not in repr(history)


def test_a_line_for_each_epoch(capsys):
    run(2, verbose=True, validate=True, metrics={"accuracy": train.accuracy})
    lines, errors = capsys.readouterr()
    first, second = lines.splitlines()
    number = r"\d\.\d{4}"
    assert re.fullmatch(
        rf"epoch   2: loss {number}, accuracy {number}; validation loss {number}, accuracy {number}; "
        r"lr 0\.1; \d+\.\d\d s",
        second,
    )
    assert first.startswith("epoch   1: ") and errors == ""  # no bar where there is no terminal
    run(2, verbose=False)
    assert capsys.readouterr() == ("", "")


def test_a_bar_in_terminals(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(2, verbose=True)
    lines, errors = capsys.readouterr()
    assert len(lines.splitlines()) == 2 and "epoch 2/2" in errors and "/8 [" in errors


def test_without_tqdm_there_is_no_bar(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    _, history = run(1, verbose=True)
    lines, errors = capsys.readouterr()
    assert lines == history.line() + "\n" and errors == ""


def test_a_loss_that_is_not_finite_ends_it():
    model = nn.Linear(2, 2)
    batch = mg.tensor([[0.0, mg.nan]]), mg.tensor([1])
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    with pytest.raises(
        FloatingPointError, match="the loss is nan in epoch 1; try a smaller.* than 0.5"
    ):
        train.fit(model, [batch], nn.CrossEntropyLoss(), optimizer, verbose=False)


def test_criteria_are_asked_in_every_epoch():
    for stop in (MaxSteps(2), [MaxSteps(2)], (criterion for criterion in [MaxSteps(2)])):
        assert len(run(5, stop=stop)[1]) == 2


def test_criteria_are_reset():
    patience = Patience(2, of="loss")
    patience.best, patience.waited = -1.0, 1
    assert len(run(4, stop=patience)[1]) == 4


def test_an_optimizer_that_asks_for_the_loss_again_is_refused():
    with pytest.raises(TypeError, match="fit: SAM asks for the loss again in every step"):
        run(make=optim.SAM)


def test_an_error_leaves_the_best_parameters_and_the_history():
    def spoil(progress):
        if progress.step == 3:
            for parameter in model.parameters():
                parameter.data.fill_(mg.nan)

    model, loader, held_out = problem()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(FloatingPointError) as caught:
        train.fit(
            model, loader, nn.CrossEntropyLoss(), optimizer, 10,
            validation=held_out, restore_best=True, stop=spoil, verbose=False,
        )  # fmt: skip
    history = caught.value.history
    assert len(history) == 4
    seen = train.evaluate(model, held_out, nn.CrossEntropyLoss())
    assert seen["loss"] == pytest.approx(min(history["validation loss"][:3]), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "at least 1, got 0"),
        ({"restore_best": True}, "needs validation data"),
        ({"metrics": {"loss": train.accuracy}}, "the history has 'loss' already"),
        ({"metrics": {"validation accuracy": train.accuracy}}, "'validation accuracy' already"),
        ({"validation": iter([])}, r"validation is an iterator \(list_iterator\).*only once"),
    ],
)
def test_errors(options, words):
    with pytest.raises(ValueError, match=words):
        run(**options)


def test_a_loader_without_batches_is_an_error():
    model, _, _ = problem()
    empty = data.DataLoader(
        data.TensorDataset(mg.ones(3, 2), mg.tensor([0, 1, 0])), 16, drop_last=True
    )
    with pytest.raises(ValueError, match="no batches"):
        train.fit(
            model,
            empty,
            nn.CrossEntropyLoss(),
            optim.SGD(model.parameters(), lr=0.1),
            verbose=False,
        )


def test_accuracy(device):
    logits = mg.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    assert train.accuracy(logits, mg.tensor([0, 1])).item() == 0.5
    assert (
        train.accuracy(mg.tensor([-1.0, 2.0, 3.0, -4.0]), mg.tensor([0.0, 1.0, 0.0, 0.0])).item()
        == 0.75
    )
    assert train.accuracy(mg.tensor([[1.0], [-1.0]]), mg.tensor([[1], [1]])).dtype == mg.float32
    assert train.accuracy(mg.zeros(2, 3, 5), mg.zeros(2, 5, dtype=mg.int64)).item() == 1.0
    with pytest.raises(ValueError, match=r"outputs \(2, 3\) do not fit targets \(3,\)"):
        train.accuracy(logits, mg.tensor([0, 1, 2]))
    with pytest.raises(
        ValueError, match=r"outputs \(2, 1\) do not fit targets \(2,\).*two classes"
    ):
        train.accuracy(mg.tensor([[5.0], [5.0]]), mg.tensor([1, 1]))


def test_the_history_draws_itself():
    pytest.importorskip("matplotlib")
    _, history = run(3, validate=True, metrics={"accuracy": train.accuracy})
    losses, others = history.plot().axes
    assert [line.get_label() for line in losses.lines] == ["loss", "validation loss"]
    assert list(losses.lines[0].get_ydata()) == history["loss"] and losses.get_yscale() == "log"
    assert [line.get_label() for line in others.lines] == ["accuracy", "validation accuracy"]
    assert others.get_ylabel() == "accuracy"
    figure = run(1)[1].plot()
    assert len(figure.axes) == 1
    assert figure._repr_html_().startswith('<img src="data:image/png;base64,iVBORw0KGgo')  # a PNG


def test_nothing_is_read_before_the_epoch_ends(transfers):
    model, loader, _ = problem()
    model.to("strict")
    x, y = (t.to("strict") for t in loader.dataset.tensors)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    batches = [(x[i : i + 16], y[i : i + 16]) for i in (0, 16, 32)]
    model[3].p = 0.0  # the mask of dropout is drawn on the host

    def read():
        before = transfers.to_host
        train.train_epoch(
            model, batches, nn.CrossEntropyLoss(), optimizer, {"accuracy": train.accuracy}
        )
        return transfers.to_host - before

    few = read()
    batches += batches
    assert read() == few
    assert math.isfinite(x.sum().item())


def test_arguments_in_other_places_are_named():
    model, loader, _ = problem()
    loss, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)
    x, y = mg.ones(3, 2), mg.tensor([0, 1, 0])
    order = r"; the order is fit\(model, loader, loss, optimizer\)$"
    for given, words in [
        ((loss, model, loader, optimizer), "fit: loader has to be an iterable of batches, got Sequential"),
        ((model, loss, loader, optimizer), "fit: loader has to be an iterable of batches, got CrossEntropyLoss"),
        ((model, loader, optimizer, loss), "fit: loss has to be a function of outputs and targets, got SGD"),
        ((model, loader, loss, optim.SGD), "fit: optimizer has to be an optimizer, got SGD"),
        ((model, x, loss, optimizer), "fit: loader has to be an iterable of batches, got Tensor"),
        ((loader, model, loss, optimizer), "fit: model has to be a Module, got DataLoader"),
    ]:  # fmt: skip
        with pytest.raises(TypeError, match=f"^{words}{order}"):
            train.fit(*given, verbose=False)
    for pair in ((x, y), [x, y]):
        with pytest.raises(
            TypeError, match=r"fit: loader is to give .*write \[\(inputs, targets\)\]"
        ):
            train.fit(model, pair, loss, optimizer, verbose=False)
    with pytest.raises(TypeError, match=r"fit: validation is to give batches"):
        train.fit(model, loader, loss, optimizer, validation=(x, y), verbose=False)


def test_a_history_is_gone_through_by_its_names():
    history = train.History()
    with pytest.raises(KeyError, match="no 'loss', but nothing was measured yet"):
        history["loss"]
    history.append({"loss": 0.5, "lr": 0.1})
    history.append({"loss": 0.25, "lr": 0.1})
    assert "loss" in history and "accuracy" not in history and len(history) == 2
    assert list(history) == list(history.keys()) == ["loss", "lr"]
    assert dict(history) == {"loss": [0.5, 0.25], "lr": [0.1, 0.1]}
    with pytest.raises(KeyError, match=r"no 'accuracy', but loss, lr"):
        history["accuracy"]
    with pytest.raises(
        KeyError, match=r"no 'validation loss' \(see fit\(validation=...\)\), but loss, lr"
    ):
        history["validation loss"]
