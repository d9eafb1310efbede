"""Ids: names that are written in a table, and found again."""

import itertools
import os

from keras_vabc.data.ids import as_cell, from_cell, is_formula, printable_path

PIECES = ("=", "'", "+", "x", "-", "@", "\t", "\r", "\n", "＝", " ")


def test_every_name_is_found_again_and_no_cell_is_a_formula():
    names = ["".join(parts) for n in range(5) for parts in itertools.product(PIECES, repeat=n)]
    cells = [as_cell(name) for name in names]
    assert [from_cell(cell) for cell in cells] == names
    assert len(set(cells)) == len(names) and not any(map(is_formula, cells))
    assert {name for name, cell in zip(names, cells, strict=True) if name == cell} == {
        name for name in names if name.lstrip("'")[:1] in ("", "x", " ")
    }


def test_no_two_paths_become_the_same():
    pieces = (b"\\", b"x", b"5c", b"ff", b"\xff", b"\x5c", b"\x80", b"7f", "é".encode(), b"/")
    paths = {b"".join(parts) for n in range(6) for parts in itertools.product(pieces, repeat=n)}
    shown = [printable_path(os.fsdecode(path)) for path in paths]
    assert len(set(shown)) == len(paths)
    assert all(text.encode() == path for path, text in zip(paths, shown, strict=True)
               if b"\\" not in path and path.decode(errors="ignore").encode() == path)  # fmt: skip
