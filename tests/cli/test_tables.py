"""Tables of any columns through the commands: options, scores, samples, exports, going on."""

import csv
import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from command_line import keras_vabc, record, succeeds
from faults import at_epoch

import keras_vabc as kv
from keras_vabc.data.columns.table import Columns
from keras_vabc.recipes import training

CITIES = ["Rome", "Oslo", "Bern"]


def frame(n, seed):
    rng = np.random.default_rng(seed)
    prices = [f"{price:.2f}" for price in rng.uniform(1, 50, n)]
    return pd.DataFrame(
        {
            "client": [f"c{seed}-{row:05d}" for row in rng.permutation(n)],
            "price": np.where(rng.random(n) < 0.2, "-999", prices),
            "name": rng.choice(["Ann", 'Bo, "B"', "Cy"], n),
            "rooms": rng.integers(1, 6, n),
            "city": rng.choice(CITIES, n),
            "note": rng.choice(["x", "y"], n),
            "code": rng.permutation(n) + 1000,
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in the setting paper, of which much is said by options."""
    folder = tmp_path_factory.mktemp("typed")
    assert train(folder, "run").exit_code == 0
    return folder / "run"


def train(folder, out, *more, epochs=1):
    if not (folder / "all.csv").exists():
        frame(300, 3).to_csv(folder / "all.csv", index=False)
        frame(40, 4).to_csv(folder / "bad.csv", index=False)
        (folder / "types.json").write_text('{"rooms": "category", "city": "dropped"}')
    said = ["--columns", folder / "types.json", "--column", "city=category", "--drop", "note"]
    said += ["--id", "code", "--missing", "-999", "--setting", "paper"]
    said = [] if "--from" in more else said  # the run to start from says it
    data = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv"]
    return keras_vabc("train", *data, *said, "--epochs", epochs, "--out", folder / out, *more)


def stored_columns(path):
    return {c.name: c for c in Columns.from_json(path.read_text()).columns}


def test_what_options_say_of_columns_holds(run):
    found = stored_columns(run / "columns.json")
    assert {name: column.type for name, column in found.items()} == {
        **{"client": "id", "price": "numeric", "name": "category", "rooms": "category"},
        **{"city": "category", "note": "dropped", "code": "id"},
    }
    data = pd.read_csv(run.parent / "all.csv")
    assert found["price"].missing == (data["price"] == -999).sum() > 0


def test_scores_carry_ids_and_kept_columns(run, tmp_path):
    data = run.parent / "all.csv"
    out = ["--out", tmp_path / "s.csv", "--keep", "name,city"]
    printed = succeeds("score", run, "--input", data, *out)
    with open(tmp_path / "s.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["id", "score", "row", "name", "city"] and len(lines) == 300
    rows = frame(300, 3).loc[[int(line["row"]) for line in lines], ["client", "name", "city"]]
    assert [
        [line[name] for name in ("id", "name", "city")] for line in lines
    ] == rows.values.tolist()
    scores = kv.open_run(run).score(data)
    assert [float(x["score"]) for x in lines] == pytest.approx(sorted(scores, reverse=True))
    assert json.loads((tmp_path / "s.csv.json").read_text())["unseen"] == {"rows": 0, "columns": {}}
    assert "none in training" not in printed


def test_rows_with_values_unseen_in_training_are_counted(run, tmp_path):
    data = frame(50, 5)
    data.loc[[3, 7], "city"] = "Lima"
    data.loc[[7, 9], "price"] = ["50.01", "9000"]
    data.loc[11, "name"] = None
    data.loc[12, "note"] = "dropped columns do not count"
    data.to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "s.csv"
    printed = succeeds("score", run, "--input", tmp_path / "new.csv", "--out", out)
    manifest = json.loads((tmp_path / "s.csv.json").read_text())
    columns = {"city": 2, "price": 2, "name": 1}
    assert manifest["unseen"] == {"rows": 4, "columns": columns}
    note = "4 of 50 (2 in price, 2 in city, 1 in name)."
    assert note in manifest["notes"][-1] and note in " ".join(printed.split())


def test_the_card_of_an_export_says_how_codes_become_rows(run, tmp_path, monkeypatch):
    succeeds("export", run, "--out", tmp_path / "model")
    card = (tmp_path / "model" / "MODEL_CARD.md").read_text()
    assert str(kv.open_run(run).columns) in card
    code = re.search(r"```python\n(from pathlib.*?)```", card, re.S)[1]
    monkeypatch.chdir(tmp_path / "model")
    model = tf.saved_model.load("1")
    own = {"codes": model.sample(20, 3).numpy()}
    exec(code, own)
    rows, samples = own["rows"].to_pandas(), kv.open_run(run).sample(20, seed=3)
    assert set(rows["city"]) <= set(CITIES) and rows["city"].tolist() == samples["city"].tolist()
    assert rows["rooms"].tolist() == samples["rooms"].tolist()
    assert rows["price"].between(1, 50).sum() + rows["price"].isna().sum() == 20
    assert model.score(own["x"]).shape == (20,)


def test_an_export_has_the_columns(run, tmp_path):
    succeeds("export", run, "--out", tmp_path / "model")
    exported = (tmp_path / "model" / "columns.json").read_text()
    assert exported == (run / "columns.json").read_text() and stored_columns(run / "columns.json")


def test_samples_are_rows_like_the_data(run, tmp_path):
    succeeds("sample", run, "-n", 200, "--seed", 5, "--out", tmp_path / "s.csv")
    made = pd.read_csv(tmp_path / "s.csv", dtype=str, keep_default_na=False)
    data = pd.read_csv(run.parent / "all.csv", dtype=str, keep_default_na=False)
    trained = ["price", "name", "rooms", "city"]
    assert made.columns.tolist() == trained and len(made) == 200
    for name in trained[1:]:
        assert set(made[name]) <= set(data[name])
    prices = made["price"][made["price"] != "-999"]
    known = data["price"][data["price"] != "-999"].astype(float)
    assert prices.str.fullmatch(r"\d+(\.\d{1,2})?").all() and len(prices) > 100
    assert prices.astype(float).between(known.min(), known.max()).all()


def test_an_interrupted_training_goes_on(tmp_path):
    assert train(tmp_path, "whole", epochs=2).exit_code == 0
    with at_epoch(1, _stop):
        assert train(tmp_path, "broken", epochs=2).exit_code != 0
    assert list(record(tmp_path / "broken")["stages"]) == ["intake"]
    assert train(tmp_path, "broken", epochs=2).exit_code == 0
    for name in ("history.json", "columns.json"):
        texts = [(tmp_path / own / name).read_text() for own in ("whole", "broken")]
        assert texts[0] == texts[1]


def _stop(*_, **__):
    raise KeyboardInterrupt


def test_a_run_to_start_from_gives_the_columns(run, monkeypatch, tmp_path):
    given = {}
    with monkeypatch.context() as patch:
        patch.setattr(
            training,
            "train_autoencoder",
            lambda *a, start, **k: given.update(start=start) or _stop(),
        )
        train(run.parent, "warm", "--from", run)
    warm = run.parent / "warm" / "columns.json"
    assert warm.read_text() == (run / "columns.json").read_text()
    old = kv.open_run(run)
    x = np.random.default_rng(5).normal(size=(5, *old.spec.shape)).astype("float32")
    np.testing.assert_array_equal(given["start"].score(x), old.model.score(x))


def test_kept_numbers_of_any_country_stay_as_they_are_and_formulas_do_not(run, tmp_path):
    kept = ["-.5", "-5,3", "-1.", "-inf", "-1,234.5", "-1 234", "-1e5", "+7", "", "1.5"]
    formulas = ["-1+2", "=1", "-5\n", "-a", "@x", "-1 2"]
    data = frame(len(kept) + len(formulas), 5)
    data["amount"] = [*kept, *formulas]
    out = ["--out", tmp_path / "s.csv", "--keep", "amount"]
    data.to_parquet(tmp_path / "new.parquet")
    succeeds("score", run, "--input", tmp_path / "new.parquet", *out)
    with open(tmp_path / "s.csv", newline="") as file:
        found = {int(line["row"]): line["amount"] for line in csv.DictReader(file)}
    assert [found[row] for row in range(len(data))] == [*kept, *(f"'{cell}" for cell in formulas)]


def test_training_data_tell_copies_apart_as_when_they_were_held_out(run, tmp_path):
    opened = kv.open_run(run)
    data = frame(300, 3)
    pd.concat([data, data]).to_csv(tmp_path / "twice.csv", index=False)
    paths = dataclasses.replace(opened.record.data, unlabeled=str(tmp_path / "twice.csv"))
    opened.record = dataclasses.replace(opened.record, data=paths)
    seed = opened.record.settings.seed
    hashes = np.concatenate([own.hashes(seed) for own in opened.training_data("unlabeled")])
    once = [own.hashes(seed) for own in kv.open_run(run).training_data("unlabeled")]
    np.testing.assert_array_equal(hashes[:300], np.concatenate(once))
    first, second = (opened.held_out("unlabeled", own) for own in np.split(hashes, 2))
    assert 0 < (first & second).sum() < first.sum()
