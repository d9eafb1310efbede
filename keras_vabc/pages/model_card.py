"""The model card of an exported run, in Markdown."""

import json

from keras_vabc.pages.costs import false_alarms_in_words, guard_cost_in_words
from keras_vabc.pages.markdown import markdown
from keras_vabc.pages.reviewed import negatives_in_words, review_lines, special_note
from keras_vabc.pages.verdict import verdict_table

NOT_MEASURED = (
    "Not measured: it takes labels of the unlabeled data. `keras-vabc evaluate RUN --labels "
    "labels.csv --negative-class NAME` measures it; export again afterwards."
)
DECODED = (
    "The model gives and takes codes. A row of the table, with its words and dates, whole numbers, "
    "decimals, ranges and constants, they become last, by the `columns.json` beside this card; "
    "each number is the middle of its cell then:"
)
DECODING = """\
from pathlib import Path
from keras_vabc.data.columns.table import Columns

columns = Columns.from_json(Path("columns.json").read_text(encoding="utf-8"))
rows = columns.decode_dense(codes)  # of samples (n, codes): a pyarrow.RecordBatch
x = columns.encode_dense(rows)  # what score takes"""
NO_PROMISE = (
    "The model *avoids* the unwanted; nothing here says that it cannot generate it. What was "
    "measured holds for the samples that were judged, by judges that err themselves. Negatives of "
    "another kind than the unwanted examples were never shown to it as such. New data that differ "
    "from the training data are scored, but not reliably."
)


def model_card(run, format, folder, sha256):
    """What an exported run is, what was measured, what it cannot promise, and how to call it.

    `folder` is the name of the model's folder beside the card; `sha256` maps the names of the run's
    files to their hashes.
    """
    how = _call_saved_model if format == "savedmodel" else _call_portable
    parts = [
        ("", _what(run)),
        ("Data", _data(run)),
        ("What was measured", _measured(run)),
        ("What it cannot promise", [NO_PROMISE]),
        ("How to call it", how(run, folder) + _decoding(run)),
        ("Where it comes from", _origin(run.record.provenance, sha256)),
    ]
    titled = [
        "\n\n".join([f"## {title}" if title else "# Model card", *text]) for title, text in parts
    ]
    return "\n\n".join(titled) + "\n"


def _what(run):
    recipe = run.record.recipe
    guard = "rejects samples that an NU classifier takes for negative" if run.nu else "none"
    cost = guard_cost_in_words(run)
    density = {"gmm": "a Gaussian mixture", "prior": "N(0, I)"}[recipe.density]
    return [
        "A generator trained by V-ABC, the Variational Auto-encoding Binary Classifier "
        "(https://arxiv.org/abs/2204.12577), to generate data like an unlabeled set and none like "
        "an unwanted one.",
        _list(
            {
                "Setting": run.record.settings.setting,
                "Latents": f"{recipe.setting.latent_dim}, drawn from {density}",
                "Guard": guard,
                **({"The guard would reject": cost} if cost else {}),
                "Score": f"{run.score_name}; higher is more unwanted",
            }
        ),
    ]


def _data(run):
    counts = {
        f"{name.capitalize()} examples": f"{own.training:,} to train on, {own.held_out:,} held out"
        for name, own in run.record.counts.items()
    }
    counts["One example"] = _form(run.spec)
    figures = run.record.figures
    if figures.negative_share is not None:
        counts["Negatives among the unlabeled, estimated"] = negatives_in_words(run.record)
    columns = [] if run.columns is None else [_code("", str(run.columns))]
    return [_list(counts), *columns, *review_lines(run.record.reviewed)]


def _decoding(run):
    return [] if run.columns is None else [DECODED, _code("python", DECODING)]


def _form(spec):
    if spec.kind == "images":
        height, width, channels = spec.shape
        most = 255 if spec.dtype == "uint8" else 1
        colour = "grey" if channels == 1 else "colour"
        return f"a {colour} image, {height} x {width} x {channels}, values 0 to {most}"
    names = "" if spec.columns is None else f", in this order: {', '.join(spec.columns)}"
    if spec.typed:
        return (
            f"a row of a table as {spec.shape[0]} numbers, which `columns.json` beside this card "
            "describes: of each number, date and time its normal score, 0 where it is missing, and "
            "1 for that; of a word 1 in its place, else 0. The exported model takes and gives "
            f"these codes; `keras-vabc sample` and `score` take and give tables. Codes{names}"
        )
    return f"{spec.shape[0]} numbers, in the units of the data{names}"


def _measured(run):
    evaluation = run.record.evaluation
    parts = [*_error(run), *_flag(run)]
    if evaluation.samples is None:
        return parts
    table = verdict_table(evaluation.samples.figures)
    return [
        f"Verdict on the samples, without labels: {evaluation.verdict}",
        *([markdown(table.columns, table.rows)] if table.rows else []),
        *evaluation.samples.notes,
        *parts,
    ]


def _error(run):
    labeled = run.record.evaluation.with_labels
    meaning = "Negative generation error (NGE) is the share of generated data that are negative."
    if labeled is None or labeled.images is None:
        return [f"{meaning} {NOT_MEASURED}"]
    rows = [
        [name, _rate(own, "nge_paper"), _rate(own, "nge_strict"), f"{own['fid']:.1f}"]
        + [f"{own['coverage']:.2f}"]
        for name, own in labeled.images.items()
    ]
    head = ["", "NGE, paper's judge", "NGE, strict judge", "FID*", "coverage"]
    generated = labeled.images["generated"]
    accuracy = generated["judges"]
    drawn = round(generated["samples"] / labeled.acceptance)
    known = labeled.held_out + run.record.counts["unwanted"].held_out
    return [
        f"{meaning} Two classifiers judge, which learnt from labels of the unlabeled data; no "
        "model of this run has seen those. In parentheses: 95 % intervals, of the sampling alone.",
        markdown(head, rows),
        f"The judges are right on {accuracy['paper']:.2%} (paper's) and {accuracy['strict']:.2%} "
        f"(strict) of {known:,} held-out examples. They saw {generated['samples']:,} samples, and "
        f"{labeled.images['real, held out']['samples']:,} real ones; the guard had "
        f"accepted {labeled.acceptance:.2%} of {drawn:,} drawn.",
    ]


def _rate(figures, name):
    low, high = figures[f"{name}_interval"]
    return f"{figures[name]:.2%} ({low:.2%} to {high:.2%})"


def _flag(run):
    if run.threshold is None:
        return ["No threshold is stored with the run, so that nothing is flagged."]
    stored = run.record.threshold
    low, high = stored.recall_interval
    return [
        f"Data are flagged if their score exceeds {stored.value:.6g}. Of {stored.unwanted:,} "
        f"held-out unwanted examples {stored.recall:.2%} exceed it ({low:.2%} to "
        f"{high:.2%}, 95 %){special_note(run.record)}. False alarms: "
        f"{false_alarms_in_words(run.record)}."
    ]


def _call_saved_model(run, folder):
    flag = "" if run.threshold is None else "\nflagged = model.flag(x)  # booleans (n,)"
    rows = "x" if run.spec.kind == "images" else "rows"
    requests = [
        {"signature_name": "sample", "inputs": {"n": 16, "seed": 0}},
        {"signature_name": "score", "inputs": {"x": [f"<{rows}>"]}},
    ]
    if run.threshold is not None:
        requests.append({"signature_name": "flag", "inputs": {"x": [f"<{rows}>"]}})
    posts = "\n".join(
        f"curl -d '{json.dumps(request)}' http://localhost:8501/v1/models/vabc:predict"
        for request in requests
    )
    return [
        "With TensorFlow alone:",
        _code(
            "python",
            "import tensorflow as tf\n\n"
            f'model = tf.saved_model.load("{folder}")\n'
            "images = model.sample(16, 0)  # n, seed: guard and density are inside\n"
            "scores = model.score(x)  # (n,), preprocessing is inside" + flag,
        ),
        "With TensorFlow Serving, whose layout this folder has (requests as its REST interface "
        "documents them; they were **not run** when this card was written):",
        _code(
            "sh",
            "docker run -p 8501:8501 -v $PWD:/models/vabc -e MODEL_NAME=vabc tensorflow/serving\n"
            + posts,
        ),
    ]


def _call_portable(run, folder):
    suffix = {"onnx": ".onnx", "litert": ".tflite"}[folder]
    rows = [
        [f"`decode{suffix}`", "`z`: float32 (n, latents)", "`data`: in the data's own scale"],
        [f"`score{suffix}`", "`x`: float32 (n, ...)", "`score`: (n,)"],
    ]
    if run.threshold is not None:
        rows[1][2] += "; `flag`: booleans (n,)"
    if run.nu:
        rows.append([f"`guard{suffix}`", "`x`: float32 (n, ...)", "`guard`: P(negative), (n,)"])
    return [
        markdown(["file", "input", "output"], rows),
        "Preprocessing is inside. To generate, follow `recipe` in `density.json`, which also holds "
        "the numbers it needs.",
    ]


def _origin(made, sha256):
    versions = ", ".join(f"{name} {number}" for name, number in made.versions.items())
    files = {f"`{name}` of the run": f"sha256 {digest}" for name, digest in sha256.items()}
    return [_list({"Trained": f"{made.date}, {versions}"} | files)]


def _list(items):
    return "\n".join(f"- {name}: {value}" for name, value in items.items())


def _code(language, text):
    return f"```{language}\n{text}\n```"
