"""What is said under the scenes of a film: where in it one is, and the rule that is applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from minigrad.explaining import Explanation, explain
from minigrad.nn.hooks import BackwardHook
from minigrad.viz.graphs.script import Script, Step

WIDEST = 88
"""Letters in a line of a caption."""

Act = list[Step]
"""The steps of one scene: several, for those of a closed module."""


def captions_of(script: Script, forward: list[Act], backward: list[Act]) -> list[tuple[str, ...]]:
    """Return the lines under every scene, as many and as long for all."""
    captions: list[tuple[str, ...]] = [(beginning(script),)]
    captions += headings("forward", forward, forward_rules)
    if backward:
        captions.append((turn(script),))
        captions += headings("backward", backward, backward_rules)
    captions.append((ending(script, bool(backward)),))
    return same_size(captions)


def beginning(script: Script) -> str:
    """Return what is said of the leaves."""
    return f"start: the leaves {'have their values' if script.valued else 'are there'}"


def turn(script: Script) -> str:
    """Return what is said of the gradients with which backward begins."""
    one = "1" if script.single else "1 everywhere"
    if len(script.outputs) == 1:
        return f"backward begins: the gradient of the output itself is {one}"
    repeated = len(set(script.outputs)) < len(script.outputs)
    again = ", as often as it is given" if repeated else ""
    return f"backward begins: each output starts with the gradient {one}{again}"


def ending(script: Script, back: bool) -> str:
    """Return what is said of the whole."""
    shown = ["every value"] * script.valued + ["every gradient"] * back
    if not shown:
        return "end: every operation"
    return f"end: {' and '.join(shown)}{'' if script.complete else ' that is known'}"


def headings(
    way: str, acts: list[Act], rules: Callable[[Step], list[str]]
) -> Iterator[tuple[str, ...]]:
    """Yield for each act where in the film it is, and the rules it applies, unless they are many."""
    for place, act in enumerate(acts, start=1):
        names = dict.fromkeys(step.operation.name for step in act)
        first = f"{way} {place} of {len(acts)}: {', '.join(names)}"
        yield first, *(rules(act[0]) if len(act) == 1 else ())


def forward_rules(step: Step) -> list[str]:
    """Return what an operation computes, if it fits on a line."""
    explanation = explain(step.operation)
    if "\n" in explanation.forward or not explanation.forward:
        return explanation.meaning.splitlines()[:1] + here(step, explanation, [*explanation.inputs])
    lines = [f"out = {explanation.forward}"]
    return lines + here(step, explanation, lines)


def backward_rules(step: Step) -> list[str]:
    """Return the rule for each input that is given a gradient."""
    if step.operation.name == BackwardHook.__name__:
        return ["the gradient passes as it is"]
    explanation = explain(step.operation)
    positions = {position for position, _ in step.into}
    variadic = len(explanation.inputs) <= max(positions, default=0)
    lines = []
    for names, rule in explanation.derivatives.items():
        together = names not in explanation.inputs  # one rule for all inputs
        if together or variadic or explanation.inputs.index(names) in positions:
            lines.append(f"gradient of {names} += {on_one_line(rule, step.operation)}")
    return lines + here(step, explanation, lines)


def here(step: Step, explanation: Explanation, lines: list[str]) -> list[str]:
    """Return a line with what the names in ``lines`` stand for."""
    words = re.findall(r"(?<!gradient of )\b\w+\b", " ".join(lines))
    inputs = explanation.inputs if len(explanation.inputs) == len(step.inputs) else ()
    meanings = [*zip(inputs, step.inputs, strict=False)]
    meanings += [("out", step.result), ("g", step.gradient)]
    # A tensor that is called as the rule calls it is not said to be itself.
    found = [
        f"{name} = {text.removeprefix(f'{name} = ')}"
        for name, text in meanings
        if name in words and text not in ("", name)
    ]
    return [f"with {', '.join(found)}"] if found else []


def on_one_line(rule: str, operation: Any) -> str:
    """Return a rule as one expression: of a function, what it returns, if that is all it does."""
    if "\n" not in rule:
        return rule
    rest = re.sub(r"^ *#.*\n|^def .*\n", "", rule, flags=re.MULTILINE)
    found = re.fullmatch(r" *return (.+)", rest)
    if found:
        return found[1]
    asked = operation.name if hasattr(operation, "function") else repr(operation.name)
    return f"... (several lines: mg.explain({asked}))"


def same_size(captions: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the captions, all of as many lines of as many letters."""
    cut = [
        [line if len(line) <= WIDEST else line[: WIDEST - 1] + "…" for line in lines]
        for lines in captions
    ]
    height = max(len(lines) for lines in cut)
    width = max(len(line) for lines in cut for line in lines)
    return [
        tuple(line.ljust(width) for line in (*lines, *[""] * (height - len(lines))))
        for lines in cut
    ]
