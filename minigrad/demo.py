"""What ``minigrad demo`` runs: an MLP with batch norm learns to read handwritten digits.

:func:`learn` is how one trains a network with minigrad; copy it.  :func:`run` is what the command adds: it
tells how it went, and writes the pictures.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import minigrad as mg
from minigrad import data, nn, optim, train


class Outcome(NamedTuple):
    """What training gives: the model, what was measured in each epoch, the graph of its loss."""

    model: nn.Module
    history: train.History
    graph: Any

    @property
    def accuracy(self) -> float:
        """Which fraction of the held-out digits is read right."""
        return self.history["validation accuracy"][-1]


def learn(train_set: data.TensorDataset, test_set: data.TensorDataset, epochs: int) -> Outcome:
    """Train a new model on images (n, 64) and labels (n,) for some epochs."""
    model = nn.Sequential(
        nn.Linear(64, 128, bias=False),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 64, bias=False),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=4e-3)
    history = train.fit(
        model,
        data.DataLoader(train_set, batch_size=64, shuffle=True, drop_last=True),
        criterion,
        optimizer,
        epochs,
        validation=data.DataLoader(test_set, batch_size=len(test_set)),
        metrics={"accuracy": train.accuracy},
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
    )
    images, labels = train_set[:64]
    loss = criterion(model.train()(images), labels)
    graph = mg.draw(loss, params=model, names={"images": images, "labels": labels})
    return Outcome(model.eval(), history, graph)


def run(folder: Path, seed: int = 0, epochs: int = 20) -> Outcome:
    """Train, tell how it goes, and write the pictures that the installed extras allow.

    Parameters
    ----------
    folder : Path
        Where the pictures go; made if it is not there.
    seed : int, default 0
        Of the initial weights and the order of the batches.  Which digits are held out never changes.
    epochs : int, default 20
        How often each digit is seen.

    Raises
    ------
    ValueError
        If ``epochs`` is less than 1.
    OSError
        If the folder cannot be made or written to.
    """
    if epochs < 1:
        raise ValueError(f"there has to be at least 1 epoch, got {epochs}")
    folder.mkdir(parents=True, exist_ok=True)
    mg.manual_seed(seed)
    train_set, test_set = data.digits_split()
    print(f"Learning from {len(train_set):,} handwritten digits; {len(test_set)} are held out.")
    start = time.perf_counter()
    outcome = learn(train_set, test_set, epochs)
    seconds = time.perf_counter() - start
    print(f"Accuracy on the held-out digits: {outcome.accuracy:.2%}, after {seconds:.1f} s.")
    write_graph(outcome, folder)
    write_plots(outcome, test_set, folder)
    return outcome


def write_graph(outcome: Outcome, folder: Path) -> None:
    """Write the graph of a training loss."""
    from minigrad.viz import RendererMissing

    try:
        print(f"The graph of the loss: {outcome.graph.save(folder / 'digits-graph.svg')}")
    except RendererMissing as error:
        print(f"No digits-graph.svg: {error}.")


def write_plots(outcome: Outcome, test_set: data.TensorDataset, folder: Path) -> None:
    """Write the loss curves, and a sheet of held-out digits with what the model reads."""
    from minigrad.viz.plots.pictures import image_sheet, loss_curves

    history = outcome.history
    curves = {
        "training (mean over the epoch)": history["loss"],
        "held out": history["validation loss"],
    }
    try:
        figure = loss_curves(
            curves,
            title=f"Handwritten digits: {outcome.accuracy:.2%} of the held-out ones read right",
            ylabel="mean cross entropy (nats)",
        )
    except ImportError:
        print(
            "No digits-loss.png and digits-predictions.png: they need matplotlib, "
            'pip install "minigrad-autograd[plot]".'
        )
        return
    figure.savefig(folder / "digits-loss.png")
    print(f"The loss curves: {folder / 'digits-loss.png'}")

    images, labels = test_set.tensors
    with mg.no_grad():
        answers = outcome.model(images).argmax(1)
    wrong = answers != labels
    shown = wrong.long().argsort(descending=True, stable=True)[:40]
    misread = wrong[shown].tolist()
    pairs = zip(answers[shown].tolist(), labels[shown].tolist(), strict=True)
    figure = image_sheet(
        images[shown].reshape(-1, 8, 8).cpu().numpy(),
        [f"{answer}" if answer == label else f"{answer}, is {label}" for answer, label in pairs],
        misread,
        title=f"Held-out digits and what the network reads; {wrong.sum().item()} of {len(wrong)} misread",
    )
    figure.savefig(folder / "digits-predictions.png")
    print(f"Some held-out digits as read: {folder / 'digits-predictions.png'}")
