"""The book, by Sphinx and MyST-NB: `sphinx-build -W docs docs/_build/html`, without a network."""

import os
import sys
from pathlib import Path

import jupyter_server_mathjax
from jupyter_cache import get_cache

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
# The kernels that run the pages find our extension of IPython, and this very tree's engine, whatever is installed.
paths = [str(HERE / "_ext"), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
# Their threads sleep while they wait: while other programs run, spinning costs more than the work itself.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

project = "minicnn"
author = "the minicnn authors"
html_title = "minicnn"
html_short_title = "minicnn"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "book",
    "exercise_pages",
]
exclude_patterns = ["_build", "_ext", "_static", "_templates"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]

# Pages are plain Markdown; each block of Python is run when the book is built, and shows what it gives.
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
nb_custom_formats = {".md": "pages.read"}
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "cache")
get_cache(nb_execution_cache_path).list_cache_records()  # makes it: two processes at the same time could not
nb_execution_in_temp = True
nb_execution_timeout = 1800  # of a cell, on the wall: on a busy machine a page waits for its turn
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_output_stderr = "remove-warn"
nb_merge_streams = True
nb_ipywidgets_js = {}  # progress bars are widgets that need scripts from a network
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3

highlight_language = "text"  # of indented blocks: they are equations

# The reference: docstrings are plain text in Google's sections.
default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]
napoleon_use_rtype = False
napoleon_use_ivar = True

# Inventories lie here, so that the build needs no network; each lists the names that the book refers to.
intersphinx_mapping = {
    name: (url, str(HERE / "intersphinx" / f"{name}.txt"))
    for name, url in {
        "numpy": "https://numpy.org/doc/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "sklearn": "https://scikit-learn.org/stable/",
        "matplotlib": "https://matplotlib.org/stable/",
    }.items()
}

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static", str(Path(jupyter_server_mathjax.__file__).parent / "static")]
html_css_files = ["book.css"]
mathjax_path = "MathJax.js?config=TeX-AMS-MML_HTMLorMML-full"
mathjax2_config = {
    "messageStyle": "none",
    "fast-preview": {"disabled": True},
    "tex2jax": {"inlineMath": [["\\(", "\\)"]], "ignoreClass": "tex2jax_ignore", "processClass": "math"},
    "HTML-CSS": {
        "availableFonts": [],
        "preferredFont": None,
        "webFont": "STIX-Web",
        "imageFont": None,
        "linebreaks": {"automatic": True},
    },  # the one font that the package brings
}
myst_update_mathjax = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "minicnn"},
    "navbar_center": [],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc", "notebook"],
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"**": ["chapters"]}
