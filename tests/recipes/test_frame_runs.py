"""Runs on tables in memory: columns by their names, of any library, a score for each row."""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console

import keras_vabc as kv
from keras_vabc.recipes.intake import unreadable_in_words
from keras_vabc.recipes.settings import Setting
from keras_vabc.recipes.training import stopped_in_words

RNG = np.random.default_rng(6)
TINY = {"setting": "paper", "epochs": 1, "seed": 4, "console": Console(quiet=True)}


def frame(count, shift=0.0):
    return pd.DataFrame(
        {
            "dose": pd.array(RNG.normal(shift, 1, count), "Float64"),
            "children": pd.array(RNG.poisson(3, count), "Int64"),
            "smokes": pd.array(RNG.random(count) < 0.4, "boolean"),
            "city": pd.Categorical(RNG.choice(["Køln", "Ulm"], count)),
            "seen": pd.Timestamp("2024-03-31", tz="Europe/Berlin")
            + pd.to_timedelta(RNG.permutation(count), unit="min"),
        }
    )


@pytest.fixture(scope="module")
def run():
    u, w = frame(120), frame(40, 2)
    u.loc[:9, ["dose", "children", "smokes"]] = pd.NA
    streams = pa.table(u).to_reader(), pa.table(w[list(w)[::-1]]).to_reader()  # read once
    return kv.train(*streams, **TINY)


def test_a_stream_trains_as_its_table_does(run):
    assert [c.type for c in run.columns.columns] == [
        "numeric",
        "whole",
        "boolean",
        "category",
        "datetime",
    ]
    assert run.record.counts["unlabeled"].read == 120
    again = run.training_data("unlabeled")  # for reports and labels
    assert sum(len(own.rows) for own in again) == 120
    assert run.columns.columns[0].codes.missing


def test_columns_are_found_by_name_and_each_row_has_a_score(run):
    x = frame(30)
    scores = run.score(x)
    assert scores.shape == (30,)
    np.testing.assert_array_equal(run.score(x[list(x)[::-1]].assign(more=1)), scores)
    np.testing.assert_array_equal(run.score(pa.table(x).to_reader()), scores)
    more = frame(150)  # of which one is less than a file may have that cannot be read
    words = more.assign(dose=["many"] + more["dose"].astype(str).tolist()[1:])
    with pytest.raises(ValueError, match=r"^x must hold .* 1 of 150 rows that do not, first row 0"):
        run.score(words)


def test_words_for_no_value_are_said_by_column(tmp_path):
    u, w = (
        pd.DataFrame({"a": RNG.integers(0, 9, n), "b": RNG.normal(size=n), "key": range(n)})
        for n in (80, 30)
    )
    said = {"missing": {"a": [0], "b": []}, "id": ["key"]}
    run = kv.train(u, w, columns=said, out=tmp_path / "run", **TINY)
    missing = {column.name: column.missing for column in run.columns.columns}
    assert missing == {"a": (u["a"] == 0).sum(), "b": 0, "key": 0}
    assert kv.open_run(tmp_path / "run").record.settings.missing == {"a": ("0",)}
    assert str(run.columns).splitlines()[3].split() == [
        *("key", "id", "names", "the", "rows:", "as", "said", "-")
    ]
    for bad in ({"missing": {"a": "0"}}, {"missing": "0"}):
        with pytest.raises(TypeError, match="^missing.* must be a list of words"):
            kv.train(u, w, columns=bad, **TINY)
    with pytest.raises(ValueError, match="columns must be some of .*'c'"):
        kv.train(u, w, columns={"missing": {"c": ["0"]}}, **TINY)


def test_a_training_that_ends_early_says_when_and_why():
    losses = [1.0, 2.0, 9.0, 8.0, 7.5, 7.7, 7.6]  # until the third annealing makes them unlike
    setting = dataclasses.replace(Setting("vabc", "files"), epochs=20, anneal_epochs=2, patience=2)
    assert stopped_in_words(setting, losses) == (
        "V-ABC: stopped after 7 of 20 passes: for 2 of them the loss on held-out data was no lower "
        "than the 7.5 of pass 5, whose weights are kept."
    )


def test_rows_of_tables_and_files_of_folders_are_listed():
    assert unreadable_in_words(True, 1200, "x.csv") == (
        "Every row that could not be read (1,200) is listed in x.csv."
    )
    assert unreadable_in_words(False, 3, "x.csv").startswith("Every file that could")


def test_a_table_for_a_run_of_arrays_is_told_to_be_taken_in_its_order():
    u, w = (pd.DataFrame(RNG.normal(size=(n, 2)), columns=["a", "b"]) for n in (60, 30))
    run = kv.train(u.to_numpy(), w, **TINY)
    told = "columns were taken in the order given, since unlabeled does not name its own."
    assert f"unwanted: {told}" in run.record.notes
    with pytest.warns(UserWarning, match="^x: columns were taken in the order given"):
        scores = run.score(u)
    np.testing.assert_array_equal(scores, run.score(u.to_numpy()))
