"""The results page, rendered from stored lines and arrays that this test makes up."""

import json

import numpy as np
import pytest

from keras_vabc.experiments import paper
from keras_vabc.experiments.page import FIGURES, render
from keras_vabc.experiments.sweep import ARRAYS, RESULTS


def made_up_line(setting, index):
    rates = {"nge_paper": 0.001 * index, "nge_strict": 0.002 * index}
    others = {name: 0.5 for name in ("precision", "recall", "density", "coverage")}
    return {"key": setting.key, "method": setting.method, "fid": 100.0 + index, **rates, **others}


def made_up_arrays(setting):
    rng = np.random.default_rng(0)
    if setting.dataset.startswith("moons"):
        names = ("means", "unlabeled", "unwanted", "grid", "field_1", "field_0")
        return {name: rng.normal(size=(100, 2)) for name in names}
    return {
        "manifold": rng.integers(0, 256, (20, 20, 28, 28, 1)).astype("uint8"),
        "originals": rng.integers(0, 256, (24, 28, 28, 1)).astype("uint8"),
        "reconstructed": rng.integers(0, 256, (24, 28, 28, 1)).astype("uint8"),
        "z_mean": rng.normal(size=(50, 2)),
        "z_log_var": rng.normal(size=(50, 2)) - 3,
        "labels": np.arange(50) % 10,
    }


def store(folder, settings):
    (folder / ARRAYS).mkdir(exist_ok=True)
    lines = [json.dumps(made_up_line(s, index)) for index, s in enumerate(settings)]
    (folder / RESULTS).write_text("\n".join(lines) + "\n")
    drawn = [*paper.eights(), *(s for s in settings if s.dataset != "mnist" and s.seed == 0)]
    for setting in drawn:
        np.savez(folder / ARRAYS / f"{setting.key}.npz", **made_up_arrays(setting))


@pytest.fixture
def settings():
    return [run.setting for run in paper.all_runs() if isinstance(run, paper.PaperRun)]


def test_a_whole_sweep_gives_every_figure(tmp_path, settings):
    store(tmp_path, settings)
    assert render(tmp_path) == []
    page = (tmp_path / "README.md").read_text()
    for name in FIGURES:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"]({name}.png)" in page

    vae = [0.1 * settings.index(s) for s in paper.fig2() if s.method == "vae"]
    assert f"| VAE | 9 | {np.mean(vae):.2f} ± {np.std(vae):.2f} |" in page


def test_a_figure_waits_for_its_last_run(tmp_path, settings):
    store(tmp_path, [s for s in settings if s != paper.fig9_gammas()[-1]])
    assert render(tmp_path) == ["fig9"]
    assert not (tmp_path / "fig9.png").exists()
    total = len(paper.fig9_fractions() + paper.fig9_gammas())
    assert f"{total - 1} of {total} runs are stored" in (tmp_path / "README.md").read_text()
