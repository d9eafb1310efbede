"""Pictures are made once, kept up to a limit, and of the file that their name names."""

import io
import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_vabc.data.ids import printable_path
from keras_vabc.data.spec import DataSpec
from keras_vabc.review.pictures import SIDE, Kept, of_row, path_of, png
from keras_vabc.review.table_rows import speaking_against


def test_what_is_kept_is_made_once_whoever_asks():
    made = []

    def make(key):
        made.append(key)
        time.sleep(0.02)
        return bytes(10)

    kept = Kept(make, most=1000)
    threads = [threading.Thread(target=kept, args=(number % 5,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1, 2, 3, 4]


def test_the_longest_unused_goes_first():
    made = []
    kept = Kept(lambda key: made.append(key) or bytes(10), most=30)
    for key in (1, 2, 3, 1, 4, 1, 2):
        kept(key)
    assert made == [1, 2, 3, 4, 2] and kept._bytes == 30
    assert len(Kept(lambda key: bytes(99), most=30)(1)) == 99


def test_a_failure_is_not_kept():
    def make(key):
        raise ValueError("gone")

    kept = Kept(make)
    for _ in range(2):
        with pytest.raises(ValueError, match="gone"):
            kept(1)


@pytest.mark.parametrize(
    "name",
    [
        b"a.png",
        b"with space/and \xc3\xa9.png",
        b"no utf-8 \xff\x89.png",
        rb"looks like a byte \xff.png",
        rb"looks like a backslash \x5cxff.png",
        rb"is none \x41 \xFF \x7f.png",
        b"=formula\n.png",
    ],
)
def test_a_path_is_found_by_its_printed_name(name):
    path = os.fsdecode(name)
    assert path_of(printable_path(path)) == path


def test_large_pictures_become_small_and_small_ones_stay():
    large = Image.new("RGB", (2 * SIDE, SIDE), (9, 8, 7))
    assert Image.open(io.BytesIO(png(large))).size == (SIDE, SIDE // 2)
    assert large.size == (2 * SIDE, SIDE)
    rows = np.linspace(0, 1, 12, dtype="float32").reshape(2, 2, 3)
    shown = Image.open(io.BytesIO(of_row(rows, DataSpec("images", (2, 2, 3), "float32"))))
    np.testing.assert_array_equal(np.asarray(shown), np.rint(255 * rows).astype("uint8"))


def test_what_speaks_against_a_row_is_what_a_wanted_row_has_otherwise():
    """Of a linear score it is the coefficient times the difference, exactly."""
    coefficients = np.array([2.0, -1.0, 0.5])
    run = SimpleNamespace(
        has_classifier=False, model=SimpleNamespace(score=lambda x: x @ coefficients)
    )
    rng = np.random.default_rng(2)
    rows, references = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    parts = {"a": slice(0, 2), "b": slice(2, 3)}
    against = speaking_against(run, rows, references, parts)
    difference = (rows - references.mean(axis=0)) * coefficients
    expected = np.stack([difference[:, :2].sum(axis=1), difference[:, 2]], axis=1)
    np.testing.assert_allclose(against, expected, atol=1e-12)


def test_nothing_that_serves_reads_from_elsewhere_than_this_package():
    folder = Path(__file__).parents[2] / "keras_vabc" / "review"
    for path in [*folder.glob("static/*"), *folder.glob("templates/*")]:
        text = path.read_text()
        assert "http://" not in text and "https://" not in text and "innerHTML" not in text
