"""`train --reviewed` as a user calls it: what fits, and what is one line."""

import numpy as np
import pytest
from command_line import contents, fails, record, succeeds, write_images

from keras_vabc.nu import members
from keras_vabc.recipes import own_data, training, tune

RNG = np.random.default_rng(2)
HEAD = "id,decision,order\n"


@pytest.fixture(scope="module", autouse=True)
def _short():
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (members, "LEAST_STEPS", 20),
            (own_data, "GUARD", 0.999),
            (own_data, "CUT", dict.fromkeys(own_data.CUT)),
            (training, "TRIED_SAMPLES", 50),
        ):
            patch.setattr(module, name, value)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table with a column of ids, and images, the first ones of either unwanted."""
    folder = tmp_path_factory.mktemp("data")
    x = RNG.normal(size=(240, 2))
    x[:30] += 4
    lines = [f"c-{1000 + row},{a:.4f},{b:.4f}" for row, (a, b) in enumerate(x)]
    (folder / "all.csv").write_text("\n".join(["customer,a,b", *lines]) + "\n")
    bad = [
        f"c-{2000 + row},{a:.4f},{b:.4f}" for row, (a, b) in enumerate(RNG.normal(4, 1, (60, 2)))
    ]
    (folder / "bad.csv").write_text("\n".join(["customer,a,b", *bad]) + "\n")
    images = RNG.integers(0, 80, (120, 8, 8), dtype="uint8")
    images[:20, 2:6, 2:6] = 250
    write_images(folder / "photos", images)
    flagged = RNG.integers(0, 80, (60, 8, 8), dtype="uint8")
    flagged[:, 2:6, 2:6] = 250
    write_images(folder / "flagged", flagged)
    return folder


def decisions(path, names, unwanted, order="random"):
    lines = [
        f"{name},{'unwanted' if row < unwanted else 'keep'},{order}"
        for row, name in enumerate(names)
    ]
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def words(folder, out, table=True):
    names = ("all.csv", "bad.csv") if table else ("photos", "flagged")
    data = ["--unlabeled", folder / names[0], "--unwanted", folder / names[1]]
    return ["train", *data, "--out", out, "--epochs", 2]


@pytest.mark.parametrize("kind", ["id", "row", "images", "paper"])
def test_reviewed_examples_are_found_by_id_and_by_row(folder, tmp_path, kind):
    rows = range(10, 70)
    names = {"row": rows, "images": [f"{row:03d}.png" for row in rows]}
    names = names.get(kind, [f"c-{1000 + row}" for row in rows])
    unwanted = 10 if kind == "images" else 20
    path = decisions(tmp_path / "r.csv", names, unwanted)
    if kind == "row":
        path.write_text(path.read_text().replace("id,", "row,", 1))
    options = ["--setting", "paper"] if kind == "paper" else []
    options += [] if kind == "images" else ["--id", "customer"]
    shown = succeeds(
        *words(folder, tmp_path / "run", kind != "images"), *options, "--reviewed", path
    )
    count = 120 if kind == "images" else 240
    said = f"Review: 60 of {count} unlabeled examples, 60 of them in random order: {unwanted} are"
    assert said in " ".join(shown.split())
    stored = record(tmp_path / "run")["reviewed"]
    assert (stored["unwanted"], stored["kept"], stored["random"]) == (unwanted, 60 - unwanted, 60)
    assert (stored["typical_p"] is None) == (kind == "paper")
    before = contents(tmp_path / "run")
    assert "not trained again" in succeeds(
        *words(folder, tmp_path / "run", kind != "images"), *options, "--reviewed", path
    )
    assert contents(tmp_path / "run") == before
    if kind == "id":
        succeeds("threshold", tmp_path / "run")
        assert "reviewed at random" in succeeds("evaluate", tmp_path / "run")
        again = words(folder, tmp_path / "run2")
        succeeds(*again, "--from", tmp_path / "run", "--reviewed", path)
        assert record(tmp_path / "run2")["reviewed"]["unwanted"] == unwanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c-1001,keep,top\nc-9,unwanted,top\n", "name ids of the unlabeled data alone"),
        ("c-1001,keep,top\nc-1001,unwanted,top\n", "line 3 gives 'c-1001' another decision"),
        ("c-1001,maybe,top\n", "line 2 gives 'c-1001' the decision 'maybe'"),
        ("c-1001,keep,first\n", "line 2 gives 'c-1001' the order 'first'"),
        ("", "reviewed must hold a decision"),
        (None, "reviewed must be a CSV file with the columns id, decision and order"),
        ("everything", "reviewed must leave unlabeled examples without a decision"),
    ],
)
def test_decisions_that_do_not_fit_are_one_line_and_leave_nothing(folder, tmp_path, text, message):
    if text == "everything":
        text = "".join(f"c-{1000 + row},keep,top\n" for row in range(240))
    (tmp_path / "r.csv").write_text("" if text is None else HEAD + text)
    command = words(folder, tmp_path / "run")
    fails(message, *command, "--id", "customer", "--reviewed", tmp_path / "r.csv")
    assert not any((tmp_path / "run").glob("*")) if (tmp_path / "run").exists() else True


def test_a_file_that_is_not_there_is_one_line(folder, tmp_path):
    fails("none.csv", *words(folder, tmp_path / "run"), "--reviewed", tmp_path / "none.csv")
    fails("Is a directory", *words(folder, tmp_path / "run"), "--reviewed", tmp_path)


def test_an_example_that_is_unwanted_already_counts_there(folder, tmp_path):
    lines = (folder / "all.csv").read_text().splitlines()
    (tmp_path / "bad.csv").write_text((folder / "bad.csv").read_text() + lines[3] + "\n")
    data = ["--unlabeled", folder / "all.csv", "--unwanted", tmp_path / "bad.csv"]
    command = ["train", *data, "--epochs", 2, "--id", "customer", "--out", tmp_path / "run"]
    path = tmp_path / "r.csv"
    path.write_text(HEAD + "c-1002,keep,top\n")
    fails("keep no example that is also in the unwanted data", *command, "--reviewed", path)
    path.write_text(HEAD + "c-1002,unwanted,top\nc-1001,unwanted,top\n")
    shown = succeeds(*command, "--reviewed", path)
    assert "1 that were reviewed are among the unwanted, too" in shown
    assert record(tmp_path / "run")["reviewed"]["unwanted"] == 1


def test_tune_trains_on_what_the_review_leaves(folder, tmp_path, monkeypatch):
    names = [f"c-{1000 + row}" for row in range(10, 70)]
    path, seen = decisions(tmp_path / "r.csv", names, 20), []
    monkeypatch.setattr(tune, "run_missing", lambda jobs, *_, **__: seen.append(jobs) or 1 / 0)
    data = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv"]
    fitted = []
    monkeypatch.setattr(
        tune.NUClassifier,
        "fit",
        lambda self, *_, **known: fitted.append({n: m.sum() for n, m in known.items()}) or 1 / 0,
    )
    with pytest.raises(ZeroDivisionError):
        tune.tune(
            *map(str, data[1::2]),
            tmp_path / "tuned",
            console=tune_console(),
            columns={"id": ["customer"]},
            reviewed=path,
        )
    assert fitted[0].keys() == {"known_wanted", "known_unwanted"} and not seen
    assert 0 < fitted[0]["known_unwanted"] < 20, "of those held out, which train the judge"
    assert "--reviewed r.csv" in tune._train_command({"unlabeled": "a", "reviewed": "r.csv"})


def tune_console():
    from rich.console import Console

    return Console(quiet=True)
