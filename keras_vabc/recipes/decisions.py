"""A reviewer's decisions: a CSV file with a line for each item."""

import csv
import hashlib
import io

from keras_vabc.data.checks import received
from keras_vabc.files.bounds import read_text_file

DECISIONS = "decisions.csv"
MOST_ITEMS = 100_000  # of a kind, which nobody reviews
SHOWN = "items"  # folder of PNGs, or with the suffix .csv the table
HEAD, SHOWN_OF_FAULT = 4096, 200  # characters of the first line, and of a fault
WORDS = {"unwanted": True, "u": True, "keep": False, "k": False, "": None}


def item_names(attempt, count):
    """Names of the items of an attempt, which no other attempt has."""
    text = f"{attempt.what} {attempt.number} {attempt.seed}".encode()
    own = hashlib.sha256(text).hexdigest()[:6]
    return [f"{own}-{number:05d}" for number in range(1, count + 1)]


def empty_decisions(names):
    """The text of a file to be filled in."""
    return "item,decision\n" + "".join(f"{name},\n" for name in names)


def read_decisions(path, names):
    """Dict from the number of each item to True for unwanted, False for keep, `None` for neither.

    The file has the columns `item` and `decision`, and perhaps others; spaces and upper case do not
    matter, and items without a line are not decided on.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no such file, of another attempt, names an item twice, or a decision is
            another word than `unwanted`, `keep`, `u` or `k`.
    """
    numbers, decided = {name: number for number, name in enumerate(names)}, {}
    try:
        text = read_text_file(path).decode("utf-8-sig")
        head = text.lstrip()[:HEAD].partition("\n")[0]
        delimiter = next((own for own in ",;\t" if own in head), ",")  # spreadsheets change it
        for line in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
            item, decision = _decision(path, line, numbers, names)
            if item in decided:
                raise _no_decisions(path, f"two lines for item {names[item]}")
            decided[item] = decision
    except (UnicodeDecodeError, csv.Error) as error:
        raise _no_decisions(path, received(error)) from None
    if not decided:
        raise _no_decisions(path, "no line of an item")
    return decided


def _decision(path, line, numbers, names):
    """The number of an item, and what is decided on it, of a line as a dict."""
    if not isinstance(line.get("item"), str) or not isinstance(line.get("decision"), str):
        raise _no_decisions(path, f"columns {', '.join(map(str, line))}")
    item, word = line["item"].strip(), line["decision"].strip().lower()
    if item not in numbers:
        raise _no_decisions(path, _stranger(item, names))
    if word not in WORDS:
        raise _no_decisions(path, f"{received(line['decision'])} for item {item}")
    return numbers[item], WORDS[word]


def _stranger(item, names):
    own, of_attempt = names[0].rpartition("-")[0], item.rpartition("-")
    if of_attempt[0] and of_attempt[0] != own and of_attempt[2].isdecimal():
        return f"item {received(item)}, of another attempt than that of {names[0]}"
    return f"the unknown item {received(item)}"


def _no_decisions(path, what):
    what = " ".join(what.split())[:SHOWN_OF_FAULT]
    return ValueError(
        "decisions must be a CSV file with the columns item and decision, of items of this attempt "
        f"that are unwanted or keep. Received: {path} ({what})."
    )
