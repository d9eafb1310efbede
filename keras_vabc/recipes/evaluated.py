"""What evaluations of a run found, as its record keeps it."""

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, TypeAdapter

from keras_vabc.recipes.forms import Count, Float32, Interval, NotNegative, Share
from keras_vabc.recipes.measured import SampleFigures


@dataclasses.dataclass(frozen=True)
class UnlabeledFigures:
    """What can be told of a run without labels; `reported` says it in sentences."""

    auc: Share | None
    unlabeled: Count
    unwanted: Count
    reported: tuple[str, ...]
    recall: Share | None = None
    recall_interval: Interval | None = None
    samples: Count | None = None
    acceptance: Share | None = None
    suspect: Share | None = None
    auc_low: Share | None = None  # lower 95 % bound; of an earlier version there is none


@dataclasses.dataclass(frozen=True)
class _ImageFigures:
    """What is shown of the figures of `ImageEvaluation`."""

    __pydantic_config__ = ConfigDict(allow_inf_nan=False, extra="ignore")

    nge_paper: Share
    nge_paper_interval: Interval
    nge_strict: Share
    nge_strict_interval: Interval
    fid: NotNegative
    precision: Share
    recall: Share
    density: NotNegative
    coverage: Share
    class_balance: Share
    samples: Count
    judges: dict[Literal["paper", "strict"], Share]
    recall_border: Share | None = None


_IMAGE_FIGURES = TypeAdapter(_ImageFigures)


def _image_figures(figures):
    _IMAGE_FIGURES.validate_python(figures)
    return figures


@dataclasses.dataclass(frozen=True)
class LabeledFigures:
    """What labels of the unlabeled data tell of a run; `reported` says it in sentences.

    `recall` and `false_alarms` are those at the `threshold`, `guard_rejects` is the share of the
    held-out positives that the guard of the run would reject, were they samples. `wanted_scores`
    are scores of the held-out positives, the highest first, as `highest_scores` has them; they
    tell the false alarms at any other threshold. `images` maps
    `"generated"` and `"real, held out"` to the figures of `ImageEvaluation`.
    """

    labeled: Count
    held_out: Count
    held_out_negatives: Count
    reported: tuple[str, ...]
    auc: Share | None = None
    recall: Share | None = None
    recall_interval: Interval | None = None
    false_alarms: Share | None = None
    false_alarms_interval: Interval | None = None
    acceptance: Share | None = None
    images: (
        dict[
            Literal["generated", "real, held out"],
            Annotated[dict[str, Any], AfterValidator(_image_figures)],
        ]
        | None
    ) = None
    auc_interval: Interval | None = None
    threshold: Float32 | None = None
    guard_rejects: Share | None = None
    guard_rejects_interval: Interval | None = None
    wanted_scores: tuple[Float32, ...] | None = None

    @property
    def held_out_positives(self):
        """Number of held-out examples whose label says that they are wanted."""
        return self.held_out - self.held_out_negatives


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The latest evaluation of each kind; `samples` is of images, from the training on."""

    without_labels: UnlabeledFigures | None = None
    with_labels: LabeledFigures | None = None
    samples: SampleFigures | None = None

    @property
    def verdict(self):
        """What is said of the samples in one line; `None` where they were not measured."""
        return None if self.samples is None else self.samples.verdict
