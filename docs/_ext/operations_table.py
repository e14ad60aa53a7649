"""The directive ``operations``: a table of every operation, made from minigrad's own registry.

What it shows is the code that runs: the formula is the docstring of the forward, the derivative is the
text of the rules, the kinks and dtypes are what the operation was declared with.
"""

from docutils import nodes
from docutils.parsers.rst import Directive

from minigrad import ops
from minigrad.ops.texts import markdown, source_of, summary

DTYPES = {
    "promote": "promoted",
    "float": "promoted, integers to the default float",
    "same": "all the same",
    "any": "any",
}


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
        value = [markdown(summary(op)), f"dtypes: {DTYPES[op.dtypes]}"]
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
            text = source_of(rule)
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
