"""Lines, tables, bars and states show texts as they are, and one place prints them."""

import ast
import io
from pathlib import Path

import pytest
from rich.console import Console

import keras_vabc
from keras_vabc.pages.console import Bars, plain, print_table, say, status
from keras_vabc.pages.page import Table

PACKAGE = Path(keras_vabc.__file__).parent
PRINTER = "pages.console"
CALLS = ("print", "rule", "status", "out", "input", "print_json")  # of a console
NOT_ONES = ("rich.console", "rich.text")  # what others may need: the console itself, a plain text
NASTY = "x[/y] [red] :smile: [bold]"


def breaches(source):
    """Where a source prints with Rich by itself, or has more of Rich than a console."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in CALLS:
                yield f"line {node.lineno}: .{node.func.attr}("
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.split(".")[0] == "rich" and name not in NOT_ONES:
                yield f"line {node.lineno}: import of {name}"


def test_only_one_file_prints():
    found = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): list(
            breaches(path.read_text(encoding="utf-8"))
        )
        for path in PACKAGE.rglob("*.py")
    }
    assert found.pop(PRINTER)
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_rule_sees_what_it_forbids():
    for source in ("self.console.print(f'{x}')", "c.status(x)", "from rich.progress import Bar"):
        assert list(breaches(source))


def console(**options):
    return Console(file=io.StringIO(), width=120, **options)


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_in_a_text_is_markup(terminal):
    shown = console(force_terminal=terminal, legacy_windows=False, color_system=None)
    say(shown, NASTY)
    print_table(shown, NASTY, Table([NASTY, "b"], [[NASTY, "1"]]))
    with status(shown, NASTY) as state:
        state.update(NASTY)
    for kind in ("samples", "epochs", "trainings", "runs"):
        with Bars(shown, kind) as bars:
            bar = bars.add(NASTY, 2)
            bars.advance(bar, note=NASTY)
            bars.say(NASTY)
            bars.end(bar)
    assert shown.file.getvalue().count(NASTY) >= 12


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\rc", r"a\nb\rc"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("caf\udce9", r"caf\udce9"),
        ("a\u2028b\u202eexe.csv", r"a\u2028b\u202eexe.csv"),
        ("größer 漢字 👩‍🔬", "größer 漢字 👩‍🔬"),  # whose joiner is shown by no escape
    ],
)
def test_what_acts_on_a_terminal_is_shown_instead(text, shown):
    assert plain(text) == shown
    one = console()
    say(one, text)
    assert one.file.getvalue() == shown + "\n"


def test_a_character_that_the_output_cannot_hold_is_an_escape():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say(Console(file=file, width=80), "± é")
    assert file.buffer.getvalue() == rb"\xb1 \xe9" + b"\n"
