"""The stored lines of docs/results: found by today's definitions, each with its whole setting."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from rich.console import Console

from keras_vabc.experiments import tune_check
from keras_vabc.experiments.benchmark import runs as benchmark
from keras_vabc.experiments.benchmark.methods import Method, method
from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.settings import paper_setting
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.results import described, recipe_line, result_line
from keras_vabc.recipes.settings import Setting
from keras_vabc.recipes.tune import recipes_to_try, tune_key

FOLDER = Path(__file__).parents[2] / "docs" / "results"


def lines_of(name):
    text = (FOLDER / name / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def setting_in(line):
    return Setting(**line["setting"] | {"units": tuple(line["setting"]["units"])})


def method_in(line):
    return Method(setting=setting_in(line), **line["recipe"])


@pytest.mark.parametrize(("name", "runs"), [("paper", paper), ("benchmark", benchmark)])
def test_each_stored_line_is_found_by_todays_definitions(name, runs):
    stored = [line["key"] for line in lines_of(name)]
    assert len(stored) == len(set(stored))
    assert set(stored) == {job.key for job in runs.all_runs()}


@pytest.mark.parametrize("name", tune_check.DATASETS)
def test_each_line_of_tune_is_found_on_the_same_data(name, tmp_path):
    try:
        data = tune_check.unlabelled(name, tmp_path, Console(quiet=True))
    except OSError:
        pytest.skip(f"{name} cannot be had")
    folds, (setting, seeds) = data.folds, (tune_check.SETTING, tune_check.SEEDS)
    jobs = tune_check.jobs_of(name, data, recipes_to_try(folds.unlabeled, setting, seeds, None))
    lines = [line for line in lines_of("tune") if line["dataset"] == name]
    assert {job.key for job in jobs} == {line["key"] for line in lines}
    assert {line["data"] for line in lines} == {data.content}


def test_the_setting_of_each_line_of_the_paper_reproduces_its_key():
    real = {job.key: job.arguments for job in paper.judges() + paper.real_moons()}
    rows = {job.key: job.arguments for job in paper.table1()}
    for line in lines_of("paper"):
        if line["method"] in ("vae", "vabc"):
            assert setting_in(line).key == line["key"]
        elif line["method"] == "real":
            judged = line["negative_class"], line.get("judge_seed")
            assert real[line["key"]] == (judged if "judge_seed" in line else (line["dataset"],))
            given = line["dataset"], line["negative_class"]
            assert setting_in(line) == paper_setting("vabc", *given)
        else:
            names = ("dataset", "negative_class", "fraction")
            assert rows[line["key"]] == tuple(line[name] for name in names)


def test_the_recipe_of_each_line_of_the_benchmark_reproduces_its_key():
    keys = {job.key for job in benchmark.real()}
    for line in lines_of("benchmark"):
        if line["method"] == "real":
            assert line["key"] in keys
            assert setting_in(line) == paper_setting("vabc", "mnist", line["negative_class"])
            continue
        one = method_in(line)
        key = one.key
        if line["method"] == "failures":
            key = hashlib.sha256(f"failure {line['scenario']} {key}".encode()).hexdigest()[:16]
        assert key == line["key"]
        assert one == method(one.slug, line["negative_class"], line["fraction"], line["seed"])


def test_the_recipe_of_each_line_of_tune_reproduces_its_key():
    for line in lines_of("tune"):
        recipe = Recipe(setting=setting_in(line), **line["recipe"])
        assert tune_key(recipe, line["data"]) == line["key"]


def test_lines_of_an_ablation_differ_in_their_settings():
    by_key = {line["key"]: line for line in lines_of("paper")}
    for name, settings in paper.ablation().items():
        stored = [by_key[setting.key]["setting"] for setting in settings]
        turned_off = [{k for k in ("anneal_gamma", "anneal_kl") if not s[k]} for s in stored]
        expected = {
            "no gamma annealing": {"anneal_gamma"},
            "no KL annealing": {"anneal_kl"},
            "no annealing": {"anneal_gamma", "anneal_kl"},
        }
        assert turned_off == [expected.get(name, set())] * len(settings)


@pytest.mark.parametrize("slug", ["vabc", "quality", "cvae", "oracle"])
def test_a_new_line_carries_its_whole_recipe(slug):
    one = method(slug, 7, 0.3, seed=5)
    line = json.loads(json.dumps(recipe_line(one, {"nge_strict": 0.5}, 3.21)))
    assert method_in(line) == one
    assert (line["key"], line["method"], line["seconds"]) == (one.key, slug, 3.2)
    line = json.loads(json.dumps(result_line(one.setting, "real", {}, None)))
    assert setting_in(line) == one.setting
    assert (line["key"], line["method"], line["seconds"]) == (one.setting.key, "real", None)


def other(value):
    """Another value of the same kind."""
    if value is None:
        return 3.5
    if isinstance(value, bool):
        return not value
    return value + {str: "-", tuple: (7,)}.get(type(value), 1)


@pytest.mark.parametrize(
    "one",
    [
        Setting("vabc", "mnist"),
        paper_setting("vae", "moons2", seed=3),
        method("quality", 8).setting,
        Recipe("own", Setting("vabc", "mnist")),
        method("quality", 1, 0.1, seed=2),
        method("pu-vae", 7),
    ],
    ids=lambda one: f"{type(one).__name__}-{one.key}",
)
def test_every_field_changes_the_key(one):
    keys = {}
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if isinstance(value, Setting):
            changed = dataclasses.replace(value, seed=value.seed + 1)
        else:
            changed = other(value)
        keys[field.name] = dataclasses.replace(one, **{field.name: changed}).key
    assert [name for name, key in keys.items() if key == one.key] == []
    assert len(set(keys.values())) == len(keys)


def test_a_line_is_described_with_what_it_has():
    counts = paper.measured_counts("moons2", 0, 0.8, None)
    assert described(counts) == "counts moons2 0, p = 0.8"
    line = result_line(paper_setting("vabc", "moons2", seed=4), "vabc", {"nge_strict": 0.021}, 9.6)
    text = "vabc moons2 0, p = 0.8, gamma 1.5, seed 4: NGE strict 2.10 %, 10 s"
    assert described(line) == text
