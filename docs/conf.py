"""Settings of the site: `make docs` builds it, and a warning is an error."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

from keras_vabc.version import __version__

project = "keras_vabc"
release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "generated",
]
html_theme = "furo"
html_title = f"keras_vabc {release}"
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
default_role = "code"  # docstrings put code in single backticks
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
# Names of other libraries are not looked up, since their sites may be out of reach; nor are types
# of the package that are no public names.
nitpick_ignore_regex = [(r"py:.*", r"(?!keras_vabc\b).*"), (r"py:class", r"keras_vabc\.\w+\..*")]
