"""What the pages show and work on: a run, the items to review, and what was decided on them."""

import contextlib
import csv
import io
import os
import threading
from functools import cached_property

import numpy as np

from keras_vabc.data.ids import as_cell
from keras_vabc.nu.stated import share_in_words
from keras_vabc.recipes.record_file import check_changeable, read_record
from keras_vabc.recipes.scores import has_ids
from keras_vabc.review.decisions import RANDOM, TOP, Decisions
from keras_vabc.review.items import read_items
from keras_vabc.review.pictures import pictures
from keras_vabc.review.remaining import count, counted_at_random, in_words
from keras_vabc.review.retraining import Retraining
from keras_vabc.review.state import CODES, WORDS, State
from keras_vabc.review.table_rows import TableRows

UNLABELED = "unlabeled"
MIDDLE = 0.5  # P(negative) above which items are shown only when asked for, flagged or not


class Desk:
    """A run under review.

    Args:
        run: `Run`.
        input: `None` for the unlabeled data, or new data of the same form.
        show_unwanted: Whether nothing is blurred.
        show: Called with the number of items read so far.

    Raises:
        ValueError, OSError: If the data cannot be read in the form of the run, or the decisions
            neither; each in one line.
    """

    def __init__(self, run, input=None, show_unwanted=False, show=lambda count: None):
        check_changeable(run.folder)
        self.run, self.show_unwanted = run, show_unwanted
        self.is_unlabeled = input is None
        self.log = Decisions(run.folder, run.record.id, run.record.settings.seed)
        with contextlib.ExitStack() as stack:
            stack.callback(self.log.close)
            source, name = (_source(run), UNLABELED) if input is None else (input, "input")
            self.items = read_items(run, source, name, show)
            stack.pop_all()
        self.state = State(self.items, self.log)
        self.random = self.items.random(self.log.seed)
        self.retraining = Retraining(self)
        self.working = threading.Lock()  # one at a time draws, or computes with the models
        images = run.spec.kind == "images"
        self.pictures = pictures(run, self.items) if images else None
        self.rows = None if images else TableRows(run, self.items)

    def close(self):
        """Stops a training, and gives the file of the decisions up."""
        self.retraining.close()
        self.log.close()

    @property
    def blurred_above(self):
        """The score above which items are blurred; infinite where none are."""
        if self.show_unwanted:
            return np.inf
        middle = MIDDLE if self.run.has_classifier else np.inf
        return middle if self.run.threshold is None else min(middle, float(self.run.threshold))

    def is_blurred(self, number):
        """Whether an item is shown only when asked for."""
        if self.show_unwanted:
            return False
        code = int(self.state.codes[number])
        return code == CODES["unwanted"] or bool(
            not code and self.items.scores[number] > self.blurred_above
        )

    def order(self, shown, near=None, low=None, high=None, seen="all"):
        """Numbers of the items in an order, those that pass filters: int32 of shape `(m,)`."""
        if near is not None:
            numbers = self.items.nearest(near)
        else:
            numbers = self.random if shown == RANDOM else self.items.top
        scores, codes = self.items.scores[numbers], self.state.codes[numbers]
        keep = np.ones(len(numbers), bool)
        if low is not None:
            keep &= scores >= np.float32(low)
        if high is not None:
            keep &= scores <= np.float32(high)
        if seen == "seen":
            keep &= codes > 0
        elif seen == "unseen":
            keep &= codes == 0
        elif seen in CODES:
            keep &= codes == CODES[seen]
        return numbers[keep]

    @cached_property
    def training_items(self):
        """Numbers of the items that the run was trained on; none of other data."""
        if not self.is_unlabeled:
            return np.zeros(0, np.int64)
        return np.flatnonzero(~self.run.held_out(UNLABELED, self.items.digests))

    def told(self):
        """What the reviews tell, in sentences."""
        counted = count(self.state, self.items.top, self.random)
        lines = in_words(counted, self._model_share())
        if self.state.lost and self.is_unlabeled:
            lines.append(f"{self.state.lost:,} stored decisions are on items that are not there")
        return lines

    def reviewed(self):
        """The decisions as `keras-vabc train --reviewed` reads them: the text of a CSV file.

        What was met at random, but is not counted, stands for nothing else: it is from the top.
        """
        text = io.StringIO(newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["row" if has_ids(self.run) else "id", "decision", "order"])
        at_random = set(counted_at_random(self.state, self.items.top, self.random)[0].tolist())
        for number in np.flatnonzero(self.state.codes).tolist():
            shown = RANDOM if number in at_random else TOP
            decision = WORDS[int(self.state.codes[number])]
            lines.writerow([as_cell(self.items.ids[number]), decision, shown])
        return text.getvalue()

    def refresh(self):
        """Takes in what another process wrote into the record of the run."""
        if self.run.folder is not None:
            self.run.record = read_record(self.run.folder)

    def _model_share(self):
        if not self.run.has_classifier:
            return None
        if self.is_unlabeled:
            figures = self.run.record.figures
            told = (figures.negative_share_interval, figures.cross_validation)
            return f"{share_in_words(figures.negative_share, *told)} of all unlabeled are unwanted"
        share = float(self.items.scores.mean())
        return f"{share:.2%} of {len(self.items):,} are unwanted, by the mean of P(negative | x)"


def _source(run):
    """The unlabeled data of a run, or an error that says what to do where they are gone."""
    source = run.source(UNLABELED)
    is_path = isinstance(source, str) and not source.startswith("tfds:")
    if is_path and not os.path.exists(source):
        raise FileNotFoundError(
            f"{UNLABELED} must be where the run read it; if it moved, --input names its place. "
            f"Received: {source}, which is not there."
        )
    return source
