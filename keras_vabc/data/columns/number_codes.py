"""Numbers, dates and times as cells on the axis of normal scores, and back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from keras_vabc.data.columns.grain import Grain, gaps

CELLS = 256
KNOTS = 1024  # of the distribution that is kept
FEW = 20  # different values, or less, are a category with an order
ATOM_SHARE, ATOM_RATIO = 0.01, 3  # of the rows, and times the median share of a value
REPEATING = 0.3  # different values a row, below which values are drawn again as they are


@dataclass(frozen=True, eq=False)
class NumberCodes:
    """The distribution F of a column's numbers, cut into cells; a value's code is its cell's.

    The cell of the values `v` to `w` is the interval from ndtri(F(v-)) to ndtri(F(w)). After the
    cells follow the code of a missing value, if the column has any, and that of `unseen`: a missing
    value where there was none.

    Attributes:
        values: Some of the values in their order, int64 or float64.
        weights: How many rows each stands for.
        exact: Whether each is drawn as it is, not spread between its neighbours.
        first: Number of the first value of each cell.
        atoms: Numbers of the cells of one value that holds many rows.
        missing: Number of rows without a value.
        grain: `Grain` of the values.
        ordered: Whether it is a category with an order: every cell is one of few values.
    """

    values: np.ndarray
    weights: np.ndarray
    exact: np.ndarray
    first: np.ndarray
    atoms: tuple[int, ...]
    missing: int
    grain: Grain
    ordered: bool

    @property
    def cells(self):
        """Number of cells."""
        return len(self.first)

    @property
    def size(self):
        """Number of codes."""
        return self.cells + (self.missing > 0) + 1

    @property
    def unseen(self):
        """The last code."""
        return self.size - 1

    @cached_property
    def counts(self):
        """Rows of the unlabeled fold by code, int64 of shape `(size,)`."""
        cells = np.add.reduceat(self.weights, self.first) if self.cells else self.weights
        return np.concatenate([cells, [self.missing] if self.missing else [], [0]]).astype(int)

    @cached_property
    def intervals(self):
        """Normal scores of the ends of each cell, float64 of shape `(cells, 2)`; may be infinite.

        They are of the rows with a value.
        """
        share = self._ranks / max(1, self._ranks[-1])
        return np.stack([ndtri(share[:-1]), ndtri(share[1:])], axis=1)

    @cached_property
    def scores(self):
        """Normal score of the middle of each cell, float64 of shape `(cells,)`."""
        share = self._ranks / max(1, self._ranks[-1])
        return ndtri((share[:-1] + share[1:]) / 2)

    def encode(self, values):
        """Codes, int32 of shape `(n,)`, of an array of Arrow; a value between cells has the next.

        Below the lowest value and above the highest it is the end cell.
        """
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        codes = np.searchsorted(self._bottoms[1:], numbers, "right")
        codes = codes if self.cells else np.full(len(numbers), self.unseen)
        missing = values.is_null().to_numpy(zero_copy_only=False)
        return np.where(missing, self.cells, codes).astype(np.int32)

    def decode(self, codes, places):
        """`(numbers, missing)` of codes; `places` in [0, 1) tell where in its cell a number is."""
        missing = codes >= self.cells
        if self.cells == 0:
            return np.zeros(len(codes), self.grain.values), missing
        cell = np.where(missing, 0, codes)
        rank = self._ranks[cell] + places * (self._ranks[cell + 1] - self._ranks[cell])
        ends = np.append(self.first[1:], len(self.values)) - 1
        knot = np.searchsorted(self._knot_ranks, rank, "right") - 1
        knot = np.clip(knot, self.first[cell], ends[cell])
        share = (rank - self._knot_ranks[knot]) / self.weights[knot]
        numbers = self._spread(knot, np.clip(share, 0, 1) - 0.5)
        return np.clip(numbers, self._lowest[cell], self._tops[cell]), missing

    def _spread(self, knot, offset):
        """Values up to halfway to their neighbours, unless they are exact."""
        before, after = self._steps
        step = offset * np.where(offset < 0, before[knot], after[knot])
        step = np.where(self.exact[knot], 0, step)
        if self.grain.dtype == "int64":
            return self.values[knot] + np.rint(step).astype(np.int64)
        return self.grain.rounded(self.values[knot] + step)

    @cached_property
    def _steps(self):
        """Distances to the neighbours before and after; 0 to where there is no value between."""
        alone = np.zeros(len(self.values), bool)
        alone[self.first[list(self.atoms)]] = True
        bounded = ~(alone[:-1] | alone[1:])  # infinities are atoms
        gap = gaps(self.values[:-1], self.values[1:], bounded) * (1 - 1e-9)  # no overflow of int64
        return np.append(0, gap), np.append(gap, 0)

    @cached_property
    def _knot_ranks(self):
        return np.append(0, np.cumsum(self.weights))

    @cached_property
    def _ranks(self):
        """Number of rows below each cell, and in all."""
        return self._knot_ranks[np.append(self.first, len(self.values))]

    @cached_property
    def _edges(self):
        """Where each cell but the last ends, and each but the first begins."""
        low, high = self.values[self.first[1:] - 1], self.values[self.first[1:]]
        alone = np.zeros(self.cells, bool)
        alone[list(self.atoms)] = True
        with np.errstate(invalid="ignore", over="ignore"):
            middle = self.grain.between(low, high)
            top = np.where(alone[:-1] == alone[1:], middle, low)
            bottom = np.minimum(self.grain.after(top), high)
        bottom = np.where(alone[1:] & ~alone[:-1], high, bottom)
        if self.grain.dtype != "int64":
            bottom = np.where(np.isinf(high), high, bottom)
            bottom = np.where(np.isinf(low), np.nextafter(-np.inf, 0), bottom)
        return top, bottom

    @cached_property
    def _bottoms(self):
        return np.concatenate([self.values[:1], self._edges[1]])

    @cached_property
    def _lowest(self):
        """The lowest number that is drawn from each cell."""
        return self._bottoms

    @cached_property
    def _tops(self):
        return np.concatenate([self._edges[0], self.values[-1:]])


def number_codes(summary, grain, divisor=1):
    """The `NumberCodes` of the `Summary` of an unlabeled column.

    Dates and times are counted in units of `divisor`.
    """
    sketch = summary.numbers.compressed(KNOTS)
    values = sketch.values.astype(grain.values) // divisor if divisor > 1 else sketch.values
    values, weights, own = values.astype(grain.values), sketch.weights, sketch.own
    repeating = summary.distinct.count < REPEATING * summary.present
    exact = (repeating | (own > 1)) & (2 * own > weights)
    few = len(values) <= FEW
    atoms = np.ones(len(values), bool) if few else _atoms(values, own)
    first = _cells(weights, atoms)
    return NumberCodes(
        values=values,
        weights=weights,
        exact=exact | atoms,
        first=first,
        atoms=tuple(np.flatnonzero(atoms[first]).tolist()),
        missing=summary.missing,
        grain=grain,
        ordered=few,
    )


def _atoms(values, own):
    """Which values hold so many rows that they are kept apart."""
    share = own / own.sum()
    return ((share > ATOM_SHARE) & (share > ATOM_RATIO * np.median(share))) | np.isinf(values)


def _cells(weights, atoms):
    """Numbers of the first values of at most `CELLS` cells, those of an atom without others."""
    first, cells = np.arange(len(weights)), CELLS
    while len(first) > CELLS and cells > 0:
        first = _cut(weights, atoms, weights.sum() / cells)
        cells -= 16
    return first


def _cut(weights, atoms, size):
    first, held = [0], 0
    for knot, weight in enumerate(weights):
        full = held >= size or held + weight > 1.5 * size
        if held and (full or atoms[knot] or atoms[first[-1]]):
            first.append(knot)
            held = 0
        held += weight
    return np.array(first)
