"""The page of a certificate and the sheets of a review: what they show, and that it is escaped."""

import re

import pytest

from keras_vabc.evaluation.certificate.attempts import Attempt
from keras_vabc.evaluation.certificate.review import PLANTED, Review
from keras_vabc.pages.certificate_page import certificate_lines, certificate_page
from keras_vabc.pages.contact_sheet import render_sheet

FIRST = Attempt("w", 1, 5, 60, "<Bob>", "2026-02-01")
LEFT = Attempt("w", 2, 6, 60, "Eve", "2026-02-02", "left", 10, 4)
CERTIFIED = {"sha256": {"model": "ab" * 32, "columns.json": "cd" * 32}, "parts": {"nu.keras": "ef"}}


def certificate(count=None, **options):
    review = Review(Attempt("w", 3, 7, 60, "Ada & co", "2026-02-03"), planted=5, unguarded=20)
    for item, kind in enumerate(review.kinds[:count]):
        review.decide(item, bool(kind == PLANTED))
    return review.certificate([LEFT, FIRST], True, certified=CERTIFIED, **options)


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S))


def test_the_page_has_everything_that_the_certificate_says():
    own = certificate(near_copies=(2, 60), guard=((3, 40), (60, 70)))
    page = certificate_page(own, ["a note of the attempt"])
    text = text_of(page)
    assert str(own) in text and "a note of the attempt" in text
    assert "Ada &amp; co" in page and "&lt;Bob&gt;" in page and "<Bob>" not in page
    for value in (*CERTIFIED["sha256"].values(), "ef", "seed of the samples 7", own.version):
        assert value in text
    for bound in (own.planted, own.guarded, own.near_copies):
        assert f"{100 * bound['bound']:.3g} %" in text
    assert own.planted["assumes"] in text and own.guarded["assumes"] in text
    assert "1 2026-02-01 &lt;Bob&gt; 5 60 – – abandoned or under way" in text
    assert "2 2026-02-02 Eve 6 60 10 4 left 3 2026-02-03" in text
    assert f"{100 * own.error:.3g} % for attempt 3" in text
    assert text.count("What it does not cover") == 1 and "finetuned one" in text


def test_lines_say_which_bound_needs_what():
    lines = certificate_lines(certificate(guard=((3, 40), (60, 70))))
    assert len(lines) == 3 and "caught 5 of 5 planted" in lines[1]
    assert "0 of 20 samples" in lines[2] and "3 of 40" in lines[2] and "60 of 70" in lines[2]
    assert "beside the one above and not instead" in lines[2]
    lines = certificate_lines(certificate(30, guard=((3, 40), (60, 70))))
    assert "the bound that holds at any time" in lines[1]
    assert sum("so that there is no bound by that" in line for line in lines) == 2


@pytest.mark.parametrize("own", ["sheet-1.html", "sheet-2.html"])
def test_a_sheet_shows_pictures_by_their_names_and_its_neighbours(own):
    files = ["sheet-1.html", "sheet-2.html"]
    page = render_sheet("To <see>", ["a & b"], [("x-1", "items/x-1.png")], None, files, own)
    assert "To &lt;see&gt;" in page and "a &amp; b" in page
    assert 'alt="x-1" src="items/x-1.png"><figcaption>x-1</figcaption>' in page
    other = next(file for file in files if file != own)
    assert f'href="{other}"' in page and f'href="{own}"' not in page


def test_a_sheet_of_rows_escapes_their_cells():
    rows = [("x-1", ("<script>", "1")), ("x-2", ("b", ""))]
    page = render_sheet("t", [], rows, ("a<b", "c"), ["sheet.html"], "sheet.html")
    assert "<td>&lt;script&gt;</td><td>1</td>" in page and "<th>a&lt;b</th>" in page
    assert page.count("<tr>") == 3 and "<nav>" not in page and "<script>" not in page
