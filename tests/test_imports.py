"""The map of the package, held by reading its imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vabc

PACKAGE = Path(keras_vabc.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}
CLI = {"cli", "cli_experiments", "cli_runs"}
LEAVES = {
    "losses",
    "schedules",
    "layers",
    "networks",
    "optimizers",
    "execution",
    "mixture",
    "latent_mixture",
    "blocks",
    "checks",
    "fingerprints",
    "streams",
    "runs",
    "say",
    "version",
}


def imported(path):
    """Full names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module)
    return names


def siblings(module):
    """Modules of this package that one of its modules imports."""
    prefix = "keras_vabc."
    return {name.removeprefix(prefix) for name in imported(MODULES[module]) if prefix in name}


def test_leaves_import_no_sibling():
    assert LEAVES <= set(MODULES)
    for leaf in LEAVES:
        assert siblings(leaf) == set(), leaf


def test_model_rests_on_leaves_alone():
    own = {"checkpoints", "export.formats", "export.parts", "model_files"}
    assert siblings("model") <= LEAVES | own
    assert siblings("callbacks") <= LEAVES


def test_a_checkpoint_rests_on_leaves():
    assert siblings("array_files") <= {"runs"}
    assert siblings("model_files") <= {"runs"}
    assert siblings("fit_data") <= {"fingerprints"}
    assert siblings("training_state") <= LEAVES | {"array_files"}
    assert siblings("checkpoints") <= LEAVES | {"fit_data", "training_state"}


def test_nu_classifier_rests_on_leaves_and_folds():
    rooms = {module for module in MODULES if module.startswith("nu.")}
    for room in rooms:
        assert siblings(room) <= LEAVES | rooms | {"array_files"}
    assert siblings("nu_classifier") <= LEAVES | rooms | {"model_files", "data.folds"}


def test_sampling_takes_its_model_and_guard_as_they_come():
    assert siblings("sampling") <= LEAVES | {"export.formats", "export.parts"}


def test_an_export_takes_its_model_as_it_comes():
    rooms = {module for module in MODULES if module.startswith("export.")}
    assert len(rooms) == 4
    for room in rooms:
        assert siblings(room) <= {"blocks", "runs"} | rooms


@pytest.mark.parametrize("module", sorted(MODULES))
def test_only_the_command_line_imports_commands_and_they_experiments(module):
    below = siblings(module)
    if module not in CLI:
        assert not below & CLI
    if module not in CLI and not module.startswith("commands."):
        assert not any(name.startswith("commands") for name in below)
        if not module.startswith("experiments."):
            assert not any(name.startswith("experiments") for name in below)


def test_detection_rests_on_leaves():
    assert siblings("detection") <= LEAVES


def test_only_plots_and_reports_import_matplotlib():
    users = {m for m, path in MODULES.items() if any("matplotlib" in n for n in imported(path))}
    rooms = {m for m in MODULES if m.startswith("plots.")}
    assert users & rooms and users <= rooms | {m for m in MODULES if m.startswith("experiments.")}
    assert all(siblings(room) <= {"plots.figures"} for room in rooms)


def test_the_package_and_its_help_load_no_tensorflow():
    code = "import sys, keras_vabc.cli; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_resolve():
    for name in keras_vabc.__all__:
        assert getattr(keras_vabc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = keras_vabc.absent
