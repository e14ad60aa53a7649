"""The directives ``documents`` and ``misprints``: the index of the documents, made from the table in code."""

from docutils import nodes
from docutils.parsers.rst import Directive

from minigrad.optim import functions
from minigrad.optim.documents import ENTRIES, TITLES


def listed(texts):
    """Return texts of Markdown, one below the other."""
    return "\\\n".join(texts)


def named(name):
    """Return a link to the reference, which has the test functions together in one place."""
    is_test_function = name.rpartition(".")[2] in functions.ALL
    return f"{{py:obj}}`{name} <minigrad.{'optim.functions' if is_test_function else name}>`"


def pictured(file):
    """Return a link to the page of the gallery."""
    return f"{{ref}}`{file.removesuffix('.py')} <sphx_glr_gallery_figures_{file}>`"


def tested(tests):
    """Return the names of tests, below that of their file."""
    files = {}
    for test in tests:
        file, _, name = test.removeprefix("tests/").partition("::")
        files.setdefault(file, []).append(f"`{name}`")
    return "\n\n".join(listed([file, *names]) for file, names in files.items())


def escaped(text):
    """Return plain text as Markdown: none of its signs has a meaning there."""
    return "".join(f"\\{sign}" if sign in r"\`*_[]<>$|#" else sign for sign in text)


class Table(Directive):
    """What both directives need."""

    def parsed(self, text, into):
        """Read Markdown."""
        self.state.nested_parse(text.split("\n"), self.content_offset, into)
        return into


class Documents(Table):
    """The entries of one document."""

    required_arguments = 1

    def run(self):
        """Return the table."""
        key = self.arguments[0]
        if key not in TITLES:
            raise self.error(f"no document {key}")
        table = nodes.table(classes=["documents"])
        group = nodes.tgroup(cols=4)
        table += group
        for width in (14, 36, 25, 25):
            group += nodes.colspec(colwidth=width)
        head, body = nodes.thead(), nodes.tbody()
        group += [head, body]
        head += self.row(["Where", "What", "Here", "Tests"])
        for entry in ENTRIES:
            if entry.document == key:
                body += self.row(self.cells(entry))
        return [table]

    def cells(self, entry):
        """Return the texts of an entry."""
        what = [escaped(entry.what)]
        if entry.number:
            what.append(f"*{escaped(entry.number)}*")
        if entry.misprint or entry.note:
            what.append(escaped(f"{entry.misprint} {entry.note}".strip()))
        here = [listed(map(named, entry.names)), listed(map(pictured, entry.figures))]
        return [
            listed([f"**{entry.row}**", escaped(entry.where)]),
            "\n\n".join(what),
            "\n\n".join(filter(None, here)) or "–",
            tested(entry.tests) or "–",
        ]

    def row(self, texts):
        """Return a row with a cell for each text of Markdown."""
        row = nodes.row()
        row += [self.parsed(text, nodes.entry()) for text in texts]
        return row


class Misprints(Table):
    """What is wrong in the documents, and how it is read."""

    def run(self):
        """Return the list."""
        items = nodes.bullet_list(bullet="-")
        for entry in ENTRIES:
            if entry.misprint:
                text = f"**{entry.row}**, {escaped(f'{entry.where}: {entry.misprint}')}"
                items += self.parsed(text, nodes.list_item())
        return [items]


def setup(app):
    """Register the directives."""
    app.add_directive("documents", Documents)
    app.add_directive("misprints", Misprints)
    return {"parallel_read_safe": True, "version": "1"}
