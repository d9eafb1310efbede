"""The stages of a training after the intake; each leaves its files in the folder of the run."""

import dataclasses
import functools
import json
import sys
import time
import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from keras_vabc.files.array_files import write_array_file
from keras_vabc.files.model_files import write_model_file
from keras_vabc.files.writing import write_whole
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.pages.console import say
from keras_vabc.recipes.autoencoder import train
from keras_vabc.recipes.generation import new_sampler, remaining_share
from keras_vabc.recipes.own_data import recipe_for
from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.results import provenance
from keras_vabc.recipes.trained_run import CLASSIFIER, DENSITY, HISTORY, MODEL, SCORES, TrainedRun
from keras_vabc.vabc.checkpoint import Checkpoint

TRIED = 1000  # samples that are drawn at the end


class Training:
    """Trains what a run does not have yet: classifier, model, density.

    Args:
        run: `Run` with an intake.
        folds: `Folds` of the intake.
        old: `None`, or the `TrainedRun` from whose weights the model starts.
        console: `rich.console.Console`.
    """

    def __init__(self, run, folds, old, console):
        self._trained = TrainedRun(run)
        self._run, self._folds, self._old, self._console = run, folds, old, console
        self._settings = run.record["settings"]

    def finish(self):
        """Runs the stages that are missing, in order, and stores each when it is done."""
        stages = {
            "classifier": self._train_classifier,
            "model": self._train_model,
            "density": self._fit_density,
            "samples": self._try_samples,
        }
        if self._settings["setting"] == "paper":
            del stages["classifier"]
        for name, stage in stages.items():
            if name not in self._run.record["stages"]:
                began = time.perf_counter()
                figures = self._run.record["figures"] | stage()
                took = {name: round(time.perf_counter() - began, 1)}
                self._run.update(stages=self._run.record["stages"] | took, figures=figures)
            self._checkpoint(name).unlink(missing_ok=True)

    def _checkpoint(self, stage):
        """The file from which a stage that was killed goes on."""
        return self._run.path(f"{stage}.checkpoint")

    @functools.cached_property
    def _training_folds(self):
        """The folds that the model trains on: without the hidden negatives that were found."""
        nu = self._trained.nu
        return self._folds if nu is None else nu.correct(self._folds)

    def _train_classifier(self):
        say(self._console, "NU classifier: what is negative among the unlabeled?")
        nu = NUClassifier(seed=self._settings["seed"])
        with self._warnings_as_notes():
            nu.fit(
                self._folds.unlabeled,
                self._folds.unwanted,
                verbose=1 if self._console.is_terminal else 2,
                checkpoint=self._checkpoint("classifier"),
            )
        nu.save(self._run.path(CLASSIFIER))
        low, high = nu.negative_share_interval
        share = f"{nu.negative_share:.1%} of the unlabeled are negative ({low:.1%} to {high:.1%})"
        say(self._console, f"NU classifier: by its estimate {share}.")
        return {
            "negative_share": nu.negative_share,
            "negative_share_interval": list(nu.negative_share_interval),
            "cross_validation": nu.cross_validation,
        }

    def _train_model(self):
        training_folds, nu = self._training_folds, self._trained.nu
        method = recipe_for(
            self._settings["setting"],
            training_folds.unlabeled,
            seed=self._settings["seed"],
            epochs=self._settings["epochs"],
            gamma=self._settings.get("gamma"),
        )
        with self._epochs(method.setting.epochs) as shown:
            model, history, seconds = train(
                method.setting,
                training_folds,
                callbacks=[shown, Checkpoint(self._checkpoint("model"))],
                hidden_share=remaining_share(nu, training_folds),
                start=None if self._old is None else self._old.model,
            )
        if not np.isfinite(history["val_loss"][-1]):
            raise RuntimeError(
                "The training has diverged: its loss is not finite. Try another seed."
            )
        write_model_file(self._run.path(MODEL), model, {"spec": self._run.record["spec"]})
        write_whole(self._run.path(HISTORY), json.dumps(history).encode())
        self._run.update(
            method=dataclasses.asdict(method), **provenance(" ".join(["keras-vabc", *sys.argv[1:]]))
        )
        return {
            "moved": len(self._folds.unlabeled) - len(training_folds.unlabeled),
            "epochs": len(history["loss"]),
            "loss": history["loss"][-1],
            "val_loss": history["val_loss"][-1],
        }

    def _fit_density(self):
        method = self._trained.method
        if method.density == "gmm":
            with self._console.status("Fitting the density of the latents"):
                sampler = new_sampler(method, self._trained.model, self._trained.nu)
                density = sampler.fit(self._training_folds.unlabeled).get_state()
            write_array_file(self._run.path(DENSITY), density, {})
        return {}

    def _try_samples(self):
        """Scores what was held out, and sees how many samples the guard accepts."""
        with self._console.status("Scoring what was held out"):
            parts = ("unlabeled", "unwanted")
            rows = {part: getattr(self._folds, f"test_{part}") for part in parts}
            scores = {part: self._trained.score(rows[part]) for part in parts}
        write_array_file(self._run.path(SCORES), scores, {"score": self._trained.score_name})
        try:
            drawn = self._trained.sampler.sample(TRIED, seed=0, return_drawn=True)[1]
        except RuntimeError as error:
            self._note(f"There are no samples; more epochs may help. {error}")
            return {"acceptance": None}
        if self._trained.has_classifier:
            say(self._console, f"Guard: it accepts {TRIED / drawn:.1%} of the samples.")
        return {"acceptance": TRIED / drawn}

    @contextmanager
    def _epochs(self, epochs):
        """A Keras callback that shows the progress of a training."""
        columns = ("{task.description}", BarColumn(bar_width=24), MofNCompleteColumn(), "epochs")
        columns += (TimeElapsedColumn(), TextColumn("{task.fields[note]}"))
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task("V-ABC", total=epochs, note="")

            def put(title_and_note):
                progress.update(task, advance=1, note=title_and_note[1])

            yield EpochReport(SimpleNamespace(put=put), "V-ABC")

    @contextmanager
    def _warnings_as_notes(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
        for warning in caught:
            self._note(str(warning.message))

    def _note(self, text):
        self._run.update(notes=[*self._run.record["notes"], text])
        say(self._console, f"Note: {text}")
