"""Result lines as a table, and a self-contained page of tables and pictures."""

import base64
import functools
from typing import NamedTuple

import jinja2

from keras_vabc.pages.seal import sealed
from keras_vabc.plots import png_bytes
from keras_vabc.plots.glyphs import numbered
from keras_vabc.version import __version__

SECONDS = "Sec-\nonds"
COLUMNS = {
    "Method": lambda line: line["method"],
    "NGE %\npaper": lambda line: _percent(line["nge_paper"]),
    "NGE % strict\n[95 % range]": lambda line: _with_interval(line, "nge_strict"),
    "FID*": lambda line: _number(line["fid"], ".1f"),
    "Pre-\ncision": lambda line: _number(line["precision"], ".2f"),
    "Re-\ncall": lambda line: _number(line["recall"], ".2f"),
    "Den-\nsity": lambda line: _number(line["density"], ".2f"),
    "Cov-\nerage": lambda line: _number(line["coverage"], ".2f"),
    "Class\nbal.": lambda line: _number(line["class_balance"], ".2f"),
    SECONDS: lambda line: _number(line["seconds"], ".0f"),
}
RANGED = {"Pre-\ncision": "precision", "Re-\ncall": "recall", "Cov-\nerage": "coverage"}
REGION = {"Recall at\nborder": lambda line: _number(line.get("recall_border"), ".2f")}


class Table(NamedTuple):
    """Rows of text under headings; a heading may have line breaks, with hyphens before them."""

    columns: list
    rows: list


class Section(NamedTuple):
    """One part of a page: title, paragraphs of text, `Table`s, figures with captions."""

    title: str
    paragraphs: list
    tables: list
    figures: list


def result_table(lines):
    """The `Table` of result lines."""
    return Table(list(COLUMNS), [[show(line) for show in COLUMNS.values()] for line in lines])


def render_page(title, sections):
    """HTML of a page that needs no other file, of `Section`s; it is `sealed`."""
    template = templates().get_template("page.html")
    return sealed(template.render(title=title, sections=sections, version=__version__))


def templates():
    """The Jinja environment of the templates in this folder."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_vabc", "pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["png"] = _base64_png
    environment.filters["numbers"] = _numbers
    return environment


def _numbers(figure):
    """What numbers stand for in a picture, in words, with a space before them; or nothing."""
    texts = [f"{number} {text}" for number, text in numbered(figure).items()]
    return f" In the picture {', '.join(texts)}." if texts else ""


def _base64_png(figure):
    return base64.b64encode(png_bytes(figure)).decode("ascii")


def _with_interval(line, name):
    low, high = line[f"{name}_interval"]
    return f"{_percent(line[name])} [{_percent(low)},{_percent(high)}]"


def _paper_error(line):
    """With its interval, which lines of experiments do not show."""
    if "nge_paper_interval" in line:
        return _with_interval(line, "nge_paper")
    return _percent(line["nge_paper"])


def _with_range(line, name):
    """As `_with_interval`, of figures that older lines have without one."""
    low, high = line.get(f"{name}_interval", (None, None))
    own = _number(line[name], ".2f")
    return own if low is None else f"{own} [{low:.2f},{high:.2f}]"


def _percent(rate):
    return _number(rate if rate is None else 100 * rate, ".2f")


def _number(value, form):
    return "–" if value is None else format(value, form)


def measured_table(measured):
    """The `Table` of what `ImageEvaluation` measured: a dict from a name to figures."""
    lines = [{"method": name, **part} for name, part in measured.items()]
    shown = {name: show for name, show in COLUMNS.items() if name != SECONDS} | REGION
    for title, name in RANGED.items():
        shown[title] = functools.partial(_with_range, name=name)
    shown["NGE %\npaper"] = _paper_error
    shown["n"] = lambda line: _number(line.get("samples"), ",")
    return Table(list(shown), [[show(line) for show in shown.values()] for line in lines])
