"""The pages with pictures as a reader sees them: in a browser, wide and narrow, light and dark; and in a notebook."""

import ast
import importlib
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest
from test_documentation import ROOT

import minigrad as mg
from minigrad.viz.graphs import renderers

DOCS = ROOT / "docs"
IMAGES = DOCS / "images"
PAGES = ("pictures", "drawing")
SCRIPT = runpy.run_path(str(IMAGES / "readme_pictures.py"))


def needed(*modules):
    """Skip where what shows the pages is not installed; it comes with the extra ``docs``."""
    for module in modules:
        pytest.importorskip(
            module, reason=f'{module} is missing: pip install "minigrad-autograd[docs]"'
        )
    if not renderers.available():
        pytest.skip(renderers.INSTALL)


CELLS = SCRIPT["gallery"]()
PICTURES = [(heading, cell) for heading, cell in CELLS if heading.startswith("### ")]


# The gallery ------------------------------------------------------------------------------------------


def test_each_picture_has_a_heading_of_its_own():
    text = (DOCS / "pictures.md").read_text(encoding="utf-8")
    assert re.findall(r"^### .*$", text, re.MULTILINE) == [heading for heading, _ in PICTURES]


@pytest.mark.parametrize("heading, cell", PICTURES)
def test_each_picture_takes_at_most_three_statements(heading, cell):
    assert len(ast.parse(cell).body) <= 3
    assert max(map(len, cell.splitlines())) <= 80, "at 800 pixels there is no room for more"


def test_pictures_of_the_readme_are_up_to_date():
    """Compared are the texts that Graphviz read, and those in the SVG; the last digit may be rounded elsewhere."""
    for name, graph in SCRIPT["graphs"]().items():
        drawn, svg = (
            (IMAGES / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("gv", "svg")
        )
        words, numbers = taken_apart(graph.source)
        written, recorded = taken_apart(drawn)
        assert words == written, "run python docs/images/readme_pictures.py"
        assert numbers == pytest.approx(recorded, rel=0.01)
        if renderers.available():
            assert texts(svg) == texts(graph.svg())
        assert len(svg) < 60_000


def taken_apart(text):
    """Return the decimal numbers of a text, and the rest."""
    decimal = r"(?<![\w.])\d+\.\d+(?:e[-+]\d+)?"
    return re.sub(decimal, "#", text), [float(number) for number in re.findall(decimal, text)]


def texts(svg):
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return sorted(taken_apart(text)[0] for text in shown)


def test_the_readme_shows_them():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\(docs/images/(\w+)\.svg\)", readme)
    assert shown == list(SCRIPT["PICTURES"].values())
    assert readme.index(f"images/{shown[0]}.svg") == readme.index("images/"), (
        "it is the first picture"
    )


# In a notebook ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_a_notebook(tmp_path):
    """Graphs are shown as SVG, figures as images, and no cell fails."""
    needed("nbclient", "ipykernel", "matplotlib")
    nbclient, nbformat = map(importlib.import_module, ("nbclient", "nbformat"))
    cells = [nbformat.v4.new_code_cell(cell) for _, cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=folder
    ).execute()  # raises where a cell does
    graphs = 0
    for (heading, _), cell in zip(CELLS, notebook.cells, strict=True):
        assert [o for o in cell.outputs if o.get("name") == "stderr"] == []
        if heading.startswith("### "):
            data = cell.outputs[-1]["data"]
            graphs += "image/svg+xml" in data
            assert data.get("image/svg+xml", "").startswith("<svg ") or "<img " in data["text/html"]
    assert graphs >= 5


def test_a_film_that_was_written_shows_itself(tmp_path):
    needed("PIL")
    x = mg.tensor(0.5, requires_grad=True)
    path = mg.draw(x.tanh(), names={"x": x}).animate(tmp_path / "film.gif")
    assert path == tmp_path / "film.gif" and isinstance(path, type(tmp_path))
    assert path._repr_html_().startswith('<img src="data:image/gif;base64,R0lGOD')
    path.unlink()
    assert path._repr_html_() is None


def test_what_a_frame_does_not_show_yet_is_not_seen_on_any_ground():
    """Older Graphvizes write nearly white for transparent text, which shows on a coloured box."""
    needed()
    x = mg.tensor(0.5, requires_grad=True)
    svg = mg.draw(x.tanh(), names={"x": x}).frames()[0].svg()
    assert 'fill="transparent">0.7864<' in svg and "fffffe" not in svg


# In a browser -----------------------------------------------------------------------------------------

MEASURING = """
<script>
addEventListener("load", () => {
  document.documentElement.dataset.theme = "THEME";
  const pictures = ".cell_output svg, .cell_output img";
  const sized = (picture) => {
    const {width, height} = picture.getBoundingClientRect();
    return {
      width, height,
      natural: picture.naturalWidth ?? picture.viewBox.baseVal.width,
      paper: getComputedStyle(picture).backgroundColor,
    };
  };
  const result = document.createElement("script");
  result.type = "application/json";
  result.id = "measured";
  result.textContent = JSON.stringify({
    page: document.documentElement.scrollWidth,
    window: innerWidth,
    height: document.documentElement.scrollHeight,
    pictures: [...document.querySelectorAll(pictures)].map(sized),
    sections: [...document.querySelectorAll("article section")]
      .filter((section) => !section.querySelector("section"))
      .map((section) => [section.id, section.querySelectorAll(pictures).length]),
    foreign: [...document.querySelectorAll("[src], link[rel=stylesheet]")]
      .map((one) => one.src || one.href).filter((address) => /^https?:/.test(address)),
  });
  document.body.append(result);
});
</script>
"""


@dataclass
class Browser:
    """A browser without a window."""

    command: list
    profile: object

    def run(self, *options, page, width, height=1200):
        """Open a page; return what is printed."""
        done = subprocess.run(
            [
                *self.command, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--virtual-time-budget=20000", f"--user-data-dir={self.profile}",
                f"--window-size={width},{height}", *options, page.as_uri(),
            ],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def measured(self, page, width):
        """Return what the script in the page measured."""
        text = self.run("--dump-dom", page=page, width=width)
        return json.loads(
            re.search(r'<script [^>]*id="measured">(.*?)</script>', text, re.DOTALL)[1]
        )


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """The browser that MINIGRAD_BROWSER names, or one that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = (
        shlex.split(os.environ.get("MINIGRAD_BROWSER", ""))
        or [path for path in map(shutil.which, names) if path][:1]
    )
    if not found:
        pytest.skip(f"no browser: none of {', '.join(names)}, and MINIGRAD_BROWSER names none")
    return Browser(found, tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    """The two pages, made as the documentation makes them, without the rest of it."""
    needed("sphinx", "myst_nb", "pydata_sphinx_theme", "latex2mathml", "matplotlib")
    source, built = tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("site")
    for folder in ("_ext", "_static", "images"):
        shutil.copytree(DOCS / folder, source / folder)
    for file in ("conf.py", *(f"{page}.md" for page in PAGES)):
        shutil.copy(DOCS / file, source)
    (source / "index.md").write_text("# Pages\n\n```{toctree}\n" + "\n".join(PAGES) + "\n```\n")
    made = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-D", "extensions=myst_nb,sphinx.ext.autodoc,mathml", source, built],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return built


@pytest.mark.slow
@pytest.mark.parametrize("width", [800, 1300])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_in_a_browser(page, theme, width, browser, site, tmp_path):
    """Every picture is there, none is wider than the page, and nothing comes from another host."""
    image = pytest.importorskip("PIL.Image")
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    shown = site / f"{page}-{theme}.html"
    shown.write_text(text.replace("</body>", MEASURING.replace("THEME", theme) + "</body>"))

    seen = browser.measured(shown, width)
    assert seen["window"] == width and seen["page"] <= width
    assert seen["foreign"] == []
    assert seen["pictures"]
    for picture in seen["pictures"]:
        assert picture["natural"] > 0 and picture["height"] > 20
        assert 20 < picture["width"] <= width
    if page == "pictures":
        assert len(seen["sections"]) == len(PICTURES)
        assert [name for name, count in seen["sections"] if count != 1] == []

    file = tmp_path / "page.png"
    height = min(seen["height"], 16_000)  # more than this it does not draw
    browser.run(f"--screenshot={file}", page=shown, width=width, height=height)
    with image.open(file) as screenshot:
        assert screenshot.size == (width, height)
        grey = screenshot.convert("L")
        assert (grey.getpixel((3, height // 2)) > 128) == (theme == "light")
        shades = grey.histogram()
        assert sum(count > 20 for count in shades) > 100  # far more than paper and ink
        assert max(shades) < 0.97 * width * height
