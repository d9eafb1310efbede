"""A run in Python: in memory and in a folder, of today and of an earlier version."""

import dataclasses
import hashlib
import io
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from rich.console import Console
from sklearn.metrics import roc_auc_score

import keras_vabc as kv
from keras_vabc.data.intake import held_out
from keras_vabc.data.spec import DataSpec
from keras_vabc.evaluation.metrics import observed_rate, wilson_rate
from keras_vabc.evaluation.wanted_cost import counted_above, highest_scores, wanted_above
from keras_vabc.nu import members
from keras_vabc.nu.posterior import SharePosterior
from keras_vabc.pages import run_page
from keras_vabc.pages.costs import guard_cost_in_words
from keras_vabc.pages.model_card import model_card
from keras_vabc.pages.reviewed import negatives_in_words, review_lines, special_warning
from keras_vabc.recipes import evaluation, outputs, own_data, results, training
from keras_vabc.recipes import generation as recipe_of_run
from keras_vabc.recipes.outputs import provenance, write_samples
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.record import (
    Counts,
    DataPlaces,
    Figures,
    Provenance,
    RunRecord,
    Threshold,
    TrainingSettings,
)
from keras_vabc.recipes.reviewed import Review
from keras_vabc.recipes.run import Run
from keras_vabc.recipes.scores import write_scores
from keras_vabc.recipes.settings import Setting
from keras_vabc.recipes.threshold import threshold_lines

EARLIER = Path(__file__).parent / "run-0.1"  # trained by version 0.1
RNG = np.random.default_rng(0)
QUIET = Console(quiet=True)
SEED = 5


def rows(count, hidden):
    """Rows of which the last are negatives; the second column is the number of the row."""
    x = RNG.normal(size=(count, 2))
    x[count - hidden :, 0] += 6
    x[:, 1] = np.arange(count)
    return x.astype("float32")


@pytest.fixture(scope="module")
def trained():
    """A run in memory by the quality setting, on arrays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "LEAST_STEPS", 20)
        patch.setattr(own_data, "GUARD", 0.999)
        patch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
        return kv.train(rows(200, 20), rows(60, 60), epochs=2, seed=SEED, console=QUIET)


def test_a_run_in_memory_does_what_one_in_a_folder_does(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert trained.nu.seed == trained.record.recipe.setting.seed == trained.model.seed == SEED
    samples = trained.sample(7, seed=3)
    assert samples.shape == (7, 2) and samples.dtype == np.float32
    np.testing.assert_array_equal(trained.sample(4, seed=3), samples[:4])
    x = rows(9, 3)
    expected = trained.nu.negative_probability(x)
    np.testing.assert_array_equal(trained.score(x), expected)
    np.testing.assert_array_equal(trained.score(tf.data.Dataset.from_tensor_slices(x)), expected)
    with pytest.raises(ValueError, match="threshold must be set"):
        trained.flag(x)
    threshold = trained.set_threshold(max_false_alarms=0.2)
    assert trained.threshold == threshold.value
    np.testing.assert_array_equal(trained.flag(x), expected > threshold.value)
    assert kv.report(trained, "page.html").read_text().count("data:image/png") == 3
    with pytest.raises(ValueError, match="out must be given for a run in memory"):
        kv.report(trained)
    assert trained.export("model") == Path("model/1")
    loaded = tf.saved_model.load("model/1")
    np.testing.assert_allclose(loaded.score(x), expected, rtol=1e-4, atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "page.html"]


def test_what_is_moved_is_recorded_with_how_much_of_it_is_wanted():
    x, bad = RNG.normal(size=(300, 2)), RNG.normal(6, 1, (60, 2))
    x[:40] += 6
    said = io.StringIO()
    console = Console(file=said, width=300)
    trained = kv.train(*(a.astype("float32") for a in (x, bad)), epochs=2, console=console)
    figures, nu = trained.record.figures, trained.nu
    assert (
        f"moves {figures.moved} of {len(nu.out_of_fold[0])} unlabeled examples" in said.getvalue()
    )
    assert figures.moved == (nu.out_of_fold[0] > nu.estimates.moving_cut).sum() > 0
    low, high = figures.moved_wanted
    assert 0 <= low < high <= figures.moved
    assert trained.record.settings.prefer == "clean"
    assert trained.record.recipe.correction == "move"
    page = "".join(str(row) for row in run_page._training_rows(trained.record))
    assert f"{figures.moved:,}, of which {low:,} to {high:,} are wanted (95 %)" in page
    assert "95 %, by 48 unwanted examples" in page


def test_a_complete_training_moves_nothing(monkeypatch):
    monkeypatch.setattr(recipe_of_run, "MIDDLE", 0.999)  # does not ask for a good model
    said = io.StringIO()
    run = kv.train(
        *(rows(200, 20), rows(60, 60)),
        prefer="complete",
        epochs=2,
        seed=SEED,
        console=Console(file=said, width=200),
    )
    assert run.record.figures.moved == 0
    assert run.record.figures.moved_wanted is None
    assert run.record.settings.prefer == "complete"
    recipe = run.record.recipe
    assert (recipe.correction, recipe.cut, recipe.guard) == ("soft", None, 0.999)
    assert "moves" not in said.getvalue()
    assert "negatives among the unlabeled" in said.getvalue()


def test_a_table_in_memory_goes_into_a_folder_and_comes_back(tmp_path):
    x, bad = rows(80, 8), rows(20, 20)
    tables = [pa.table({"a": part[:, 0], "b": part[:, 1]}) for part in (x, bad)]
    options = {"setting": "paper", "epochs": 2, "seed": SEED, "console": QUIET}
    run = kv.train(*tables, out=tmp_path / "run", **options)
    again = kv.open_run(tmp_path / "run")
    assert again.record == run.record and again.record.data.unlabeled.startswith("memory ")
    assert [column.name for column in again.columns.columns] == ["a", "b"]
    assert (
        again.columns.to_json() == run.columns.to_json()
        and (tmp_path / "run" / "report.html").exists()
    )
    np.testing.assert_array_equal(again.sample(5, seed=1), run.sample(5, seed=1))
    np.testing.assert_array_equal(again.score(tables[0]), run.score(x))
    labels = (np.arange(80) >= 72).astype(int)
    figures = run.evaluate(labels, negative_class=1)
    assert figures.labeled == 80 and not any("changed" in line for line in figures.reported)
    with pytest.raises(ValueError, match="unlabeled must be there to be read again"):
        again.evaluate(labels, negative_class=1)
    assert kv.open_run(tmp_path / "run").record.evaluation.with_labels.labeled == 80
    assert kv.train(*tables, out=tmp_path / "run", **options).record.status == "finished"
    with pytest.raises(ValueError, match="with the same arguments.*seed=5, now seed=6"):
        kv.train(*tables, out=tmp_path / "run", **(options | {"seed": 6}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"setting": "best"}, "setting must be one of paper, quality. Received: setting='best'"),
        ({"prefer": "dirty"}, "prefer must be one of clean, complete. Received: prefer='dirty'"),
        ({"gamma": -1}, r"gamma must be a number in \[1e-12, 1e\+12\]. Received: gamma=-1."),
        ({"gamma": 1e-300}, "gamma must be a number in .* Received: gamma=1e-300."),
        ({"gamma": 1e39}, "gamma must be a number in .* Received: gamma=1e\\+39."),
        ({"gamma": True}, "gamma must be a number in .* Received: gamma=True."),
        ({"gamma": float("nan")}, "gamma must be a number in .* Received: gamma=nan."),
        ({"seed": -1}, "seed must be a whole number >= 0. Received: seed=-1."),
        ({"epochs": 0}, "epochs must be a whole number >= 1. Received: epochs=0."),
        ({"start": "absent"}, "start must be the folder of a run"),
        ({"gamma": "x"}, "gamma must be a number in .* Received: gamma='x'."),
        ({"max_unreadable": 2}, r"max_unreadable must be .*\[0, 1\]. Received: max_unreadable=2."),
        ({"max_unreadable": "x"}, "max_unreadable must be .* Received: max_unreadable='x'."),
        ({"max_unreadable": float("nan")}, "max_unreadable must be .* Received: .*=nan."),
        ({"seed": 10**20}, "seed must be a whole number <= 1000000000. Received: seed=1000"),
        (
            {"seed": 10**5000},
            "seed must be a whole number <= .* Received: seed=a number of 16610 b",
        ),
        ({"seed": 1.0}, "seed must be a whole number >= 0. Received: seed=1.0."),
        ({"seed": True}, "seed must be a whole number >= 0. Received: seed=True."),
        (
            {"seed": np.arange(2)},
            r"seed must be a whole number .* Received: seed=array\(\[0, 1\]\)",
        ),
        ({"epochs": 10**20}, "epochs must be a whole number <= 1000000. Received: epochs=1000"),
        (
            {"image_size": (10**9, 10**9)},
            "image_size must be .*<= 16777216. Received: .*1000000000",
        ),
        ({"image_size": (5000, 5000)}, "image_size must be at most .* Received: .*5000, 5000"),
        ({"start": 3}, "start must be a path. Received: start=3."),
        ({"out": 3}, "out must be a path. Received: out=3."),
        ({"console": "x"}, "console must be a rich.console.Console. Received: console='x'."),
        ({"allow_more_unwanted": "no"}, "allow_more_unwanted must be True or False. Received"),
        ({"image_size": "28x28"}, "image_size must be .height, width.. Received: .*'28x28'"),
        ({"image_size": (8,)}, "image_size must be .height, width.. Received: "),
    ],
)
def test_arguments_are_checked_before_any_work(tmp_path, options, message):
    given = {"out": tmp_path / "run", "console": QUIET} | options
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        kv.train(rows(20, 2), rows(9, 9), **given)
    assert not list(tmp_path.iterdir()) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda run: run.sample(10**20), "n must be a whole number <= 1000000000000. Received"),
        (lambda run: run.sample(2.0), "n must be a whole number >= 0. Received: n=2.0."),
        (lambda run: run.sample(2, seed=10**20), "seed must be a whole number <= 1000000000."),
        (
            lambda run: run.sample(2, seed=-1),
            "seed must be a whole number >= 0. Received: seed=-1.",
        ),
        (lambda run: run.evaluate(seed=None), "seed must be a whole number >= 0. Received"),
        (lambda run: run.evaluate(seed=False), "seed must be a whole number >= 0. Received"),
        (lambda run: run.set_threshold("x"), "max_false_alarms must be a number in .*='x'."),
        (lambda run: run.set_threshold(True), "max_false_alarms must be a number in .*=True."),
        (lambda run: run.set_threshold(float("nan")), "max_false_alarms must be .*=nan."),
        (
            lambda run: run.set_threshold(1),
            r"max_false_alarms must be a number in \[0, 1\). Received",
        ),
        (lambda run: run.export("model", ["onnx"]), r"format must be a name. .*=\['onnx'\]."),
        (lambda run: run.export("model", "pickle"), "format must be one of savedmodel, onnx"),
        (lambda run: run.export(None), "out must be a path. Received: out=None."),
        (lambda run: kv.open_run(None), "run must be a path. Received: run=None."),
    ],
)
def test_arguments_of_a_run_are_one_line(tmp_path, monkeypatch, use, message):
    monkeypatch.chdir(tmp_path)
    run = kv.open_run(EARLIER)
    before = (EARLIER / "run.json").read_bytes()
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        use(run)
    assert "\n" not in str(caught.value)
    assert (EARLIER / "run.json").read_bytes() == before and not list(tmp_path.iterdir())


def test_data_in_memory_are_told_apart(tmp_path):
    """Other arrays are refused, whether the run is finished or was stopped; a start, too."""
    x, bad = rows(80, 8), rows(20, 20)
    options = {"setting": "paper", "epochs": 1, "seed": SEED, "console": QUIET}
    first = kv.train(x, bad, out=tmp_path / "run", **options)
    for other in ((x + 1, bad), (x, bad[::-1] * 2)):
        with pytest.raises(ValueError, match="with the same arguments.*memory"):
            kv.train(*other, out=tmp_path / "run", **options)
    with pytest.raises(ValueError, match="start=None, now start=memory"):
        kv.train(x, bad, out=tmp_path / "run", start=first_in_memory(x, bad, options), **options)
    again = kv.train(x.copy(), bad.copy(), out=tmp_path / "run", **options)
    assert again.record == first.record


def first_in_memory(x, bad, options):
    return kv.train(x, bad, **options)


def test_a_run_stays_where_it_is_when_the_process_moves(tmp_path, monkeypatch):
    shutil.copytree(EARLIER, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    run = kv.open_run("run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run.score(EARLIER / "unwanted.csv").shape == (20,)
    run.set_threshold(np.float32(0.05))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_page_replaces_no_part_of_a_run(tmp_path):
    folder = shutil.copytree(EARLIER, tmp_path / "run")
    for name in ("run.json", "model.keras"):
        before = (folder / name).read_bytes()
        with pytest.raises(ValueError, match=f"another file than {name} of the run"):
            kv.report(folder, folder / name)
        assert (folder / name).read_bytes() == before
    assert kv.report(folder) == folder / "report.html"


@pytest.mark.parametrize(
    "losses", ["1.0", "[1e999]", f"[{10**400}]", '["x"]', "[" * 50_000, "{}", "null"]
)
def test_a_damaged_history_is_named(tmp_path, losses):
    folder = shutil.copytree(EARLIER, tmp_path / "run")
    names = ("loss", "val_loss", "val_reconstruction", "val_kl", "val_penalty")
    text = ", ".join(f'"{name}": {losses}' for name in names)
    (folder / "history.json").write_text(f"{{{text}}}")
    with pytest.raises(ValueError, match=r"run must have a whole history\.json"):
        _ = kv.open_run(folder).history


def test_a_record_names_no_stranger_s_command(trained, monkeypatch):
    assert trained.record.provenance.command == "keras_vabc from Python"
    monkeypatch.setattr(sys, "argv", ["/bin/keras-vabc", "train", "--out", "a b"])
    assert results.provenance()["command"] == "keras-vabc train --out 'a b'"


def test_a_run_of_version_0_1_samples_scores_and_exports(tmp_path):
    folder = shutil.copytree(EARLIER, tmp_path / "run")
    run = kv.open_run(folder)
    table = np.loadtxt(folder / "unwanted.csv", delimiter=",", skiprows=1).astype("float32")
    assert run.score(table).min() > 0.5 > np.median(run.score(folder / "unlabeled.csv"))
    samples = run.sample(200, seed=SEED)
    assert (samples[:, 2] == 3).all() and (samples[:, 1] % 1 == 0).all(), "constant, whole"
    assert abs(np.median(samples[:, 0])) < 1.5
    assert run.threshold == run.record.threshold.value and run.flag(table).all()
    run.export(tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model" / "1"))
    drawn = loaded.sample(20, SEED)
    np.testing.assert_allclose(drawn[:, 0], run.sample(20, seed=SEED)[:, 0], rtol=1e-5, atol=1e-5)
    assert kv.report(run) == folder / "report.html"
    run.set_threshold(0.05)
    assert '"schema": 2' in (folder / "run.json").read_text()
    assert kv.open_run(folder).record == run.record


# Which rows a figure is of, and what it counts


class RowScore:
    """P(negative | x) is the first column; it remembers the numbers of the rows it saw."""

    def __init__(self):
        self.seen = []

    def negative_probability(self, x):
        self.seen += x[:, 1].astype(int).tolist()
        return x[:, 0].astype("float32")


def run_of(data, share=0.2, threshold=None, scores=None, guard=None):
    """A run in memory whose classifier is a `RowScore`."""
    counts = Counts(read=100, training=80, held_out=20)
    record = RunRecord(
        status="finished",
        settings=TrainingSettings("quality", SEED, 0.01),
        data=DataPlaces("memory", "memory", 0.3),
        stages=dict.fromkeys(("intake", "classifier", "model", "density", "samples"), 1.0),
        counts={"unlabeled": counts, "unwanted": counts},
        figures=Figures(share, (share / 2, share), moved=0, epochs=1, loss=1.0, val_loss=1.0),
        spec=DataSpec("vectors", (2,), "float32"),
        recipe=Recipe("quality", Setting("vabc", "files"), guard=guard),
        provenance=Provenance("2026-01-01", {"keras": "3"}, "keras-vabc train"),
        threshold=threshold and Threshold(threshold, 0.01, 0.01, 0.1, 0.5, (0.2, 0.8), "P", 9, 9),
    )
    run = Run(record, None, data)
    run.keep("nu", RowScore())
    run.keep("scores", scores or {name: np.zeros(5, "float32") for name in data})
    return run


def numbered(count):
    """Rows whose score, in 0..1, and number are their columns."""
    return np.stack([RNG.permutation(count) / count, np.arange(count)], 1).astype("float32")


def test_labeled_figures_are_of_held_out_rows_alone():
    x, bad = numbered(300), numbered(50)
    run = run_of({"unlabeled": x, "unwanted": bad}, threshold=0.75)
    labels = np.where(RNG.random(300) < 0.2 + 0.6 * x[:, 0], "bad", "fine")
    figures = run.evaluate(labels, negative_class="bad")
    test = held_out(x, SEED, 0.3)
    assert sorted(run.nu.seen) == np.flatnonzero(test).tolist()
    assert set(np.flatnonzero(held_out(x, SEED + 1, 0.3))) != set(run.nu.seen)
    negative = labels[test] == "bad"
    assert (figures.held_out, figures.held_out_negatives) == (test.sum(), negative.sum())
    assert "They have changed since the training, which read 100." in figures.reported
    assert figures.auc == pytest.approx(roc_auc_score(negative, x[test, 0]))
    flagged = x[test, 0] > 0.75
    assert figures.recall == pytest.approx(flagged[negative].mean())
    assert figures.false_alarms == pytest.approx(flagged[~negative].mean())

    rate = observed_rate(flagged[~negative])
    assert figures.false_alarms_interval == pytest.approx((rate.low, rate.high))
    few = min(negative.sum(), (~negative).sum())
    area = wilson_rate(figures.auc, few)
    assert figures.auc_interval == pytest.approx((area.low, area.high))
    said = f"{figures.auc:.4f} (95 % interval {area.low:.4f} to {area.high:.4f})"
    assert any(said in line for line in figures.reported)


def shown_rows(run):
    """What the page says of training, guard and threshold, in sentences."""
    rows = run_page._training_rows(run.record) + run_page._guard_rows(run)
    if run.threshold is not None:
        rows += run_page._threshold_rows(run.record)
    return [f"{name}: {value}" for name, value in rows]


def labelled_run():
    """A run with a guard and a threshold, its scores, and labels of its unlabeled data."""
    x, bad = numbered(300), numbered(50)
    scores = {"unlabeled": x[:60, 0], "unwanted": np.sqrt(bad[:40, 0])}
    run = run_of({"unlabeled": x, "unwanted": bad}, threshold=0.75, scores=scores, guard=0.6)
    labels = np.where(RNG.random(300) < 0.2 + 0.6 * x[:, 0], "bad", "fine")
    return run, x, labels


def everything_said(run):
    card = model_card(run, "savedmodel", "1", {}).split("## How to call it")[0].splitlines()
    return [*shown_rows(run), *card, *threshold_lines(run)]


def test_what_labels_measured_replaces_what_was_estimated():
    run, x, labels = labelled_run()
    run.set_threshold(0.25)
    before = "\n".join(everything_said(run))
    assert "measured on" not in before
    low, _, high = wanted_above(0.6, *run.held_out_scores())
    assert before.count(guard_cost_in_words(run)) == 2
    assert f"{high:.2%} of the wanted data (95 %" in guard_cost_in_words(run)
    figures = run.evaluate(labels, negative_class="bad")
    wanted = x[held_out(x, SEED, 0.3) & (labels == "fine"), 0]
    assert figures.guard_rejects == pytest.approx((wanted > 0.6).mean())
    assert figures.false_alarms == pytest.approx((wanted > run.threshold).mean())
    after, counted = "\n".join(everything_said(run)), f"measured on {len(wanted):,} held-out"
    for rate, places in ((figures.false_alarms, 3), (figures.guard_rejects, 2)):
        least, most = (observed_rate(np.arange(len(wanted)) < rate * len(wanted) - 0.5))[1:]
        words = f"{rate:.2%} of the wanted data ({least:.2%} to {most:.2%}, 95 %, {counted}"
        assert after.count(words) == places
    assert "estimated from" not in after and "count as wanted" not in after
    for other in (0.5, 0.02):
        run.set_threshold(other)
        again = run.evaluate(labels, negative_class="bad")
        run.record = run.record.with_evaluation("with_labels", figures)  # of the threshold before
        least, most = again.false_alarms_interval
        words = f"{again.false_alarms:.2%} of the wanted data ({least:.2%} to {most:.2%}, 95 %"
        assert "\n".join(everything_said(run)).count(f"{words}, {counted}") == 3


@pytest.mark.parametrize(("count", "most"), [(5, 1), (1000, 1), (40_000, 1.02)])
def test_scores_that_are_kept_tell_what_lies_above_any_cut(count, most):
    scores = np.round(RNG.random(count), 3).astype("float32")  # some are equal
    kept = highest_scores(scores)
    assert len(kept) <= 1000
    for cut in (*RNG.random(50), *scores[:20], -1, 2, scores.max(), np.sort(scores)[-3]):
        true = int((scores > np.float32(cut)).sum())
        assert true <= counted_above(float(np.float32(cut)), tuple(kept.tolist()), count)
        assert counted_above(cut, kept, count) <= true * most


def test_estimates_are_made_once():
    run, *_ = labelled_run()
    first = run.held_out_scores()
    assert run.held_out_scores() is first
    run.keep("scores", {"unlabeled": first[0] / 2, "unwanted": first[1]})
    np.testing.assert_array_equal(run.held_out_scores()[0], first[0] / 2)


FIGURE = re.compile(r"\d ?%|\b0\.\d{3,}")
COUNTED = re.compile(
    r"\d against \d|\(95 %|, 95 %|95 % interval|of \d|by \d|asked for|% \(.* to .*%\)"
)
CUT = re.compile(r"(?i)threshold:? \d[\d.]*")  # what was chosen, not found


def uncounted(said):
    """The sentences that give a figure and neither an interval nor a number of examples."""
    sentences = [one for text in said for one in re.split(r"(?<=[^\d])\. |; (?=\d)", text)]
    sentences = [CUT.sub("", one) for one in sentences]
    return [one for one in sentences if FIGURE.search(one) and not COUNTED.search(one)]


def test_every_figure_has_its_interval_or_its_number(monkeypatch):
    assert uncounted(["It flags 3 % of the wanted.", "AUC 0.912."]) != []
    monkeypatch.setattr(evaluation, "SAMPLES", 40)
    run, _, labels = labelled_run()
    run.set_threshold(0.25)
    quality = run.held_out_scores()[2].attributes["cross_validation"]
    found = {"cross_validation": quality, "negative_share_interval": (0.1, 0.3)}
    found |= {"moved": 9, "moved_wanted": (1, 4)}
    figures = dataclasses.replace(run.record.figures, **found)
    run.record = dataclasses.replace(run.record, figures=figures)
    samples = numbered(40)
    run.sampler = Samples([samples])
    said = [*everything_said(run), *run.evaluate().reported]
    compared = {"typical_p": 0.0004, "compared": (40, 6), "kept_rejected": 3}
    top = Review("a" * 64, 2000, 30, 120, 0, 0, **compared)
    at_random = dataclasses.replace(top, random=90, random_unwanted=6, remaining=(60, 250))
    for review in (top, at_random, dataclasses.replace(at_random, typical_p=0.321)):
        run.record = dataclasses.replace(run.record, reviewed=review)
        said += [*everything_said(run), *review_lines(review), *run.evaluate().reported]
        said += [negatives_in_words(run.record), special_warning(review)]
    said += [training._accepted(40, 80, run)]
    judged = {"nge_paper": 0.1, "nge_strict": 0.1, "fid": 1.0, "coverage": 0.9, "samples": 50}
    judged |= {"nge_paper_interval": (0.05, 0.2), "nge_strict_interval": (0.05, 0.2)}
    judged["judges"] = {"paper": 0.9, "strict": 0.9}
    measured = run.evaluate(labels, negative_class="bad")
    measured = dataclasses.replace(
        measured, images={"generated": judged, "real, held out": judged}, acceptance=0.5
    )
    run.record = run.record.with_evaluation("with_labels", measured)
    said += [*everything_said(run), *measured.reported]
    assert sum(bool(FIGURE.search(one)) for one in said) > 25
    assert uncounted(said) == [], "\n".join(uncounted(said))


def evaluated(scores):
    run = run_of({"unlabeled": numbered(9), "unwanted": numbered(9)}, scores=scores)
    run.sampler = Samples([np.zeros((5, 2))])
    return run, run.evaluate()


def test_the_area_sets_the_hidden_negatives_aside():
    """Of as many as the training data tell, where their scores are stored; else the held-out."""
    hidden = RNG.random(400) < 0.3
    unlabeled, unwanted = RNG.normal(6 * hidden, 1).astype("float32"), RNG.normal(6, 1, 300)
    scores = {"unlabeled": unlabeled, "unwanted": unwanted.astype("float32")}
    truth = np.repeat([0, 1], [400, 300])
    outranks = roc_auc_score(truth, np.concatenate([unlabeled, unwanted]))
    few = {"out_of_fold_unlabeled": RNG.normal(size=900), "out_of_fold_unwanted": np.full(90, 5.0)}
    for more in ({}, few):
        run, figures = evaluated(scores | more)
        posterior = SharePosterior.of(*list((more or scores).values()))
        share = posterior.median
        assert (share > 0.2) == (not more)
        estimates = run.held_out_scores()[2]
        assert estimates.posterior.median == share
        assert estimates.separability.told
        assert figures.auc == pytest.approx((outranks - share / 2) / (1 - share), abs=1e-6)
        assert figures.auc - 0.15 < figures.auc_low < figures.auc
        assert f"at least {figures.auc_low:.3f} (95 %, by 300 held-out" in figures.reported[1]


class Samples:
    """A sampler that gives blocks that are known, twice as many drawn."""

    def __init__(self, blocks):
        self.blocks = blocks

    def batches(self, n, seed, return_drawn):
        drawn = 0
        for block in self.blocks:
            drawn += 2 * len(block)
            yield block, drawn


def test_the_share_of_suspects_is_that_of_samples_above_one_half(monkeypatch):
    monkeypatch.setattr(evaluation, "SAMPLES", 40)
    samples = numbered(40)
    samples[:, 0] *= 0.7
    run = run_of({"unlabeled": samples, "unwanted": samples})
    run.sampler = Samples([samples[:30], samples[30:]])
    figures = run.evaluate()
    suspect = np.count_nonzero(samples[:, 0] > 0.5)
    assert 0 < suspect < 20
    assert figures.suspect == pytest.approx(suspect / 40)
    assert figures.acceptance == pytest.approx(0.5) and figures.samples == 40
    assert any(f"{suspect / 40:.2%} of 40" in line for line in figures.reported)
    assert any("rejected 40 of 80 drawn" in line for line in figures.reported)


def test_the_threshold_is_of_the_run_s_own_held_out_rows(trained):
    threshold = trained.set_threshold(max_false_alarms=0.1)
    x = np.concatenate([part.rows for part in trained.training_data("unlabeled")])
    scores = trained.nu.negative_probability(x[held_out(x, SEED, 0.2)]).astype("float64")
    assert threshold.unlabeled == len(scores)
    wanted = 1 - scores
    allowed = [s for s in scores if wanted[scores > s].sum() <= 0.1 * wanted.sum()]
    assert threshold.value == pytest.approx(min(allowed), rel=1e-5)


def test_every_hash_of_a_manifest_is_that_of_its_file(tmp_path, monkeypatch):
    folder = shutil.copytree(EARLIER, tmp_path / "run")
    expected = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.keras", "nu.keras", "density.npz")
    }
    assert len(set(expected.values())) == 3
    run = kv.open_run(folder)
    assert provenance(run)["sha256"] == expected
    run.record = dataclasses.replace(run.record, parts=expected)
    monkeypatch.setattr(outputs, "file_hash", None)  # what the record tells is not hashed anew
    assert provenance(run)["sha256"] == expected


def test_outputs_in_python_are_those_of_the_command_line(tmp_path):
    run = kv.open_run(shutil.copytree(EARLIER, tmp_path / "run"))
    shown = []
    drawn = write_samples(run, 30, tmp_path / "x.npy", seed=SEED, show=shown.append)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), run.sample(30, seed=SEED))
    assert sum(shown) == 30 <= drawn
    content = write_scores(run, EARLIER / "unwanted.csv", tmp_path / "scores.csv")
    assert (
        content["examples"] == 20 and content["flagged"] == run.flag(EARLIER / "unwanted.csv").sum()
    )
    ids = [line.split(",")[0] for line in (tmp_path / "scores.csv").read_text().splitlines()[1:]]
    order = np.argsort(-run.score(EARLIER / "unwanted.csv"), kind="stable")
    assert ids == list(map(str, order))


def test_a_changed_record_is_another_object(trained):
    before = trained.record
    trained.set_threshold(0.3)
    assert trained.record is not before
    with pytest.raises(dataclasses.FrozenInstanceError):
        trained.record.status = "training"
