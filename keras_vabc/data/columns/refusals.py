"""Tables whose columns are not what they have to be: each is refused in one line."""

from keras_vabc.data.columns.choosing import FEW, day_of
from keras_vabc.data.columns.writings import numbers_of, plain_decimals
from keras_vabc.data.vectors import some

MOST = 0.8  # share of numbers, or of dates, in a column of text
NANOSECONDS = "1677-09-22 to 2262-04-11, as far as nanoseconds reach,"
RECEIVED = {"number": "numbers", "date": "dates", "text": "text"}


def check_trained(columns, unwanted):
    """Refuses folds that leave nothing to train, or of which one lacks what is trained."""
    trained = [column.name for column in columns if column.trained]
    if not trained:
        raise ValueError(
            "unlabeled must have a column whose values differ, and that is no id. Received: "
            f"{some(repr(column.name) for column in columns)}."
        )
    lacking = [name for name in trained if name not in unwanted]
    if lacking:
        raise ValueError(
            "unwanted must have the columns of the unlabeled fold, unless they are dropped. "
            f"Received: unwanted without {some(map(repr, lacking))}."
        )


def check_rows(columns, summaries, unread, allowed, received):
    """Refuses folds of which more rows cannot be read than are allowed, whatever the column."""
    trained = [column.name for column in columns if column.trained]
    for fold, rows in unread.items():
        count = rows.count(trained)
        if count > allowed * rows.rows:
            parts = [f"{rows.left_out} were left out before"] if rows.left_out else []
            bad = ((name, summaries[fold].get(name)) for name in trained)
            parts += [f"{own.bad} in column {name!r}" for name, own in bad if own and own.bad]
            raise ValueError(
                f"{fold} must hold rows that can be read. Received: {count} of {rows.rows} rows of "
                f"{received[fold]} that cannot ({some(parts)}); max_unreadable={allowed:g}."
            )


def check_unread(name, reading, summaries, allowed, received, unread):
    """Refuses a column of which more cells cannot be read than are allowed."""
    for fold, own in summaries.items():
        if own.bad > allowed * unread[fold].rows:
            raise ValueError(
                f"{fold} must hold {_asked(reading)} in column {name!r}, as most of its "
                f"rows or the unlabeled fold do. Received: others in {own.bad} of {own.rows} rows, "
                f"first in {own.first_bad} of {received[fold]}; max_unreadable={allowed:g}."
            )


def _asked(reading):
    """What cells are read as, in words."""
    far = reading.kind == "date" and reading.time.startswith("timestamp[ns")
    return RECEIVED[reading.kind] + (f" from {NANOSECONDS}" if far else "")


def check_mixed(name, reading, written):
    """Refuses numbers with decimals among other words, which are neither a category nor an id."""
    numbers = numbers_of(written)
    decimals = plain_decimals(written) if written.types == [None] else 0
    if reading.kind == "text" and numbers > MOST * written.cells and decimals > FEW * numbers:
        raise ValueError(
            f"unlabeled must hold numbers or words in column {name!r}. Received: {numbers} numbers "
            f"and {written.cells - numbers} other cells, first in {written.first_other}: "
            "say which words are no value, or what its type is."
        )


def check_dates(name, reading, written):
    """Refuses dates of several forms, or among other words, which nobody wants for words."""
    values = written.cells - written.words
    if reading.kind != "text" or written.types != [None] or written.dated <= MOST * values:
        return
    form = day_of(written)
    if form in written.missed:
        (cell, place), (other, where) = written.read[form], written.missed[form]
        found = f"{cell!r} in {place}, and {other!r} in {where}: write all in one form"
    else:
        first = written.first_undated  # none where these are numbers
        found = f"{written.dated} dates and {values - written.dated} other cells"
        found += f"{first and f', first in {first}' or ''}: say which words are no value"
    raise ValueError(
        f"unlabeled must hold dates of one form in column {name!r}. Received: {found}, or say what "
        f"its type is, as --column {name}=category, or datetime, which leaves out what is not sure."
    )
