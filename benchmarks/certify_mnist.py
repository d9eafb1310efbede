"""The `quality` export of MNIST certified, with the strict judge in the place of a person.

8s are unwanted, a fifth of them is known. The judge has learnt from the labels, which no model has
seen; it looks at the very pictures that a person would get, and what is planted is among them.
"""

import argparse
import datetime
import hashlib
import json
from pathlib import Path

import numpy as np
from certify import DESIGN_FIELDS
from certify_page import render
from PIL import Image
from record import ROOT, machine, versions

import keras_vabc as kv
from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.certification import Certification, begin_certification

DATASET, NEGATIVE, FRACTION = "mnist", 8, 0.2
N, PLANTED, UNGUARDED = 3300, 100, 1000
MORE = 20_000  # samples of another seed, in which the judge counts what the bound is of
JUDGE = "strict judge, a network that has learnt from the labels of all digits"


def main(argv=None):
    """Trains, exports, certifies, and stores a line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "runs/certify", help="data and run")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results/certify")
    parser.add_argument("--seed", type=int, default=22)
    options = parser.parse_args(argv)
    folds = kv.load_folds(DATASET, negative_class=NEGATIVE, fraction=FRACTION, seed=options.seed)
    run, export = trained(folds, options)
    evaluation = kv.evaluation.ImageEvaluation(folds, seed=0)

    def judged(images):
        return evaluation.is_negative(images)["strict"]

    certificate = certified(run, export, folds, judged, options)
    more = np.concatenate([judged(x) for x in run.sampler.batches(MORE, options.seed + 1)])
    line = result_line(run, certificate, evaluation.accuracies["strict"], more, options)
    print(certificate)
    write_whole(options.out / "mnist.jsonl", (json.dumps(line) + "\n").encode())
    render(options.out)


def trained(folds, options):
    """The run and its export, made where they are not there yet."""
    options.work.mkdir(parents=True, exist_ok=True)
    places = {name: options.work / f"{name}.npy" for name in ("unlabeled", "unwanted", "unseen")}
    if not all(path.exists() for path in places.values()):
        for name, rows in zip(
            places, (folds.unlabeled, folds.unwanted, folds.test_unwanted), strict=True
        ):
            np.save(places[name], rows)
    data = str(places["unlabeled"]), str(places["unwanted"])
    run = kv.train(*data, out=options.work / "run", seed=options.seed)
    export = options.work / "export"
    if not export.exists():
        run.export(export)
    return run, export


def certified(run, export, folds, judged, options):
    """Has all items judged, from the pictures in the folder: a `Certificate`."""
    out, seed = options.work / "review", options.seed
    if not out.exists():
        kinds = {"plant": PLANTED, "unguarded": UNGUARDED, "unseen": options.work / "unseen.npy"}
        begin_certification(export, N, out, by=JUDGE, seed=seed, run=run, **kinds, show=print)
    attempt = Certification(out)
    paths = [out / "items" / f"{name}.png" for name in attempt.names]
    images = np.stack([np.asarray(Image.open(path)) for path in paths])[..., None]
    for item, is_unwanted in enumerate(judged(images)):
        attempt.review.decide(item, is_unwanted)
    return attempt.finish()


def result_line(run, certificate, accuracy, more, options):
    """The line of the result, with the fields that every result line of the project has."""
    setting, one = run.record.recipe.setting, certificate.attempt
    own = dict.fromkeys(DESIGN_FIELDS) | {"negative_class": NEGATIVE, "fraction": FRACTION}
    own |= {"gamma": setting.gamma, "sigma2": setting.sigma2, "latent_dim": setting.latent_dim}
    own["nge_strict"] = one.found / one.reviewed
    accepted, drawn = certificate.guarded["drawn"]
    own["acceptance"] = accepted / drawn
    line = {"method": "quality", "dataset": DATASET, "seed": options.seed, **own, "samples": one.n}
    line |= {"certificate": json.loads(certificate.to_json()), "judge_accuracy": accuracy}
    line |= {"more": len(more), "more_found": int(more.sum())}
    line |= {"seconds": sum(run.record.stages.values()), "verdict": run.record.evaluation.verdict}
    state = {name: value for name, value in machine().items() if name in ("cpu", "cores")}
    line |= {"date": datetime.date.today().isoformat(), "versions": versions(), "machine": state}
    line["command"] = f"python benchmarks/certify_mnist.py --seed {options.seed}"
    key = hashlib.sha256(json.dumps(line, sort_keys=True).encode()).hexdigest()
    return {"key": key[:16], **line}


if __name__ == "__main__":
    main()
