"""Names of files in scores and labels: each is found again, and none is a formula."""

import csv
import os

import numpy as np
import pytest
from command_line import fails, succeeds
from PIL import Image
from pyarrow import csv as arrow_csv

from keras_vabc.evaluation import judges
from keras_vabc.pages import run_page
from keras_vabc.recipes import labeled, training

RNG = np.random.default_rng(0)
ODD = {  # bytes of a name: its id
    b"=1+1.png": "'=1+1.png",
    b"+1.png": "'+1.png",
    b"-1.png": "'-1.png",
    b"@x.png": "'@x.png",
    b"\tx.png": "'\tx.png",
    b"\r=x.png": "'\r=x.png",
    b"\n=x.png": "'\n=x.png",
    "＝x.png".encode(): "'＝x.png",
    b"'=1+1.png": "''=1+1.png",
    b"'x.png": "'x.png",
    b"a\rb.png": "a\rb.png",
    b"a\nb.png": "a\nb.png",
    b"a\r\nb.png": "a\r\nb.png",
    b'"a",b.png': '"a",b.png',
    b" x .png": " x .png",
    "é😀.png".encode(): "é😀.png",
    b"\xff.png": r"\xff.png",
    rb"\xff.png": r"\x5cxff.png",
    rb"\x5cxff.png": r"\x5cx5cxff.png",
    rb"a\x.png": r"a\x.png",
    b"\xed\xa0\x80.png": r"\xed\xa0\x80.png",  # half of a surrogate pair
    b"=d/=x.png": "'=d/=x.png",
}
PLAIN = [f"{number}.png" for number in range(40)]


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "TRIED_SAMPLES", 50)
        patch.setattr(run_page, "SPREAD_SAMPLES", 50)
        patch.setattr(labeled, "SAMPLES", 50)
        patch.setattr(judges, "LEAST_STEPS", 5)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of images of odd and plain names, and one of unwanted ones."""
    folder = tmp_path_factory.mktemp("photos")
    folds = {"all": [*map(os.fsdecode, ODD), *PLAIN], "flagged": PLAIN[:20]}
    for fold, names in folds.items():
        for name in names:
            path = folder / fold / name
            path.parent.mkdir(parents=True, exist_ok=True)
            image = RNG.integers(0, 80, (8, 8), "uint8") + 100 * (fold == "flagged")
            Image.fromarray(image.astype("uint8")).save(path, format="png")
    return folder


@pytest.fixture(scope="module")
def scored(photos):
    """A run on that folder, and the table of its scores."""
    run, out = photos / "run", photos / "scores.csv"
    data = ["--unlabeled", photos / "all", "--unwanted", photos / "flagged"]
    succeeds("train", *data, "--out", run, "--setting", "paper", "--epochs", 1)
    succeeds("score", run, "--input", photos / "all", "--out", out)
    return run, out


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_every_id_is_one_cell_and_no_formula(scored):
    expected = sorted([*ODD.values(), *PLAIN])
    assert len(set(expected)) == len(expected)
    assert sorted(row["id"] for row in read_table(scored[1])) == expected
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    table = arrow_csv.read_csv(scored[1], parse_options=options)
    assert sorted(table["id"].to_pylist()) == expected
    assert not any(name.startswith(tuple("=+-@\t\r\n＝＋－＠")) for name in expected)


def write_labels(path, labels):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("id", "label"), *labels])
    return ["--labels", path, "--negative-class", "odd"]


def test_the_ids_of_scores_join_as_labels(scored, tmp_path):
    run, out = scored
    labels = [(row["id"], "plain" if row["id"] in PLAIN else "odd") for row in read_table(out)]
    printed = succeeds("evaluate", run, *write_labels(tmp_path / "labels.csv", labels))
    assert f"{len(ODD) + 40} of {len(ODD) + 40} unlabeled examples have a label" in printed


def test_names_as_they_are_join_as_labels(scored, tmp_path):
    plain = [(name, "plain") for name in PLAIN]
    labels = [*plain, ("=1+1.png", "odd"), ("'=1+1.png", "odd"), ("@x.png", "odd")]
    printed = succeeds("evaluate", scored[0], *write_labels(tmp_path / "x.csv", labels))
    assert f"43 of {len(ODD) + 40} unlabeled examples have a label" in printed
    labels = write_labels(tmp_path / "x.csv", [("'1.png", "odd")])
    fails("labels must name ids", "evaluate", scored[0], *labels)
