"""The numbers of the README and of the pages of results are those of the stored runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from keras_vabc.experiments.benchmark.page import pooled

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
TITLES = {  # of the rows of the demo's table
    "vae": "VAE",
    "vabc": "V-ABC, as published",
    "quality": "`quality`",
    "real": "real, held out",
}


def lines_of(path):
    return [json.loads(line) for line in (RESULTS / path).read_text("utf-8").splitlines()]


def rows(page, start):
    """The rows of a page's tables that begin so."""
    return [row for row in page.read_text("utf-8").splitlines() if row.startswith(start)]


def demo_row(line):
    """The row of the README that shows a line of the demo."""
    strict, low, high = (100 * rate for rate in (line["nge_strict"], *line["nge_strict_interval"]))
    cells = [TITLES[line["method"]], f"{100 * line['nge_paper']:.2f}"]
    cells += [f"{strict:.2f} [{low:.2f}, {high:.2f}]", f"{line['fid']:.1f}"]
    for name in ("precision", "recall", "density", "coverage", "class_balance"):
        cells.append(f"{line[name]:.2f}")
    cells.append("" if line["seconds"] is None else f"{line['seconds']:.0f}")
    return re.sub(" +", " ", f"| {' | '.join(cells)} |")


def test_the_table_is_that_of_the_stored_demo():
    lines = lines_of("demo/results.jsonl")
    mnist = [line for line in lines if line["dataset"] == "mnist"]
    titles = "|".join(map(re.escape, TITLES.values()))
    text = (ROOT / "README.md").read_text("utf-8")
    shown = [row for row in text.splitlines() if re.match(rf"\| ({titles}) \|", row)]
    assert shown == [demo_row(line) for line in mnist]
    for line in (line for line in lines if line["dataset"] == "moons2"):
        assert f"{100 * line['nge_strict']:.2f} %" in (RESULTS / "index.md").read_text("utf-8")


def test_the_benchmark_is_that_of_the_stored_runs():
    lines = lines_of("benchmark/results.jsonl")
    for slug in ("real", "quality", "quality-vae", "quality-oracle", "vabc", "vae"):
        own = [r for r in lines if r["method"] == slug and r["fraction"] == 0.2]
        assert len(own) == (3 if slug == "real" else 9), slug
        rates = [100 * rate for name in ("nge_strict", "nge_second") for rate in pooled(own, name)]
        expected = [f"{rate:.3f}" for rate in rates]
        for name, places in (("fid", 1), ("recall", 2), ("coverage", 2), ("acceptance", 3)):
            if own[0][name] is not None:
                expected.append(f"{np.mean([line[name] for line in own]):.{places}f}")
        (row,) = [row for row in rows(RESULTS / "index.md", "|") if f"| `{slug}` |" in row]
        assert re.findall(r"\d+\.\d+", row) == expected
        if slug == "quality":
            value, low, high = expected[:3]
            assert f"{value} % [{low}, {high}]" in (ROOT / "README.md").read_text("utf-8")


def panels(name):
    stored = (RESULTS / "speed" / f"{name}.json").read_text("utf-8")
    return [panel["figures"] for panel in json.loads(stored)["panels"]]


def test_the_times_are_those_of_the_stored_benchmark():
    mnist, moons = panels("train_step")
    names = {
        "ours: fit": "| `fit` |",
        "matrix products alone": "| its matrix products alone |",
        "torch.compile, fused Adam": "| `torch.compile`, fused Adam |",
        "pythae's trainer": "| pythae |",
        "Keras' VAE example": "| Keras' VAE example |",
        "PyTorch eager": "| PyTorch eager |",
    }
    for name, start in names.items():
        (row,) = rows(RESULTS / "speed.md", start)
        medians = [panel[name]["median"] for panel in (mnist, moons) if name in panel]
        written = re.findall(r"\d+\.\d+", row)
        assert [float(text) for text in written] == pytest.approx(medians, abs=0.0051), name


def test_time_and_memory_by_size_are_those_of_the_stored_benchmark():
    by_rows, rows_memory, by_pixels, pixels_memory, *_ = panels("scaling")
    starts = {"10000": "| 10,000 rows", "100000": "| 100,000 |", "1000000": "| 1,000,000 |"}
    expected = {start: (by_rows[n], rows_memory[n]) for n, start in starts.items()}
    expected["| 4,000 images of 80 x 80"] = by_pixels["6400"], pixels_memory["6400"]
    for start, (seconds, memory) in expected.items():
        (row,) = rows(ROOT / "README.md", start)
        assert f"| {seconds['median']:.2g} s" in row, row
        assert f"| {memory['median']:.0f} MiB |" in row, row


def test_the_time_of_a_whole_training_is_that_of_the_stored_demo():
    (own,) = [r["seconds"] for r in lines_of("demo/results.jsonl") if r["method"] == "quality"]
    (row,) = rows(ROOT / "README.md", "| MNIST, 58,800")
    assert f"| {own:.0f} s on one busy core |" in row
