"""`keras-vabc score`: data in the order of review."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.column_options import names_of
from keras_vabc.cli.options import Overwrite, RunFolder


def score(
    run: RunFolder,
    input: Annotated[str, typer.Option(help="Data of the same kind as those of the run.")],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    max_unreadable: Annotated[
        float | None,
        typer.Option(help="Largest share of files that may be unreadable. (default: of RUN)"),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Columns of a table to carry into FILE."),
    ] = None,
    overwrite: Overwrite = False,
):
    """Score data for review, the most unwanted first.

    Examples:
      keras-vabc score run --input new_photos/ --out scores.csv
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.scores import check_scores_place, write_scores
    from keras_vabc.recipes.starting import starting_tensorflow

    console, opened = Console(), open_run(run, "RUN")
    check_scores_place(opened, input, out, overwrite)
    with starting_tensorflow(console) as status:
        scored = write_scores(
            opened,
            input,
            out,
            overwrite=overwrite,
            max_unreadable=max_unreadable,
            keep=names_of([keep or ""]),
            show=lambda count: status.update(f"Scoring: {count:,} examples"),
        )
    for note in scored["notes"]:
        say(console, f"Note: {note}")
    left_out = scored["unreadable"]
    if left_out["count"]:
        first = len(left_out["files"])
        part = f": the first {first:,} of them" if first < left_out["count"] else ""
        say(console, f"What could not be read is listed in {out}.json{part}.")
    text = f"{scored['examples']:,} scores, {scored['score']}, are in {out}"
    if scored["flagged"] is not None:
        text += f"; {scored['flagged']:,} exceed the threshold of {scored['threshold']:.4g}"
    say(console, f"{text}.")
