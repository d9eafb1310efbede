"""A training on what was decided: what it is asked for, its ends, and what it changed."""

import shutil
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient

import keras_vabc as kv
from keras_vabc.review import retraining
from keras_vabc.review.app import create_app
from keras_vabc.review.desk import Desk

TOKEN, PORT, ME = "t" * 43, 8421, "0a" * 8
SLEEPER = "import time; print('it begins', flush=True); time.sleep(600)"
SHORT = """
import sys
from keras_vabc.cli.main import main
from keras_vabc.nu import members
from keras_vabc.recipes import own_data
members.LEAST_STEPS, members.LEAST_EPOCHS, own_data.COMPONENTS = 20, 1, 2
sys.argv += ["--epochs", "1"]
main()
"""
COPIER = """
import shutil, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
shutil.copytree(given["--from"], given["--out"], ignore=shutil.ignore_patterns("review*"))
print("[red]copied\\x1b[2J")
"""


@pytest.fixture(scope="module")
def module_desk(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrained")
    shutil.copytree(pictures / "run", folder / "run", ignore=shutil.ignore_patterns("review*"))
    own = Desk(kv.open_run(folder / "run"))
    yield own
    own.close()


@pytest.fixture
def desk(module_desk):
    yield module_desk
    while module_desk.log.undo(ME):
        pass
    module_desk.state.refresh()


@pytest.fixture
def page(desk):
    own = TestClient(create_app(desk, TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}")
    own.get(f"/?token={TOKEN}")
    return own


def ended(page, seconds=600):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told = page.get("/api/retrain").json()
        if told["state"] not in ("running", "comparing"):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def decide(desk):
    top = desk.items.top.tolist()
    desk.state.decide(ME, top[:3], "unwanted", "top", 0)
    desk.state.decide(ME, top[-4:], "keep", "top", 116)
    return top


def test_nothing_is_trained_on_no_decisions_or_on_all(page, desk):
    assert page.get("/api/retrain").json()["refusal"] == "Nothing is decided yet."
    answer = page.post("/api/retrain", json={"name": "next"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "Nothing is decided yet.")
    desk.state.decide(ME, list(range(120)), "keep", "top", 0)
    assert "leave something to estimate" in page.get("/api/retrain").json()["refusal"]


def test_decisions_on_other_data_train_nothing(pictures, tmp_path):
    shutil.copytree(pictures / "run", tmp_path / "run", ignore=shutil.ignore_patterns("review*"))
    own = Desk(kv.open_run(tmp_path / "run"), str(pictures / "unwanted"))
    own.state.decide(ME, [1], "keep", "top", 0)
    assert "other data than the unlabeled ones" in own.retraining.refusal()
    own.close()


@pytest.mark.parametrize("name", ["../x", "a/b", "/tmp/x", "..", ".", "a\\b", " a", "a\n", "~", ""])
def test_a_new_run_stands_beside_the_old_one(page, desk, name, monkeypatch):
    monkeypatch.setattr(retraining, "CODE", SLEEPER)
    decide(desk)
    assert page.post("/api/retrain", json={"name": name}).status_code in (409, 422)
    assert desk.retraining.state not in ("running", "comparing")


def test_it_is_the_command_that_trains_from_a_run_on_reviews(page, desk, monkeypatch):
    monkeypatch.setattr(retraining, "CODE", "import sys; print(sys.argv[1:])")
    decide(desk)
    told = page.post("/api/retrain", json={"name": "next"}).json()
    line = ended(page)["lines"][0]
    folder = desk.run.folder
    reviewed = folder / f"reviewed-{desk.state.line}.csv"
    assert reviewed.read_text() == desk.reviewed() and reviewed.read_text().count("\n") == 8
    expected = {
        "--unlabeled": desk.run.record.data.unlabeled,
        "--unwanted": desk.run.record.data.unwanted,
        "--out": str(folder.with_name("next")),
        "--from": str(folder),
        "--reviewed": str(reviewed),
        "--prefer": "clean",
        "--max-unreadable": "0.01",
        "--seed": "5",
    }
    own = [text for pair in expected.items() for text in pair]
    assert line == repr(["train", *own])
    assert told["command"].startswith("keras-vabc train --unlabeled ")


def test_it_can_be_stopped_and_there_is_one_at_a_time(page, desk, monkeypatch):
    monkeypatch.setattr(retraining, "CODE", SLEEPER)
    decide(desk)
    assert page.post("/api/retrain", json={"name": "next"}).json()["state"] == "running"
    until = time.monotonic() + 60
    while not page.get("/api/retrain").json()["lines"] and time.monotonic() < until:
        time.sleep(0.05)
    assert page.get("/api/retrain").json()["lines"] == ["it begins"]
    again = page.post("/api/retrain", json={"name": "more"})
    assert (again.status_code, again.json()["detail"]) == (409, "A training is going on.")
    page.post("/api/retrain/stop")
    assert ended(page)["state"] == "stopped"
    assert desk.retraining._process.poll() is not None
    page.post("/api/retrain/stop")  # which changes nothing
    assert page.get("/api/retrain").json()["state"] == "stopped"


def test_a_training_that_fails_says_why(page, desk, monkeypatch):
    monkeypatch.setattr(retraining, "CODE", "import sys; sys.exit('keras-vabc: no room')")
    decide(desk)
    page.post("/api/retrain", json={"name": "next"})
    told = ended(page)
    assert told["state"] == "failed" and told["lines"] == ["keras-vabc: no room"]
    monkeypatch.setattr(retraining, "CODE", "print('done')")
    page.post("/api/retrain", json={"name": "nowhere"})
    told = ended(page)
    assert told["state"] == "failed" and "cannot be compared: run must be" in told["lines"][1]


def test_another_file_in_the_place_of_decisions_stays(page, desk):
    decide(desk)
    path = desk.run.folder / f"reviewed-{desk.state.line}.csv"
    path.write_text("mine")
    answer = page.post("/api/retrain", json={"name": "next"})
    assert answer.status_code == 409 and "move it away" in answer.json()["detail"]
    assert path.read_text() == "mine"
    path.unlink()


def test_both_runs_stand_side_by_side(page, desk, monkeypatch):
    monkeypatch.setattr(retraining, "CODE", COPIER)
    top = decide(desk)
    page.post("/api/retrain", json={"name": "same"})
    told = ended(page)
    assert told["state"] == "finished", told["lines"]
    assert told["lines"][0] == "[red]copied\\x1b[2J"
    compared = told["compared"]
    assert all(before == after for _, before, after in compared["figures"])
    assert all(before == after for _, before, after in compared["changed"])
    guard, scores = desk.run.record.recipe.guard, desk.items.scores
    for line, own in zip(compared["lines"], (top[:3], top[-4:]), strict=True):
        median = f"{np.median(scores[own]):.3g}"
        assert f"{len(own)} " in line and f"{median} before, {median} after" in line
        assert line.endswith(f"reject {(scores[own] > guard).sum()} of {len(own)}")
    assert compared["samples"] == [24, 24]
    pictures = [page.get(f"/api/retrain/sample/{which}/3").content for which in (0, 1)]
    assert pictures[0] == pictures[1] and pictures[0].startswith(b"\x89PNG")
    for wrong in ("2/0", "0/24", "-1/0", "0/-1"):
        assert page.get(f"/api/retrain/sample/{wrong}").status_code in (404, 422)
    shutil.rmtree(desk.run.folder.with_name("same"))


def test_what_was_flagged_is_unwanted_after_training(page, desk, monkeypatch):
    """The flagged are among the unwanted of the new run, and the kept are known to be wanted."""
    monkeypatch.setattr(retraining, "CODE", SHORT)
    decide(desk)
    page.post("/api/retrain", json={"name": "trained"})
    told = ended(page)
    assert told["state"] == "finished", told["lines"]
    after = kv.open_run(desk.run.folder.with_name("trained"))
    counts = [run.record.counts["unwanted"].read for run in (desk.run, after)]
    assert after.record.reviewed.unwanted == 3 and after.record.reviewed.kept == 4
    assert counts[0] == counts[1] and "3 unwanted: median score" in told["compared"]["lines"][0]
