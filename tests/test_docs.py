"""The code of the README and the docs runs, the site builds, and what a page names exists."""

import functools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import succeeds, write_images
from test_imports import ROOMS

import keras_vabc as kv
from keras_vabc.evaluation import judges
from keras_vabc.nu import members
from keras_vabc.pages import run_page
from keras_vabc.recipes import evaluation, labeled, own_data, training

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "keras_vabc"
SITE = sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)
PAGES = [ROOT / "README.md", *(page for page in SITE if "results" not in page.parts)]
MODEL = ROOT / "docs" / "tutorials" / "model.md"
EPOCHS = 2  # of each training whose code does not say how many
SHORT = (  # trainings and figures on little data, and a guard that does not ask for a good model
    (members, "LEAST_STEPS", 20),
    (own_data, "GUARD", 0.999),
    (own_data, "CUT", dict.fromkeys(own_data.CUT)),
    (own_data, "COMPONENTS", 2),
    (training, "TRIED_SAMPLES", 50),
    (evaluation, "SAMPLES", 200),
    (labeled, "SAMPLES", 200),
    (run_page, "SPREAD_SAMPLES", 200),
    (judges, "LEAST_STEPS", 30),
)
NOT_RUN = {  # lines of shell blocks that only stand there, and why
    "make demo": "takes minutes; its parts are tested in tests/experiments/",
    "make test": "is what runs this",
    "keras-vabc tune --unlabeled photos/ --unwanted flagged/ --out tuned": "starts processes, "
    "which are not short; tests/recipes/test_tune.py runs it",
    "keras-vabc review run": "serves until it is stopped; tests/review/ does it",
    "keras-vabc review run --input new_photos/": "likewise",
    "docker run -p 8501:8501 -v $PWD/model:/models/vabc -e MODEL_NAME=vabc "
    "tensorflow/serving": "needs Docker",
    'curl -d \'{"signature_name": "sample", "inputs": {"n": 16, "seed": 0}}\' '
    "http://localhost:8501/v1/models/vabc:predict": "needs the server of the line above",
}
RNG = np.random.default_rng(3)


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    """The `(language, code)` of a page, in their order."""
    return re.findall(r"^```(python|sh)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def command_lines(code):
    """The lines of a shell block, without comments."""
    lines = (re.sub(r"\s+#.*", "", line) for line in code.splitlines())
    return [line for line in lines if line]


def squares(count, bright):
    """Grey images of noise: the unwanted ones have a bright square in the middle."""
    images = RNG.integers(0, 80, (count, 8, 8), dtype="uint8")
    images[:bright, 2:6, 2:6] = 250
    return images


def write_table(path, rows):
    lines = [",".join(f"{number:.4f}" for number in row) for row in rows]
    path.write_text("\n".join(["length,width,count", *lines]) + "\n")


@pytest.fixture(scope="module", autouse=True)
def _short():
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in SHORT:
            patch.setattr(module, name, value)
        patch.setattr(kv, "train", functools.partial(kv.train, epochs=EPOCHS))
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The reader's files under the names that the pages use, and a run on the images."""
    folder = tmp_path_factory.mktemp("files")
    write_images(folder / "photos", squares(200, 20))
    write_images(folder / "flagged", squares(60, 60))
    write_images(folder / "new_photos", squares(20, 5))
    np.save(folder / "unlabeled.npy", squares(200, 20)[..., None])
    np.save(folder / "unwanted.npy", squares(60, 60)[..., None])
    labels = [f"{row:03d}.png,{8 if row < 20 else row % 3}" for row in range(200)]
    (folder / "labels.csv").write_text("\n".join(["id,label", *labels]) + "\n")
    decided = [f"{row:03d}.png,{'unwanted' if row < 20 else 'keep'},random" for row in range(9, 40)]
    (folder / "reviewed.csv").write_text("\n".join(["id,decision,order", *decided]) + "\n")
    table = RNG.normal(size=(300, 3)) * [1, 20, 5] + [10, 0, 50]
    write_table(folder / "all.csv", table)
    write_table(folder / "bad.csv", table[:60] + [8, 0, 0])
    data = ["--unlabeled", folder / "photos", "--unwanted", folder / "flagged"]
    succeeds("train", *data, "--epochs", EPOCHS, "--out", folder / "run")
    return folder


@pytest.fixture
def run_code(files, tmp_path, monkeypatch):
    """Runs the blocks of a page among the reader's files; returns its Python names."""
    folder = tmp_path / "files"
    monkeypatch.chdir(tmp_path)

    def run(page):
        shutil.copytree(files, folder)
        monkeypatch.chdir(folder)
        if "--out run " in page.read_text("utf-8").replace("\n", " "):
            shutil.rmtree("run")  # the page makes its own
        names = {}
        for language, code in blocks(page):
            if language == "python":
                exec(compile(code, name_of(page), "exec"), names)
            else:
                run_commands(code)
        return names

    return run


def run_commands(code):
    for line in command_lines(code):
        if line in NOT_RUN:
            continue
        program, *arguments = shlex.split(line)
        assert program == "keras-vabc", f"no test runs this line: {line}"
        short = ["--epochs", EPOCHS] if arguments[0] == "train" else []
        succeeds(*arguments, *short)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p) and p != MODEL], ids=name_of)
def test_the_code_of_a_page_runs(page, run_code):
    run_code(page)


def test_the_code_of_the_model_runs_and_learns(run_code):
    names = run_code(MODEL)
    model, folds = names["model"], names["folds"]
    samples = model.sample(1000, seed=0)
    assert samples.shape == (1000, 2)
    assert samples.dtype == np.float32
    scores = model.score(folds.test_unwanted), model.score(folds.test_unlabeled)
    assert np.median(scores[0]) > 2 * np.median(scores[1])
    reloaded = kv.load_model("moons2.keras")
    np.testing.assert_array_equal(reloaded.sample(1000, seed=0), samples)
    assert names["cleaned"].unlabeled.shape[0] < folds.unlabeled.shape[0]


def test_the_line_of_keras_is_shown():
    line = "model.fit(balanced_ds, epochs=30, callbacks=[kv.GammaAnneal()])"
    for page in (ROOT / "README.md", MODEL):
        assert line in page.read_text("utf-8")


def test_every_line_that_is_not_run_stands_on_a_page():
    shown = {
        line
        for page in PAGES
        for language, code in blocks(page)
        if language == "sh"
        for line in command_lines(code)
    }
    assert set(NOT_RUN) <= shown


def test_the_site_builds_and_is_complete(tmp_path):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (options,) = re.findall(r"sphinx-build (.*) docs docs/_build$", makefile, re.M)
    assert {"-W", "-n"} <= set(options.split())
    command = [sys.executable, "-m", "sphinx", *options.split(), ROOT / "docs", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {page: tmp_path / page.relative_to(ROOT / "docs").with_suffix(".html") for page in SITE}
    assert [page for page, built in pages.items() if not built.exists()] == []
    check_names(tmp_path / "reference")
    check_commands((tmp_path / "reference" / "commands.html").read_text("utf-8"))


def check_names(reference):
    """The reference has every public name."""
    for module, page in ((kv, "python"), (kv.plots, "plots"), (kv.evaluation, "evaluation")):
        text = (reference / f"{page}.html").read_text("utf-8")
        for name in set(module.__all__) - {"__version__", "plots", "evaluation"}:
            assert f'id="{module.__name__}.{name}"' in text, name


def check_commands(page):
    """It has every command with every option, as `--help` prints them."""
    commands = re.findall(r"^│ (\w+) ", succeeds("--help"), re.M)
    assert {"train", "sample", "demo", "benchmark"} <= set(commands)
    for command in commands:
        options = re.findall(r"^│ (?:\* +)?(--[\w-]+)", succeeds(command, "--help"), re.M)
        (section,) = re.findall(rf'<section id="{command}">.*?</section>', page, re.S)
        for option in set(options) - {"--help"}:
            assert f"{option}<" in section or f"{option} " in section, f"{command} {option}"


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *SITE], ids=name_of)
def test_what_a_page_names_exists(page):
    text = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        assert ":" in link or (page.parent / link).exists(), link
    tops = "keras_vabc|docs|tests|benchmarks|notebooks|saved_models"
    for path in re.findall(rf"(?<![\w/.-])(?:{tops})/[\w./-]*\w/?", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(rf"(?<![\w/.-])(?:{'|'.join(ROOMS)})/[\w/]+\.py\b", text):
        assert (PACKAGE / path).exists(), path


def test_the_map_of_the_readme_is_the_one_that_holds():
    text = (ROOT / "README.md").read_text("utf-8")
    tree = text[text.index("```\nkeras_vabc/") :]
    assert tuple(re.findall(r"^  (\w+)/ ", tree[: tree.index("\n```", 4)], re.M)) == ROOMS


def test_rooms_that_are_public_load_no_tensorflow():
    code = "import sys, keras_vabc as kv; kv.plots.panels, kv.evaluation.observed_rate"
    code += "; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_evaluation_has_its_public_names():
    for name in kv.evaluation.__all__:
        assert getattr(kv.evaluation, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = kv.evaluation.absent
