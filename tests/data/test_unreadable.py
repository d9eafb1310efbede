"""Files that could not be read: however many, each with its reason."""

import csv
import tracemalloc

from keras_vabc.data import unreadable


def test_many_are_kept_on_disk_and_none_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(unreadable, "MEMORY_BYTES", 2**14)
    names = [f"{'long/' * 20}{number},\n.png" for number in range(20_000)]
    found = unreadable.Unreadable()
    tracemalloc.start()
    for name in names:
        found.add(name, "truncated")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**18, "2 MB of names are not in memory"
    assert len(found) == 20_000
    for _ in range(2):
        assert [name for name, _ in found] == names
    found.add("=last", "empty")
    assert [name for name, _ in found] == [*names, "=last"], "which may be added to"
    assert found.first().count("(truncated)") == 3
    unreadable.write_unreadable(tmp_path / "x.csv", {"unlabeled": found, "unwanted": ()})
    with open(tmp_path / "x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [*names, "'=last"]
    assert {row["fold"] for row in rows} == {"unlabeled"}
