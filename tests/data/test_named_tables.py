"""Mixed tables that are known by name, from files and from OpenML."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.datasets

from keras_vabc.data.datasets import tables
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.data.readers.table_batches.table import open_table

ROOT = os.environ.get("KERAS_VABC_DATA")
NAMES = ("adult", "beijing", "german")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files of a small table that is called german."""
    folder = tmp_path / "tables" / "german"
    folder.mkdir(parents=True)
    texts = {"unlabeled": 40, "unwanted": 6, "test": 50}
    for part, rows in texts.items():
        lines = [f"A{n % 3},{n},{'NA' if n == 3 else n / 2}" for n in range(rows)]
        (folder / f"{part}.csv").write_text("\n".join(["code,whole,half", *lines, ""]))
        labels = [f"{n},{'unwanted' if n % 4 == 0 else 'wanted'}" for n in range(rows)]
        (folder / f"{part}_labels.csv").write_text("\n".join(["row,label", *labels, ""]))
    monkeypatch.setenv("KERAS_VABC_DATA", str(tmp_path))
    return folder


def test_files_hold_the_folds_themselves(files):
    folds = load_folds("german", seed=5)
    assert folds.unlabeled.dtype == [("code", "O"), ("whole", "i8"), ("half", "f8")]
    assert folds.unlabeled[1].tolist() == ("A1", 1, 0.5) and np.isnan(folds.unwanted["half"][3])
    assert folds.unlabeled_labels.tolist() == [int(n % 4 == 0) for n in range(40)]
    assert folds.unwanted_labels.tolist() == [1] * 6 and len(folds.unwanted) == 6
    test = folds.test_unlabeled, folds.test_unwanted
    assert sorted(np.concatenate([part["whole"] for part in test])) == list(range(50))
    assert np.array_equal(folds.test_unlabeled_labels == 1, folds.test_unlabeled["whole"] % 4 == 0)
    assert (folds.test_unwanted["whole"] % 4 == 0).all() and folds.test_unwanted_labels.all()
    assert repr(folds).startswith("Folds(name='german', negative_class=1, fraction=0.2, seed=5")
    again = load_folds("german", seed=5)
    assert np.array_equal(again.test_unwanted, folds.test_unwanted)
    assert open_table(folds.unlabeled, "unlabeled").names == ("code", "whole", "half")


def test_files_that_are_damaged_are_named(files):
    (files / "test_labels.csv").write_text("row,label\n0,wanted\n")
    with pytest.raises(ValueError, match="test_labels.csv must have.*each of 50 rows.*1 lines"):
        load_folds("german")
    (files / "unwanted.csv").write_text("code,whole\n1,2\n1\n")
    with pytest.raises(ValueError, match="unwanted.csv must be a CSV file"):
        load_folds("german")
    (files / "unwanted.csv").unlink()
    with pytest.raises(ValueError, match="unwanted.csv must exist"):
        load_folds("german")


@pytest.fixture
def openml(tmp_path, monkeypatch):
    """OpenML as scikit-learn gives its tables: categories as numbers."""
    data = np.array([[n % 2 if n % 10 else np.nan, n, n + 0.5] for n in range(300)])
    found = SimpleNamespace(
        data=data,
        feature_names=["work-class", "age", "load"],
        categories={"work-class": ["Private", "State"]},
        target=np.array([">50K" if n % 3 == 0 else "<=50K" for n in range(300)], object),
    )
    asked = []
    monkeypatch.delenv("KERAS_VABC_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr(tables, "answers", lambda url: bool(asked) or url == tables.OPENML)

    def fetch(name, version, as_frame, parser):
        asked.append((name, version))
        return found

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    return asked


def test_openml_serves_where_there_are_no_files(openml):
    folds = load_folds("adult", seed=3)
    assert openml == [("adult", 2)]
    assert folds.unlabeled.dtype == [("work_class", "O"), ("age", "i8"), ("load", "f8")]
    parts = [folds.unlabeled, folds.unwanted, folds.test_unlabeled, folds.test_unwanted]
    rows = np.sort(np.concatenate(parts), order="age")
    assert rows["age"].tolist() == list(range(300)) and rows["load"][7] == 7.5
    assert rows["work_class"].tolist()[8:13] == ["Private", "State", None, "State", "Private"]
    assert (folds.unwanted["age"] % 3 == 0).all() and 5 <= len(folds.unwanted) <= 25
    assert np.array_equal(folds.unlabeled_labels == 1, folds.unlabeled["age"] % 3 == 0)
    assert len(parts[2]) + len(parts[3]) == 100
    other = load_folds("adult", seed=4)
    assert not np.array_equal(other.unwanted["age"], folds.unwanted["age"])
    ages = [
        np.concatenate([f.test_unlabeled["age"], f.test_unwanted["age"]]) for f in (folds, other)
    ]
    assert np.array_equal(*map(np.sort, ages)), "the test set is the same for each seed"


def test_no_source_says_what_helps(openml, monkeypatch):
    monkeypatch.setattr(tables, "answers", lambda url: False)
    with pytest.raises(OSError, match=r"tables/adult, the labels.*; \(2\) a network"):
        load_folds("adult")
    with pytest.raises(OSError, match="tables/beijing, the labels.*label.$"):
        load_folds("beijing")
    assert not openml


def test_what_is_given_for_a_table_cannot_be_chosen():
    with pytest.raises(ValueError, match="negative_class must be None for the table 'adult'"):
        load_folds("adult", negative_class=1)
    with pytest.raises(ValueError, match="fraction must be None for the table.*fraction=0.5"):
        load_folds("adult", fraction=0.5)
    with pytest.raises(ValueError, match="seed must be a whole number >= 0"):
        load_folds("adult", seed=-1)


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_of_the_data_folder(name):
    if not (ROOT and Path(ROOT, "tables", name).is_dir()):
        pytest.skip(f"$KERAS_VABC_DATA/tables/{name} is not there")
    folds, folder = load_folds(name), Path(ROOT, "tables", name)
    for part in ("unlabeled", "unwanted"):
        table = open_table(folder / f"{part}.csv", part)
        rows = getattr(folds, part)
        assert table.count == len(rows) and table.names == rows.dtype.names
        assert table.has_names and not table.unreadable and table.index_columns == ()
    assert 0.02 < folds.unlabeled_labels.mean() < 0.3 and folds.test_unwanted_labels.all()
