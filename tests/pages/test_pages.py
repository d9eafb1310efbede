"""What people read: tables, pages and lines hold what they were given, and no markup of it."""

import hashlib
import io
import re

import matplotlib.pyplot as plt
import pytest
from rich.console import Console

from keras_vabc import plots
from keras_vabc.pages.console import print_table, say
from keras_vabc.pages.markdown import markdown, mean_and_deviation
from keras_vabc.pages.page import Section, Table, measured_table, render_page
from keras_vabc.pages.seal import is_as_sealed
from keras_vabc.plots import glyphs

FIGURES = {
    **{"nge_paper": 0.0123, "nge_strict": 0.5, "nge_strict_interval": (0.25, 0.75)},
    **{"fid": 12.34, "precision": 0.111, "recall": 0.222, "density": 0.333, "coverage": 0.444},
    "class_balance": None,
}


def printed(write):
    console = Console(file=io.StringIO(), width=200)
    write(console)
    return console.file.getvalue()


def test_a_table_of_figures_has_percent_intervals_and_no_seconds():
    table = measured_table({"generated": FIGURES})
    assert not any("onds" in column for column in table.columns)
    assert table.rows == [
        ["generated", "1.23", "50.00 [25.00,75.00]", "12.3", "0.11", "0.22", "0.33", "0.44", "–"]
        + ["–", "–"]
    ]
    more = {"recall_border": 0.125, "nge_paper_interval": (0.01, 0.02), "samples": 1234}
    region = measured_table({"generated": FIGURES | more})
    assert region.columns[-2:] == ["Recall at\nborder", "n"]
    assert region.rows[0][-2:] == ["0.12", "1,234"] and region.rows[0][1] == "1.23 [1.00,2.00]"
    lines = printed(lambda console: print_table(console, "Title", table)).splitlines()
    assert lines[0].strip() == "Title" and "50.00 [25.00,75.00]" in lines[-1]


def test_a_page_escapes_what_it_shows_and_needs_no_other_file():
    figure = plt.figure(figsize=(1, 1))
    names = Table(["<i>column</i>"], [["a & b"]])
    section = Section("<b>", ["x < y", "[red]"], [names], [(figure, '"caption"')])
    page = render_page("<script>alert(1)</script>", [section])
    for text in ("<script>", "<b>", "<i>", "a & b", "x < y"):
        assert text not in page
    assert "&lt;script&gt;" in page and "a &amp; b" in page and "x &lt; y" in page
    assert page.count("data:image/png;base64,") == 1
    assert "http" not in page and ' src="/' not in page


def test_what_a_picture_cannot_write_is_written_beside_it(monkeypatch):
    monkeypatch.setattr(glyphs, "FURTHER", ())
    figure, (ax,) = plots.panels(1)
    ax.set_title("\u5727<b>")
    page = render_page("p", [Section("s", [], [], [(figure, "One column.")])])
    assert "One column. In the picture [1] \u5727&lt;b&gt;.</figcaption>" in page
    plain, _ = plots.panels(1)
    page = render_page("p", [Section("s", [], [], [(plain, "One column.")])])
    assert "<figcaption>One column.</figcaption>" in page


def test_a_page_says_what_the_rest_of_it_hashes_to(tmp_path):
    """Larger than what is read at a time; its text names a generator, too."""
    tag = f'content="keras_vabc 1 sha256:{"0" * 64}"'
    page = render_page("é", [Section(tag, ["x" * 3_000_000], [], [])]).encode()
    hashed = re.findall(rb'sha256:([0-9a-f]+)">', page)
    assert hashed == [hashlib.sha256(page.replace(hashed[0], b"")).hexdigest().encode()]
    for text, unchanged in ((page, True), (page + b" ", False), (page[:-1], False), (b"", False)):
        (tmp_path / "page.html").write_bytes(text)
        assert is_as_sealed(tmp_path / "page.html") is unchanged


@pytest.mark.parametrize("line", ["a [b]/c[/b]", "[red]x", "x" * 300, ":smile:"])
def test_a_line_is_printed_as_it_is(line):
    assert printed(lambda console: say(console, line)) == f"{line}\n"


def test_markdown():
    assert markdown(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |"
    assert mean_and_deviation([1.0, 3.0]) == "2.00 ± 1.00"
