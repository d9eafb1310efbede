"""The search for the `quality` setting: `python -m keras_vabc.experiments.search`.

It uses digits 1, 7 and 8, a seed that no benchmark uses, and the strict judge; the second judge
takes no part. What was tried is kept as JSON lines in `docs/results/search`.
"""

import dataclasses
import json
import math
import os
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import optuna
from rich.console import Console

from keras_vabc.experiments.methods import method
from keras_vabc.experiments.settings import QUALITY
from keras_vabc.experiments.sweep import ARRAYS, RESULTS, append_line, results_folder, stored_lines
from keras_vabc.experiments.workers import worker_pool

FOLDER = Path("docs/results/search")
DIGITS = (8, 7, 1)  # the hardest first
SEED = 100
TRIALS = 16
HOPELESS = 1.3  # times the best loss so far on the first digit: such a trial ends there
GOOD_FID, GOOD_NGE = 8.0, 0.0006  # one unit of loss each
FIRST = {
    "latent_dim": 16,
    "sigma2": 0.1,
    "target": 50.0,
    "unwanted_share": 0.2,
    "learning_rate": 2e-3,
    "components": 100,
    "guard": 0.1,
}


def space():
    """Optuna's distribution of each parameter."""
    choice, between = (
        optuna.distributions.CategoricalDistribution,
        optuna.distributions.FloatDistribution,
    )
    return {
        "latent_dim": choice([12, 16, 24]),
        "sigma2": between(0.04, 0.3, log=True),
        "target": between(10.0, 100.0, log=True),
        "unwanted_share": choice([0.1, 0.2]),
        "learning_rate": between(1e-3, 4e-3, log=True),
        "components": choice([50, 100, 200]),
        "guard": between(0.01, 0.3, log=True),
    }


@dataclasses.dataclass(frozen=True)
class Trial:
    """One point of the search, measured in a worker process on one digit after the other.

    Attributes:
        number: Number of the trial.
        params: Its parameters, as `FIRST`.
        best: Least loss of an earlier trial on the first digit.
    """

    number: int
    params: dict
    best: float

    def run(self, arrays):
        """Trains and measures; returns the line to store."""
        from keras_vabc.evaluation.evaluate import ImageEvaluation
        from keras_vabc.experiments.generation import generate
        from keras_vabc.experiments.run import folds_of, provenance

        measured = {}
        for digit in DIGITS:
            one = self.method(digit)
            folds = folds_of(one.setting)
            samples, drawn, made = generate(one, folds, Path(arrays))
            figures = ImageEvaluation(folds).of(samples)
            names = ("nge_strict", "fid", "precision", "recall", "coverage")
            measured[digit] = {name: figures[name] for name in names}
            measured[digit] |= {"acceptance": len(samples) / drawn, "seconds": made["seconds"]}
            if loss(measured) > HOPELESS * self.best:
                break
        return {
            "key": f"trial-{self.number}",
            "number": self.number,
            "params": self.params,
            "seed": SEED,
            "epochs": QUALITY["epochs"],
            "digits": measured,
            "loss": loss(measured),
            **provenance("python -m keras_vabc.experiments.search"),
        }

    def method(self, digit):
        """The `Method` of this trial for one digit."""
        changes = dict(self.params)
        rest = {name: changes.pop(name) for name in ("components", "guard")}
        one = method("quality", digit, seed=SEED)
        gamma = 2 * changes["sigma2"] / changes["target"]
        changes |= {"gamma": gamma, "gamma_start": 10 * gamma}
        return dataclasses.replace(one, setting=dataclasses.replace(one.setting, **changes), **rest)


def loss(measured):
    """Mean over digits of FID* and strict NGE, each in units of what is good."""
    return sum(m["fid"] / GOOD_FID + m["nge_strict"] / GOOD_NGE for m in measured.values()) / len(
        measured
    )


def search(folder=FOLDER, trials=TRIALS, workers=None, console=None):
    """Runs trials until `trials` are stored; those stored before count and inform the rest.

    Args:
        folder: Folder of the record.
        trials: Number of trials in all.
        workers: Number of processes; by default one for each core.
        console: `rich.console.Console` that shows each trial.
    """
    console = console or Console()
    folder = Path(folder)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=6))
    study.enqueue_trial(FIRST)
    lines = list(stored_lines(folder).values())
    for line in lines:
        study.add_trial(
            optuna.trial.create_trial(
                params=line["params"], distributions=space(), value=line["loss"]
            )
        )
    if lines:
        study.ask()  # the first guess, stored already
    running = {}
    number = max((line["number"] for line in lines), default=-1) + 1
    workers = workers or os.cpu_count()
    with results_folder(folder), worker_pool(workers) as pool:
        while len(lines) < trials:
            while len(running) < workers and len(lines) + len(running) < trials:
                asked = study.ask(space())
                first = [loss({DIGITS[0]: line["digits"][str(DIGITS[0])]}) for line in lines]
                job = Trial(number, asked.params, min(first, default=math.inf))
                running[pool.submit(job.run, str(folder / ARRAYS))] = asked
                number += 1
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                line = future.result()
                study.tell(running.pop(future), line["loss"])
                append_line(folder / RESULTS, line)
                lines.append(json.loads(json.dumps(line)))
                console.print(f"trial {line['number']}: loss {line['loss']:.3f}, {line['params']}")


if __name__ == "__main__":
    search()
