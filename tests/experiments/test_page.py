"""The results page, rendered from stored lines and arrays that this test makes up."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from keras_vabc.experiments.paper import measure, tables
from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.claims import CLAIMS
from keras_vabc.experiments.paper.page import EXHIBITS, render
from keras_vabc.experiments.paper.reproduce import EXPERIMENTS, runs_of
from keras_vabc.recipes.results_folder import ARRAYS, RESULTS
from keras_vabc.recipes.stored import Stored


def moons_line(setting):
    """A world in which the paper is right."""
    vae = setting.method == "vae"
    infinite = setting.gamma == 1000
    error = 0.12 if vae or infinite else 0.0
    return {
        "nge_strict": error,
        "sampled_nge": error + 0.01,
        "outliers": 0.0,
        "sampled_outliers": 0.05 if vae else 0.01,
        "sampled_outliers_right": 0.03 if vae else 0.01,
        "upper_distance": 0.2 if vae else 1 - 0.1 * np.log10(setting.gamma),
        "lower_distance": 1.0 if setting.gamma < 0.1 else 0.1,
        "left": 0.5 if vae else 0.7,
        "spread": 0.6,
        "field_confident": 10.0,
        "field_elsewhere": 1.0,
        "field_near": 1.0,
        "field_far": 4.0,
    }


def image_line(setting):
    """The same for MNIST."""
    vae = setting.method == "vae"
    error = 0.08 if vae else 0.001 * (0.5 + 3 * abs(0.2 - setting.fraction) * (setting.seed + 1))
    if not vae:
        error = 0.001 * (0.4 - setting.fraction) * (setting.seed + 1)
        error *= (1 + 10 * setting.seed) if setting.gamma < 0.05 else setting.gamma / 0.05
        error *= 1 + (not setting.anneal_gamma) + (not setting.anneal_kl)
    negative = 0.6 if vae else 0.0
    return {
        "nge_paper": error,
        "nge_strict": error * 1.1,
        **dict.fromkeys(("fid", "precision", "recall", "density", "coverage"), 0.5),
        "class_balance": 0.8,
        "judge_seeds": [{"nge_paper": error + d, "nge_strict": error} for d in (0, 0.001, 0.002)],
        "error_positives": 0.04 if vae else 0.042,
        "negatives_kept": {"paper": negative, "strict": negative},
        "manifold_negatives": {"paper": negative / 6, "strict": negative / 6},
        "kl_positives": 4.0,
        "kl_negatives": 3.0 if vae else 0.2,
        "continuity": 0.4,
        "completeness": 0.9,
    }


def real_line(negative_class, judge_seed):
    figures = image_line(dataclasses.replace(paper.fig2()[1], method="vabc"))
    judges = {"judges": {"paper": 0.998, "strict": 0.992}}
    return {**figures, "negative_class": negative_class, "judge_seed": judge_seed} | judges


def setting_of(run):
    """The setting that a job trains; `None` where it trains none."""
    return run.arguments[0] if run.function is paper.measured_setting else None


def line_of(run):
    if run.function is paper.measured_counts:
        unlabeled, unwanted = tables.TABLE1_OF_THE_PAPER[run.arguments]
        counts = {"unlabeled": unlabeled, "unwanted": unwanted, "positives": 1, "negatives": 5000}
        return {
            "method": "counts",
            **dict(zip(tables.ROW_OF_TABLE1, run.arguments, strict=True)),
            **counts,
        }
    if run.function is paper.measured_real_moons:
        return {"method": "real", **moons_line(paper.moons(*run.arguments)[1])}
    if run.function is paper.measured_judges:
        return {"method": "real", **real_line(*run.arguments)}
    setting = setting_of(run)
    figures = moons_line if setting.dataset.startswith("moons") else image_line
    return {
        "method": setting.method,
        "seconds": 36.0,
        "date": "2026-01-01",
        "versions": {"keras": "3"},
        **figures(setting),
    }


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


def store(folder, runs, change=lambda run, line: None):
    (folder / ARRAYS).mkdir(exist_ok=True)
    lines = []
    for run in runs:
        line = {"key": run.key, **line_of(run)}
        change(run, line)
        lines.append(json.dumps(line))
    (folder / RESULTS).write_text("\n".join(lines) + "\n")


def test_a_whole_sweep_gives_every_figure(tmp_path):
    store(tmp_path, paper.all_runs())
    for setting in paper.drawn():
        np.savez(tmp_path / ARRAYS / f"{setting.key}.npz", **made_up_arrays(setting))
    assert render(tmp_path) == []
    page = (tmp_path / "README.md").read_text()
    pictures = [name for section in EXHIBITS for name in section.pictures]
    assert len(set(pictures)) == len(pictures) == 13
    for name in pictures:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"]({name}.png)" in page
    assert page.count("**does not hold**") == 0
    assert "runs are missing" not in page
    assert "| VAE | 9 | 8.00 ± 0.00 | 8.80 ± 0.00 | 0.50 ± 0.00 |" in page
    assert "| mnist | 8 | 0.2 | 1 | 5000 | 58858 (58858) | 1142 (1142) | +0.0 |" in page
    assert "123 trainings" not in page
    assert f"{len(paper.all_runs()) - 11 - 9 - 2} trainings, 1.3 hours" in page


def test_a_section_waits_for_its_last_run(tmp_path):
    last = paper.fig9_gammas()[-1]
    store(tmp_path, [run for run in paper.table1() + paper.real_moons()])
    settings = [s for s in paper.fig9_fractions() + paper.fig9_gammas() if s != last]
    store(tmp_path, paper.trainings(settings))
    missing = render(tmp_path)
    title = "Fig. 9: error by the size of the unwanted fold, and by gamma"
    assert title in missing
    assert not (tmp_path / "fig9.png").exists()
    total = len(paper.fig9_fractions() + paper.fig9_gammas())
    assert f"{total - 1} of {total} runs are stored" in (tmp_path / "README.md").read_text()


def vabc(dataset, **changes):
    def change(run, line):
        setting = setting_of(run)
        if setting and setting.dataset.startswith(dataset) and setting.method == "vabc":
            line |= changes

    return change


def unless_usual(run, line):
    """Without annealing V-ABC is best."""
    setting = setting_of(run)
    if setting and not setting.anneal_kl:
        line["nge_paper"] = 0.0


def reverse_p(run, line):
    setting = setting_of(run)
    if setting and setting.dataset == "mnist" and setting.fraction == 0.3:
        line["nge_paper"] = 0.05


def at_gamma(gamma, **changes):
    def change(run, line):
        if getattr(setting_of(run), "gamma", None) == gamma:
            line |= changes

    return change


BROKEN = [
    (0, vabc("moons", upper_distance=0.1)),
    (1, vabc("moons", sampled_outliers_right=0.04)),
    (2, vabc("moons2", nge_strict=0.01)),
    (3, vabc("moons2", left=0.4)),
    (4, vabc("mnist", nge_paper=0.01)),
    (5, vabc("moons2", field_near=9.0)),
    (6, vabc("moons2", field_confident=1.5)),
    (7, vabc("mnist", manifold_negatives={"paper": 0.0, "strict": 0.01})),
    (8, vabc("mnist", negatives_kept={"paper": 0.2, "strict": 0.0})),
    (9, vabc("mnist", error_positives=0.05)),
    (10, vabc("mnist", kl_negatives=5.0)),
    (11, vabc("mnist", continuity=1.2)),
    (12, vabc("mnist", completeness=0.5)),
    (13, vabc("moons2", nge_strict=0.02)),
    (14, at_gamma(4.0, upper_distance=2.0)),
    (15, at_gamma(0.02, lower_distance=0.15)),
    (16, reverse_p),
    (17, at_gamma(4.0, nge_paper=0.0)),
    (18, at_gamma(0.005, nge_paper=0.0)),
    (19, at_gamma(1000.0, nge_strict=0.0)),
    (20, unless_usual),
]


def test_every_claim_can_fail():
    assert [index for index, _ in BROKEN] == list(range(len(CLAIMS)))


@pytest.mark.parametrize("index, change", BROKEN)
def test_a_claim_fails_in_a_world_without_it(tmp_path, index, change):
    store(tmp_path, paper.all_runs())
    holds, evidence = CLAIMS[index].check(Stored(tmp_path))
    assert holds is True, evidence
    store(tmp_path, paper.all_runs(), change)
    holds, evidence = CLAIMS[index].check(Stored(tmp_path))
    assert holds is False, evidence


def test_claims_name_all_runs_that_they_read(tmp_path):
    for claim in CLAIMS:
        store(tmp_path, paper.trainings(claim.runs()))
        assert claim.check(Stored(tmp_path))[0] is True, claim.statement


def test_a_training_leaves_what_pictures_and_readers_need(monkeypatch):
    asked = []
    monkeypatch.setattr(measure, "measure", lambda *a, **k: asked.append((*a, k)) or {"key": "x"})
    eight, other = paper.eights()[1], paper.fig9_gammas()[-1]
    jobs = {job.key: job for job in paper.trainings([eight, other, eight], "models")}
    assert list(jobs) == [eight.key, other.key]
    for setting in (eight, other):
        assert jobs[setting.key].run("arrays") == {"key": setting.key}
    own = {"arrays": Path("arrays", f"{eight.key}.npz"), "saved_model": Path("models", "mnist-8")}
    assert asked == [
        (eight, {"judge_seeds": paper.JUDGE_SEEDS, **own}),
        (other, {"judge_seeds": (0,), "arrays": None, "saved_model": None}),
    ]


def test_counts_are_compared_in_standard_deviations():
    line = {"negatives": 10_000, "fraction": 0.2, "unwanted": 2040}
    assert tables.deviation(line, 2000) == pytest.approx(1.0)
    assert tables.deviation({"negatives": 5, "fraction": 1.0, "unwanted": 5}, 5) == 0


def test_judges_are_compared_on_the_same_samples(tmp_path):
    store(tmp_path, paper.all_runs())
    errors = tables.judge_errors(Stored(tmp_path), paper.fig2(), "nge_paper")
    assert errors.shape == (18, 3)
    np.testing.assert_allclose(errors[:, 2] - errors[:, 0], 0.2)
    assert "| VAE | paper's | 8.00 | 8.10 | 8.20 | 0.20 | 0.20 |" in tables.judge_spread(
        Stored(tmp_path)
    )


def test_every_run_of_the_paper_is_listed_once():
    runs = paper.all_runs()
    keys = [run.key for run in runs]
    assert len(set(keys)) == len(keys)
    for name in EXPERIMENTS:
        assert {run.key for run in runs_of(name)} <= set(keys), name
    assert len(runs_of("fig2")) == 18
    assert {setting_of(run).gamma for run in runs_of("fig9")} >= set(paper.GAMMAS)
    with pytest.raises(ValueError, match="experiment must be one of all, table1, judges, fig2"):
        runs_of("fig99")


def test_the_ablation_changes_one_thing_at_a_time():
    variants = paper.ablation()
    assert variants["as in the paper"][0] in paper.fig2()
    kinds = {
        name: {(s.anneal_gamma, s.anneal_kl, s.gamma) for s in v} for name, v in variants.items()
    }
    assert kinds == {
        "as in the paper": {(True, True, 0.05)},
        "no gamma annealing": {(False, True, 0.05)},
        "no KL annealing": {(True, False, 0.05)},
        "no annealing": {(False, False, 0.05)},
        "gamma = 1": {(True, True, 1.0)},
    }
