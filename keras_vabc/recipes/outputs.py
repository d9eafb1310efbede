"""Samples that a run makes, and what every output of a run tells of where it comes from."""

import hashlib
import json
import os

from keras_vabc.data.outputs import check_place, write_rows
from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.record_file import RUN_FILE

MANIFEST = "manifest.json"
MADE_BY = ("model", "nu", "density")  # parts that decide what is drawn and scored


def write_samples(run, n, out, *, seed=0, show=lambda drawn: None):
    """Draws samples, writes them block by block, and returns how many were drawn for them.

    `out` is the path of a new folder, for PNGs, or of a file, as `write_rows` takes it. A manifest
    of where they come from is `manifest.json` in a folder of images, and `FILE.json` beside a file.
    `show` is called with the number of samples of each block. Raises what `write_rows` and
    `check_output` do, and a `RuntimeError` if the guard rejects nearly everything.
    """
    check_samples_place(run, out)
    counts = {"n": n, "seed": seed}

    def blocks():
        for rows, drawn in run.sampler.batches(n, seed, return_drawn=True):
            counts["drawn"] = drawn
            show(len(rows))
            yield rows

    write_rows(out, blocks(), run.spec)
    counts["rejected"] = counts["drawn"] - n
    place = out / MANIFEST if out.is_dir() else out.with_name(f"{out.name}.json")
    write_manifest(place, counts | provenance(run))
    return counts["drawn"]


def check_samples_place(run, out):
    """Refuses a place for samples before anything slow is done, as `write_samples` does."""
    check_output(run, out)
    check_place(out, run.spec)


def provenance(run):
    """What samples and scores come from: hashes of the files, versions at the training."""
    folder = run.folder
    paths = [] if folder is None else [folder / FILES[part] for part in MADE_BY]
    return {
        "run": None if folder is None else str(folder.resolve()),
        "sha256": {path.name: _sha256(path) for path in paths if path.exists()},
        "versions": run.record.provenance.versions,
    }


def check_output(run, out, **others):
    """Refuses, by a `ValueError`, a file to write that would replace the data or a part of the run.

    `others` are paths of more files that are to stay, by the names of their arguments.
    """
    data = {"unlabeled": run.record.data.unlabeled, "unwanted": run.record.data.unwanted}
    names = () if run.folder is None else (RUN_FILE, *FILES.values())
    own = {f"{name} of the run": run.folder / name for name in names}
    for name, path in (others | data | own).items():
        if path and os.path.exists(out) and os.path.exists(path) and os.path.samefile(out, path):
            raise ValueError(f"out must be another file than {name}. Received: out={out}.")


def write_manifest(path, content):
    """Writes what is known of an output, as JSON."""
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
