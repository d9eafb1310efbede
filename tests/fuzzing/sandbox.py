"""One damaged input in a folder of its own, and whether its reader kept all rules."""

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fuzzing.cases import KINDS, kind_of
from fuzzing.readers import OUT
from fuzzing.seeds import write_seeds

SECONDS = 20  # that reading one input may take
MEMORY = 2**30  # bytes by which it may make the process grow
FAULTS = ("exception", "wrong", "warning", "hang", "crash", "memory", "files", "program")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork")
PROGRAMS += ("socket.connect", "pickle.find_class", "ctypes.dlopen")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        kind: Kind of input, of `KINDS`.
        outcome: `"read"`, `"refused"` or one of `FAULTS`.
        detail: What was raised, or which rule was broken.
        seconds: How long the reading took.
        memory: Bytes by which the process grew meanwhile.
    """

    kind: str
    outcome: str
    detail: str
    seconds: float
    memory: int


class Hang(BaseException):
    """The time is up; no reader may take it for an error of its own."""


class Sandbox:
    """A folder that is the current one, and the only place that may change, while it is open.

    Args:
        root: Folder that is there.
    """

    def __init__(self, root):
        self._root = Path(root).resolve()
        self._case, self._temporary = self._root / "case", self._root / "temporary"
        self._saved = os.getcwd(), tempfile.tempdir
        self._watching, self._seen = False, []

    def __enter__(self):
        """Makes the inputs that cases damage."""
        os.chdir(self._root)
        for name in ("seeds", "outside", "temporary"):
            Path(name).mkdir(exist_ok=True)
        Path("outside", "x").write_text("left alone")
        Path("hidden_module.py").write_text("import os\nos.mkdir('executed')\nHidden = os.mkdir\n")
        sys.path.insert(0, str(self._root))
        tempfile.tempdir = str(self._temporary)
        write_seeds(Path("seeds"))
        sys.addaudithook(self._watch)
        return self

    def __exit__(self, *_):
        """Puts back what it changed in the process."""
        os.chdir(self._saved[0])
        tempfile.tempdir = self._saved[1]
        sys.path.remove(str(self._root))

    def run(self, number, seed=0):
        """Damages an input and reads it.

        Args:
            number: Number of the case, which with the seed determines all of it.
            seed: Whole number.

        Returns:
            `Result`.
        """
        return self.judge(*self.prepare(number, seed))

    def prepare(self, number, seed=0):
        """Damages an input; returns its kind, and a function that reads it."""
        kind, rng = kind_of(number, seed)
        shutil.rmtree(self._case, ignore_errors=True)
        self._case.mkdir()
        return kind, KINDS[kind][1](rng, self._case.relative_to(self._root))

    def judge(self, kind, read):
        """Calls a function that reads something, and tells what rule it broke, if any."""
        before, self._seen = self._files(), []
        _forget_peak()
        memory, began = _peak(), time.perf_counter()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
            outcome, detail = self._outcome(read)
        seconds, memory = time.perf_counter() - began, _peak() - memory
        changed = sorted(dict(before.items() ^ self._files().items()))
        if changed:
            outcome, detail = "files", f"{', '.join(changed)} changed"
        elif self._seen:
            outcome, detail = "program", ", ".join(self._seen)
        elif memory > MEMORY and outcome not in FAULTS:
            outcome, detail = "memory", f"{memory >> 20} MiB"
        elif warned and outcome not in FAULTS:
            outcome, detail = "warning", f"{warned[0].category.__name__}: {warned[0].message}"
        detail = detail.replace(f"{self._root}/", "")[:500]
        return Result(kind, outcome, detail, seconds, memory)

    def _outcome(self, read):
        try:
            with _time_limit(), self._watched():
                read()
            return "read", ""
        except (ValueError, OSError) as error:
            return "refused", f"{type(error).__name__}: {error}"
        except AssertionError as error:
            return "wrong", f"{error or traceback.format_exc(limit=-1)}"
        except Hang:
            return "hang", "".join(traceback.format_exc(limit=-4))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, line {place.lineno}"
            return "exception", f"{type(error).__name__}: {error} ({where})"

    def _files(self):
        """Size and time of each file, but for those that a case may write."""
        found = {}
        for folder, folders, names in os.walk("."):
            if folder == os.path.join(".", "case") and OUT in folders:
                folders.remove(OUT)
            found |= dict.fromkeys((os.path.join(folder, name) for name in folders), None)
            for path in (os.path.join(folder, name) for name in names):
                about = os.lstat(path)
                found[path] = about.st_size, about.st_mtime_ns
        return found

    @contextmanager
    def _watched(self):
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    def _watch(self, event, arguments):
        """An audit hook: notes programs that start, and files written outside of the folder."""
        if not self._watching:
            return
        if event in PROGRAMS:
            self._seen.append(f"{event} {arguments[0]!r}")
        elif event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & WRITES:
            path = os.path.abspath(os.fsdecode(arguments[0]))
            if not path.startswith(f"{self._root}{os.sep}") and path != os.devnull:
                self._seen.append(f"writes {path}")


@contextmanager
def _time_limit():
    def end(*_):
        raise Hang

    former = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _forget_peak():
    """Lets the peak of memory start anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak():
    """Most bytes of memory that the process had at a time."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * int(status.split("VmHWM:")[1].split()[0])
