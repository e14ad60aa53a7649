"""What tests of drawings share: networks to draw, and what is in a picture."""

from minigrad import nn


def mlp(*sizes):
    """Return a network with batch norm."""
    layers = []
    for before, after in zip(sizes[:-2], sizes[1:-1], strict=True):
        layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def boxes(graph, kind=None):
    """Return the boxes of a picture, all or those of one kind."""
    return [b for b in graph._picture.boxes if kind in (None, b.kind)]


def titles(graph, kind=None):
    """Return their main texts."""
    return [box.title for box in boxes(graph, kind)]


def arrows(graph):
    """Return from where, to where, and what stands there, of the arrows that are drawn."""
    return [(a.source.title, a.target.title, a.label) for a in graph._picture.arrows if a.drawn]
