"""The index of the documents is complete, and what it names is there."""

import ast
import inspect
from functools import cache, reduce
from pathlib import Path

import pytest

import minigrad as mg
from minigrad import optim
from minigrad.optim import documents, functions
from minigrad.optim.documents import ENTRIES, TITLES, find, table

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "examples" / "figures"

ROWS = {  # of each document, how many
    "000": 37,
    "001": 23,
    "002": 27,
    "003": 40,
    "004": 20,
    "2.1": 8,
    "2.2": 9,
    "2.3": 16,
    "2.4": 1,
    "3.3": 6,
}

PLACES = {  # all that has a number in a document
    "000": {"eq. 1.": range(1, 10), "Alg. 1.": range(1, 7), "fig. 1.": range(1, 6)},
    "002": {"eq. 3.": range(1, 6), "fig. 3.": range(1, 8), "table 3.": [1]},
    "003": {"eq. 6.": range(5, 19), "fig. 6.": range(1, 10)},
}

NOT_IN_THE_DOCUMENTS = {"Adamax", "LBFGS", "LevenbergMarquardt", "NAdam", "RAdam", "SPSA"}

OF_ALL = ("names", "figures", "tests")


def every(field):
    return sorted({one for entry in ENTRIES for one in getattr(entry, field)})


@cache
def names_of_tests(path):
    """Return the names of the tests of a file, those of classes as pytest writes them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        methods = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {prefix + one.name for one in methods if isinstance(one, ast.FunctionDef)}
    return found


# Complete ---------------------------------------------------------------------------------------------


def test_every_row_is_there_once_and_in_order():
    assert list(ROWS) == list(TITLES)
    expected = [f"{key}.{i:02}" for key, count in ROWS.items() for i in range(1, count + 1)]
    assert [entry.row for entry in ENTRIES] == expected


@pytest.mark.parametrize("document", PLACES)
def test_every_equation_figure_and_algorithm_is_found(document):
    for kind, numbers in PLACES[document].items():
        for n in numbers:
            assert document in {entry.document for entry in find(f"{kind}{n}")}, f"{kind}{n}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.row)
def test_an_entry_shows_something_or_says_why_not(entry):
    assert entry.where and entry.what.endswith(".")
    assert any(getattr(entry, field) for field in OF_ALL) or entry.note
    if not entry.tests:
        assert entry.misprint or entry.note, "no test, and nothing is said about it"
    for field in OF_ALL:
        assert len(set(getattr(entry, field))) == len(getattr(entry, field))
    for text in (entry.misprint, entry.note):
        assert not text or text.endswith((".", ".)"))
    if entry.number.startswith("as in "):
        assert entry.number.removeprefix("as in ") in {
            one.row for one in ENTRIES if one.tests and one.number and "as in" not in one.number
        }


def test_every_figure_is_in_the_index():
    files = {path.name for path in FIGURES.glob("*.py")}
    assert {name for name in files if not name.startswith("race_")} <= set(every("figures"))


def test_every_public_class_is_in_the_index_or_not_in_the_documents():
    public = {name for name in optim.__all__ if inspect.isclass(getattr(optim, name))}
    named = {name.split(".")[1] for name in every("names") if name.startswith("optim.")}
    assert public - named == NOT_IN_THE_DOCUMENTS


def test_every_function_of_the_documents_is_in_the_index():
    for name, function in functions.ALL.items():
        if "document 0" in function.source:
            key = function.source.partition("document ")[2][:3]
            found = find(f"functions.{name}")
            assert key in {entry.document for entry in found}, f"{name}: {function.source}"


# Right --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", every("names"))
def test_names_are_there(name):
    assert reduce(getattr, name.split("."), mg) is not None


@pytest.mark.parametrize("name", every("figures"))
def test_figures_are_there(name):
    assert (FIGURES / name).is_file()


@pytest.mark.parametrize("test", every("tests"))
def test_tests_are_there(test):
    path, _, name = test.partition("::")
    assert name in names_of_tests(path)


# Asked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("003.22", ["003.22"]),
        ("eq. 1.1", ["000.01"]),
        ("Equation 6.16", ["003.35"]),
        ("algorithm 1.4", ["000.28"]),
        ("Figure 1.2", ["000.16"]),
        ("§1.7", ["000.35", "000.36"]),
        ("section 1.7", ["000.35", "000.36"]),
        ("Table 3.1", ["002.19"]),
        ("himmelblau", ["001.13"]),
        ("line_search.bracketing", ["003.03", "003.04"]),
        ("fig_003_6_7_momentum", ["003.22", "003.23", "2.1.03"]),
        ("Robbins", ["003.40"]),
        ("eq. 6.1", []),
        ("a word that is nowhere", []),
    ],
)
def test_entries_are_found(text, rows):
    assert [entry.row for entry in find(text)] == rows


def test_a_document_is_found_whole():
    assert [entry.row for entry in find("004")] == [f"004.{i:02}" for i in range(1, 21)]


def test_the_table_has_a_line_for_each_entry():
    lines = table().splitlines()
    assert sum(line.startswith(tuple(e.row + "  " for e in ENTRIES)) for line in lines) == len(
        ENTRIES
    )
    alone = table("003").splitlines()
    assert len(alone) == 2 + 40 and "Prince" in alone[0]
    assert "eq. 6.11" in alone[2 + 21] and alone[2 + 21].endswith("[optim.Momentum.ema]")
    with pytest.raises(ValueError, match="table: document '005' is unknown, there are 000, 001"):
        table("005")


def test_nothing_is_imported_by_the_index():
    for path in Path(documents.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module in ("__future__", "typing") or node.module.startswith(
                    "minigrad.optim.documents"
                )
