"""The site: ``sphinx-build -W docs build/site``, with what ``pip install -e ".[docs]"`` brings.

Pages are Markdown that GitHub shows too. What is read from the code stands in them as a comment, ``<!-- generated:
NAME -->``, which the functions of ``generated`` replace while the site is built.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from generated import as_read, colons_again, plain_docstring  # noqa: E402

project = "jamharness"
author = "The jamharness authors"
copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "sphinx_book_theme"
html_title = "jamharness"
html_theme_options = {
    "repository_url": "https://github.com/jamharness/jamharness",
    "path_to_docs": "docs",
    "use_repository_button": True,
    "show_navbar_depth": 1,
}
html_copy_source = False
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
suppress_warnings = [
    "myst.header",  # tables that benchmarks write begin below the page's own headings
]


def setup(app):
    """Connect what is generated."""
    # Before napoleon, which has 500: it writes markup that is meant.
    app.connect("autodoc-process-docstring", plain_docstring, priority=100)
    app.connect("autodoc-process-docstring", colons_again, priority=900)
    app.connect("source-read", lambda _, name, source: source.__setitem__(0, as_read(name, source[0])))
