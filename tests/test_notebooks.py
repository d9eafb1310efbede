"""The notebooks run from top to bottom, in a kernel of their own and a fast setting."""

import ast
import importlib.util
import json
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = (
    "01_quickstart_moons",
    "02_mnist_vae_against_vabc",
    "03_choosing_gamma",
    "04_your_own_data",
    "05_from_pyod",
    "06_certify_any_generator",
)


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a notebook in an empty folder; returns the executed cells and the asked variables."""
    monkeypatch.setenv("KERAS_VABC_FAST", "1")
    monkeypatch.setenv("KERAS_VABC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "work").mkdir()

    def execute(name, *variables):
        notebook = read(name)
        wanted = ", ".join(f"{variable!r}: {variable}" for variable in variables)
        source = f"import json\nprint(json.dumps({{{wanted}}}))"
        notebook.cells.append(nbformat.v4.new_code_cell(source))
        resources = {"metadata": {"path": str(tmp_path / "work")}}
        NotebookClient(notebook, timeout=300, resources=resources).execute()
        *cells, last = code_cells(notebook)
        return cells, json.loads(last.outputs[0].text)

    return execute


def check_outputs(cells, pictures):
    """The package was not installed anew, nothing warned, and as many pictures were shown."""
    assert cells[0].outputs == []
    outputs = [output for cell in cells for output in cell.outputs]
    errors = "".join(output.text for output in outputs if output.get("name") == "stderr")
    assert "Warning" not in errors
    assert sum("image/png" in output.get("data", {}) for output in outputs) == pictures


def test_every_notebook_is_known():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_stored_small_without_outputs(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 20_000


@pytest.mark.parametrize("name", NAMES)
def test_all_begin_alike(name):
    notebook, first = read(name), read(NAMES[0])
    assert code_cells(notebook)[0].source == code_cells(first)[0].source
    note = first.cells[0].source.splitlines()[-1]
    assert note.startswith("**To run it in Colab**")
    assert notebook.cells[0].source.endswith(note)


def begin(monkeypatch, folder, copy=""):
    """Runs the first cell in a folder, where no keras_vabc is installed; returns its magics."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    source = code_cells(read(NAMES[0]))[0].source.replace('COPY = ""', f"COPY = {copy!r}")
    magics = []

    class Shell:
        def run_line_magic(self, name, line):
            magics.append((name, line))

    exec(TransformerManager().transform_cell(source), {"get_ipython": Shell})
    return magics


def test_in_a_checkout_nothing_is_installed(monkeypatch):
    assert begin(monkeypatch, FOLDER) == [("matplotlib", "inline")]
    assert sys.path[0] == ".."


def test_elsewhere_the_copy_is_installed(monkeypatch, tmp_path):
    install, _ = begin(monkeypatch, tmp_path, copy="https://host/copy")
    assert install == ("pip", 'install -q "git+{COPY}"')  # IPython fills in the braces


def test_elsewhere_an_address_is_asked_for(monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match="Fill in COPY"):
        begin(monkeypatch, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_defines_no_functions(name):
    for cell in code_cells(read(name)):
        tree = ast.parse(TransformerManager().transform_cell(cell.source))
        kinds = {type(node) for node in ast.walk(tree)}
        assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda}


def test_quickstart(run):
    cells, left = run("01_quickstart_moons", "nge", "auc")
    check_outputs(cells, pictures=4)
    assert left["nge"]["V-ABC"] < 0.01 < left["nge"]["VAE"]
    assert left["auc"]["V-ABC"] > left["auc"]["VAE"] > 0.5


def test_images(run):
    cells, left = run("02_mnist_vae_against_vabc", "DATASET", "results")
    check_outputs(cells, pictures=5)
    assert left["DATASET"] == "digits"
    vae, vabc, real = (left["results"][name] for name in ("VAE", "V-ABC", "real"))
    assert vabc["nge_strict"] < 0.5 * vae["nge_strict"]
    assert vabc["nge_paper"] < vae["nge_paper"]
    assert real["fid"] < vabc["fid"] < 3 * vae["fid"]
    assert "NGE, strict" in str(cells[-1].outputs)


def test_choosing_gamma(run):
    cells, left = run(
        "03_choosing_gamma", "bound", "gammas.tolist()", "equilibrium.tolist()", "nge", "measured"
    )
    check_outputs(cells, pictures=4)
    gamma, error = np.array(left["gammas.tolist()"]), np.array(left["equilibrium.tolist()"])
    assert left["bound"] == pytest.approx(10)
    # Where push and pull are equal, the derivative of R - bound log(1 - exp(-gamma R)) is 0.
    np.testing.assert_allclose(left["bound"] * gamma / np.expm1(gamma * error), 1, rtol=1e-9)
    assert left["nge"]["0.05"] < 0.02 < 0.1 < left["nge"]["100"]
    assert left["measured"]["0.05"] > 1.5 * left["measured"]["100"]


def test_own_data(run, tmp_path):
    cells, left = run("04_your_own_data", "nge", "auc", "run.nu.negative_share_interval")
    check_outputs(cells, pictures=3)
    rates = {name: value for name, (value, _, _) in left["nge"].items()}
    assert rates["samples"] < 0.1 * rates["unlabeled"]
    assert left["auc"] > 0.99
    low, high = left["run.nu.negative_share_interval"]
    assert low < rates["unlabeled"] < high
    assert (tmp_path / "work" / "my_run" / "report.html").exists()
    assert (tmp_path / "work" / "my_generator" / "MODEL_CARD.md").exists()


def test_from_pyod(run):
    cells, left = run("05_from_pyod", "auroc", "auprc", "[low, high]", "truth")
    check_outputs(cells, pictures=1)
    before, after = "scikit-learn, isolation forest", "keras_vabc, 20 marked"
    assert left["auroc"][after] > 0.97 and left["auprc"][after] > left["auprc"][before] + 0.5
    shown = "".join(output.text for output in cells[3].outputs)
    there = importlib.util.find_spec("pyod") is not None
    assert ("PyOD, isolation forest" in left["auroc"]) == there
    assert there or shown == "Skipped: PyOD is not installed (pip install pyod).\n"
    low, high = left["[low, high]"]
    assert low <= left["truth"] <= high


def test_certify_any_generator(run):
    bounds = "[one.bound for one in certificates]"
    left = "truth", bounds, "certificate.attempt.number", "eye", "N"
    cells, left = run("06_certify_any_generator", *left)
    check_outputs(cells, pictures=2)
    plain, guarded = left["truth"].values()
    assert plain > 0.04 and guarded < 0.3 * plain
    first, second = left[bounds]
    assert guarded < min(first, second) < plain and left["certificate.attempt.number"] == 3
    assert left["eye"]["planted"] == 30 and left["eye"]["bound"] > guarded
