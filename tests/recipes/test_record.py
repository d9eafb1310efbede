"""The record of a run: written and read in one place; a damaged field is refused by its name."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from keras_vabc.data.spec import DataSpec
from keras_vabc.evaluation.verdict import Figure
from keras_vabc.recipes.evaluated import Evaluation, LabeledFigures, UnlabeledFigures
from keras_vabc.recipes.identity import new_id
from keras_vabc.recipes.measured import SampleFigures
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.record import (
    FILES,
    SCHEMA,
    Counts,
    DataPlaces,
    Figures,
    Provenance,
    RunRecord,
    Threshold,
    TrainingSettings,
)
from keras_vabc.recipes.record_file import RUN_FILE, read_record, write_record
from keras_vabc.recipes.settings import Setting

EARLIER = Path(__file__).parent / "run-0.1"  # trained by version 0.1, whose records had schema 1
COUNTS = Counts(read=50, training=40, held_out=9, unreadable=1, duplicates=0, repeated=2)
SETTINGS = TrainingSettings("quality", 3, 0.01, 7, 0.5, (8, 6), "other")
DATA = DataPlaces("all", "memory 0a", 0.2)
MEASURED = {
    **{name: 0.5 for name in ("precision", "recall", "coverage", "class_balance", "nge_paper")},
    **{"nge_strict": 0.25, "fid": 12.0, "density": 1.5, "samples": 200},
    **{f"nge_{judge}_interval": [0.2, 0.6] for judge in ("paper", "strict")},
    "judges": {"paper": 0.9, "strict": 0.8},
}
WHOLE = RunRecord(
    status="finished",
    settings=SETTINGS,
    data=DATA,
    id=new_id(SETTINGS, DATA),
    parts={name: f"{number:064x}" for number, name in enumerate(FILES.values())},
    stages=dict.fromkeys(("intake", "classifier", "model", "density", "samples"), 0.5),
    counts={"unlabeled": COUNTS, "unwanted": COUNTS},
    figures=Figures(0.1, (0.0, 0.2), {"auc": 0.9, "precision_low": None}, 4, 7, 1.5, 2.5, 0.75),
    notes=("a note",),
    spec=DataSpec("images", (8, 6, 1), "uint8"),
    recipe=Recipe(
        "quality",
        Setting("vabc", "files", units=(5, 4), seed=3, epochs=7, gamma=0.5),
        density="gmm",
        guard=0.05,
    ),
    threshold=Threshold(0.25, 0.01, 0.009, 0.1, 0.5, (0.2, 0.8), "P", 9, 9, f"{3:064x}"),
    evaluation=Evaluation(
        UnlabeledFigures(0.9, 9, 9, ("said",)),
        LabeledFigures(50, 9, 2, ("said",), 0.8, images={"generated": MEASURED}),
        SampleFigures(
            "Good: said.", ("blurred",), {"fid": Figure(1.5, 9, real=0.5)}, ("a",), ("0f",)
        ),
    ),
    provenance=Provenance("2026-01-02", {"keras": "3"}, "keras-vabc train"),
    git_revision="abc",
)


def changed(record, path, value):
    """A dict of the record in which one field has another value."""
    stored = json.loads(json.dumps(dataclasses.asdict(record)))
    *parents, last = path.split(".")
    part = stored
    for name in parents:
        part = part[name]
    part[last] = value
    return stored


def test_a_record_is_read_as_it_was_written(tmp_path):
    write_record(tmp_path, WHOLE)
    assert read_record(tmp_path) == WHOLE
    assert json.loads((tmp_path / RUN_FILE).read_text())["schema"] == SCHEMA


@pytest.mark.parametrize(
    "change", [{"stages": {"x": float("nan")}}, {"figures": Figures(loss=float("inf"))}]
)
def test_a_record_that_could_not_be_read_leaves_the_old_one(tmp_path, change):
    write_record(tmp_path, WHOLE)
    with pytest.raises(ValueError):
        write_record(tmp_path, dataclasses.replace(WHOLE, **change))
    assert read_record(tmp_path) == WHOLE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "done"),
        ("settings.seed", -1),
        ("settings.seed", "0"),
        ("settings.max_unreadable", 2.0),
        ("settings.gamma", 0.0),
        ("settings.image_size", [8]),
        ("data.test_share", "x"),
        ("data.test_share", 10**400),
        ("data.unlabeled", []),
        ("stages.intake", "x"),
        ("counts.unwanted.read", -5),
        ("figures.negative_share", 1.5),
        ("figures.loss", float("nan")),
        ("notes", "a note"),
        ("spec", "x"),
        ("spec.kind", "sounds"),
        ("recipe.setting.units", 5),
        ("recipe.components", 2.5),
        ("threshold.value", 1e300),
        ("threshold.value", float("nan")),
        ("threshold.recall_interval", [0.1]),
        ("evaluation.without_labels.auc", -1),
        ("provenance.date", None),
        ("provenance", None),
        ("stages", {"intake": 0.5}),
        ("figures.val_loss", None),
        ("surplus", 1),
        ("settings.surplus", 1),
        ("recipe.setting.surplus", 1),
        ("evaluation.with_labels.surplus", 1),
        ("evaluation.samples.surplus", 1),
        ("evaluation.samples.verdict", None),
        ("evaluation.samples.figures.fid.value", float("nan")),
        ("evaluation.samples.figures.fid.n", "9"),
        ("provenance.date", "yesterday"),
        ("provenance.date", "2026-02-30"),
        ("figures.negative_share_interval", [0.2, 0.0]),
        ("threshold.recall_interval", [0.8, 0.2]),
        ("threshold.value", 1.5),
        ("threshold.unlabeled", 8),
        ("threshold.scores", "0" * 64),
        ("threshold.scores", "0"),
        ("recipe.density", "x"),
        ("recipe.correction", "x"),
        ("recipe.setting.network", "x"),
        ("recipe.setting.pixel_max", 0.0),
        ("recipe.setting.units", [5, -4]),
        ("recipe.guard", 2.0),
        ("settings.seed", 4),
        ("settings.setting", "paper"),
        ("settings.epochs", 8),
        ("settings.gamma", 0.25),
        ("settings.image_size", [9, 6]),
        ("settings.max_unreadable", 0.5),
        ("data.test_share", 0.5),
        ("figures.epochs", 9),
        ("counts.unwanted.read", 49),
        ("counts.others", {}),
        ("stages.other", 1.0),
        ("id", "x"),
        ("id", "0" * 32),
        ("parts", {"model.keras": "x"}),
        ("parts", {}),
        ("evaluation.with_labels.images.generated", {"fid": 1.0}),
        ("evaluation.with_labels.images.generated.nge_strict_interval", [0.5, 0.1]),
    ],
)
def test_a_damaged_field_is_named(tmp_path, path, value):
    (tmp_path / RUN_FILE).write_text(json.dumps(changed(WHOLE, path, value)))
    with pytest.raises(ValueError, match=r"RUN must have a whole run\.json") as caught:
        read_record(tmp_path, "RUN")
    text = str(caught.value)
    part, last = path.split(".")[0], path.split(".")[-1]
    assert f"{part}." in text or f"({part}" in text or f"{part}, " in text or last in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "whole run.json"),
        ("{", "whole run.json"),
        ("[]", "whole run.json"),
        ("[" * 100_000, "whole run.json"),
        ('"schema"', "whole run.json"),
        ('{"schema": 1}', "whole run.json"),
        ('{"schema": 1, "settings": [], "counts": 3}', "whole run.json"),
        (json.dumps(changed(WHOLE, "schema", "2")), "schema"),
        (json.dumps(changed(WHOLE, "schema", 0)), "schema"),
        (json.dumps(changed(WHOLE, "schema", True)), "schema"),
        (json.dumps({"schema": SCHEMA + 1}), "newer version of keras_vabc"),
    ],
)
def test_a_damaged_or_newer_file_is_refused(tmp_path, text, message):
    (tmp_path / RUN_FILE).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path)


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(ValueError, match="from must be the folder of a run"):
            read_record(path, "from")
    (tmp_path / RUN_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="whole run.json"):
        read_record(tmp_path)


def test_a_count_of_version_0_1_that_is_no_number_is_damage(tmp_path):
    text = (EARLIER / RUN_FILE).read_text().replace('"read": 580', '"read": 1e999')
    (tmp_path / RUN_FILE).write_text(text)
    with pytest.raises(ValueError, match="run must have a whole run.json.*counts.unlabeled.read"):
        read_record(tmp_path)


def test_a_record_of_version_0_1_is_read(tmp_path):
    record, stored = read_record(EARLIER), json.loads((EARLIER / RUN_FILE).read_text())
    assert stored["schema"] == 1
    assert record.settings.setting == "quality" and record.settings.start is None
    assert record.recipe.setting.sigma2 == stored["method"]["setting"]["sigma2"]
    assert record.recipe.guard == stored["method"]["guard"]
    assert record.provenance.versions == stored["versions"]
    assert record.threshold.value == stored["threshold"]["value"]
    assert record.counts["unwanted"].held_out == stored["counts"]["unwanted"]["held_out"]
    shutil.copy(EARLIER / RUN_FILE, tmp_path)
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
