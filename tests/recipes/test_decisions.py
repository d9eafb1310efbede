"""The file of a reviewer's decisions: what is read of it, and what is refused."""

import dataclasses

import pytest

from keras_vabc.evaluation.certificate.attempts import Attempt
from keras_vabc.recipes.decisions import empty_decisions, item_names, read_decisions

ATTEMPT = Attempt("what", 2, 77, 3, "Ada", "2026-03-04")
NAMES = item_names(ATTEMPT, 3)


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return read_decisions(path, NAMES)


def lines(*decisions, head="item,decision"):
    return "\n".join([head, *(f"{n},{d}" for n, d in zip(NAMES, decisions, strict=True))])


def test_words_are_read_whatever_a_spreadsheet_does_to_the_file(tmp_path):
    path = tmp_path / "decisions.csv"
    text = lines("unwanted", "keep", "")
    expected = {0: True, 1: False, 2: None}
    assert read(path, text) == expected
    assert read(path, lines(" U ", "K", "")) == expected
    assert read(path, text.replace(",", ";").replace("\n", "\r\n"), "utf-8-sig") == expected
    reversed_columns = "\n".join(",".join(line.split(",")[::-1]) for line in text.split("\n"))
    assert read(path, reversed_columns) == expected
    assert read(path, "\n".join(text.split("\n")[:2])) == {0: True}
    assert read(path, lines("keep,a note", "keep,", "u,", head="item,decision,note"))[2] is True
    assert read(path, empty_decisions(NAMES)) == {0: None, 1: None, 2: None}


def test_each_attempt_has_names_of_its_own():
    others = [dataclasses.replace(ATTEMPT, **c) for c in ({"number": 3}, {"seed": 8}, {"what": ""})]
    assert len({item_names(one, 1)[0] for one in (ATTEMPT, *others)}) == 4
    assert len(set(item_names(ATTEMPT, 3300))) == 3300


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "no line of an item"),
        ("item,decision\n", "no line of an item"),
        ("id,label\na,b\n", "columns id, label"),
        (f"item,decision\n{NAMES[0]}\n", "columns item, decision"),
        (lines("keep", "maybe", ""), "'maybe' for item"),
        (lines("keep", "", "") + f"\n{NAMES[0]},keep", f"two lines for item {NAMES[0]}"),
        ("item,decision\nabcdef-00001,keep", "'abcdef-00001', of another attempt than that"),
        (f"item,decision\n{NAMES[0][:-1]}9,keep", "the unknown item"),
        ("item,decision\n=1+1,keep", "the unknown item '=1"),
        ("item,decision\n\udcff,keep", "UnicodeDecodeError"),
    ],
)
def test_what_is_no_file_of_decisions_is_refused(tmp_path, text, message):
    path = tmp_path / "decisions.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match="decisions must be a CSV file") as refused:
        read_decisions(path, NAMES)
    assert message in str(refused.value) and "\n" not in str(refused.value)
