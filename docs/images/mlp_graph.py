"""Writes mlp-graph.svg, the first picture of the README: ``python docs/images/mlp_graph.py``."""

from pathlib import Path

import minigrad as mg
from minigrad import data, nn

mg.manual_seed(0)
model = nn.Sequential(
    nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10)
)
train_set, _ = data.digits_split()
images, labels = train_set[:32]
loss = nn.CrossEntropyLoss()(model(images), labels)
graph = mg.draw(loss, params=model, names={"images": images, "labels": labels}, direction="LR")

if __name__ == "__main__":
    graph.save(Path(__file__).with_name("mlp-graph.svg"))
