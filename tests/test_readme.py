"""The README's Python code runs as it stands, and its numbers are those of the stored results."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import keras_vabc
from keras_vabc.experiments.benchmark.page import pooled

README = Path(__file__).parents[1] / "README.md"


def test_the_quickstart_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "epochs=30" in code
    names = {}
    exec(compile(code, str(README), "exec"), names)

    model, folds = names["model"], names["folds"]
    samples = model.sample(1000, seed=0)
    assert samples.shape == (1000, 2)
    assert samples.dtype == np.float32
    scores = model.score(folds.test_unwanted), model.score(folds.test_unlabeled)
    assert np.median(scores[0]) > 2 * np.median(scores[1])
    reloaded = names["kv"].load_model("moons2.keras")
    np.testing.assert_array_equal(reloaded.sample(1000, seed=0), samples)


def test_the_table_is_that_of_the_stored_results():
    stored = README.parent / "docs" / "results" / "demo" / "results.jsonl"
    lines = [json.loads(line) for line in stored.read_text(encoding="utf-8").splitlines()]
    text = README.read_text(encoding="utf-8")
    rows = {"vae": "| VAE |", "vabc": "| V-ABC |", "real": "| real, held out |"}
    for line in (line for line in lines if line["dataset"] == "mnist"):
        (row,) = [row for row in text.splitlines() if row.startswith(rows[line["method"]])]
        rates = [line["nge_paper"], line["nge_strict"], *line["nge_strict_interval"]]
        expected = [f"{100 * rate:.2f}" for rate in rates] + [f"{line['fid']:.1f}"]
        for name in ("precision", "recall", "density", "coverage", "class_balance"):
            expected.append(f"{line[name]:.2f}")
        assert re.findall(r"\d+\.\d+", row) == expected
    for line in (line for line in lines if line["dataset"] == "moons2"):
        assert f"{100 * line['nge_strict']:.2f} %" in text


def test_the_benchmark_is_that_of_the_stored_runs():
    stored = README.parent / "docs" / "results" / "benchmark" / "results.jsonl"
    lines = [json.loads(line) for line in stored.read_text(encoding="utf-8").splitlines()]
    for slug in ("real", "quality", "quality-vae", "quality-oracle", "vabc", "vae"):
        own = [r for r in lines if r["method"] == slug and r["fraction"] == 0.2]
        assert len(own) == (3 if slug == "real" else 9), slug
        rates = [100 * rate for name in ("nge_strict", "nge_second") for rate in pooled(own, name)]
        expected = [f"{rate:.3f}" for rate in rates]
        for name, places in (("fid", 1), ("recall", 2), ("coverage", 2), ("acceptance", 3)):
            if own[0][name] is not None:
                expected.append(f"{np.mean([line[name] for line in own]):.{places}f}")
        (row,) = [row for row in README.read_text("utf-8").splitlines() if f"| `{slug}` |" in row]
        assert re.findall(r"\d+\.\d+", row) == expected


def test_the_times_are_those_of_the_stored_benchmark():
    stored = README.parent / "docs" / "results" / "speed" / "train_step.json"
    panels = json.loads(stored.read_text(encoding="utf-8"))["panels"]
    mnist, moons = (panel["figures"] for panel in panels)
    names = {
        "ours: fit": "| `fit` |",
        "matrix products alone": "| its matrix products alone |",
        "torch.compile, fused Adam": "| `torch.compile`, fused Adam |",
        "pythae's trainer": "| pythae |",
        "Keras' VAE example": "| Keras' VAE example |",
        "PyTorch eager": "| PyTorch eager |",
    }
    for name, start in names.items():
        (row,) = [r for r in README.read_text(encoding="utf-8").splitlines() if r.startswith(start)]
        medians = [panel[name]["median"] for panel in (mnist, moons) if name in panel]
        written = re.findall(r"\d+\.\d+", row)
        assert [float(text) for text in written] == pytest.approx(medians, abs=0.0051), name


def test_the_table_of_names_has_each_public_name_once():
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## Public names") : text.index("## Map")]
    first_cells = "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    names = re.findall(r"`(\w+)`", first_cells)
    assert sorted(names) == sorted(set(keras_vabc.__all__) - {"__version__"})
