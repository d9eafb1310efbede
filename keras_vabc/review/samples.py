"""Samples as they are drawn, before the guard: what it accepts, what not, and what is near them."""

import dataclasses
import threading
from collections import OrderedDict

import numpy as np

from keras_vabc.evaluation.metrics import wilson_rate
from keras_vabc.recipes.generation import new_sampler
from keras_vabc.review.pictures import Vanished, row_of

DRAWN = 1000
SHOWN = 48
SEEDS = 3  # whose samples stay in memory
CANDIDATES = 8  # rows of the nearest latents, among which the nearest is found


@dataclasses.dataclass(frozen=True, eq=False)
class Drawn:
    """Samples of one seed.

    Attributes:
        rows: In the form of the run.
        values: P(negative | x) of each one; `None` where there is no guard.
    """

    rows: np.ndarray
    values: np.ndarray | None


class Samples:
    """The samples of a run, of any seed: those that are accepted are the run's own, in order.

    Args:
        desk: `Desk`.
    """

    def __init__(self, desk):
        self._desk, self._kept, self._lock = desk, OrderedDict(), threading.Lock()
        self._sampler = None

    def drawn(self, seed):
        """The `Drawn` of a seed."""
        with self._lock:
            if seed not in self._kept:
                self._kept[seed] = self._draw(seed)
            self._kept.move_to_end(seed)
            while len(self._kept) > SEEDS:
                self._kept.popitem(last=False)
            return self._kept[seed]

    def told(self, seed):
        """What the page needs to know of a seed, a dict."""
        values, limit = self.drawn(seed).values, self._desk.run.record.recipe.guard
        rates = [wilson_rate(k / DRAWN, DRAWN) for k in range(DRAWN + 1)]
        return {
            "seed": seed,
            "values": None if values is None else values.tolist(),
            "limit": limit,
            "acceptance": [[own.value, own.low, own.high] for own in rates],
        }

    def nearest(self, seed, numbers):
        """For each sample of a seed the number of the training item nearest to it, or `None`.

        Of the items with the nearest latents it is the one at the least distance itself. Without
        training items, or where these vanished, there is none.
        """
        desk = self._desk
        training = desk.training_items
        if not len(training):
            return [None] * len(numbers)
        rows = self.drawn(seed).rows[numbers]
        latents = desk.run.model.encode(rows)[0]
        return [self._nearest(*own, training) for own in zip(rows, latents, strict=True)]

    def _nearest(self, row, latents, training):
        desk, best = self._desk, (np.inf, None)
        distances = ((desk.items.latents[training] - latents) ** 2).sum(axis=1)
        for place in np.argsort(distances)[:CANDIDATES]:
            number = int(training[place])
            try:
                other = row_of(desk.run, desk.items, number)
            except Vanished:
                continue
            distance = float(((row - other.astype("float64")) ** 2).sum())
            best = min(best, (distance, number), key=lambda own: own[0])
        return best[1]

    def _draw(self, seed):
        run = self._desk.run
        if self._sampler is None:
            recipe = dataclasses.replace(run.record.recipe, guard=None)
            self._sampler = new_sampler(recipe, run.model, None, run.spec)
            if recipe.density == "gmm":
                self._sampler.set_state(run.sampler.get_state())
        rows = self._sampler.sample(DRAWN, seed)
        guarded = run.has_classifier and run.record.recipe.guard is not None
        return Drawn(rows, run.nu.negative_probability(rows) if guarded else None)
