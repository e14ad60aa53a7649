"""Every Python block of the Markdown pages, and every example, runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.parsers.myst import PythonCodeBlockParser

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts),
]
EXAMPLES = list(ROOT.glob("examples/**/*.py"))
PYTHON_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})\s*\S*(?:py|code-cell)", re.IGNORECASE)


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", sorted(PAGES), ids=name)
def test_blocks_of_page(page, tmp_path, monkeypatch):
    """The blocks of one page share one namespace, in their order, in an empty folder."""
    parser = PythonCodeBlockParser()
    document = Document.parse(str(page), parser)
    fences = [line for line in document.text.splitlines() if PYTHON_FENCE.match(line)]
    understood = list(parser.codeblock_parser(document))
    assert len(fences) == len(understood), f"write python or {{code-cell}} python: {fences}"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("example", sorted(EXAMPLES), ids=name)
def test_example(example, tmp_path):
    if "matplotlib" in example.read_text(encoding="utf-8"):
        pytest.importorskip("matplotlib")
    result = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
