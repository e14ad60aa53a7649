"""The table of operations in the docs shows the rules that run, each beside its own input."""

import sys
from pathlib import Path

import pytest

from minigrad import ops

pytest.importorskip("docutils", reason="the docs' requirements are not installed")
sys.path.append(str(Path(__file__).parents[1] / "docs" / "_ext"))

import operations_table  # noqa: E402


def test_each_input_has_its_own_rule():
    mul, sub = ops.REGISTRY["mul"], ops.REGISTRY["sub"]
    assert operations_table.rule_text("x", mul.rules["x"]) == "g * y"
    assert operations_table.rule_text("y", mul.rules["y"]) == "g * x"
    assert operations_table.rule_text("x", sub.rules["x"]) == "g"
    assert operations_table.rule_text("y", sub.rules["y"]) == "-g"


@pytest.mark.parametrize("name", sorted(ops.REGISTRY))
def test_every_rule_has_a_text(name):
    op = ops.REGISTRY[name]
    for position, rule in op.rules.items():
        assert operations_table.rule_text(position, rule)
    if op.joint is not None:
        assert operations_table.rule_text("", op.joint)


def test_the_text_of_another_rule_is_refused():
    import ast

    rule = ops.REGISTRY["mul"].rules["x"]
    tree = ast.parse("lambda xp, g, y: g + y", mode="eval").body
    with pytest.raises(ValueError, match="not the rule"):
        operations_table.check_same("x", rule, tree)
