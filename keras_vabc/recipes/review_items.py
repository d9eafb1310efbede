"""What a person reviews to certify an export: samples, and what is mixed among them."""

import dataclasses
import math

import numpy as np

from keras_vabc.data.checks import check_whole
from keras_vabc.data.ids import as_cell, quoted
from keras_vabc.data.outputs import in_form, write_rows
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.table_outputs import decoded
from keras_vabc.evaluation.certificate.review import mixed_order
from keras_vabc.pages.contact_sheet import render_sheet
from keras_vabc.recipes.decisions import (
    DECISIONS,
    MOST_ITEMS,
    SHOWN,
    empty_decisions,
    item_names,
)
from keras_vabc.recipes.generation import new_sampler
from keras_vabc.recipes.measuring import near_copies
from keras_vabc.recipes.rows_again import folds_again
from keras_vabc.recipes.scores import NUMBER

MOST_BYTES = 2**32  # of samples in memory
PAGE_ITEMS = 500  # of one contact sheet
UNGUARDED_SEED = 23  # makes of a seed another one, of samples that no guard has seen


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be reviewed: see `begin_certification`."""

    n: int
    planted: int = 0
    unguarded: int = 0
    unseen: object = None


def checked_wanted(wanted, run):
    """What is wanted, if it can be had; a `ValueError` else."""
    check_whole("n", wanted.n, 1, MOST_ITEMS)
    check_whole("plant", wanted.planted, 0, MOST_ITEMS)
    check_whole("unguarded", wanted.unguarded, 0, MOST_ITEMS)
    if (wanted.unguarded > 0) != (wanted.unseen is not None):
        raise ValueError(
            "unguarded and unseen must be given together. Received: "
            f"unguarded={wanted.unguarded}, unseen={wanted.unseen}."
        )
    needing = {"plant": wanted.planted, "unguarded": wanted.unguarded}
    for name, number in needing.items():
        if number and run is None:
            raise ValueError(
                f"{name} needs the run of the export: give run. Received: {name}={number} without "
                "run."
            )
    if wanted.unguarded and (not run.has_classifier or run.record.recipe.guard is None):
        raise ValueError(
            "unguarded must be 0 for a run without a guard. Received: "
            f"unguarded={wanted.unguarded} for {run.folder}."
        )
    return wanted


def write_items(folder, exported, run, attempt, wanted, show):
    """Writes all items into a folder, with sheets to look at and a file for the decisions.

    Returns a dict of what else was found of them: `near_copies`, `guard` and `notes`.
    """
    show(f"Drawing {attempt.n:,} samples")
    _check_memory(exported, attempt)
    samples = exported.sample(attempt.n, attempt.seed)
    found = {"near_copies": None, "guard": None, "notes": []}
    groups, drawn = [samples], None
    if run is not None:
        drawn = _drawn_by_run(run, attempt, samples)
        show("Looking for near copies")
        found |= _copies(run, samples)
    else:
        found["notes"].append("Near copies were not looked for, which needs the run.")
    if wanted.planted:
        show("Reading the unwanted examples that were held out")
        groups.append(_planted(run, wanted.planted, attempt.seed))
    if wanted.unguarded:
        show("Drawing samples without the guard")
        groups.append(_unguarded(run, wanted.unguarded, attempt.seed))
        found["guard"] = [_passing(run, wanted.unseen), [attempt.n, drawn]]
    rows = np.concatenate([own.astype("float32") for own in groups])
    rows = rows[mixed_order(attempt.seed, len(rows))]
    names = item_names(attempt, len(rows))
    spec = _spec_of(samples) if run is None else run.spec
    _write_shown(folder, names, rows, spec, exported.columns, attempt, wanted)
    (folder / DECISIONS).write_text(empty_decisions(names), encoding="utf-8")
    return found


def _check_memory(exported, attempt):
    one = exported.sample(1, attempt.seed)
    if attempt.n * one.nbytes > MOST_BYTES:
        raise ValueError(
            f"n must be at most {MOST_BYTES // one.nbytes:,}, of samples of {one.nbytes:,} bytes, "
            f"which are drawn into memory. Received: n={attempt.n}."
        )


def _spec_of(samples):
    """What samples are, where no run tells."""
    images = samples.ndim == 4
    whole = images and samples.max(initial=0) > 1
    kind, dtype = ("images", "uint8" if whole else "float32") if images else ("vectors", "float32")
    return DataSpec(kind=kind, shape=samples.shape[1:], dtype=dtype)


def _drawn_by_run(run, attempt, samples):
    """How many the run drew for them; a `ValueError` if it gives other samples."""
    own, drawn = run.sampler.sample(attempt.n, attempt.seed, return_drawn=True)
    if own.shape != samples.shape or not np.allclose(own, samples, rtol=1e-3, atol=1e-3):
        raise ValueError(
            f"run must give the samples of the export. Received: {run.folder}, which gives others."
        )
    return drawn


def _copies(run, samples):
    try:
        folds = folds_again(run, run.record.settings.seed)
        rows = in_form(samples, run.spec)
        found, expected = near_copies(run, folds, rows, run.record.settings.seed)
    except (OSError, ValueError) as error:
        return {"notes": [f"Near copies were not looked for: {error}"]}
    note = (
        f"By the rule for near copies {100 * expected:.3g} % of real data that nothing was trained "
        "on are some, too."
    )
    return {"near_copies": [found, len(samples)], "notes": [note]}


def _planted(run, count, seed):
    """Some of the unwanted examples that were held out, at random."""
    rows = folds_again(run, run.record.settings.seed).test_unwanted
    if len(rows) < count:
        raise ValueError(
            f"plant must be at most {len(rows)}, the unwanted examples of the run that were held "
            f"out. Received: plant={count}."
        )
    return rows[np.random.default_rng([seed, count]).permutation(len(rows))[:count]]


def _unguarded(run, count, seed):
    recipe = dataclasses.replace(run.record.recipe, guard=None)
    sampler = new_sampler(recipe, run.model, None, run.spec)
    sampler.set_state(run.sampler.get_state())
    own = np.random.default_rng([seed, UNGUARDED_SEED]).integers(2**31)
    return sampler.sample(count, int(own))


def _passing(run, unseen):
    """How many unwanted examples that the run has never read pass its guard, and of how many."""
    seed = run.record.settings.seed
    blocks = [(own.rows, own.hashes(seed)) for own in run.read(unseen, "unseen")]
    rows, hashes = map(np.concatenate, zip(*blocks, strict=True))
    known = sum(
        int(np.isin(hashes, own.hashes(seed)).sum())
        for name in ("unlabeled", "unwanted")
        for own in run.training_data(name)
    )
    if known:
        raise ValueError(
            "unseen must hold unwanted examples that the run has never read. Received: "
            f"{unseen}, of whose {len(rows)} examples {known} are among the run's data."
        )
    passed = run.nu.negative_probability(rows) <= run.record.recipe.guard
    return [int(passed.sum()), len(rows)]


def _write_shown(folder, names, rows, spec, columns, attempt, wanted):
    """PNGs or a table of all items, and the sheets that show them."""
    title = f"To review: attempt {attempt.number}"
    notes = [
        f"{len(names):,} items. Write unwanted or keep behind each in {DECISIONS}.",
        _sensitive(wanted.planted),
    ]
    if spec.kind == "images":
        places = _write_pictures(folder, names, rows, spec)
        shown, head = list(zip(names, places, strict=True)), None
    else:
        head, cells = _cells(rows, spec, columns, attempt.seed)
        lines = [("item", *head), *((n, *c) for n, c in zip(names, cells, strict=True))]
        text = "".join(f"{','.join(map(_cell, line))}\n" for line in lines)
        (folder / f"{SHOWN}.csv").write_text(text, encoding="utf-8")
        shown = list(zip(names, cells, strict=True))
    pages = math.ceil(len(names) / PAGE_ITEMS)
    files = [f"sheet-{page + 1}.html" if pages > 1 else "sheet.html" for page in range(pages)]
    for page, file in enumerate(files):
        part = shown[page * PAGE_ITEMS : (page + 1) * PAGE_ITEMS]
        page = render_sheet(title, notes, part, head, files, file)
        (folder / file).write_text(page, encoding="utf-8")


def _cell(text):
    return quoted(text if NUMBER.fullmatch(text) else as_cell(text))


def _sensitive(planted):
    if not planted:
        return "None of your unwanted examples is among them."
    return (
        f"{planted:,} of your held-out unwanted examples are among them, copies of your files: "
        "they are deleted when the attempt ends."
    )


def _write_pictures(folder, names, rows, spec):
    """PNGs by the names of items; their paths in the folder."""
    pictures = folder / SHOWN
    pictures.mkdir()
    write_rows(pictures, [rows if spec.dtype == "float32" else np.rint(rows)], spec)
    for number, name in enumerate(names):
        (pictures / f"{number:06d}.png").rename(pictures / f"{name}.png")
    return [f"{SHOWN}/{name}.png" for name in names]


def _cells(rows, spec, columns, seed):
    """Names of columns, and the cells of each row as text."""
    if columns is None:
        head = spec.columns or [f"column_{number}" for number in range(rows.shape[1])]
        return tuple(head), rows.astype("float32").astype(str).tolist()
    (batch,) = decoded([rows], columns, seed)
    texts = columns.as_text(batch)
    cells = [["" if cell is None else str(cell) for cell in c.to_pylist()] for c in texts.columns]
    return tuple(texts.schema.names), list(zip(*cells, strict=True))
