"""Decisions on unlabeled examples: files of them, and which rows they come to."""

import numpy as np
import pytest

from keras_vabc.data.intake import read_folds, stored_folds
from keras_vabc.data.readers.reading import Examples
from keras_vabc.data.reviewed import KEEP, RANDOM, UNWANTED, Reviewed

RNG = np.random.default_rng(6)
HEAD = "id,decision,order\n"


def examples(*ids, numbers=None):
    return Examples(list(ids), np.zeros((len(ids), 2)), None, numbers)


def written(path, text, head=HEAD):
    path.write_text(head + text, encoding="utf-8")
    return path


def test_codes_are_those_of_the_ids_in_whatever_blocks_they_come(tmp_path):
    text = "b/2.png,keep,top\n'-7,unwanted,random\nx,keep,random\nx,keep,top\n"
    reviewed = Reviewed(written(tmp_path / "r.csv", text))
    assert reviewed.codes(examples("a", "x", "b/2.png")).tolist() == [0, KEEP | RANDOM, KEEP]
    last = reviewed.codes(examples("-7", "x2"))
    assert last.tolist() == [UNWANTED | RANDOM, 0] and last.dtype == np.int8
    reviewed.check(np.array([0, 1, 2]), np.zeros(0, np.int8))


def test_rows_are_counted_over_blocks(tmp_path):
    path = written(tmp_path / "r.csv", "top;keep;2\nrandom;unwanted;0\n", "order;decision;row\n")
    reviewed = Reviewed(path)
    assert reviewed.codes(examples("2", "9")).tolist() == [UNWANTED | RANDOM, 0]
    assert reviewed.codes(examples("0", "7")).tolist() == [KEEP, 0]
    typed = Reviewed(path)
    assert typed.codes(examples("z", "y", numbers=["1", "2"])).tolist() == [0, KEEP]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,keep,top\nb,bad,top\n", "line 3 gives 'b' the decision 'bad', which must be unwanted"),
        ("a,keep,first\n", "line 2 gives 'a' the order 'first', which must be random or top"),
        ("a,keep,top\nb,keep,top\na,unwanted,top\n", "line 4 gives 'a' another decision than"),
        ("", "reviewed must hold a decision. Received: reviewed=.*r.csv, none"),
    ],
)
def test_what_is_no_decision_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        Reviewed(written(tmp_path / "r.csv", text))


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "r.csv").write_bytes(b"")
    with pytest.raises(ValueError, match="reviewed must be a CSV file .* it is empty"):
        Reviewed(tmp_path / "r.csv")
    with pytest.raises(ValueError, match=r"columns id, decision and order\. .*\['id', 'label'\]"):
        Reviewed(written(tmp_path / "r.csv", "a,1\n", "id,label\n"))
    with pytest.raises(FileNotFoundError):
        Reviewed(tmp_path / "none.csv")


def test_decisions_that_do_not_fit_the_data_are_one_line(tmp_path):
    path = written(tmp_path / "r.csv", "a,keep,top\nb,unwanted,top\n")
    none, some = np.zeros(0, np.int8), np.array([0, 1, 2])
    other = Reviewed(path)
    other.codes(examples("b", "c"))
    with pytest.raises(ValueError, match="name ids of the unlabeled data alone.*1 others: 'a'"):
        other.check(some, none)
    twice = Reviewed(path)
    twice.codes(examples("a", "b", "a"))
    with pytest.raises(ValueError, match="by an id of its own.*'a', of several examples"):
        twice.check(some, none)
    own = Reviewed(path)
    own.codes(examples("a", "b"))
    with pytest.raises(ValueError, match="keep no example that is also in the unwanted"):
        own.check(some, np.array([KEEP, UNWANTED], np.int8))
    with pytest.raises(ValueError, match="leave unlabeled examples without a decision.*all 2"):
        own.check(np.array([KEEP, UNWANTED], np.int8), none)
    own.check(some, np.array([UNWANTED], np.int8))


def test_codes_lie_beside_the_rows_they_are_of(tmp_path):
    x = RNG.normal(size=(200, 3)).astype("float32")
    x[5] = x[150]  # in the unwanted data, too: left out
    bad = np.concatenate([RNG.normal(size=(20, 3)), x[150:151]]).astype("float32")
    codes = np.where(np.arange(200) % 3 == 0, UNWANTED | RANDOM, 0)
    codes[1::3], codes[[5, 150]] = KEEP, [0, UNWANTED]
    words = {UNWANTED | RANDOM: "unwanted,random", KEEP: "keep,top", UNWANTED: "unwanted,top"}
    lines = [f"{row},{words[code]}\n" for row, code in enumerate(codes) if code]
    path = written(tmp_path / "r.csv", "".join(lines))
    intake = read_folds(x, bad, folder=tmp_path / "work", seed=3, reviewed=path)
    folds, seen = intake.folds, 0
    of_row = {row.tobytes(): code for row, code in zip(x, codes, strict=True)}
    for part in ("", "test_"):
        rows, own = getattr(folds, f"{part}unlabeled"), getattr(folds, f"{part}reviewed")
        assert own.tolist() == [of_row[row.tobytes()] for row in rows]
        seen += len(own)
    assert seen == 198 and any("1 that were reviewed are among the unw" in n for n in intake.notes)
    again = stored_folds(tmp_path / "work")
    np.testing.assert_array_equal(again.test_reviewed, folds.test_reviewed)
    assert read_folds(x, bad, folder=tmp_path / "work", seed=3).folds.reviewed is None
