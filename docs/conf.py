"""How the documentation is built: `make docs`."""

import sys
from importlib.resources import files
from pathlib import Path

import pyloss

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pyloss"
author = "pyloss developers"
copyright = author
version = release = pyloss.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "catalogue",
    "docstrings",
    "families",
    "offline",
]
nitpicky = True
exclude_patterns = ["formulas"]
smartquotes = False  # a quotation mark is code

# Pages are Markdown; the cells of those that have some are run at every build, and one that fails, fails it.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_merge_streams = True

# Annotations are for type checkers: what an argument may be, the docstrings say.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

# Of MathJax one file is enough, with TeX's fonts in it. From a package that is there for that, so that neither the build nor a reader
# fetches it; an extension of its own would put all of MathJax into the site. What its menu would fetch is not there.
mathjax_path = "tex-svg-full.js"
mathjax3_config = {"options": {"enableMenu": False}, "tex": {"packages": {"[+]": ["textmacros"]}}}

html_theme = "pydata_sphinx_theme"
html_title = "pyloss"
html_logo = html_favicon = "_static/logo.svg"
html_sidebars: dict[str, list[str]] = {"index": [], "getting-started": []}
html_static_path = ["_static", str(files("sphinx-mathjax-offline") / "static" / "mathjax" / mathjax_path)]
html_css_files = ["pyloss.css"]
html_copy_source = False
html_show_sphinx = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "pyloss", "alt_text": "pyloss: home"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": [],
}
copybutton_exclude = ".linenos, .gp, .go"
