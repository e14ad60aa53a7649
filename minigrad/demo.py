"""The demonstration: an MLP with batch norm learns to read handwritten digits, and shows how.

The part up to the pictures is how one trains a network with minigrad; copy it.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minigrad as mg
from minigrad import data, nn, optim


def build() -> nn.Sequential:
    """Return an MLP for images of 8 by 8 pixels: two hidden layers with batch norm."""
    return nn.Sequential(
        nn.Linear(64, 128),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(
    model: nn.Module,
    digits: data.TensorDataset,
    held_out: data.TensorDataset,
    epochs: int,
    report: Callable[[dict[str, float]], None],
) -> list[dict[str, float]]:
    """Fit ``model`` by Adam on mini-batches of 64; return the losses and accuracy of every epoch."""
    loader = data.DataLoader(digits, batch_size=64, shuffle=True, drop_last=True)
    loss_function = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    history = []
    for _ in range(epochs):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = loss_function(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        test_loss, accuracy = evaluate(model, held_out)
        history.append(
            {"train loss": total / len(loader), "test loss": test_loss, "accuracy": accuracy}
        )
        report(history[-1])
    return history


@mg.no_grad()
def evaluate(model: nn.Module, held_out: data.TensorDataset) -> tuple[float, float]:
    """Return loss and accuracy on digits the model was not trained on."""
    images, labels = held_out.tensors
    model.eval()
    logits = model(images)
    correct = (logits.argmax(1) == labels).float().mean()
    return nn.CrossEntropyLoss()(logits, labels).item(), correct.item()


def run(folder: Path, seed: int = 0, epochs: int = 20) -> float:
    """Train, print what happens, write the pictures to ``folder``; return the accuracy.

    Parameters
    ----------
    folder : Path
        Where the pictures go; made if it is not there.
    seed : int, default 0
        Of the initial weights and the order of the batches.  Which digits are held out never changes.
    epochs : int, default 20
        How often each digit is seen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mg.manual_seed(seed)
    digits, held_out = data.digits_split()
    model = build()
    weights = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(digits)} handwritten digits to learn from, {len(held_out)} held out")
    print(f"an MLP of {weights:,} parameters, {epochs} epochs of Adam, seed {seed}")
    start = time.perf_counter()
    with _Progress(epochs) as progress:
        history = train(model, digits, held_out, epochs, progress)
    seconds = time.perf_counter() - start
    accuracy = history[-1]["accuracy"]
    print(f"accuracy on the held-out digits: {accuracy:.2%}, after {seconds:.1f} s")
    _write_graph(folder / "digits-graph.svg", model, digits)
    _write_plots(folder, history, model, held_out)
    return accuracy


class _Progress:
    """A bar in a terminal, a line an epoch anywhere else."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.done = 0

    def __enter__(self) -> _Progress:
        from tqdm import tqdm

        self.bar = tqdm(total=self.epochs, unit="epoch", disable=not sys.stderr.isatty())
        return self

    def __exit__(self, *exc: Any) -> None:
        self.bar.close()

    def __call__(self, epoch: dict[str, float]) -> None:
        """Show the figures of an epoch."""
        self.done += 1
        self.bar.update()
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in epoch.items()})
        if self.bar.disable:
            figures = ", ".join(f"{name} {value:.4f}" for name, value in epoch.items())
            print(f"epoch {self.done:2d}: {figures}", flush=True)


def _write_graph(path: Path, model: nn.Module, digits: data.TensorDataset) -> None:
    """Draw the graph of one loss of this model."""
    from minigrad.viz import RendererMissing, draw

    model = copy.deepcopy(model).train()  # a training step would change the running statistics
    images, labels = (tensor[:64] for tensor in digits.tensors)
    images.name, labels.name = "images", "labels"
    loss = nn.CrossEntropyLoss()(model(images), labels)
    loss.name = "loss"
    try:
        draw(loss, params=model).save(path)
        print(f"the graph of the loss: {path}")
    except RendererMissing as error:
        print(f"no picture of the graph: {error}")


def _write_plots(
    folder: Path, history: list[dict[str, float]], model: nn.Module, held_out: data.TensorDataset
) -> None:
    """Plot the losses, and a sheet of held-out digits with the model's answers."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print('no plots: pip install "minigrad-autograd[plot]" adds them')
        return
    _plot_losses(Figure(figsize=(7, 4.2), layout="constrained"), history).savefig(
        folder / "digits-loss.png", dpi=150
    )
    print(f"the loss curve: {folder / 'digits-loss.png'}")
    sheet = Figure(figsize=(9, 4.6), layout="constrained")
    _plot_predictions(sheet, model, held_out).savefig(folder / "digits-predictions.png", dpi=150)
    print(f"some answers: {folder / 'digits-predictions.png'}")


def _plot_losses(figure: Any, history: list[dict[str, float]]) -> Any:
    axes = figure.subplots()
    steps = range(1, len(history) + 1)
    for name, colour, style in (("train loss", "#0072B2", "-"), ("test loss", "#D55E00", "--")):
        axes.plot(steps, [epoch[name] for epoch in history], style, color=colour, label=name)
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean cross entropy (nats)")
    axes.set_title(f"Handwritten digits: {history[-1]['accuracy']:.2%} of the held-out ones right")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


@mg.no_grad()
def _plot_predictions(figure: Any, model: nn.Module, held_out: data.TensorDataset) -> Any:
    """Show 40 held-out digits, the misread ones first, in red."""
    model.eval()
    images, labels = held_out.tensors
    answers = model(images).argmax(1)
    wrong = (answers != labels).long()
    chosen = wrong.argsort(descending=True)[:40].tolist()
    for axes, i in zip(figure.subplots(4, 10).flat, chosen, strict=False):
        axes.imshow(images[i].reshape(8, 8), cmap="gray_r")
        right = answers[i].item() == labels[i].item()
        text = f"{answers[i].item()}" if right else f"{answers[i].item()}, is {labels[i].item()}"
        axes.set_title(text, fontsize=9, color="black" if right else "#c81e1e")
        axes.set_axis_off()
    figure.suptitle("Held-out digits and the network's answers (misread ones first, in red)")
    return figure
