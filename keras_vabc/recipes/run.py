"""A run: what a training left, ready for use."""

import dataclasses
import functools
from pathlib import Path

from keras_vabc.data.checks import check_kind, check_path
from keras_vabc.data.digests import in_share
from keras_vabc.data.intake import read_examples
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.recipes.arguments import data_at
from keras_vabc.recipes.parts import Parts, check_parts
from keras_vabc.recipes.record import FINISHED
from keras_vabc.recipes.record_file import change_record, read_record, write_record


class Run:
    """A trained generator with its classifier, density, guard, threshold and record.

    `kv.train` returns one, and `kv.open_run` opens one that is stored. Its parts are loaded when
    they are first needed.

    Args:
        record: `RunRecord`.
        folder: `pathlib.Path` of the folder that keeps it; `None` for a run in memory.
        data: Dict of the training data by `"unlabeled"` and `"unwanted"`, for those in memory.

    Example:
        ```python
        run = kv.open_run("run")
        images = run.sample(1000, seed=0)
        run.set_threshold(max_false_alarms=0.01)
        run.flag(new_images)
        ```
    """

    def __init__(self, record, folder=None, data=None):
        self.record, self._data = record, data or {}
        self.folder = None if folder is None else Path(folder).absolute()
        self._parts = Parts(self.folder)

    @property
    def spec(self):
        """`DataSpec`: what one example is."""
        return self.record.spec

    @property
    def columns(self):
        """`Columns` of a typed table; `None` for other data."""
        return self._parts.get("columns", self.record) if self.spec.typed else None

    @property
    def nu(self):
        """The `NUClassifier`; `None` in the setting `"paper"`."""
        return self._parts.get("nu", self.record) if self.has_classifier else None

    @property
    def model(self):
        """The `VABC`."""
        return self._parts.get("model", self.record)

    @functools.cached_property
    def sampler(self):
        """The `LatentSampler`, with density and guard."""
        check_keras_settings()
        from keras_vabc.recipes.generation import new_sampler

        sampler = new_sampler(self.record.recipe, self.model, self.nu, self.spec)
        if self.record.recipe.density == "gmm":
            sampler.set_state(self._parts.get("density", self.record))
        return sampler

    @property
    def history(self):
        """Losses of each epoch, a dict of lists."""
        return self._parts.get("history", self.record)

    @property
    def threshold(self):
        """The score above which an example is flagged; `None` where none is set."""
        return None if self.record.threshold is None else self.record.threshold.value

    @property
    def has_classifier(self):
        """Whether there is an NU classifier."""
        return "classifier" in self.record.stages

    @property
    def score_name(self):
        """What `score` gives, in words."""
        if self.has_classifier:
            return "P(negative | x) by the NU classifier"
        return "reconstruction error R of V-ABC"

    def sample(self, n, seed=0):
        """Generates new data, as `keras-vabc sample` writes them.

        Args:
            n: Number of samples.
            seed: Another one gives other samples; the first `m` of one seed are the same for every
                `n >= m`.

        Returns:
            Array of shape `(n, *spec.shape)` and of `spec.dtype`, on the data's own scale; of a run
            on a table a pandas DataFrame, or else a `pyarrow.Table`, with its columns and types.

        Raises:
            ValueError: If `n` or `seed` is no whole number >= 0.
            RuntimeError: If the guard rejects nearly everything.
        """
        from keras_vabc.recipes.outputs import drawn_samples

        return drawn_samples(self, n, seed)

    def score(self, x):
        """How unwanted each example is: see `score_name`.

        Args:
            x: Data of the form of the run's: whatever `kv.train` takes, columns by their names.

        Returns:
            Float32 array of shape `(n,)`; higher is more unwanted. Of files what cannot be read is
            left out, up to the run's `max_unreadable`; in memory each row has a score.

        Raises:
            ValueError, OSError: If they cannot be brought into that form, or read.
        """
        from keras_vabc.recipes.scores import scores_of

        return scores_of(self, x)

    def set_threshold(self, max_false_alarms=0.01):
        """Chooses the score from which data are flagged, and stores it with the run.

        With an NU classifier so many of the flagged count as negatives as a cautious estimate of
        their share and the held-out unwanted say; without one all unlabeled count as wanted.

        Args:
            max_false_alarms: Largest share of wanted data that may be flagged, in [0, 1).

        Returns:
            `Threshold`.

        Raises:
            ValueError: If the share is out of range.
            BlockingIOError: If another process is at work on the run.
        """
        from keras_vabc.recipes.threshold import chosen_threshold

        threshold = chosen_threshold(self, max_false_alarms)
        self.change(lambda record: dataclasses.replace(record, threshold=threshold))
        return threshold

    def flag(self, x):
        """Which examples exceed the threshold.

        Args:
            x: As in `score`.

        Returns:
            Boolean array of shape `(n,)`.

        Raises:
            ValueError: As `score`, or if no threshold is set.
        """
        if self.threshold is None:
            raise ValueError("threshold must be set before flag. Received: None; set_threshold.")
        return self.score(x) > self.threshold

    def evaluate(self, labels=None, negative_class=None, *, seed=0, show=None):
        """Measures the run, and stores the figures with it.

        Without labels: recall of the threshold on held-out unwanted examples, an estimate of the
        area under the ROC curve, and the share of samples that the run's own classifier flags. With
        them: the score against the truth, and all that `ImageEvaluation` measures of images.

        Args:
            labels: `None`; the path of a CSV file of `id,label` or of a `.npy` file; or the label
                of each unlabeled example.
            negative_class: The label of what must not be generated; needed with `labels`.
            seed: Seed of samples and judges.
            show: `None`, or called with a few words on what is being done.

        Returns:
            `UnlabeledFigures` or `LabeledFigures`.

        Raises:
            ValueError: If the labels do not fit, or the data are gone.
            OSError: If something cannot be read.
            RuntimeError: If the guard rejects nearly everything.
        """
        from keras_vabc.recipes.evaluation import evaluate

        kind, figures = evaluate(self, labels, negative_class, seed, show or (lambda text: None))
        self.change(lambda record: record.with_evaluation(kind, figures))
        return figures

    def export(self, out, format="savedmodel"):
        """Writes decoder, density, guard, score and threshold as a folder to deploy.

        `out` gets a folder of the model, `1` for a SavedModel (the layout of TensorFlow Serving),
        `onnx` or `litert` otherwise; `MODEL_CARD.md`; and `manifest.json`. The model is loaded
        again by the runtime of its format, and compared with the run, before it is there.

        Args:
            out: The folder to make; must not exist, be empty, or be an export as it was made.
            format: `"savedmodel"`; or `"onnx"` or `"litert"`, which need the extra of that name.

        Returns:
            `pathlib.Path` of the model's folder.

        Raises:
            ImportError: If the packages of the format are not installed.
            ValueError: For another format.
            OSError: If `out` cannot be written.
            RuntimeError: If the guard rejects nearly everything, or the export does not reproduce
                the run.
        """
        check_path("out", out)
        check_kind("format", format, str, "a name")
        from keras_vabc.recipes.export import export

        return export(self, out, format)

    # What the steps of a training and the pages use

    def keep(self, name, value):
        """Takes a part of the run, and writes its file where there is a folder."""
        self._parts.keep(self, name, value)

    def update(self, **changes):
        """Changes fields of the record, for whoever has the folder locked."""
        self.record = dataclasses.replace(self.record, **changes)
        if self.folder is not None:
            write_record(self.folder, self.record)

    def change(self, changed):
        """Replaces the record by what a function makes of the latest one."""
        if self.folder is None:
            self.record = changed(self.record)
        else:
            self.record = change_record(self.folder, changed)

    def score_rows(self, rows):
        """`score` of rows in the form of the run's."""
        return self.nu.negative_probability(rows) if self.has_classifier else self.model.score(rows)

    def held_out_scores(self):
        """Scores `(n,)`, `(m,)` of what was held out, and `Estimates` of the training data's.

        These are out of fold, or, where none are stored, of the held-out; `None`: no classifier.
        """
        from keras_vabc.recipes.threshold import with_estimates

        made = functools.partial(with_estimates, has_classifier=self.has_classifier)
        return self._parts.made_of("scores", self.record, made)

    def held_out(self, name, hashes, part=1.0):
        """Which rows of a fold were held out, by their hashes, or a part of those: boolean."""
        share = self.record.counts[name].share or self.record.data.test_share
        return in_share(hashes, part * share)

    def read(self, source, name, notes=None, *, max_unreadable=None, **how):
        """Reads data in the form of the run's, as `read_examples` does, by the run's own limit."""
        most = self.record.settings.max_unreadable if max_unreadable is None else max_unreadable
        how |= {"max_unreadable": most, "columns": self.columns}
        return read_examples(source, self.spec, name, notes=notes, **how)

    def training_data(self, name, unreadable=None):
        """Reads the `"unlabeled"` or `"unwanted"` data, of which the run has no copy."""
        how = {"unreadable": unreadable, "seed": self.record.settings.seed}
        return self.read(self.source(name), name, **how)

    def source(self, name):
        """The `"unlabeled"` or `"unwanted"` data: a path, or what was given in memory."""
        return data_at(getattr(self.record.data, name), name, self._data)


def open_run(folder, name="run"):
    """Opens a finished run.

    Args:
        folder: Path of its folder.
        name: Name of the argument that gave it, for errors.

    Returns:
        `Run`.

    Raises:
        ValueError: If there is none, its record is damaged or of a newer version, or its training
            has not ended; or a part of it is gone, or of another run.
    """
    record = read_record(folder, name)
    if record.status != FINISHED:
        raise ValueError(
            f"{name} must be a finished run. Received: {folder}, whose training has not ended; "
            "the same train command again goes on with it."
        )
    check_parts(folder, record, name)
    return Run(record, folder)
