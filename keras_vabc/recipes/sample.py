"""`keras-vabc sample`: new data from a run."""

import json
from pathlib import Path

from rich.progress import Progress

from keras_vabc.data.outputs import write_rows
from keras_vabc.files.writing import write_whole
from keras_vabc.pages.console import say
from keras_vabc.recipes.trained_run import finished_run

MANIFEST = "manifest.json"


def sample(folder, n, out, *, seed=0, console):
    """Draws samples and writes them, block by block, with a manifest of where they come from.

    The manifest is `manifest.json` in a folder of images, and `FILE.json` beside a file.

    Args:
        folder: Folder of the run.
        n: Number of samples.
        out: A new folder, for PNGs, or a file, as `write_rows` takes it.
        seed: Seed of the draws.
        console: `rich.console.Console`.

    Raises:
        ValueError: If it is no finished run, the data do not fit the kind of file, or it is that
            of the data.
        OSError: If `out` cannot be written.
        RuntimeError: If the guard rejects nearly everything.
    """
    out, trained, counts = Path(out), finished_run(folder), {"n": n, "seed": seed}
    trained.check_output(out)
    write_rows(out, _blocks(trained, n, seed, counts, console), trained.spec)
    rejected = counts["drawn"] - n
    manifest = counts | {"rejected": rejected, **trained.provenance()}
    place = out / MANIFEST if out.is_dir() else out.with_name(f"{out.name}.json")
    write_whole(place, (json.dumps(manifest, indent=1) + "\n").encode())
    text = f"{n:,} samples are in {out}; {rejected:,} of {counts['drawn']:,} drawn were rejected."
    say(console, text)


def _blocks(trained, n, seed, counts, console):
    """Yields the samples in blocks; `counts` gets the number drawn for them."""
    with console.status("Starting TensorFlow"):
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        sampler = trained.sampler
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Samples", total=n)
        for rows, drawn in sampler.batches(n, seed, return_drawn=True):
            counts["drawn"] = drawn
            progress.update(task, advance=len(rows))
            yield rows
