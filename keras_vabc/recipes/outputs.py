"""Samples that a run makes, and what every output of a run tells of where it comes from."""

import os

from keras_vabc.data.outputs import in_form, is_folder, write_rows
from keras_vabc.data.ranges import checked
from keras_vabc.data.table_outputs import check_table_path, decoded, table_of, write_table
from keras_vabc.files.fingerprints import file_hash
from keras_vabc.files.outputs import check_free, new_output
from keras_vabc.recipes.parts import FILES
from keras_vabc.recipes.record_file import RUN_FILE

SAMPLES = "samples"  # the kind of output
MADE_BY = ("model", "nu", "density", "columns")  # parts that decide what is drawn and scored


def write_samples(run, n, out, *, seed=0, overwrite=False, show=lambda drawn: None):
    """Draws samples, writes them block by block, and returns how many were drawn for them.

    `out` is the path of a folder, for PNGs, or of a file, as `write_rows` takes it. A manifest of
    where they come from is `manifest.json` in a folder, and `FILE.json` beside a file. `show` is
    called with the number of samples of each block. Raises what `write_rows`, `check_output` and
    `new_output` do, and a `RuntimeError` if the guard rejects nearly everything.
    """
    check_output(run, out)
    kind = {"folder": _is_folder(run, out), "overwrite": overwrite}
    with new_output(out, SAMPLES, **kind) as output:
        counts = {"n": n, "seed": seed, "drawn": 0}

        def blocks():
            for rows, drawn in run.sampler.batches(n, seed, return_drawn=True):
                counts["drawn"] = drawn
                show(len(rows))
                yield rows

        if run.columns is None:
            write_rows(output.path, blocks(), run.spec)
        else:
            write_table(output.path, decoded(blocks(), run.columns, seed), run.columns)
        counts["rejected"] = counts["drawn"] - n
        output.manifest |= counts | provenance(run)
    return counts["drawn"]


def drawn_samples(run, n, seed):
    """What `Run.sample` gives."""
    n, seed = checked("n", n), checked("seed", seed)
    if run.columns is None:
        return in_form(run.sampler.sample(n, seed), run.spec)
    return table_of(decoded(run.sampler.batches(n, seed), run.columns, seed), run.columns)


def check_samples_place(run, out, overwrite=False):
    """Refuses a place for samples before anything slow is done, as `write_samples` does."""
    check_output(run, out)
    check_free(out, SAMPLES, folder=_is_folder(run, out), overwrite=overwrite)


def _is_folder(run, out):
    """Whether samples of a run go to a folder; a `ValueError` if they cannot go to that path."""
    if run.spec.typed:
        check_table_path(out, run.columns)
        return False
    return is_folder(out, run.spec)


def provenance(run):
    """What samples and scores come from: hashes of the files, versions at the training."""
    folder, known = run.folder, run.record.parts  # which a run of an earlier version has not
    paths = [] if folder is None else [folder / FILES[part] for part in MADE_BY]
    return {
        "run": None if folder is None else str(folder.resolve()),
        "sha256": {p.name: known.get(p.name) or file_hash(p) for p in paths if p.exists()},
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
