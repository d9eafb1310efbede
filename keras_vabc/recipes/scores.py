"""Scores of data by a run: a table in the order of review, and its manifest."""

import csv
import io

import numpy as np

from keras_vabc.files.outputs import check_free, new_output
from keras_vabc.nu.thresholds import review_order
from keras_vabc.recipes.outputs import check_output, provenance


def write_scores(run, source, out, *, overwrite=False, show=lambda count: None):
    """Scores data and writes them to a CSV file, the most unwanted first.

    Its columns are `id` (path in the folder, or row number), `score`, and, where the run has a
    threshold, `flagged` (0 or 1). `FILE.json` beside it says what the score is; what it holds is
    returned, the numbers of `examples` and of those `flagged` and the `notes` of the reading among
    it. `show` is called with the number of examples scored so far.

    A `ValueError` refuses data that do not fit the run, and an `out` that is no `.csv` file or
    holds the data; an `OSError` tells what cannot be read or written, or replaced.
    """
    check_scores_place(run, source, out, overwrite)
    with new_output(out, overwrite=overwrite) as output:
        table, content = _scored(run, source, show)
        output.path.write_bytes(table)
        output.manifest |= content
    return content


def _scored(run, source, show):
    """The table of scores, and what its manifest holds."""
    ids, scores, notes = [], [], []
    for names, rows in run.read(source, "input", notes):
        ids += names
        scores.append(run.score_rows(rows))
        show(len(ids))
    if not ids:
        raise ValueError(f"input must hold an example. Received: input={source}, which has none.")
    scores, threshold = np.concatenate(scores), run.threshold
    flagged = None if threshold is None else int((scores > threshold).sum())
    content = {"input": str(source), "score": run.score_name, "threshold": threshold}
    content |= {"examples": len(ids), "flagged": flagged, "notes": notes, **provenance(run)}
    return _score_table(ids, scores, threshold), content


def check_scores_place(run, source, out, overwrite=False):
    """Refuses a place for scores before anything slow is done, as `write_scores` does."""
    if out.suffix.lower() != ".csv" or out.is_dir():
        raise ValueError(f"out must be a .csv file. Received: out={out}.")
    check_output(run, out, input=source)
    check_free(out, overwrite=overwrite)


def _score_table(ids, scores, threshold):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "score"] + ([] if threshold is None else ["flagged"]))
    for row in review_order(scores):
        flag = [] if threshold is None else [int(scores[row] > threshold)]
        writer.writerow([ids[row], float(scores[row]), *flag])
    return text.getvalue().encode()
