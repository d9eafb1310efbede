"""What a training left in the folder of its run, ready for use."""

import functools
import hashlib
import math
import os

from keras_vabc.data.checks import check_rows
from keras_vabc.data.intake import FOLDS, DataSpec, held_out, read_blocks
from keras_vabc.files.array_files import read_array_file
from keras_vabc.recipes.runs import RECORD, open_run

FINISHED = "finished"
CLASSIFIER, MODEL, DENSITY = "nu.keras", "model.keras", "density.npz"
SCORES, HISTORY = "scores.npz", "history.json"
DAMAGES = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class TrainedRun:
    """The networks of a run, each loaded when it is first asked for.

    Args:
        run: `Run`, whose training is finished, or at least the stages that are asked for.
    """

    def __init__(self, run):
        self.run = run

    @property
    def record(self):
        """The record of the run, a dict."""
        return self.run.record

    @functools.cached_property
    def spec(self):
        """`DataSpec` of the data."""
        return self.read(lambda record: DataSpec.from_json(record["spec"]))

    @functools.cached_property
    def method(self):
        """The `Recipe` that the run was trained by."""
        from keras_vabc.recipes.recipe import Recipe
        from keras_vabc.recipes.settings import Setting

        def read(record):
            setting = dict(record["method"]["setting"])
            setting["units"] = tuple(setting["units"])
            method = record["method"] | {"setting": Setting(**setting)}
            method.pop("rival", None)  # in the records of runs trained before it left `Recipe`
            return Recipe(**method)

        return self.read(read)

    @property
    def has_classifier(self):
        """Whether there is an NU classifier."""
        return "classifier" in self.record["stages"]

    @functools.cached_property
    def nu(self):
        """The `NUClassifier`; `None` where there is none."""
        from keras_vabc.nu.classifier import NUClassifier

        return NUClassifier.load(self.run.path(CLASSIFIER)) if self.has_classifier else None

    @functools.cached_property
    def model(self):
        """The `VABC`."""
        import keras_vabc.vabc.model  # noqa: F401 - which makes the class known
        from keras_vabc.files.model_files import read_model_file

        return read_model_file(self.run.path(MODEL))[0]

    @functools.cached_property
    def sampler(self):
        """The `LatentSampler`, with density and guard."""
        from keras_vabc.recipes.generation import new_sampler

        sampler = new_sampler(self.method, self.model, self.nu)
        if self.method.density == "gmm":
            sampler.set_state(read_array_file(self.run.path(DENSITY))[0])
        return sampler

    @property
    def threshold(self):
        """The score above which an example is flagged; `None` where none is stored."""
        stored = self.record.get("threshold")
        return None if stored is None else self.read(lambda _: _finite(stored["value"]))

    @property
    def score_name(self):
        """What `score` gives, in words."""
        if self.has_classifier:
            return "P(negative | x) by the NU classifier"
        return "reconstruction error R of V-ABC"

    def score(self, rows):
        """How unwanted each row is, shape `(n,)`; see `score_name`."""
        return self.nu.negative_probability(rows) if self.has_classifier else self.model.score(rows)

    def blocks(self, name):
        """Reads the user's own `"unlabeled"` or `"unwanted"` data, of which the run has no copy.

        Yields:
            `(ids, rows)`, as `read_blocks`.
        """
        return self.read_blocks(self.read(lambda record: os.fspath(record["data"][name])), name)

    def read_blocks(self, path, name, notes=None):
        """Reads data of the form of the run's, as `data.intake.read_blocks` does."""
        most = self.read(lambda record: float(record["settings"]["max_unreadable"]))
        return read_blocks(path, self.spec, name, max_unreadable=most, notes=notes)

    def check_output(self, out, **others):
        """Refuses a file to write that would replace the data, or a part of the run.

        Args:
            out: Path of the file.
            **others: Paths of more files that are to stay, by the names of their arguments.

        Raises:
            ValueError: If it is one of them.
        """
        data = self.read(lambda record: {name: os.fspath(record["data"][name]) for name in FOLDS})
        own = {f"{name} of the run": self.run.path(name) for name in (DENSITY, SCORES)}
        for name, path in (others | data | own).items():
            if os.path.exists(out) and os.path.exists(path) and os.path.samefile(out, path):
                raise ValueError(f"out must be another file than {name}. Received: out={out}.")

    def held_out(self, rows, part=1.0):
        """Which rows were held out at training, boolean of shape `(n,)`; or a part of those."""

        def read(record):
            return held_out(rows, record["settings"]["seed"], part * record["data"]["test_share"])

        return self.read(read)

    def held_out_scores(self):
        """Scores of the held-out examples, which nothing was trained on.

        Returns:
            `(unlabeled, unwanted, weights)`: float32 arrays of shape `(n,)`, `(m,)` and `(n,)`; the
            weights are P(positive) of the unlabeled, or `None` without a classifier.
        """
        arrays = read_array_file(self.run.path(SCORES))[0]
        names = ("unlabeled", "unwanted")
        unlabeled, unwanted = (
            self.read(lambda _, name=name: check_rows(name, arrays[name], ()), SCORES)
            for name in names
        )
        return unlabeled, unwanted, 1 - unlabeled if self.has_classifier else None

    def provenance(self):
        """What its samples and scores come from: hashes of the files, versions at the training."""
        files = {name: self.run.path(name) for name in (MODEL, CLASSIFIER, DENSITY)}
        return {
            "run": str(self.run.folder.resolve()),
            "sha256": {name: _sha256(path) for name, path in files.items() if path.exists()},
            "versions": self.record.get("versions"),
        }

    def read(self, read, name=RECORD):
        """What a function makes of the record, or a `ValueError` that calls `name` damaged."""
        try:
            return read(self.record)
        except DAMAGES as error:
            raise ValueError(
                f"RUN must have a whole {name}. Received: {self.run.folder}, whose is damaged "
                f"({type(error).__name__}: {error})."
            ) from None


def finished_run(folder, name="RUN"):
    """The `TrainedRun` in a folder.

    Args:
        folder: Path of the run.
        name: Name of the argument that gave it, for errors.

    Raises:
        ValueError: If it is no finished run of this version or an earlier one.
    """
    run = open_run(folder, name)
    if run.record["status"] != FINISHED:
        raise ValueError(
            f"{name} must be a finished run. Received: {folder}, whose training has not ended; "
            "the same train command again goes on with it."
        )
    return TrainedRun(run)


def _finite(number):
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    return float(number)


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
