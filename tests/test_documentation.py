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
EXAMPLES = list(ROOT.glob("examples/*.py"))  # those of figures/ are run by test_figures.py
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


def run_example(example, folder, *arguments):
    """Return what an example prints."""
    if "matplotlib" in example.read_text(encoding="utf-8"):
        pytest.importorskip("matplotlib")
    result = subprocess.run(
        [sys.executable, str(example), *arguments],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "example",
    sorted(e for e in EXAMPLES if "--data" not in e.read_text(encoding="utf-8")),
    ids=name,
)
def test_example(example, tmp_path):
    run_example(example, tmp_path)


def test_names_begin_with_the_published_losses(data_folder, tmp_path):
    """Those that a well-known lecture prints, from PyTorch's random numbers."""
    output = run_example(ROOT / "examples/names.py", tmp_path, "--steps", "10000")
    assert "step      0: loss 3.3239\n" in output and "step  10000: loss 2.0322\n" in output
    assert float(re.search(r"held-out loss (\S+)", output)[1]) < 2.35


@pytest.mark.slow
def test_names_go_on_with_the_published_losses(data_folder, tmp_path):
    output = run_example(ROOT / "examples/names.py", tmp_path, "--steps", "20000")
    assert "step  20000: loss 2.5675\n" in output


@pytest.mark.slow
def test_mnist_is_read_within_three_epochs(data_folder, tmp_path):
    output = run_example(ROOT / "examples/mnist.py", tmp_path)
    assert len(re.findall(r"^epoch   \d: .*$", output, re.MULTILINE)) == 3
    assert float(re.search(r"test accuracy (\S+)%", output)[1]) >= 97.5
    assert float(re.search(r"seconds an epoch: (\S+)", output)[1]) > 0
