"""The record of a run: what was trained on what, and what came out."""

import dataclasses
from typing import Literal

from pydantic import ConfigDict

from keras_vabc.data.columns.column import TYPES
from keras_vabc.data.spec import DataSpec
from keras_vabc.recipes.evaluated import Evaluation
from keras_vabc.recipes.forms import (
    Count,
    Date,
    Float32,
    Hash128,
    InnerShare,
    Interval,
    NotNegative,
    Positive,
    PositiveCount,
    Sha256,
    Share,
)
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.reviewed import Review

SCHEMA = 2  # raise it when an earlier version of the package could no longer read the file
FINISHED = "finished"
MEMORY = "memory"  # in the place of a path, with a hash behind it
STEPS = {  # of a finished training
    "paper": {"intake", "model", "density", "samples"},
    "quality": {"intake", "classifier", "model", "density", "samples"},
}
FILES = {  # of a run beside its record: its parts
    "nu": "nu.keras",
    "model": "model.keras",
    "density": "density.npz",
    "scores": "scores.npz",
    "history": "history.json",
    "columns": "columns.json",
}

Fold = Literal["unlabeled", "unwanted"]
ColumnType = Literal[TYPES]


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """What `train` was asked for.

    Attributes:
        setting: `"paper"` or `"quality"`.
        seed: Seed of everything random.
        max_unreadable: Largest share of the files that may be unreadable.
        epochs: Passes over the unlabeled data; `None` for as many as suit the data.
        gamma: Final gamma; `None` for the setting's own.
        image_size: `(height, width)`; `None` for the most frequent size.
        start: Absolute path of the run whose weights it started from, or `memory` and their hash;
            `None` without one.
        budget: Seconds that all of the training may take; `None` for no limit.
        types, drop, missing: What somebody said of the columns of a table; see `train`.
        prefer: `"clean"` or `"complete"`; see `train`.
        reviewed: sha256 of the file of decisions on unlabeled examples.
    """

    setting: Literal["paper", "quality"]
    seed: Count
    max_unreadable: Share
    epochs: PositiveCount | None = None
    gamma: Positive | None = None
    image_size: tuple[PositiveCount, PositiveCount] | None = None
    start: str | None = None
    budget: Positive | None = None
    types: dict[str, ColumnType] | None = None
    drop: tuple[str, ...] | None = None
    missing: tuple[str, ...] | dict[str, tuple[str, ...]] | None = None
    prefer: Literal["clean", "complete"] = "clean"
    reviewed: Sha256 | None = None


@dataclasses.dataclass(frozen=True)
class DataPlaces:
    """Where the data are: paths or names, or `memory` and a hash for data that have no path."""

    unlabeled: str
    unwanted: str
    test_share: InnerShare


@dataclasses.dataclass(frozen=True)
class Counts:
    """Examples of one fold; see `Intake`. Of earlier versions what is no number of them is `None`.

    `content` is a hash of the rows to train on and of those held out, in order; `None` for a run in
    memory. `order` is one of all rows as they were read, which is the order of their labels.
    """

    read: Count
    training: Count
    held_out: Count
    unreadable: Count = 0
    duplicates: Count = 0
    repeated: Count = 0
    content: Hash128 | None = None
    order: Hash128 | None = None
    share: InnerShare | None = None

    @classmethod
    def of(cls, counts, content=None, order=None):
        """Those of a dict, which may count repairs too."""
        names = {field.name for field in dataclasses.fields(cls)}
        own = {name: number for name, number in counts.items() if name in names}
        return cls(**own, content=content, order=order)


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the training found; `None` where its setting has no such thing, or has not yet."""

    negative_share: Share | None = None
    negative_share_interval: Interval | None = None
    cross_validation: dict[str, float | None] | None = None
    moved: Count | None = None
    epochs: Count | None = None
    loss: float | None = None
    val_loss: float | None = None
    acceptance: Share | None = None
    moved_wanted: tuple[Count, Count] | None = None  # 95 % interval of how many moved are wanted


@dataclasses.dataclass(frozen=True)
class Threshold:
    """From which score on data are flagged, and what that was on held-out examples.

    Attributes:
        value: Data whose score exceeds it are flagged.
        max_false_alarms: What was asked for.
        false_alarms: Share of the wanted data that is flagged, as estimated.
        false_alarms_interval: Its 95 % interval; `None` of an earlier version.
        flagged: Share of the unlabeled that is flagged.
        recall: Share of the unwanted that is flagged.
        recall_interval: Its 95 % interval.
        score: Name of the score.
        unlabeled, unwanted: Numbers of held-out examples.
        scores: sha256 of the `scores.npz` it is chosen from; `None` in memory and of old ones.
    """

    value: Float32
    max_false_alarms: Share
    false_alarms: Share
    flagged: Share
    recall: Share
    recall_interval: Interval
    score: str
    unlabeled: Count
    unwanted: Count
    scores: Sha256 | None = None
    false_alarms_interval: Interval | None = None


@dataclasses.dataclass(frozen=True)
class Provenance:
    """When, with which versions, and by which command the networks were trained."""

    date: Date
    versions: dict[str, str]
    command: str


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """Everything that a run says of itself; a changed one is another object.

    `id` is of the run alone (see `identity`), and `parts` maps the names of its files to their
    sha256, before they get these names: a file of another run, or a user's own, is known by it. A
    run in memory has no `parts`, one of an earlier version neither.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    status: Literal["training", "finished"]
    settings: TrainingSettings
    data: DataPlaces
    schema: Literal[2] = SCHEMA
    id: Hash128 | None = None
    stages: dict[Literal["intake", "classifier", "model", "density", "samples"], NotNegative] = (
        dataclasses.field(default_factory=dict)
    )
    parts: dict[Literal[*FILES.values(), "unreadable.csv"], Sha256] = dataclasses.field(
        default_factory=dict
    )
    counts: dict[Fold, Counts] = dataclasses.field(default_factory=dict)
    figures: Figures = Figures()
    notes: tuple[str, ...] = ()
    spec: DataSpec | None = None
    recipe: Recipe | None = None
    threshold: Threshold | None = None
    evaluation: Evaluation = Evaluation()
    provenance: Provenance | None = None
    git_revision: str | None = None
    reviewed: Review | None = None

    def with_evaluation(self, kind, figures):
        """The record with new figures of one kind, a field of `Evaluation`."""
        evaluation = dataclasses.replace(self.evaluation, **{kind: figures})
        return dataclasses.replace(self, evaluation=evaluation)

    def __post_init__(self):
        """A finished run has all that a use of it needs."""
        if self.status != FINISHED:
            return
        missing = [name for name in ("spec", "recipe", "provenance") if getattr(self, name) is None]
        needed = {"counts": ("unlabeled", "unwanted"), "stages": STEPS[self.settings.setting]}
        for field, names in needed.items():
            missing += [f"{field}.{n}" for n in sorted(names) if n not in getattr(self, field)]
        figures = ("epochs", "loss", "val_loss")
        missing += [f"figures.{n}" for n in figures if getattr(self.figures, n) is None]
        if missing:
            raise ValueError(f"a finished run needs {', '.join(missing)}")
