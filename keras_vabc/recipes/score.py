"""`keras-vabc score`: data in the order of review."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from keras_vabc.files.writing import make_folder, write_whole
from keras_vabc.nu.thresholds import review_order
from keras_vabc.pages.console import say
from keras_vabc.recipes.trained_run import finished_run


def score(folder, input, out, *, console):
    """Scores data and writes them to a CSV file, the most unwanted first.

    Its columns are `id` (path in the folder, or row number), `score`, and, where the run has a
    threshold, `flagged` (0 or 1). `FILE.json` beside it says what the score is.

    Args:
        folder: Folder of the run.
        input: Path of data of the same form as the run's.
        out: The CSV file, which ends in `.csv`; one that is there is replaced.
        console: `rich.console.Console`.

    Raises:
        ValueError: If it is no finished run, or the data do not fit it.
        OSError: If something cannot be read or written.
    """
    out, trained = Path(out), finished_run(folder)
    if out.suffix.lower() != ".csv" or out.is_dir():
        raise ValueError(f"out must be a .csv file. Received: out={out}.")
    trained.check_output(out, input=input)
    make_folder(out.parent)
    with console.status("Starting TensorFlow") as status:
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        ids, scores, notes = [], [], []
        for names, rows in trained.read_blocks(input, "input", notes):
            ids += names
            scores.append(trained.score(rows))
            status.update(f"Scoring: {len(ids):,} examples")
    if not ids:
        raise ValueError(f"input must hold an example. Received: input={input}, which has none.")
    scores = np.concatenate(scores)
    threshold = trained.threshold
    write_whole(out, _table(ids, scores, threshold))
    flagged = None if threshold is None else int((scores > threshold).sum())
    content = {"input": str(input), "score": trained.score_name, "threshold": threshold}
    content |= {"examples": len(ids), "flagged": flagged, "notes": notes, **trained.provenance()}
    write_whole(out.with_name(f"{out.name}.json"), (json.dumps(content, indent=1) + "\n").encode())
    for note in notes:
        say(console, f"Note: {note}")
    text = f"{len(ids):,} scores, {trained.score_name}, are in {out}"
    text += "." if flagged is None else f"; {flagged:,} exceed the threshold of {threshold:.4g}."
    say(console, text)


def _table(ids, scores, threshold):
    """The bytes of the CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "score"] + ([] if threshold is None else ["flagged"]))
    for row in review_order(scores):
        flag = [] if threshold is None else [int(scores[row] > threshold)]
        writer.writerow([ids[row], float(scores[row]), *flag])
    return text.getvalue().encode()
