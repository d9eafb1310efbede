"""`keras-vabc certify`: a bound on the share of unwanted samples, by a person's review."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

PLANNED = 300


def certify(
    export: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|EXPORT", help="SavedModel of keras-vabc export; or a run, to be exported."
        ),
    ],
    out: Annotated[Path, typer.Option(help="New folder for what is reviewed; or, to end, that.")],
    n: Annotated[
        int | None, typer.Option("-n", help=f"Samples to review. (default: {PLANNED})")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who reviews, a free text.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the samples. (default: drawn)")] = None,
    plant: Annotated[
        int | None,
        typer.Option(
            help="Mix in so many held-out unwanted examples: what of them is caught bounds what "
            "the reviewer misses. Copies of them are in OUT until the attempt ends."
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Run of the export: for near copies, --plant and --unguarded."),
    ] = None,
    unguarded: Annotated[
        int | None,
        typer.Option(help="Mix in so many samples without the guard, for a bound by its help."),
    ] = None,
    unseen: Annotated[
        str | None,
        typer.Option(help="For that: unwanted examples that the run has never read."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="File of all attempts. (default: in the run, or beside the export)"),
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="CSV file item,decision: ends the attempt in OUT.")
    ] = None,
    leave: Annotated[
        bool, typer.Option("--leave", help="End it although not all is decided.")
    ] = False,
):
    """Have samples reviewed, and bound the share of unwanted ones.

    The first call draws samples and writes them for a person to look at, with a file to fill in;
    the second one, with --decisions, ends in OUT/certificate.json and a page to print. Every
    attempt counts, also one that was abandoned.

    Examples:
      keras-vabc certify model -n 300 --by Ada --run run --out review
      keras-vabc certify model --decisions review/decisions.csv --out review
    """
    console = Console()
    if decisions is None:
        options = {"by": by or "", "seed": seed, "plant": plant or 0, "run": run}
        options |= {"unguarded": unguarded or 0, "unseen": unseen, "record": record}
        _begin(console, export, PLANNED if n is None else n, out, leave, options)
        return
    fixed = {"n": n, "by": by, "seed": seed, "plant": plant, "run": run, "unseen": unseen}
    fixed |= {"unguarded": unguarded}
    for name, value in fixed.items():
        if value is not None:
            raise ValueError(
                f"{name} must not be given with decisions: it is that of the attempt. Received: "
                f"{name}={value}."
            )
    _end(console, export, out, record, decisions, leave)


def _begin(console, export, n, out, leave, options):
    """Draws the samples, and says how to go on."""
    from keras_vabc.pages.console import command_line, say
    from keras_vabc.recipes.decisions import DECISIONS
    from keras_vabc.recipes.starting import starting_tensorflow

    if leave:
        raise ValueError("leave must be given with decisions. Received: leave without decisions.")
    with starting_tensorflow(console) as status:
        from keras_vabc.recipes.certification import begin_certification

        begun = begin_certification(export, n, out, **options, show=status.update)
    attempt = begun.attempt
    say(console, f"Attempt {attempt.number}, seed {attempt.seed}, is in {begun.record}.")
    for note in begun.notes:
        say(console, f"Note: {note}")
    held = f"{options['plant']:,} of your unwanted examples, copied, until the attempt ends"
    say(console, f"{out} holds {held if options['plant'] else 'none of your unwanted examples'}.")
    file = out / DECISIONS
    say(console, f"Look at {out}, sheet by sheet; write unwanted or keep behind each in {file}.")
    words = ["keras-vabc", "certify", export, "--decisions", file, "--out", out]
    say(console, f"Then: {command_line(map(str, words))}")


def _end(console, export, out, record, decisions, leave):
    """Ends an attempt, or says how far it is."""
    from keras_vabc.pages.certificate_page import certificate_lines
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.certification import CERTIFICATE, PAGE, Certification

    attempt = Certification(out, record)
    attempt.check_export(export)
    attempt.read(decisions)
    review = attempt.review
    if not review.is_complete and not leave:
        found, reviewed = review.counts()
        count, first = len(review.kinds), attempt.names[review.decided]
        say(console, f"Decided: {review.decided:,} of {count:,} items; the next one is {first}.")
        said = f"{100 * review.bound:.3g} % of the samples are unwanted, by the bound that holds"
        say(console, f"So far at most {said} at any time: {found:,} found among {reviewed:,}.")
        say(console, "Nothing has ended: decide on the rest, or give --leave for that bound.")
        return
    certificate = attempt.finish()
    for line in certificate_lines(certificate):
        say(console, line)
    say(console, f"The certificate is {out / CERTIFICATE}, to print {out / PAGE}.")
