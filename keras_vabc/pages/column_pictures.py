"""Pictures of the columns of a table: words, dates and numbers of several groups of rows."""

import numpy as np

from keras_vabc import plots
from keras_vabc.data.columns.notes import plain_texts
from keras_vabc.data.columns.word_codes import WordCodes

WORDS = 8  # the most frequent of a column; all others are one
LETTERS = 12  # of a word that are shown
PLACES = (0.15, 0.85)  # of the dates that are written, along their axis


def column_figure(groups, names, columns=None):
    """A figure with a panel for each column; what is missing is told in its title.

    Args:
        groups: Dict from the name of a group to its rows `(n, c)`, NaN where a value is
            missing, and the weights of these, `(n,)` or `None`.
        names: Names of the columns.
        columns: `Column`s, or `None` of numbers without types.
    """
    figure, axes = plots.panels(len(names), size=(3, 2.4), columns=4)
    for place, ax in enumerate(axes):
        own = {name: (rows[:, place], weights) for name, (rows, weights) in groups.items()}
        gone = [f"{name} {_missing(*values):.0%}" for name, values in own.items()]
        told = any(np.isnan(values).any() for values, _ in own.values())
        title = names[place] + (f"\nmissing: {', '.join(gone)}" if told else "")
        ax.set_title(title, fontsize="small", parse_math=False)
        there = {name: _present(*values) for name, values in own.items()}
        if all(len(values) for values, _ in there.values()):
            _draw(ax, there, None if columns is None else columns[place])
    axes[0].legend(fontsize="x-small")
    return figure


def with_gaps(numbers, dense, columns):
    """Rows `(n, c)` of `Columns.numbers`, NaN where a value is missing."""
    all_codes = columns.dense.decode(np.asarray(dense))
    for place, column in enumerate(columns.trained):
        codes, own = column.codes, all_codes[:, place]
        code = len(codes.labels) - 1 if isinstance(codes, WordCodes) else codes.cells
        if codes.missing:
            numbers[own == code, place] = np.nan
    return numbers


def _draw(ax, groups, column):
    if column is not None and isinstance(column.codes, WordCodes):
        _draw_words(ax, groups, column.codes)
        return
    plots.column_histogram(groups, ax=ax)
    if column is not None and column.type == "datetime":
        low, high = ax.get_xlim()
        ticks = [round(low + part * (high - low)) for part in PLACES]
        ax.set_xticks(ticks, plain_texts(column, ticks), fontsize="x-small", parse_math=False)


def _draw_words(ax, groups, codes):
    """A step for each of the most frequent words, and one for all others."""
    words = codes.labels[: len(codes.labels) - (codes.missing > 0)]
    texts = [_short(word) for word in words[:WORDS]] + ["(others)"] * (len(words) > WORDS)
    last = len(texts) - 1
    shown = {name: (np.minimum(own, last), weights) for name, (own, weights) in groups.items()}
    plots.column_histogram(shown, bins=np.arange(len(texts) + 1) - 0.5, ax=ax)
    text = {"fontsize": "x-small", "parse_math": False}
    ax.set_xticks(range(len(texts)), texts, rotation=45, ha="right", **text)


def _missing(values, weights):
    return np.average(np.isnan(values), weights=weights)


def _present(values, weights):
    there = np.isfinite(values)
    return values[there], None if weights is None else weights[there]


def _short(word):
    return word if len(word) <= LETTERS else f"{word[: LETTERS - 1]}…"
