"""The commands for a user's own data, driven as a user drives them."""

import csv
import dataclasses
import html
import json
import re
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from command_line import contents, fails, keras_vabc, record, succeeds, write_images
from faults import at_epoch
from PIL import Image

from keras_vabc.data.digests import digests
from keras_vabc.data.folds import array_folds
from keras_vabc.data.intake import held_out
from keras_vabc.evaluation import judges
from keras_vabc.files.locks import locked
from keras_vabc.nu import members
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.nu.networks import logit_network
from keras_vabc.nu.thresholds import false_alarm_threshold
from keras_vabc.pages import run_page
from keras_vabc.recipes import arguments, evaluation, intake, labeled, own_data, training
from keras_vabc.recipes import train as train_recipe
from keras_vabc.recipes.autoencoder import build, train_autoencoder
from keras_vabc.recipes.own_data import recipe_for, setting_for
from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.run import Run, open_run
from keras_vabc.vabc.model import load_model

RNG = np.random.default_rng(0)


def squares(count, bright):
    """Grey images of noise: the unwanted ones have a bright square in the middle."""
    images = RNG.integers(0, 80, (count, 8, 8), dtype="uint8")
    images[:bright, 2:6, 2:6] = 250
    return images


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)[..., None]


def read_table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write_table(path, rows, columns):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows.tolist())
    return path


@pytest.fixture(scope="module", autouse=True)
def _small():
    """Short training of the classifier, and a guard that does not ask for a good model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "LEAST_STEPS", 20)
        patch.setattr(own_data, "GUARD", 0.999)
        patch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
        patch.setattr(training, "TRIED_SAMPLES", 50)
        patch.setattr(evaluation, "SAMPLES", 200)
        patch.setattr(labeled, "SAMPLES", 200)
        patch.setattr(run_page, "SPREAD_SAMPLES", 200)
        patch.setattr(judges, "LEAST_STEPS", 30)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of 200 images, the first 20 of them hidden negatives, and one of 40 unwanted."""
    folder = tmp_path_factory.mktemp("photos")
    write_images(folder / "all", squares(200, 20))
    write_images(folder / "flagged", squares(40, 40))
    (folder / "flagged" / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def images_run(photos):
    """A run on images by the quality setting, and what its training printed."""
    run = photos / "run"
    arguments = ["--unlabeled", photos / "all", "--unwanted", photos / "flagged"]
    options = ["--epochs", 2, "--max-unreadable", 0.1, "--out", run]
    return run, succeeds("train", *arguments, *options)


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a CSV file of mixed scales and a constant column, by the paper's setting."""
    folder = tmp_path_factory.mktemp("table")
    columns = ["small", "large", "constant"]
    rows = RNG.normal(size=(300, 3)) * [1e-3, 1e6, 0] + [0, 5e6, 7]
    write_table(folder / "all.csv", rows, columns)
    write_table(folder / "bad.csv", rows[:30] + [0.01, 0, 0], columns)
    run = folder / "run"
    arguments = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv"]
    succeeds("train", *arguments, "--out", run, "--setting", "paper", "--epochs", 2)
    return run


def test_a_run_explains_itself(images_run, photos):
    run, output = images_run
    stored = record(run)
    assert stored["status"] == "finished"
    assert list(stored["stages"]) == ["intake", "classifier", "model", "density", "samples"]
    assert stored["data"]["unlabeled"] == str(photos / "all")
    assert stored["settings"]["setting"] == stored["recipe"]["slug"] == "quality"
    assert stored["counts"]["unwanted"]["unreadable"] == 1
    assert any("broken.png" in note for note in stored["notes"])
    assert stored["figures"]["epochs"] == stored["recipe"]["setting"]["epochs"] == 2
    assert 0 < stored["figures"]["negative_share"] < 0.5
    assert 0 < stored["figures"]["acceptance"] <= 1
    assert {"tensorflow", "keras", "keras_vabc"} <= set(stored["provenance"]["versions"])
    assert stored["git_revision"] is None or len(stored["git_revision"]) == 40
    assert {path.name for path in run.iterdir()} == {
        *("run.json", "model.keras", "nu.keras", "density.npz", "history.json", "scores.npz"),
        *("report.html", "unreadable.csv", ".lock"),
    }, "and the folds are gone"
    for text in ("broken.png", "NU classifier", "negative", "held out", "report.html"):
        assert text in output


def test_a_finished_run_is_not_trained_again(images_run, photos):
    run, _ = images_run
    before = contents(run)
    arguments = ["--unlabeled", photos / "all", "--unwanted", photos / "flagged"]
    options = ["--epochs", 2, "--max-unreadable", 0.1, "--out", run]
    assert "not trained again" in succeeds("train", *arguments, *options)
    fails("with the same arguments", "train", *arguments, *options, "--seed", 1)
    fails("with the same arguments", "train", *arguments[:2], "--unwanted", run, *options)
    assert contents(run) == before


def test_samples_come_with_a_manifest(images_run, tmp_path):
    run, _ = images_run
    assert "12 samples" in succeeds("sample", run, "-n", 12, "--out", tmp_path / "new")
    images = sorted((tmp_path / "new").glob("*.png"))
    assert len(images) == 12
    with Image.open(images[0]) as image:
        assert (image.size, image.mode) == ((8, 8), "L")
        first = np.asarray(image)
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert manifest["n"] == 12 and manifest["seed"] == 0
    assert manifest["drawn"] == 12 + manifest["rejected"]
    assert len(manifest["sha256"]["model.keras"]) == 64
    succeeds("sample", run, "-n", 12, "--out", tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as stored:
        (array,) = stored.values()
    np.testing.assert_array_equal(array[0, ..., 0], first)
    assert json.loads((tmp_path / "new.npz.json").read_text())["seed"] == 0
    succeeds("sample", run, "-n", 12, "--out", tmp_path / "other.npz", "--seed", 1)
    assert (tmp_path / "other.npz").read_bytes() != (tmp_path / "new.npz").read_bytes()
    succeeds("sample", run, "-n", 3, "--out", tmp_path / "new")
    assert len(list((tmp_path / "new").glob("*.png"))) == 3, "unchanged, it may be replaced"
    before = contents(tmp_path)
    fails("out must be", "sample", run, "-n", 3, "--out", tmp_path / "new.csv")
    assert contents(tmp_path) == before


def test_scores_are_sorted_for_review(images_run, photos, tmp_path):
    run, _ = images_run
    shutil.copytree(run, tmp_path / "run")
    out = tmp_path / "scores.csv"
    succeeds("score", tmp_path / "run", "--input", photos / "all", "--out", out)
    assert out.read_text().splitlines()[0] == "id,score"
    printed = succeeds("threshold", tmp_path / "run", "--max-false-alarms", 0.05)
    chosen = record(tmp_path / "run")["threshold"]
    assert f"{chosen['recall']:.1%}" in printed and "stored" in printed
    succeeds("score", tmp_path / "run", "--input", photos / "all", "--out", out)
    rows = read_table(out)
    assert len(rows) == 200
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert [row["flagged"] == "1" for row in rows] == [s > chosen["value"] for s in scores]
    nu = NUClassifier.load(run / "nu.keras")
    image = pixels(photos / "all" / rows[0]["id"])[None]
    assert scores[0] == pytest.approx(nu.negative_probability(image)[0], rel=1e-5)
    manifest = json.loads((tmp_path / "scores.csv.json").read_text())
    assert "NU classifier" in manifest["score"]
    assert manifest["flagged"] == sum(row["flagged"] == "1" for row in rows)


def test_the_threshold_is_that_of_the_held_out_examples(images_run, photos, tmp_path):
    run, _ = images_run
    shutil.copytree(run, tmp_path / "run")
    succeeds("threshold", tmp_path / "run", "--max-false-alarms", 0.1)
    chosen = record(tmp_path / "run")["threshold"]
    nu = NUClassifier.load(run / "nu.keras")
    images = np.stack([pixels(path) for path in sorted((photos / "all").iterdir())])
    scores = nu.negative_probability(images[held_out(images, 0, train_recipe.TEST_SHARE)])
    assert chosen["unlabeled"] == len(scores)
    _, unwanted, estimates = open_run(tmp_path / "run").held_out_scores()
    share = nu.estimates.cautious_share
    assert estimates.cautious_share == pytest.approx(share)
    value = false_alarm_threshold(scores, 0.1, unwanted, share)
    assert chosen["value"] == pytest.approx(value, rel=1e-5)
    assert chosen["flagged"] == pytest.approx((scores > value).mean())
    low, high = chosen["false_alarms_interval"]
    assert 0 <= low <= chosen["false_alarms"] <= high <= 1


def test_evaluation_without_labels_says_what_it_cannot_tell(images_run, tmp_path):
    shutil.copytree(images_run[0], tmp_path / "run")
    printed = succeeds("evaluate", tmp_path / "run")
    for text in ("no judge of them", "no more than", "No threshold is stored", "ROC"):
        assert text in printed
    succeeds("threshold", tmp_path / "run")
    printed = succeeds("evaluate", tmp_path / "run")
    figures = record(tmp_path / "run")["evaluation"]["without_labels"]
    assert f"{figures['recall']:.1%}" in printed
    assert 0 <= figures["auc"] <= 1 and 0 <= figures["suspect"] <= 1


def test_evaluation_with_labels_measures_everything(images_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(images_run[0], run)
    succeeds("threshold", run)
    labels = tmp_path / "labels.csv"
    lines = [f"{n:03d}.png,{'bright' if n < 20 else 'plain'}\n" for n in range(200)]
    labels.write_text("id,label\n" + "".join(lines))
    printed = succeeds("evaluate", run, "--labels", labels, "--negative-class", "bright")
    assert "unwanted: 1 could not be read: 'broken.png' (no image" in " ".join(printed.split())
    figures = record(run)["evaluation"]["with_labels"]
    assert figures["auc"] > 0.9, "the classifier sees a bright square"
    generated = figures["images"]["generated"]
    assert f"{100 * generated['nge_strict']:.2f}" in printed and "real, held out" in printed
    assert set(generated) >= {"nge_paper", "fid", "precision", "recall", "density", "coverage"}
    np.save(tmp_path / "labels.npy", np.repeat([1, 0], [20, 180]))
    again = succeeds("evaluate", run, "--labels", tmp_path / "labels.npy", "--negative-class", 1)
    assert f"{figures['auc']:.4f}" in again


@pytest.mark.parametrize(
    ("text", "negative", "message"),
    [
        ("id,label\n000.png,a\n", "b", "negative_class must be among the labels: a"),
        ("id,label\nother.png,a\n", "a", "labels must name ids"),
        ("name,class\n000.png,a\n", "a", "columns id and label"),
        ("", "a", "columns id and label"),
        ('id,label\n"000.png', "a", "columns id and label"),
        (None, "a", "No such file"),
    ],
)
def test_labels_that_do_not_fit_are_one_line(images_run, tmp_path, text, negative, message):
    labels = tmp_path / "labels.csv"
    if text is not None:
        labels.write_text(text)
    before = contents(images_run[0])
    fails(message, "evaluate", images_run[0], "--labels", labels, "--negative-class", negative)
    assert contents(images_run[0]) == before


def test_few_labels_measure_the_score_alone(images_run, photos, tmp_path):
    run = shutil.copytree(images_run[0], tmp_path / "run")
    lines = [f"{n:03d}.png,{int(n < 20)}\n" for n in (*range(20), 30, 31, 32, 33, 34)]
    (tmp_path / "labels.CSV").write_text("id,label\n" + "".join(lines))
    labels = ["--labels", tmp_path / "labels.CSV", "--negative-class", 1]
    (photos / "all" / "late.png").write_bytes(b"")
    try:
        printed = succeeds("evaluate", run, *labels)
    finally:
        (photos / "all" / "late.png").unlink()
    assert "unlabeled: 1 could not be read: 'late.png' (empty)." in " ".join(printed.split())
    assert "25 of 200 unlabeled examples have a label" in printed
    assert "Too few wanted examples have a label: judges need 6" in printed
    figures = record(run)["evaluation"]["with_labels"]
    assert figures["labeled"] == 25 and figures["images"] is None
    succeeds("report", run)


def test_labels_in_an_archive_are_one_line(images_run, tmp_path):
    np.savez(tmp_path / "labels.npz", np.zeros(200, int))
    (tmp_path / "labels.npz").rename(tmp_path / "labels.npy")
    labels = ["--labels", tmp_path / "labels.npy", "--negative-class", 0]
    fails("labels must be a whole .npy file", "evaluate", images_run[0], *labels)


def test_the_report_shows_no_unwanted_example_unless_asked(images_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(images_run[0], run)
    succeeds("threshold", run)
    succeeds("report", run)
    page = (run / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4, "pairs, curves, samples, scores"
    assert "http" not in page and "Held-out unwanted" not in page
    assert f"{record(run)['threshold']['value']:.6g}" in page
    succeeds("report", run, "--show-unwanted")
    shown = (run / "report.html").read_text()
    assert shown.count("data:image/png;base64,") == 5 and "Held-out unwanted" in shown


def test_a_training_and_its_page_and_card_say_one_verdict(images_run, photos, tmp_path):
    run, output = images_run
    measured = record(run)["evaluation"]["samples"]
    assert output.splitlines()[-1] == measured["verdict"]
    assert not measured["verdict"].startswith("Good"), "two epochs are too few"
    first = re.search("<p>(.*)</p>", (run / "report.html").read_text())[1]
    assert html.unescape(first) == measured["verdict"]
    run = shutil.copytree(run, tmp_path / "run")
    succeeds("export", run, "--out", tmp_path / "model")
    assert measured["verdict"] in (tmp_path / "model" / "MODEL_CARD.md").read_text()
    printed = succeeds("evaluate", run, "--seed", 4)
    again = record(run)["evaluation"]["samples"]
    assert printed.startswith(again["verdict"]) and again["seed"] == 4
    assert again["figures"].keys() == measured["figures"].keys()
    images = np.stack([pixels(path) for path in sorted((photos / "all").iterdir())])
    training = images[~held_out(images, 0, train_recipe.TEST_SHARE)]
    names = {f"{digest:016x}" for digest in digests(training, 0)}
    assert set(measured["neighbours"]) <= names and set(again["neighbours"]) <= names


def test_a_table_of_mixed_scales(table_run, tmp_path):
    stored = record(table_run)
    assert list(stored["stages"]) == ["intake", "model", "density", "samples"]
    assert not (table_run / "nu.keras").exists() and not (table_run / "density.npz").exists()
    succeeds("sample", table_run, "-n", 500, "--out", tmp_path / "new.csv")
    rows = read_table(tmp_path / "new.csv")
    values = np.array([[float(row[name]) for name in row] for row in rows])
    assert list(rows[0]) == ["small", "large", "constant"]
    assert (values[:, 2] == 7).all()
    assert abs(values[:, 0]).max() < 0.02 and 1e6 < values[:, 1].mean() < 9e6
    page = (table_run / "report.html").read_text()
    assert "Wasserstein" in page and "small" in page and "unwanted rows" not in page


def test_without_a_classifier_scores_are_errors_and_thresholds_cautious(table_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(table_run, run)
    succeeds("threshold", run, "--max-false-alarms", 0.1)
    chosen = record(run)["threshold"]
    assert chosen["flagged"] == chosen["false_alarms"] <= 0.1
    assert chosen["false_alarms_interval"][1] > 0.1
    assert "reconstruction error" in chosen["score"]
    printed = succeeds("evaluate", run)
    assert "the true area is larger" in printed and "judge" not in printed
    succeeds("report", run)
    assert "threshold" in (run / "report.html").read_text()


def test_a_report_compares_some_of_many_rows_under_any_name(tmp_path, monkeypatch):
    run, rows = tmp_path / "run", RNG.normal(size=(300, 2))
    write_table(tmp_path / "all.csv", rows, ["$_$", "<b>"])
    write_table(tmp_path / "bad.csv", rows[:30] + 5, ["$_$", "<b>"])
    assert train_small(tmp_path, "--out", run).exit_code == 0
    stored = record(run)
    monkeypatch.setattr(run_page, "HELD_OUT", 30)
    succeeds("report", run)
    page = (run / "report.html").read_text()
    (rows,) = map(int, re.findall(r"samples against (\d+) held-out rows", page))
    assert 15 < rows < 45 < stored["counts"]["unlabeled"]["held_out"]
    assert "$_$" in page and "&lt;b&gt;" in page
    monkeypatch.setattr(run_page, "HELD_OUT", 1)
    succeeds("report", run)
    assert "rows are held out" in (run / "report.html").read_text()


def test_a_report_does_without_data_that_are_gone(table_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(table_run, run)
    stored = record(run)
    stored["data"]["unlabeled"] = str(tmp_path / "gone.csv")
    (run / "run.json").write_text(json.dumps(stored))
    succeeds("report", run)
    assert "The data cannot be compared" in (run / "report.html").read_text()


def train_small(folder, *options):
    """Trains on a small table that is made first, if it is not there."""
    if not (folder / "all.csv").exists():
        rows = RNG.normal(size=(60, 2))
        write_table(folder / "all.csv", rows, ["a", "b"])
        write_table(folder / "bad.csv", rows[:20] + 5, ["a", "b"])
    paths = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv"]
    return keras_vabc("train", *paths, "--setting", "paper", "--epochs", 2, *options)


def test_a_stopped_training_goes_on_after_the_last_finished_stage(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(members, "LEAST_STEPS", 5)
    arguments = ["--unlabeled", photos / "all", "--unwanted", photos / "flagged", "--epochs", 2]
    command = ["train", *arguments, "--max-unreadable", 0.1, "--out", tmp_path / "run"]
    with monkeypatch.context() as patch:
        patch.setattr(training, "train_autoencoder", _stop)
        assert keras_vabc(*command).exit_code != 0
    stored = record(tmp_path / "run")
    assert list(stored["stages"]) == ["intake", "classifier"]
    assert (tmp_path / "run" / "work").stat().st_mode & 0o777 == 0o700
    fails("must be a finished run", "sample", tmp_path / "run", "--out", tmp_path / "samples")
    trained_at = (tmp_path / "run" / "nu.keras").stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(intake, "read_folds", _stop)  # what was read is still there
        succeeds(*command)
    assert (tmp_path / "run" / "nu.keras").stat().st_mtime_ns == trained_at
    assert not (tmp_path / "run" / "work").exists()


def _stop(*_, **__):
    raise KeyboardInterrupt


def test_a_training_that_broke_off_goes_on_after_its_last_epoch(tmp_path, monkeypatch):
    whole, broken = (["--epochs", 3, "--out", tmp_path / name] for name in ("whole", "broken"))
    assert train_small(tmp_path, *whole).exit_code == 0
    with at_epoch(1, _stop):
        train_small(tmp_path, *broken)
    assert list(record(tmp_path / "broken")["stages"]) == ["intake"]
    assert (tmp_path / "broken" / "model.checkpoint").exists()
    epochs = []
    with monkeypatch.context() as patch:
        patch.setattr(
            EpochReport, "on_epoch_end", lambda self, epoch, logs=None: epochs.append(epoch)
        )
        assert train_small(tmp_path, *broken).exit_code == 0
    assert epochs == [1, 2]
    assert not (tmp_path / "broken" / "model.checkpoint").exists()
    histories = [
        json.loads((tmp_path / r / "history.json").read_text()) for r in ("whole", "broken")
    ]
    assert histories[0] == histories[1] and len(histories[0]["loss"]) == 3


def test_data_that_changed_in_between_are_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Run, "score_rows", _stop)
        train_small(tmp_path, "--out", tmp_path / "run")
    assert list(record(tmp_path / "run")["stages"]) == ["intake", "model", "density"]
    shutil.rmtree(tmp_path / "run" / "work")
    with monkeypatch.context() as patch:
        patch.setattr(intake, "read_folds", _stop)
        train_small(tmp_path, "--out", tmp_path / "run")
    assert list(record(tmp_path / "run")["stages"]) == ["model", "density"]
    write_table(tmp_path / "bad.csv", RNG.normal(size=(25, 2)), ["a", "b"])
    done = train_small(tmp_path, "--out", tmp_path / "run")
    assert done.exit_code == 2 and "unwanted must be as it was" in done.stderr


def test_a_second_process_on_one_run_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run"):
        done = train_small(tmp_path, "--out", tmp_path / "run")
    assert done.exit_code == 2 and "Another process is at work" in done.stderr


def test_a_warm_start_begins_with_the_old_model(table_run, tmp_path, monkeypatch):
    data, given = table_run.parent, {}
    paths = ["--unlabeled", data / "all.csv", "--unwanted", data / "bad.csv"]
    command = ["train", *paths, "--from", table_run, "--out"]
    with monkeypatch.context() as patch:
        patch.setattr(
            training,
            "train_autoencoder",
            lambda *a, start, **k: given.update(start=start) or _stop(),
        )
        keras_vabc(*command, tmp_path / "warm")
    settings = record(tmp_path / "warm")["settings"]
    assert (settings["setting"], settings["start"]) == ("paper", str(table_run))
    x = RNG.normal(size=(5, 2)).astype("float32")  # codes, of which a constant has none
    old = load_model(table_run / "model.keras")
    np.testing.assert_array_equal(given["start"].score(x), old.score(x))
    fails("setting must be that", *command, tmp_path / "x", "--setting", "quality")
    for place, name in ((2, "all.csv"), (4, "bad.csv")):
        command[place] = write_table(tmp_path / name, RNG.normal(size=(60, 2)), ["a", "b"])
    fails("must have the columns of training", *command, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_training_starts_from_the_weights_given():
    x = RNG.normal(size=(60, 3)).astype("float32")
    folds, setting = array_folds(x, x[:20]), setting_for("paper", x, epochs=1)
    start = build(dataclasses.replace(setting, seed=1), x)
    still = dataclasses.replace(setting, learning_rate=1e-12)
    model = train_autoencoder(still, folds, start=start).model
    for own, given in zip(model.get_weights(), start.get_weights(), strict=True):
        if own.ndim == 2:
            np.testing.assert_allclose(own, given, atol=1e-7)
    other = build(dataclasses.replace(setting, latent_dim=1), x)
    with pytest.raises(ValueError, match="start must have networks of the same sizes"):
        train_autoencoder(setting, folds, start=other)


def test_more_unwanted_than_unlabeled_needs_a_yes(tmp_path):
    rows = RNG.normal(size=(60, 2))
    write_table(tmp_path / "all.csv", rows[:20], ["a", "b"])
    write_table(tmp_path / "bad.csv", rows + 5, ["a", "b"])
    before = contents(tmp_path)
    done = train_small(tmp_path, "--out", tmp_path / "run")
    assert done.exit_code == 2 and "--yes" in done.stderr and done.stderr.count("\n") == 1
    assert contents(tmp_path) == before
    assert train_small(tmp_path, "--out", tmp_path / "run", "--yes").exit_code == 0


def test_columns_are_standardized_whatever_their_scale_and_number(monkeypatch):
    monkeypatch.setattr(own_data, "BLOCK", 7)
    x = RNG.normal(size=(50, 6)) * [1e-6, 1e6, 1e-30, 1e30, 0, 0] + [0, 1e7, 0, 0, 5e5, 0]
    x = x.astype("float32")
    setting = setting_for("paper", x)
    model = build(setting, x)
    inside = np.asarray(model.preprocessing(x))
    np.testing.assert_allclose(inside.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(inside.std(0), [1, 1, 1, 1, 0, 0], atol=1e-5)
    assert np.isfinite(model.score(x)).all()
    samples = model.sample(99, seed=0)
    np.testing.assert_allclose(samples[:, 4:], [[5e5, 0]] * 99, rtol=0.01, atol=0.01)
    features = np.asarray(logit_network(x, 0).layers[1](x))
    np.testing.assert_allclose(features.std(0), [1, 1, 1, 1, 0, 0], atol=1e-5)
    with pytest.raises(ValueError, match="unlabeled must hold examples that differ"):
        setting_for("paper", np.ones((9, 2), "float32"))


@pytest.mark.parametrize(
    ("name", "rows", "batch", "unwanted"),
    [("paper", 1000, 80, 40), ("paper", 40, 40, 20), ("paper", 2, 2, 1), ("quality", 300, 185, 37)],
)
def test_batches_shrink_with_the_data(name, rows, batch, unwanted):
    method = recipe_for(name, RNG.normal(size=(rows, 3)).astype("float32"))
    setting = method.setting
    assert setting.batch_size == batch
    assert setting.batch_size * setting.unwanted_share == pytest.approx(unwanted)
    assert batch - unwanted <= max(rows // 2, 1)
    assert (method.guard, method.density) == (
        (None, "prior") if name == "paper" else (0.999, "gmm")
    )


@pytest.mark.parametrize(("size", "white"), [(32, 255), (64, 1)])
def test_colour_images_train(size, white):
    """By the quality setting's convolutions; floats in 0..1 keep their scale."""
    images = RNG.integers(0, 256, (68, size, size, 3), dtype="uint8")
    images = images if white == 255 else images.astype("float32") / 255
    folds = array_folds(images[:60], images[60:])
    method = recipe_for("quality", folds.unlabeled, epochs=1)
    assert (method.setting.network, method.setting.pixel_max) == ("conv", white)
    model, history, _ = train_autoencoder(method.setting, folds, hidden_share=0.1)
    assert np.isfinite(history["val_loss"][0])
    samples = model.sample(2, seed=0)
    assert samples.shape == (2, size, size, 3) and white / 4 < samples.max() <= white


# Bad input


@pytest.fixture
def good(tmp_path):
    """A folder with a good table and a good folder of images; nothing may change in it."""
    write_table(tmp_path / "good.csv", RNG.normal(size=(50, 2)), ["a", "b"])
    write_images(tmp_path / "images", squares(30, 0))
    return tmp_path


def test_odd_file_names_are_data_like_others(photos, images_run, tmp_path):
    names = ["..png.png", "[red]x.png", "a\nb.png", "ü,\"'.png", " .png", "-n.png"]
    (tmp_path / "odd").mkdir()
    for name, image in zip(names, squares(len(names), 1), strict=True):
        Image.fromarray(image).save(tmp_path / "odd" / name, format="png")
    (tmp_path / "odd" / "x.txt").write_text("no image")
    out = tmp_path / "scores.csv"
    succeeds("score", images_run[0], "--input", tmp_path / "odd", "--out", out)
    ids = {row["id"] for row in read_table(out)}
    assert len(ids) == len([name for name in names if not name.startswith(".")])
    assert "ü,\"'.png" in ids and "[red]x.png" in ids
    assert {path.name for path in tmp_path.iterdir()} == {"odd", "scores.csv", "scores.csv.json"}


@pytest.mark.parametrize(
    "command",
    [
        ["sample", "RUN", "--out", "new"],
        ["score", "RUN", "--input", "good.csv", "--out", "scores.csv"],
        ["threshold", "RUN"],
        ["evaluate", "RUN"],
        ["report", "RUN"],
        ["train", "--unlabeled", "x", "--unwanted", "y", "--out", "z", "--from", "RUN"],
    ],
)
def test_what_is_no_run_is_one_line(good, command, monkeypatch):
    monkeypatch.chdir(good)
    newer, damaged = good / "newer", good / "damaged"
    for folder, text in ((newer, '{"schema": 99}'), (damaged, '{"schema": 1')):
        folder.mkdir()
        (folder / "run.json").write_text(text)
    before = contents(good)
    for run, message in (
        (good, "must be the folder of a run"),
        (good / "absent", "must be the folder of a run"),
        (newer, "newer version of keras_vabc"),
        (damaged, "whole run.json"),
    ):
        fails(message, *(str(run) if word == "RUN" else word for word in command))
    assert contents(good) == before


@pytest.mark.parametrize("name", ["model.keras", "nu.keras", "density.npz", "scores.npz"])
def test_damaged_files_of_a_run_are_one_line(images_run, tmp_path, name):
    run = tmp_path / "run"
    shutil.copytree(images_run[0], run)
    whole = (run / name).read_bytes()
    command = (
        ["threshold", run] if name == "scores.npz" else ["sample", run, "--out", tmp_path / "x"]
    )
    for content in (whole[: len(whole) // 2], b""):
        (run / name).write_bytes(content)
        fails(name, *command)
    (run / name).unlink()
    fails(name, *command)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("field", ["spec", "recipe", "counts", "threshold"])
def test_a_record_of_the_wrong_form_is_one_line(images_run, tmp_path, field):
    run = tmp_path / "run"
    shutil.copytree(images_run[0], run)
    stored = record(run)
    (run / "run.json").write_text(json.dumps({**stored, field: "x"}))
    fails("run.json", "report", run)


def test_an_output_that_is_the_input_is_refused(table_run):
    data = table_run.parent / "all.csv"
    before = data.read_bytes()
    fails("another file than input", "score", table_run, "--input", data, "--out", data)
    assert data.read_bytes() == before


def test_a_folder_that_holds_something_else_is_kept(good):
    before = contents(good)
    paths = ["--unlabeled", good / "good.csv", "--unwanted", good / "good.csv"]
    fails("out must be a new or empty folder", "train", *paths, "--out", good)
    fails("out must be", "train", *paths, "--out", good / "good.csv")
    fails("out must be", "train", *paths, "--out", good / "good.csv" / "run")
    assert contents(good) == before


def test_a_guard_that_rejects_everything_is_said(images_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(images_run[0], run)
    stored = record(run)
    stored["recipe"]["guard"] = 1e-9
    (run / "run.json").write_text(json.dumps(stored))
    out = tmp_path / "samples"
    fails("guard must accept one in", "sample", run, "--out", out, code=1)
    assert not out.exists()
    assert "no samples" in succeeds("evaluate", run)
    succeeds("report", run)
    assert "guard must accept" in (run / "report.html").read_text()


def test_an_exported_run_draws_scores_and_flags_as_the_run(images_run, tmp_path):
    run, _ = images_run
    succeeds("threshold", run, "--max-false-alarms", 0.2)
    succeeds("sample", run, "-n", 5, "--out", tmp_path / "samples.npy", "--seed", 3)
    output = succeeds("export", run, "--out", tmp_path / "model")
    assert f"The model is in {tmp_path}/model/1" in output
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        *("1", "MODEL_CARD.md", "manifest.json")
    }
    loaded = tf.saved_model.load(str(tmp_path / "model" / "1"))
    drawn = np.clip(np.rint(loaded.sample(5, 3)), 0, 255)
    np.testing.assert_array_equal(drawn, np.load(tmp_path / "samples.npy"))
    x = squares(50, 25)[..., None].astype("float32")
    expected = NUClassifier.load(run / "nu.keras").negative_probability(x)
    np.testing.assert_allclose(loaded.score(x), expected, rtol=1e-4, atol=1e-6)
    threshold = json.loads((run / "run.json").read_text())["threshold"]["value"]
    np.testing.assert_array_equal(loaded.flag(x), loaded.score(x) > np.float32(threshold))


def test_the_requests_of_the_card_are_those_of_the_signatures(images_run, tmp_path):
    succeeds("threshold", images_run[0])
    succeeds("export", images_run[0], "--out", tmp_path / "model")
    signatures = tf.saved_model.load(str(tmp_path / "model" / "1")).signatures
    card = (tmp_path / "model" / "MODEL_CARD.md").read_text()
    requests = [json.loads(text) for text in re.findall(r"curl -d '(.*)' http", card)]
    assert [request["signature_name"] for request in requests] == ["sample", "score", "flag"]
    for request in requests:
        specs = signatures[request["signature_name"]].structured_input_signature[1]
        assert set(request["inputs"]) == set(specs)
    assert "not run" in card


def test_the_card_tells_what_was_measured_and_promises_nothing(images_run, photos, tmp_path):
    run = shutil.copytree(images_run[0], tmp_path / "run")
    stored = record(run)
    (run / "run.json").write_text(json.dumps(stored | {"evaluation": {}, "threshold": None}))
    output = succeeds("export", run, "--out", tmp_path / "before")
    assert "There is no flag" in output
    card = (tmp_path / "before" / "MODEL_CARD.md").read_text()
    assert "Not measured" in card and "*avoids*" in card and "flag(x)" not in card
    counts = stored["counts"]["unwanted"]
    assert f"{counts['training']} to train on, {counts['held_out']} held out" in card
    labels = [["id", "label"], *([f"{i:03d}.png", int(i < 20)] for i in range(200))]
    (tmp_path / "labels.csv").write_text("\n".join(f"{a},{b}" for a, b in labels))
    succeeds("evaluate", run, "--labels", tmp_path / "labels.csv", "--negative-class", 1)
    succeeds("export", run, "--out", tmp_path / "after")
    card = (tmp_path / "after" / "MODEL_CARD.md").read_text()
    measured = json.loads((run / "run.json").read_text())["evaluation"]["with_labels"]["images"]
    for judge in ("paper", "strict"):
        low, high = measured["generated"][f"nge_{judge}_interval"]
        assert f"{measured['generated'][f'nge_{judge}']:.2%} ({low:.2%} to {high:.2%})" in card
    assert "Not measured" not in card


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_table_run_is_exported_without_tensorflow(table_run, tmp_path, format):
    succeeds("export", table_run, "--format", format, "--out", tmp_path / "model")
    files = {path.name for path in (tmp_path / "model" / format).iterdir()}
    suffix = {"onnx": ".onnx", "litert": ".tflite"}[format]
    assert files == {f"decode{suffix}", f"score{suffix}", "density.json"}
    card = (tmp_path / "model" / "MODEL_CARD.md").read_text()
    assert "Codes, in this order: small, large\n" in card and f"decode{suffix}" in card
    stored = json.loads((tmp_path / "model" / "columns.json").read_text())
    assert [own["name"] for own in stored["columns"]] == ["small", "large", "constant"]


def test_an_export_overwrites_nothing_and_leaves_nothing(images_run, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kept").write_text("kept")
    fails("out must be a new or empty", "export", images_run[0], "--out", tmp_path / "there")
    assert (tmp_path / "there" / "kept").read_text() == "kept"
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    arguments = ["--format", "onnx", "--out", tmp_path / "new"]
    fails("keras_vabc[onnx]", "export", images_run[0], *arguments, code=1)
    assert {path.name for path in tmp_path.iterdir()} == {"there"}


def test_what_the_classifier_needs_is_known_before_anything_is_trained(photos, tmp_path):
    write_images(tmp_path / "few", squares(6, 6))
    arguments = ["--unlabeled", photos / "all", "--unwanted", tmp_path / "few"]
    message = "unwanted must leave at least 6 examples to train on for the setting quality"
    fails(message, "train", *arguments, "--out", tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"few"}


def test_a_run_to_start_from_gives_the_size_of_images(images_run, table_run):
    size = arguments._image_size
    assert size(None, open_run(images_run[0])) == (8, 8)
    assert size((4, 4), open_run(images_run[0])) == (4, 4)
    assert size(None, open_run(table_run)) is size(None, None) is None


def test_a_gamma_is_trained_with_and_handed_on(tmp_path):
    refused = train_small(tmp_path, "--out", tmp_path / "run", "--gamma", 0)
    assert refused.exit_code == 2 and "gamma must be a number in [1e-12, 1e+12]" in refused.stderr
    assert not (tmp_path / "run").exists()
    assert train_small(tmp_path, "--out", tmp_path / "run", "--gamma", 0.3).exit_code == 0
    run = open_run(tmp_path / "run")
    assert run.model.gamma == pytest.approx(0.3)
    assert arguments._gamma(None, run) == 0.3
    assert arguments._gamma(0.1, run) == 0.1
