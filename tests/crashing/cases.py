"""The commands that are stopped, and the folders in which they start."""

import contextlib
import dataclasses
import shutil
from concurrent.futures import Future
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from keras_vabc.evaluation import judges
from keras_vabc.nu import members
from keras_vabc.pages import run_page
from keras_vabc.recipes import evaluation, labeled, own_data, sweep, training, tune

FOLDS = "--unlabeled data/all.npy --unwanted data/bad.npy"
PAPER = "--setting paper --epochs 2"
LABELS = "--labels data/labels.npy --negative-class 1"
OWN = {  # a user's files, in whatever folder a command works
    "README.md": "my own",
    "notes.txt": "my notes",
    "mydata.csv": "1,2\n",
    "x.tmp": "half of something",
    ".x.tmp/part": "another half",
    ".old": "my older notes",
    "work/mine.txt": "my work",
    "arrays/mine.txt": "my arrays",
}

OURS = ("place/tuned/README.md",)  # of the same name


@dataclasses.dataclass(frozen=True)
class Command:
    """Words of a command, the commands before it, and the class of what it leaves.

    `kind` is `"new"` for one that makes something that was not there, or replaces all of it,
    `"change"` for one that changes a run, `"training"` for one that keeps what is finished when it
    fails. Those of `start` came before it; what ends in `!` was killed before it kept a model, and
    `change` adds to a file. Of a `variant` only those points are stopped that no command before it
    reached.
    """

    words: str
    kind: str
    start: tuple = ()
    variant: bool = False


def _commands():
    train = f"train {FOLDS} --out place/run"
    paper, quality = f"{train} {PAPER}", f"{train} --epochs 2"
    images = paper.replace("data/", "data/image-")
    yield "train-paper", Command(f"train {FOLDS} --out place/empty {PAPER}", "training")
    words = f"train {FOLDS} --out place/new/run --epochs 2"
    yield "train-quality", Command(words, "training", (), True)
    yield "train-resume", Command(quality, "training", (f"{quality}!",))
    yield "train-finished", Command(paper, "training", (paper,))
    start = f"train {FOLDS} --out place/new --from place/run --epochs 2"
    yield "train-from", Command(start, "training", (paper,), True)
    yield "train-images", Command(images.replace("run", "new/run"), "training", (), True)
    tuning = f"tune {FOLDS} --out place/new/tuned {PAPER} --seeds 1"
    yield "tune", Command(tuning, "training")
    tuning = tuning.replace("/new/", "/")
    before = (tuning.replace("epochs 2", "epochs 1"),)
    yield "tune-again", Command(tuning, "training", before, True)
    yield "threshold", Command("threshold place/run", "change", (paper,))
    yield (
        "threshold-again",
        Command("threshold place/run", "change", (paper, "threshold place/run")),
    )
    yield "evaluate", Command("evaluate place/run", "change", (quality,))
    yield "evaluate-labels", Command(f"evaluate place/run {LABELS}", "change", (paper,))
    yield "report", Command("report place/run", "change", (paper,))
    for name in ("csv", "parquet", "npy", "npz"):
        words = f"sample place/run -n 30 --out place/new/samples.{name} --seed 1"
        yield f"sample-{name}", Command(words, "new", (paper,))
        words = words.replace("/new/", "/")
        yield f"sample-{name}-again", Command(words, "new", (paper, f"{words[:-1]}2"))
    words = words.replace(".npz", ".csv")
    changed = (paper, f"{words[:-1]}2", "change place/samples.csv")
    yield "sample-csv-over", Command(f"{words} --overwrite", "new", changed)
    words = "sample place/run -n 30 --out place/new/samples"
    yield "sample-folder", Command(words, "new", (images,))
    words = words.replace("/new/", "/")
    more = words.replace("30", "40")
    yield "sample-folder-again", Command(words, "new", (images, more))
    words = "score place/run --input data/all.npy --out place/new/scores.csv"
    yield "score", Command(words, "new", (paper,))
    words = words.replace("/new/", "/")
    yield "score-again", Command(words, "new", (paper, words.replace("/all.npy", "/bad.npy")))
    for name in ("savedmodel", "onnx", "litert"):
        words = f"export place/run --format {name} --out place/new/model"
        yield f"export-{name}", Command(words, "new", (paper,))
    words = words.replace("litert", "savedmodel").replace("/new/", "/")
    yield "export-again", Command(words, "new", (paper, words))
    export = words.replace("litert", "savedmodel").replace("/new/", "/")
    begin = "certify place/model -n 5 --seed 3 --run place/run --plant 2 --out place/new/review"
    yield "certify", Command(begin, "new", (paper, export))
    ended = "certify place/model --decisions place/review/decisions.csv --out place/review --leave"
    begin = begin.replace("/new/", "/")
    yield "certify-end", Command(ended, "change", (paper, export, begin))


COMMANDS = dict(_commands())
# In a minute: a record that changes, a file and its manifest, a training that has its all.
SHORT = ("threshold", "sample-csv-again", "train-finished")


def make_small():
    """Trainings and measurements of a moment, in this process alone."""
    members.LEAST_STEPS = judges.LEAST_STEPS = 5
    own_data.GUARD, own_data.CUT = 0.999, dict.fromkeys(own_data.CUT)
    training.TRIED_SAMPLES = 50
    evaluation.SAMPLES = labeled.SAMPLES = run_page.SPREAD_SAMPLES = tune.SAMPLES = 100
    tune.STRENGTHS = (5.0,)
    sweep.worker_pool = _one_process
    Figure.savefig = lambda figure, file, **options: file.write(b"a figure")


@contextlib.contextmanager
def _one_process(workers=None):
    """As `worker_pool`, without other processes: what workers write is watched, too."""
    yield _Pool()


class _Pool:
    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except OSError as error:
            future.set_exception(error)
        return future


def make_data(root):
    """The user's data, and folders that hold files of the user's own."""
    rng = np.random.default_rng(0)
    data, place = root / "data", root / "place"
    for folder in (data, place, root / "tmp", root / "home"):
        folder.mkdir(parents=True)
    table = np.stack([rng.normal(size=160), rng.poisson(2, 160), np.full(160, 7)], axis=1)
    table[:20, 0] += 3
    images = rng.integers(0, 120, (100, 6, 6, 1), dtype="uint8")
    images[:20] += 120
    for prefix, rows in (("", table.astype("float32")), ("image-", images)):
        np.save(data / f"{prefix}all.npy", rows)
        np.save(data / f"{prefix}bad.npy", rows[:20].repeat(3, axis=0))
    np.save(data / "labels.npy", (np.arange(160) < 20).astype(int))
    Image.fromarray(images[0, ..., 0]).save(data / "one.png")
    add_own_files(place)
    (place / "empty").mkdir(mode=0o750)


def add_own_files(folder):
    """A user's own files, of various modes, where there is no other of the name."""
    for number, (name, text) in enumerate(OWN.items()):
        path = Path(folder, name)
        if path.exists() or (path.parent != Path(folder) and path.parent.exists()):
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod((0o644, 0o600, 0o444)[number % 3])


def copy_start(source, root):
    """A copy of a starting folder, which names its own place where it named that of the source."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(source, root, symlinks=True)
    for path in root.rglob("*.json"):
        if path.parent.name != "data":
            mode, text = path.stat().st_mode, path.read_text()
            path.chmod(0o600)
            path.write_text(text.replace(str(source), str(root)))
            path.chmod(mode)
