"""What is said of samples in one line, by the measured figures alone."""

import dataclasses
from typing import NamedTuple

AVOIDED = 0.02  # a share of unwanted samples that its interval must stay below
POOR, GOOD = 0.5, 0.8  # of what real rows reach: of variety, of realistic samples
UNSHARP = (  # from the worst: real image the sharper of a pair, mean sharpness over real's
    (0.9, 0.5, "", ""),  # sharpness alone tells nine pairs of ten
    (0.6, 0.9, "somewhat ", "partly "),
)
TOLD = 0.75  # accuracy of a network that is right half of the time between real halves
COPIES = 3  # near copies, over what unseen real rows have
NEARER = 0.55  # to training rows rather than to held-out ones; .5 for unseen real rows


@dataclasses.dataclass(frozen=True)
class Figure:
    """A measured number, and the same number of real data.

    Attributes:
        value: The number.
        n: How many samples it was measured on.
        low: Lower end of its 95 % interval, or `None`.
        high: Upper end.
        real: What real data have, in the place of samples.
    """

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    real: float | None = None

    @property
    def relative(self):
        """The number over that of real data."""
        return self.value / self.real if self.real else self.value


class Verdict(NamedTuple):
    """`text`, one line; and the names of the `flaws` that it tells of, the worst first."""

    text: str
    flaws: tuple


def verdict(figures):
    """What measured figures say of samples.

    Every figure is compared with what real data reach when they are measured in the place of
    samples: held-out rows are seldom covered whole, and a judge errs on them too.

    Args:
        figures: Dict of `Figure`s by name: `unwanted`, `precision`, `recall`, `coverage`,
            `sharpness`, `sharpness_auc`, `told_apart`, `nearer_training`, `near_copies`. Those of a
            name that is missing could not be measured.

    Returns:
        `Verdict`. It begins with `Good`, `Fair` or `Poor`, where `Good` needs all to be measured
        and no flaw.
    """
    said, flaws = [], []
    for judge, needed, missing in _JUDGES:
        known = needed <= figures.keys()
        text, flaw = judge(figures) if known else missing
        said.append(text)
        flaws.append(flaw)
    flaws = tuple(flaw for flaw in FLAWS if flaw in flaws)
    grade = "Poor" if any(FLAWS[f].grave for f in flaws) else "Fair" if flaws else "Good"
    advice = dict.fromkeys(FLAWS[flaw].advice for flaw in flaws)
    ending = f" What to change: {'; '.join(advice)}." if advice else ""
    return Verdict(f"{grade}: {'; '.join(filter(None, said))}.{ending}", flaws)


def no_samples():
    """The `Verdict` of a generator none of whose samples the guard accepts."""
    return Verdict(f"Poor: the guard accepts no samples. What to change: {LONGER}.", ("unlike",))


def _unwanted(figures):
    figure = figures["unwanted"]
    share = f"{figure.value:.1%} of {figure.n:,} samples, {figure.low:.1%} to {figure.high:.1%}"
    if figure.high <= AVOIDED:
        return f"avoids the unwanted ({share})", None
    if figure.low > AVOIDED:
        return f"generates the unwanted ({share})", "unwanted"
    return f"may generate the unwanted ({share})", "untold"


def _copied(figures):
    near, nearer = figures["near_copies"], figures["nearer_training"]
    text = (
        f"copies training rows ({near.value:.1%} near copies, {near.low:.1%} to {near.high:.1%}; "
        f"{near.real:.1%} expected)"
    )
    copied = near.low > COPIES * near.real or nearer.low > NEARER
    return (text, "copied") if copied else ("", None)


def _realistic(figures):
    figure = figures["precision"]
    if figure.relative >= GOOD:
        return "", None
    text = f"{1 - min(figure.relative, 1):.0%} of {figure.n:,} samples are like nothing real"
    return text, "unlike" if figure.relative < POOR else "partly unlike"


def _varied(figures):
    """The share of the variety: recall forgives a few far samples, and coverage a narrow spread."""
    least = min((figures[name] for name in ("recall", "coverage")), key=lambda one: one.relative)
    share, sure = least.relative, f"n = {least.n:,}"
    if least.low is not None and least.real:
        low, high = (min(end / least.real, 1) for end in (least.low, least.high))
        sure = f"{low:.0%} to {high:.0%}"
    text = f"covers {min(share, 1):.0%} of the variety ({sure})"
    return text, "narrow" if share < POOR else "partly narrow" if share < GOOD else None


def _sharp(figures):
    ratio, auc = figures["sharpness"], figures["sharpness_auc"]
    share = f"{ratio.value:.0%} of the real sharpness, {ratio.low:.0%} to {ratio.high:.0%}"
    for pairs, least, word, flaw in UNSHARP:
        if auc.value > pairs or ratio.value < least:
            return f"{word}blurred ({share})", f"{flaw}blurred"
        if auc.value < 1 - pairs or ratio.value > 1 / least:
            return f"{word}too sharp or noisy ({share})", f"{flaw}noisy"
    return f"as sharp as real ({share})", None


def _apart(figures):
    figure = figures["told_apart"]
    text = (
        f"a small network tells {figure.value:.0%} from real images ({figure.low:.0%} to "
        f"{figure.high:.0%}; 50 % is guessing)"
    )
    return text, "told apart" if figure.value > TOLD else None


_UNMEASURED = "", "unmeasured"
_JUDGES = (  # what each needs, and what it says without
    (
        _unwanted,
        {"unwanted"},
        ("too few unwanted examples to tell whether it avoids them", "untold"),
    ),
    (_copied, {"near_copies", "nearer_training"}, _UNMEASURED),
    (_realistic, {"precision"}, ("too few held-out examples to compare with", "unmeasured")),
    (_varied, {"recall", "coverage"}, _UNMEASURED),
    (_sharp, {"sharpness", "sharpness_auc"}, _UNMEASURED),
    (_apart, {"told_apart"}, _UNMEASURED),
)


class _Flaw(NamedTuple):
    advice: str
    grave: bool = False


LONGER = "more epochs or more latents"
FLAWS = {
    "unwanted": _Flaw("more unwanted examples, or a lower gamma (keras-vabc tune)", grave=True),
    "copied": _Flaw("more data, or fewer epochs", grave=True),
    "unlike": _Flaw(LONGER, grave=True),
    "narrow": _Flaw(LONGER, grave=True),
    "noisy": _Flaw(LONGER, grave=True),
    "blurred": _Flaw(LONGER, grave=True),
    "partly unlike": _Flaw(LONGER),
    "partly narrow": _Flaw(LONGER),
    "partly noisy": _Flaw(LONGER),
    "partly blurred": _Flaw(LONGER),
    "told apart": _Flaw(LONGER),
    "untold": _Flaw("more unwanted examples, to tell what is avoided"),
    "unmeasured": _Flaw("more data, to measure the samples"),
}
