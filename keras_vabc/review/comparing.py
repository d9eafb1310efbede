"""A run before and after a training on what was decided."""

import numpy as np

from keras_vabc.nu.stated import share_in_words
from keras_vabc.recipes.run import open_run
from keras_vabc.review.items import read_items
from keras_vabc.review.pictures import of_row
from keras_vabc.review.state import CODES

CHANGED = 24  # items whose score changed most
SAMPLES = 24
SEED = 0


def comparison(desk, folder):
    """What a run in a folder changed, against that of a `Desk`: a dict for the page.

    `figures` are rows of a name and the figure before and after; `lines` say what became of what
    was decided; `changed` are the items whose score changed most, with both scores; `samples` are
    two lists of rows in the form of the run, of one seed.
    """
    after = open_run(folder)
    before = desk.run
    items = read_items(after, after.source("unlabeled"), "unlabeled")
    if items.ids != desk.items.ids or (items.digests != desk.items.digests).any():
        raise ValueError("the data changed while it trained.")
    change = items.scores.astype("float64") - desk.items.scores
    largest = np.argsort(-np.abs(change), kind="stable")[:CHANGED]
    pairs = np.stack([desk.items.scores, items.scores], axis=1)
    return {
        "figures": [[name, *map(told, (before, after))] for name, told in _FIGURES.items()],
        "lines": list(_lines(desk, after, items)),
        "changed": [[int(n), *map(float, pairs[n])] for n in largest],
        "samples": [_samples(desk, before), _samples(desk, after)],
    }


def sample_picture(compared, run, which, number):
    """The PNG file of a sample of a `comparison`; an `IndexError` if there is none."""
    return of_row(compared["samples"][which][number], run.spec)


def _samples(desk, run):
    """Rows, or none where the guard rejects nearly everything."""
    try:
        with desk.working:
            return run.sampler.sample(SAMPLES, SEED)
    except RuntimeError:
        return ()


def _lines(desk, after, items):
    """What became of the decisions, by the scores that train the next step."""
    codes = desk.state.codes
    guard = after.record.recipe.guard
    for word, code in CODES.items():
        scores = items.scores[codes == code]
        if not len(scores):
            continue
        old = np.median(desk.items.scores[codes == code])
        text = f"{len(scores):,} {'unwanted' if word == 'unwanted' else 'kept'}: median score "
        text += f"{old:.3g} before, {np.median(scores):.3g} after"
        if guard is not None and after.has_classifier:
            text += f"; the guard would reject {(scores > guard).sum():,} of {len(scores):,}"
        yield text


def _share(run):
    figures = run.record.figures
    if figures.negative_share is None:
        return "–"
    interval, quality = figures.negative_share_interval, figures.cross_validation
    return share_in_words(figures.negative_share, interval, quality)


def _moved(run):
    figures = run.record.figures
    if figures.moved is None:
        return "–"
    if figures.moved_wanted is None:
        return f"{figures.moved:,}"
    low, high = figures.moved_wanted
    return f"{figures.moved:,}, of which {low:,} to {high:,} are wanted (95 %)"


def _unwanted(run):
    measured = run.record.evaluation.samples
    figure = measured and measured.figures.get("unwanted")
    if not figure:
        return "–"
    return f"{figure.value:.1%} of {figure.n:,} ({figure.low:.1%} to {figure.high:.1%}, 95 %)"


_FIGURES = {
    "unwanted examples to train on": lambda run: f"{run.record.counts['unwanted'].training:,}",
    "negatives among the unlabeled, estimated": _share,
    "unlabeled examples moved to the unwanted": _moved,
    "unwanted samples, estimated": _unwanted,
    "verdict": lambda run: run.record.evaluation.verdict or "–",
}
