"""Sphinx settings. ``sphinx-build -W docs docs/_build`` makes the site, without a network."""

import re
import sys
from pathlib import Path

import minigrad

sys.path.append(str(Path(__file__).parent / "_ext"))

project = "minigrad"
author = "The minigrad developers"
copyright = "2026, The minigrad developers"
version = release = minigrad.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "mathml",  # from _ext, like the next two
    "operations_table",
    "documents_table",
]
exclude_patterns = ["_build", "jupyter_execute"]
exclude_patterns += [f"gallery/**.{ending}" for ending in ("ipynb", "py", "json", "zip")]

# Pages: MyST Markdown. Those with a kernel are run, and an error in one fails the build.
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
nb_execution_mode = "force"
nb_execution_in_temp = True  # a page may write files
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_render_markdown_format = "myst"  # with formulas

# Examples: every file is run but those whose data is not in the package; an error in one fails the build.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": r"/(?!mnist|names|table)\w+\.py$",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "doc_module": ("minigrad",),
    "reference_url": {"minigrad": None},
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
}

# The reference, from the docstrings. A plain word in a type ("name") may be the name of several things.
suppress_warnings = ["ref.python"]
add_module_names = False
autodoc_default_options = {"members": True, "member-order": "groupwise"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

# The site.
html_theme = "pydata_sphinx_theme"
html_title = "minigrad"
html_static_path = ["_static"]
html_css_files = ["minigrad.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
# Pages that have none below them.
html_sidebars = {page.stem: [] for page in Path(__file__).parent.glob("*.md")}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "primary_sidebar_end": [],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
}


def keep_initials(app, what, name, obj, options, lines):
    """Escape the initial at the start of a name, "K. Levenberg", which would begin a list."""
    lines[:] = [re.sub(r"^(\s*(?:[-*] )?)([A-Z])\. ", r"\1\\\2. ", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", keep_initials)
