"""What a person decided on items: a log in the folder of a run, in SQLite.

Each decision is on the disk before the browser is told so. Nothing is changed or deleted: who
undoes a step adds a line that says so, and so does another process that has the same file open.
"""

import contextlib
import datetime
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

DATABASE = "review.db"  # in the folder of a run
MARK = 0x6B766163  # of our databases, in a field that SQLite leaves to programs
SCHEMA = 1
WAIT = 60  # seconds for others that write
UNWANTED, KEEP = "unwanted", "keep"
RANDOM, TOP = "random", "top"

TABLES = f"""
create table about (name text primary key, value text not null);
create table log (
  line integer primary key,
  step integer not null,
  browser text not null,
  time text not null,
  undoes integer,
  id text,
  digest text,
  decision text check (decision in ('{UNWANTED}', '{KEEP}')),
  shown text check (shown in ('{RANDOM}', '{TOP}')),
  place integer,
  check ((undoes is null) = (id is not null and digest is not null and decision is not null
    and shown is not null and place is not null))
);
create index steps on log (browser, step);
"""


@dataclass(frozen=True)
class Decision:
    """One decision on one item.

    Attributes:
        id: What names the item, as scores do.
        digest: Hash of its content, 16 hexadecimal digits.
        decision: `"unwanted"` or `"keep"`.
        shown: The order it was shown in: `"random"`, or `"top"` for every other.
        place: Its place in that order, counted from 0.
    """

    id: str
    digest: str
    decision: str
    shown: str
    place: int


@dataclass(frozen=True)
class Line:
    """A line of the log: a `Decision`, made in some step, or `None`, and the step it undoes."""

    line: int
    step: int
    decision: Decision | None
    undoes: int | None


class Decisions:
    """The log of a run.

    Args:
        folder: Folder of the run; `None` keeps the log in memory.
        run_id: Id of the run, which the log names.
        seed: Seed of the random order, which a new log stores.

    Raises:
        ValueError: If the file is damaged, of a newer version or of another run.
        OSError: If another's file has its name, or it cannot be read or written.
    """

    def __init__(self, folder, run_id, seed=0):
        self.path = None if folder is None else Path(folder, DATABASE)
        self._lock = threading.RLock()
        with self._clear_errors():
            self._connection = self._opened()
            about = self._begun(run_id or "", seed)
        self.seed = int(about["seed"])

    def close(self):
        """Gives the file up."""
        with self._lock:
            self._connection.close()

    def add(self, browser, decided):
        """Stores a step of a browser: the `Decision`s that a function gives, all or none.

        The function is called when nobody else can write any more.
        """
        with self._writing():
            step = self._next_step()
            self._insert(step, browser, [(None, *_cells(own)) for own in decided()])

    def undo(self, browser):
        """Undoes the last step of a browser that is not undone: whether there was one."""
        with self._writing():
            step = self._connection.execute(
                "select max(step) from log where browser = ? and undoes is null and step not in "
                "(select undoes from log where undoes is not null)",
                [browser],
            ).fetchone()[0]
            if step is not None:
                self._insert(self._next_step(), browser, [(step, *[None] * 5)])
        return step is not None

    def after(self, line):
        """The `Line`s behind one, of this process and of others."""
        with self._clear_errors(), self._lock:
            rows = self._connection.execute(
                "select line, step, undoes, id, digest, decision, shown, place from log "
                "where line > ? order by line",
                [line],
            ).fetchall()
        return [
            Line(line, step, None if undoes is not None else Decision(*cells), undoes)
            for line, step, undoes, *cells in rows
        ]

    @contextlib.contextmanager
    def _writing(self):
        with self._clear_errors(), self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def _next_step(self):
        return self._connection.execute("select coalesce(max(step), 0) + 1 from log").fetchone()[0]

    def _insert(self, step, browser, rows):
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._connection.executemany(
            "insert into log (step, browser, time, undoes, id, digest, decision, shown, place) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(step, browser, now, *row) for row in rows],
        )

    def _opened(self):
        if self.path is not None and (self.path.is_symlink() or not _is_free(self.path)):
            self._check_ours()
        connection = sqlite3.connect(
            ":memory:" if self.path is None else self.path,
            timeout=WAIT,
            isolation_level=None,
            check_same_thread=False,
        )
        if self.path is None or _is_free(self.path):
            connection.execute(f"pragma application_id = {MARK}")  # in the file itself: no log yet
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # a power cut loses nothing either
        return connection

    def _check_ours(self):
        """Refuses a file that is not a log of ours, before anything is written to it."""
        with open(self.path, "rb") as file:
            head = file.read(72)
        if self.path.is_symlink() or head[68:72] != MARK.to_bytes(4, "big"):
            raise FileExistsError(
                f"RUN must have room for {DATABASE}. Received: {self.path}, which keras-vabc did "
                "not make; move it away."
            )

    def _begun(self, run_id, seed):
        """What the log says about itself, which is written where it is new."""
        execute = self._connection.execute
        with self._writing():
            version = execute("pragma user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, TABLES.split(";")):
                    execute(statement)
                new = {"run": run_id, "seed": str(seed)}
                self._connection.executemany("insert into about values (?, ?)", new.items())
                execute(f"pragma user_version = {SCHEMA}")
        if version > SCHEMA:
            raise ValueError(
                f"{self.path} was written by a newer version of keras_vabc; update the package. "
                f"Received: schema {version}, where this version knows {SCHEMA}."
            )
        about = dict(execute("select name, value from about"))
        if about.get("run") != run_id or not about.get("seed", "").isdecimal():
            raise ValueError(
                f"{self.path} must hold decisions on this run. Received: those on another one; "
                "move it away."
            )
        return about

    @contextlib.contextmanager
    def _clear_errors(self):
        """Makes of SQLite's errors those that say what is the matter with the file."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(f"{self.path} cannot be read or written ({error}).") from None
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self.path} must be a whole file of decisions. Received: a damaged one ({error})."
            ) from None


def _cells(own):
    return own.id, own.digest, own.decision, own.shown, own.place


def _is_free(path):
    """Whether nothing is there, or what is left of a process that was killed at its first line."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)
