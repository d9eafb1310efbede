"""`certify` and `verify` as a user calls them: on pictures and on a table."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from command_line import contents, fails, keras_vabc, succeeds, write_images
from PIL import Image

import keras_vabc as kv
from keras_vabc.evaluation.certificate.attempts import read_attempts
from keras_vabc.evaluation.certificate.bounds import any_time_bound, attempt_error, upper_bound
from keras_vabc.evaluation.certificate.statement import read_certificate
from keras_vabc.nu import members
from keras_vabc.recipes import certification, own_data, review_items, training
from keras_vabc.recipes.certification import Certification

RNG = np.random.default_rng(8)
SAVED_MODELS = Path(__file__).parents[2] / "saved_models"


def squares(count, bright):
    """Grey noise; the unwanted ones have a bright square in the middle."""
    images = RNG.integers(0, 80, (count, 8, 8), dtype="uint8")
    images[:bright, 2:6, 2:6] = 250
    return images


def rows(count, shift):
    """A table of a number, a whole number and a letter."""
    lengths = RNG.normal(size=count) + shift
    lines = [f"{x:.3f},{RNG.integers(9)},{RNG.choice(list('abc'))}" for x in lengths]
    return "\n".join(["length,number,kind", *lines]) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Runs on pictures and on a table, and their exports."""
    folder = tmp_path_factory.mktemp("made")
    write_images(folder / "all", squares(260, 26))
    write_images(folder / "bad", squares(60, 60))
    write_images(folder / "unseen", squares(30, 30))
    (folder / "all.csv").write_text(rows(260, 0))
    (folder / "bad.csv").write_text(rows(60, 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "LEAST_STEPS", 20)
        patch.setattr(own_data, "GUARD", 0.999)
        patch.setattr(own_data, "CUT", dict.fromkeys(own_data.CUT))
        patch.setattr(own_data, "COMPONENTS", 2)
        patch.setattr(training, "TRIED_SAMPLES", 50)
        for suffix, run in (("", "run"), (".csv", "table")):
            data = ["--unlabeled", folder / f"all{suffix}", "--unwanted", folder / f"bad{suffix}"]
            succeeds("train", *data, "--out", folder / run, "--epochs", 2, "--seed", 3)
            succeeds("export", folder / run, "--out", folder / f"{run}-model")
    return folder


@pytest.fixture
def own(made, tmp_path):
    """A copy of all that, whose records are empty."""
    folder = tmp_path / "own"
    shutil.copytree(made, folder)
    for path in folder.rglob("*.json"):
        path.write_text(path.read_text().replace(str(made), str(folder)))
    return folder


def decide(folder, unwanted=lambda number, name: False, count=None):
    """Fills in the file of decisions; those of the first `count` items."""
    path = folder / "decisions.csv"
    with open(path, newline="") as file:
        names = [line["item"] for line in csv.DictReader(file)]
    words = ["unwanted" if unwanted(number, name) else "keep" for number, name in enumerate(names)][
        :count
    ]
    words += [""] * (len(names) - len(words))
    lines = [f"{name},{word}" for name, word in zip(names, words, strict=True)]
    path.write_text("\n".join(["item,decision", *lines]) + "\n")
    return path


def pictures(folder):
    paths = sorted((folder / "items").iterdir())
    return np.stack([np.asarray(Image.open(path)) for path in paths]), [p.stem for p in paths]


def test_pictures_are_reviewed_and_certified(own, tmp_path):
    out, model = tmp_path / "new" / "review", own / "run-model"
    said = succeeds("certify", model, "-n", 40, "--by", "Ada <b>", "--seed", 6, "--out", out)
    assert "holds none of your unwanted examples" in said and "needs the run" in said
    shown, names = pictures(out)
    expected = kv.open_run(own / "run").sample(40, seed=6)[..., 0]
    order = Certification(out).review.order
    np.testing.assert_array_equal(shown, expected[order])
    sheet = (out / "sheet.html").read_text()
    assert re.findall(r'src="items/([\w-]+)\.png"', sheet) == names
    path = decide(out, lambda number, name: number in (3, 30))
    said = succeeds("certify", model, "--decisions", path, "--out", out)
    bound = upper_bound(2, 40, attempt_error(1))
    assert f"At most {100 * bound:.3g} % of the samples are unwanted, with 95 % confidence" in said
    certificate = read_certificate(out / "certificate.json")
    assert certificate.bound == bound and certificate.attempt.by == "Ada <b>"
    page = (out / "certificate.html").read_text()
    assert "Ada &lt;b&gt;" in page and certificate.certified["sha256"]["model"] in page
    assert str(tmp_path) not in page + (out / "certificate.json").read_text()
    (attempt,) = read_attempts(own / "run" / "attempts.json")
    assert (attempt.state, attempt.found, attempt.reviewed, attempt.seed) == ("finished", 2, 40, 6)
    said = succeeds("verify", out / "certificate.json", model)
    assert "is the export that" in said and "cannot tell a forged certificate" in said


def test_verify_tells_another_export(own, tmp_path):
    out, model = tmp_path / "review", own / "run-model"
    succeeds("certify", model, "-n", 5, "--out", out)
    succeeds("certify", model, "--decisions", decide(out), "--out", out)
    certificate = out / "certificate.json"
    shutil.copytree(model / "1", tmp_path / "deployed")
    shutil.copytree(model, tmp_path / "copy")
    (tmp_path / "copy" / "MODEL_CARD.md").write_text("my own words")
    for same in (tmp_path / "deployed", tmp_path / "copy", model / "1"):
        assert "is the export that" in succeeds("verify", certificate, same)
    fails("is not the export that", "verify", certificate, own / "table-model", code=1)
    weights = next((tmp_path / "copy" / "1" / "variables").glob("*.data*"))
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    fails("sha256 of its model is", "verify", certificate, tmp_path / "copy", code=1)
    fails("without saved_model.pb", "verify", certificate, own / "all")
    fails("which is not there", "verify", certificate, tmp_path / "none")
    content = json.loads(certificate.read_text())
    certificate.write_text(json.dumps(content | {"bound": 0.001}))
    fails("whose bounds are not those of its counts", "verify", certificate, model)
    fails("certificate must be a file of keras-vabc certify", "verify", path_of(out), model)
    any_generator = kv.certify(lambda n, seed: np.zeros(n), lambda x: x > 0, 3, what="mine")
    certificate.write_text(any_generator.to_json())
    fails("must be one of an export, by keras-vabc certify", "verify", certificate, model)


def path_of(out):
    return out / "manifest.json"


def test_a_table_is_reviewed_as_rows_and_planted_ones_are_deleted(own, tmp_path):
    out, model = tmp_path / "review", own / "table-model"
    options = ["-n", 30, "--run", own / "table", "--plant", 6, "--seed", 12]
    said = succeeds("certify", model, *options, "--out", out)
    assert "holds 6 of your unwanted examples, copied" in said
    attempt = Certification(out)
    planted = np.flatnonzero(attempt.review.kinds == 1)
    assert len(planted) == 6 and attempt.holds_unwanted
    with open(out / "items.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["item"] for line in lines] == attempt.names and len(lines) == 36
    assert {line["kind"] for line in lines} <= set("abc")
    known = {tuple(line.split(",")[1:]) for line in (own / "bad.csv").read_text().splitlines()[1:]}
    assert {(lines[number]["number"], lines[number]["kind"]) for number in planted} <= known
    path = decide(out, lambda number, name: number in planted[:5])
    succeeds("certify", own / "table", "--decisions", path, "--out", out)
    certificate = read_certificate(out / "certificate.json")
    assert (certificate.attempt.found, certificate.attempt.reviewed) == (0, 30)
    assert (certificate.planted["caught"], certificate.planted["planted"]) == (5, 6)
    assert certificate.near_copies["n"] == 30
    left = sorted(path.name for path in out.iterdir())
    assert left == ["certificate.html", "certificate.json", "decisions.csv", "manifest.json"]
    again = succeeds("certify", model, "--decisions", path, "--out", out)
    assert "caught 5 of 6 planted" in again
    assert read_certificate(out / "certificate.json") == certificate


def test_a_run_is_exported_and_that_is_certified(own, tmp_path):
    out = tmp_path / "review"
    succeeds("certify", own / "run", "-n", 10, "--seed", 5, "--out", out)
    succeeds("certify", own / "run", "--decisions", decide(out), "--out", out)
    assert "is the export that" in succeeds("verify", out / "certificate.json", out / "model")
    assert read_certificate(out / "certificate.json").near_copies["n"] == 10
    # An export of the same run is the same generator: its attempts count together.
    fails(
        "seed must be one that no earlier",
        "certify",
        own / "run-model",
        "-n",
        9,
        "--seed",
        5,
        "--out",
        tmp_path / "b",
    )
    said = succeeds("certify", own / "run-model", "-n", 9, "--out", tmp_path / "b")
    assert said.startswith("Attempt 2, seed")


def test_the_guard_s_help_stands_beside(own, tmp_path, monkeypatch):
    out, model = tmp_path / "review", own / "run-model"
    options = ["-n", 30, "--run", own / "run", "--seed", 4, "--out", out]
    options += ["--unguarded", 20, "--unseen", own / "unseen"]
    fails("never read. Received:", "certify", model, *options[:-1], own / "bad")
    succeeds("certify", model, *options)
    attempt, run = Certification(out), kv.open_run(own / "run")
    shown, _ = pictures(out)
    samples = shown[attempt.review.kinds == 0]
    unguarded = shown[attempt.review.kinds == 2]
    assert len(samples) == 30 and len(unguarded) == 20
    assert not (unguarded[:, None] == samples[None]).all(axis=(2, 3)).any()
    path = decide(out, lambda number, name: attempt.review.kinds[number] == 2 and number % 2)
    said = succeeds("certify", model, "--decisions", path, "--out", out)
    guarded = read_certificate(out / "certificate.json").guarded
    found = sum(attempt.review.kinds[number] == 2 for number in range(1, 50, 2))
    rows = np.stack([np.asarray(Image.open(p)) for p in (own / "unseen").iterdir()])[..., None]
    passed = int((run.score(rows) <= run.record.recipe.guard).sum())
    drawn = run.sampler.sample(30, 4, return_drawn=True)[1]
    assert guarded["unguarded"] == [found, 20] and guarded["held_out"] == [passed, 30]
    assert guarded["drawn"] == [30, drawn]
    assert "not instead. This assumes: Unwanted items that are generated pass the guard" in said


def test_less_than_all_ends_nothing_but_where_it_is_left(own, tmp_path):
    out, model = tmp_path / "review", own / "run-model"
    succeeds("certify", model, "-n", 20, "--out", out)
    before = contents(own / "run")
    path = decide(out, count=12)
    said = succeeds("certify", model, "--decisions", path, "--out", out)
    bound = any_time_bound(0, 12, attempt_error(1, "left"))
    assert f"So far at most {100 * bound:.3g} % of the samples" in said
    assert "Decided: 12 of 20 items" in said and "Nothing has ended" in said
    assert contents(own / "run") == before and not (out / "certificate.json").exists()
    said = succeeds("certify", model, "--decisions", path, "--out", out, "--leave")
    assert "The plan was left" in said
    assert read_certificate(out / "certificate.json").bound == bound
    path = decide(out)
    fails(
        "must not change what came of an attempt",
        "certify",
        model,
        "--decisions",
        path,
        "--out",
        out,
    )
    succeeds("certify", model, "-n", 9, "--out", tmp_path / "again")
    second = decide(tmp_path / "again")
    succeeds("certify", model, "--decisions", second, "--out", tmp_path / "again")
    certificate = read_certificate(tmp_path / "again" / "certificate.json")
    assert [one.state for one in certificate.attempts] == ["left", "finished"]
    assert certificate.error == pytest.approx(0.008) and certificate.confidence < 0.95


class Killed(BaseException):
    """What ends a process in the middle."""


def killed(*arguments):
    raise Killed


def kills(*words):
    with pytest.raises(Killed):
        raise keras_vabc(*words).exception


def test_a_kill_between_loses_nothing(own, tmp_path, monkeypatch):
    out, model = tmp_path / "review", own / "run-model"
    words = ["certify", model, "-n", 12, "--by", "Ada", "--out", out]
    record = own / "run" / "attempts.json"
    monkeypatch.setattr(review_items, "render_sheet", killed)
    monkeypatch.setattr(certification, "withdraw", lambda *_: None)  # which a kill leaves no time
    kills(*words)
    assert not out.exists()
    monkeypatch.undo()
    (begun,) = read_attempts(record)
    monkeypatch.setattr(review_items, "render_sheet", killed)
    kills(*words)  # what was gone on with stays
    monkeypatch.undo()
    fails("seed must be one that no earlier", *words[:3], 13, "--seed", begun.seed, "--out", out)
    succeeds(*words)
    assert read_attempts(record) == [begun] and Certification(out).attempt == begun
    path = decide(out)
    ending = ["certify", model, "--decisions", path, "--out", out]
    monkeypatch.setattr(certification, "certificate_page", killed)
    kills(*ending)
    monkeypatch.undo()
    assert not (out / "certificate.json").exists()
    succeeds(*ending)
    assert [one.state for one in read_attempts(record)] == ["finished"]
    assert (out / "certificate.html").exists()


def test_what_fails_before_anything_is_seen_is_no_attempt(own, tmp_path, monkeypatch):
    words = ["certify", own / "run-model", "-n", 12, "--out", tmp_path / "new" / "review"]
    record = own / "run" / "attempts.json"
    for place in ("render_sheet", "_write_pictures"):
        monkeypatch.setattr(review_items, place, killed)
        kills(*words)
        monkeypatch.undo()
        assert not record.exists() and not (tmp_path / "new").exists()
    assert succeeds(*words).startswith("Attempt 1, seed")
    fails("plant must be at most", *words[:-1], tmp_path / "b", "--run", own / "run", "--plant", 99)
    assert [one.number for one in read_attempts(record)] == [1]


def test_many_items_have_several_sheets(own, tmp_path, monkeypatch):
    monkeypatch.setattr(review_items, "PAGE_ITEMS", 4)
    out = tmp_path / "review"
    succeeds("certify", own / "run-model", "-n", 10, "--out", out)
    sheets = [(out / f"sheet-{number}.html").read_text() for number in (1, 2, 3)]
    shown = [re.findall(r"<figcaption>([\w-]+)<", sheet) for sheet in sheets]
    assert [len(names) for names in shown] == [4, 4, 2]
    assert sum(shown, []) == Certification(out).names


def test_an_export_far_from_its_run_has_a_record_beside_it(own, tmp_path):
    shutil.copytree(own / "run-model", tmp_path / "model")
    shutil.rmtree(own / "run")
    succeeds("certify", tmp_path / "model" / "1", "-n", 4, "--out", tmp_path / "a")
    (attempt,) = read_attempts(tmp_path / "model.attempts.json")
    assert attempt.n == 4 and attempt.number == 1
    other = tmp_path / "mine.json"
    succeeds("certify", tmp_path / "model", "-n", 4, "--record", other, "--out", tmp_path / "b")
    assert len(read_attempts(other)) == 1
    bare = tmp_path / "bare"  # what is deployed, without a manifest
    shutil.move(tmp_path / "model" / "1", bare)
    succeeds("certify", bare, "-n", 4, "--out", tmp_path / "c")
    succeeds("certify", bare, "--decisions", decide(tmp_path / "c"), "--out", tmp_path / "c")
    assert "is the export" in succeeds("verify", tmp_path / "c" / "certificate.json", bare)
    assert (tmp_path / "bare.attempts.json").exists()


def test_a_model_without_a_run_gives_rows_as_they_are(tmp_path):
    out, model = tmp_path / "review", SAVED_MODELS / "moons2"
    record = tmp_path / "attempts.json"
    options = ["-n", 7, "--by", "A\udcffda\n", "--record", record, "--seed", 9]
    succeeds("certify", model, *options, "--out", out)
    with open(out / "items.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    order = Certification(out).review.order
    loaded = tf.saved_model.load(str(model))
    expected = loaded.sample(7, 9).numpy()[order]
    shown = [[line["column_0"], line["column_1"]] for line in lines]
    np.testing.assert_array_equal(np.array(shown, "float32"), expected)
    succeeds("certify", model, "--decisions", decide(out), "--out", out)
    assert "is the export that" in succeeds("verify", out / "certificate.json", model)
    assert r"Reviewed by A\udcffda\n, begun" in (out / "certificate.html").read_text()
    fails("is not the export", "verify", out / "certificate.json", SAVED_MODELS / "mnist-8", code=1)


def test_data_that_are_gone_cost_what_needs_them(own, tmp_path):
    (own / "bad").rename(own / "moved")
    options = ["-n", 5, "--run", own / "run"]
    said = succeeds("certify", own / "run-model", *options, "--out", tmp_path / "a")
    assert "Note: Near copies were not looked for: unwanted must be a folder" in said
    fails(
        "which is not there",
        "certify",
        own / "run-model",
        *options,
        "--plant",
        3,
        "--out",
        tmp_path / "b",
    )
    assert not (tmp_path / "b").exists()


BAD = [
    (["--plant", 3], "plant needs the run of the export: give run"),
    (["--unguarded", 3, "--unseen", "unseen"], "unguarded needs the run of the export"),
    (["--unguarded", 3], "unguarded and unseen must be given together"),
    (["-n", 0], "n must be a whole number >= 1"),
    (["-n", 10**7], "n must be a whole number <= 100000"),
    (["--run", "table"], "run must be the one that the export was made of"),
    (["--run", "run", "--plant", 500], "plant must be at most"),
    (["--run", "nothing"], "run must be the folder of a run"),
    (["--record", "all.csv"], "record must be a file of attempts"),
    (["--leave"], "leave must be given with decisions"),
    (["--seed", -1], "seed must be"),
]


@pytest.mark.parametrize("options, message", BAD, ids=[message for _, message in BAD])
def test_what_cannot_be_begun_is_one_line(made, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(made)
    record = [] if "--record" in options else ["--record", tmp_path / "attempts.json"]
    options = options if "-n" in options else ["-n", 5, *options]
    fails(message, "certify", "run-model", *options, *record, "--out", tmp_path / "review")
    assert not (tmp_path / "review").exists()


def test_what_cannot_be_ended_is_one_line(own, tmp_path):
    out, model = tmp_path / "review", own / "run-model"
    succeeds("certify", model, "-n", 5, "--out", out)
    fails("out must be a new or empty folder", "certify", model, "-n", 5, "--out", out)
    path = decide(out)
    ending = ["--decisions", path, "--out"]
    fails("export must be the one of the attempt", "certify", own / "table-model", *ending, out)
    fails("export must be the one of the attempt", "certify", own / "table", *ending, out)
    fails("must not be given with decisions", "certify", model, "-n", 5, *ending, out)
    fails("out must be a folder in which keras-vabc certify began", "certify", model, *ending, own)
    fails("No such file", "certify", model, "--decisions", tmp_path / "none.csv", "--out", out)
    record = own / "run" / "attempts.json"
    record.rename(tmp_path / "moved.json")
    fails("record must hold the attempt that ends", "certify", model, *ending, out)
    succeeds("certify", model, *ending, out, "--record", tmp_path / "moved.json")
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    (damaged / "1" / "saved_model.pb").write_bytes(b"nothing")
    fails("export must be a whole export", "certify", damaged, "-n", 5, "--out", tmp_path / "c")
    (damaged / "1").rename(damaged / "onnx")
    manifest = json.loads((damaged / "manifest.json").read_text())
    (damaged / "manifest.json").write_text(json.dumps(manifest | {"format": "onnx"}))
    (damaged / "onnx" / "saved_model.pb").unlink()
    fails("of format onnx", "certify", damaged, "-n", 5, "--out", tmp_path / "c")
