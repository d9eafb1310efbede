"""What is decided is stored at once, whoever else writes, and whatever ends the process."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from keras_vabc.review.decisions import DATABASE, Decision, Decisions

RUN = "7" * 32
WRITER = """
import sys
from keras_vabc.review.decisions import Decision, Decisions

log = Decisions(sys.argv[1], sys.argv[2])
print("open", flush=True)
for step in range(100_000):
    log.add("b" * 8, lambda: [Decision(f"{step}-{i}", "d", "keep", "top", i) for i in range(50)])
    print(step, flush=True)
"""


@pytest.fixture
def opened():
    """Opens logs, and closes them at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda *given, **more: stack.enter_context(
            contextlib.closing(Decisions(*given, **more))
        )


def decision(name, decided="unwanted", shown="random", place=0):
    return Decision(name, f"{name}-content", decided, shown, place)


def added(log, *decided, browser="first"):
    log.add(browser, lambda: decided)


def names(log):
    return [own.decision and own.decision.id for own in log.after(0)]


def test_what_is_decided_is_there_when_opened_again(tmp_path, opened):
    log = opened(tmp_path, RUN, seed=5)
    added(log, decision("a", "keep", "top", 7), decision("b"))
    again = opened(tmp_path, RUN, seed=6)
    lines = again.after(0)
    assert [own.decision for own in lines] == [decision("a", "keep", "top", 7), decision("b")]
    assert {own.step for own in lines} == {1} and again.seed == 5
    added(log, decision("c"))
    assert [own.decision.id for own in again.after(lines[-1].line)] == ["c"]


def test_a_step_is_stored_whole_or_not_at_all(tmp_path, opened):
    log = opened(tmp_path, RUN)
    with pytest.raises(ValueError, match="damaged one .CHECK"):
        added(log, decision("a"), decision("b", "maybe"))
    assert log.after(0) == []
    added(log, decision("c"))  # nothing is left locked
    assert names(log) == ["c"]


def test_undo_takes_back_the_last_step_of_the_browser_alone(tmp_path, opened):
    log = opened(tmp_path, RUN)
    added(log, decision("a"))
    added(log, decision("b"), decision("c"))
    added(log, decision("d"), browser="second")
    assert log.undo("first") and log.undo("first") and not log.undo("first")
    assert [own.undoes for own in log.after(0)] == [None] * 4 + [2, 1]
    assert not log.undo("third")


def test_browsers_and_processes_at_once_lose_nothing(tmp_path, opened):
    logs = [opened(tmp_path, RUN) for _ in range(3)]

    def write(number):
        for step in range(20):
            added(logs[number % 3], decision(f"{number}-{step}"), browser=f"b{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = logs[0].after(0)
    assert {own.decision.id for own in lines} == {f"{n}-{s}" for n in range(9) for s in range(20)}
    assert len({own.step for own in lines}) == len(lines) == 180


def test_a_kill_in_the_middle_of_a_write_loses_nothing_that_was_confirmed(tmp_path, opened):
    for _ in range(3):
        before = max([own.step for own in opened(tmp_path, RUN).after(0)], default=0)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), RUN], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout.readline() == "open\n"
            confirmed = [writer.stdout.readline() for _ in range(7)]
            os.kill(writer.pid, signal.SIGKILL)
            confirmed += writer.stdout.read().splitlines()
        steps = {}
        for own in opened(tmp_path, RUN).after(0):
            steps.setdefault(own.step, []).append(own.decision.place)
        assert len(steps) - before >= len(confirmed) >= 7
        assert all(places == list(range(50)) for places in steps.values())


def test_a_file_of_others_is_left_alone(tmp_path, opened):
    path = tmp_path / DATABASE
    for text in (b"mine", b"SQLite format 3\0" + bytes(84)):
        path.write_bytes(text)
        with pytest.raises(FileExistsError, match="did not make; move it away"):
            opened(tmp_path, RUN)
        assert path.read_bytes() == text
    path.unlink()
    (tmp_path / "elsewhere").write_bytes(b"")
    path.symlink_to("elsewhere")
    with pytest.raises(FileExistsError, match="move it away"):
        opened(tmp_path, RUN)
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_decisions_on_another_run_are_refused(tmp_path, opened):
    opened(tmp_path, RUN).close()
    with pytest.raises(ValueError, match="must hold decisions on this run"):
        opened(tmp_path, "8" * 32)


def test_a_damaged_log_and_a_newer_one_are_one_line(tmp_path, opened):
    opened(tmp_path, RUN).close()
    path = tmp_path / DATABASE
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 4000 + whole[4100:])
    with pytest.raises(ValueError, match="must be a whole file of decisions.*damaged") as caught:
        opened(tmp_path, RUN)
    assert "\n" not in str(caught.value)
    path.write_bytes(whole)
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 2")
    connection.close()
    with pytest.raises(ValueError, match="newer version"):
        opened(tmp_path, RUN)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, opened):
    with pytest.raises(OSError, match="review.db cannot be read or written"):
        opened(tmp_path / "absent", RUN)


def test_a_run_in_memory_keeps_its_log_there(opened):
    log = opened(None, None, seed=3)
    added(log, decision("a"))
    assert names(log) == ["a"] and log.seed == 3
