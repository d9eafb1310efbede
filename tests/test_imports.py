"""The map of the package, held by reading its imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vabc

PACKAGE = Path(keras_vabc.__file__).parent
ROOMS = (  # the ground floor first: a room imports only rooms in front of it
    "files",
    "data",
    "plots",
    "export",
    "vabc",
    "nu",
    "sampling",
    "evaluation",
    "pages",
    "recipes",
    "detection",
    "experiments",
    "review",
    "cli",
)
EXPERIMENTERS = {"cli.demo", "cli.reproduce", "cli.benchmark"}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE
}
MOST_LINES = 300


def imported(path):
    """Full names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_of(path):
    """The rooms of this package that a file imports."""
    names = set()
    for name in imported(path):
        package, _, rest = name.partition(".")
        room = rest.split(".")[0]
        if package == "keras_vabc" and room in ROOMS:
            names.add(room)
    return names


def test_every_file_is_in_a_room():
    flat = {path.name for path in PACKAGE.glob("*.py")}
    assert flat == {"__init__.py", "version.py"}
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(ROOMS)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_only_rooms_below_it(module):
    room = module.split(".")[0]
    below = ROOMS[: ROOMS.index(room) + 1]
    assert rooms_of(MODULES[module]) <= set(below)


def test_three_commands_alone_import_experiments():
    users = {m for m, path in MODULES.items() if "experiments" in rooms_of(path)}
    assert {m for m in users if not m.startswith("experiments.")} == EXPERIMENTERS


def test_only_plots_imports_matplotlib():
    users = {m for m, path in MODULES.items() if any("matplotlib" in n for n in imported(path))}
    assert users and all(m.startswith("plots.") for m in users)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_file_has_one_idea(module):
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{module} has {lines} lines: split it along an idea"


def test_the_package_and_its_help_load_no_tensorflow():
    slow = "{'tensorflow', 'keras'} & set(sys.modules)"
    code = f"import sys, keras_vabc.cli.main; sys.exit(bool({slow}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_resolve():
    for name in keras_vabc.__all__:
        assert getattr(keras_vabc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = keras_vabc.absent
