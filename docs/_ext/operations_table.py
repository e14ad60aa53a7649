"""The directive ``operations``: a table of every operation, made from minigrad's own registry.

What it shows is the code that runs: the formula is the docstring of the forward, the derivative is the
text of the rules, the kinks and dtypes are what the operation was declared with.
"""

import ast
import dis
import inspect
import re
import textwrap

from docutils import nodes
from docutils.parsers.rst import Directive

from minigrad import ops

DTYPES = {
    "promote": "promoted",
    "float": "promoted, integers to the default float",
    "same": "all the same",
    "any": "any",
}


def rule_text(name, rule):
    """Return the rule for an input as text: the expression of a lambda, or a whole function."""
    source = textwrap.dedent(inspect.getsource(rule))
    if rule.__name__ != "<lambda>":
        return source
    named = re.search(rf"\b{name}\s*=\s*(?=lambda)", source) if name else None
    start = named.end() if named else source.index("lambda")
    for end in range(len(source), start, -1):
        try:
            tree = ast.parse(source[start:end].strip(), mode="eval").body
        except SyntaxError:
            continue
        found = tree.elts[0] if isinstance(tree, ast.Tuple) else tree
        check_same(name, rule, found)
        return ast.unparse(found.body)
    raise ValueError(f"no lambda for {name!r} in {source!r}")


def check_same(name, rule, tree):
    """Raise if the text found is not that of the rule: a table of wrong derivatives would be worse."""
    code = eval(compile(ast.Expression(tree), "rule", "eval"), {}).__code__
    if steps(code) != steps(rule.__code__):
        raise ValueError(f"{ast.unparse(tree)!r} is not the rule for {name!r}")


def steps(code):
    """Return what a function does, step by step, whatever way Python has of calling a method."""
    return [
        (step.opname.replace("LOAD_METHOD", "LOAD_ATTR"), step.argval)
        for step in dis.get_instructions(code)
    ]


def markdown(text):
    """Return docstring text with its reST roles in Markdown."""
    text = re.sub(r":math:`([^`]+)`", r"$\1$", " ".join(text.split()))
    text = re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", text)
    return text.replace("``", "`")


def summary(op):
    """Return the first paragraph of an operation's docstring."""
    return markdown(inspect.cleandoc(op.__doc__ or "").split("\n\n")[0])


class Operations(Directive):
    """Lists the operations of one module of ``minigrad.ops``."""

    required_arguments = 1

    def run(self):
        """Return the table."""
        module = f"minigrad.ops.{self.arguments[0]}"
        found = [op for op in ops.REGISTRY.values() if op.__module__ == module]
        if not found:
            raise self.error(f"no operations in {module}")
        table = nodes.table(classes=["operations"])
        group = nodes.tgroup(cols=3)
        table += group
        for width in (20, 40, 40):
            group += nodes.colspec(colwidth=width)
        head = nodes.thead()
        group += head
        head += self.row(
            ["Operation", "Value", "Derivative: contribution of the output's gradient `g`"]
        )
        body = nodes.tbody()
        group += body
        for op in found:
            body += self.operation(op)
        return [table]

    def operation(self, op):
        """Return the row of one operation."""
        name = f"`{op.name}`({', '.join(op.input_names)})"
        if op.defaults:
            name += f"\n\n{', '.join(f'`{one}`' for one in op.defaults)}"
        value = [summary(op), f"dtypes: {DTYPES[op.dtypes]}"]
        if op.kinks:
            value.append(f"kinks: {op.kinks}")
        if op.composite is not None:
            value.append("fused: checked against a composite of plain operations")
        row = self.row([name, "\n\n".join(value)])
        entry = nodes.entry()
        row += entry
        entry += self.derivative(op)
        return row

    def derivative(self, op):
        """Return the rules of an operation."""
        if not op.differentiable:
            return [nodes.paragraph(text="none: the result is bool or an index")]
        rules = {"": op.joint} if op.joint is not None else op.rules
        shown = []
        for name, rule in rules.items():
            text = rule_text(name, rule).rstrip()
            if "\n" in text:
                shown.append(nodes.literal_block(text, text, language="python"))
            else:
                paragraph = nodes.paragraph()
                paragraph += nodes.Text(f"{name}: " if name else "all: ")
                paragraph += nodes.literal(text, text)
                shown.append(paragraph)
        return shown

    def row(self, texts):
        """Return a row with a cell for each text of Markdown."""
        row = nodes.row()
        for text in texts:
            entry = nodes.entry()
            self.state.nested_parse(text.split("\n"), self.content_offset, entry)
            row += entry
        return row


def setup(app):
    """Register the directive."""
    app.add_directive("operations", Operations)
    return {"parallel_read_safe": True, "version": "1"}
