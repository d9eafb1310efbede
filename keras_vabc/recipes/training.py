"""The steps of a training after the intake; each leaves its part of the run."""

import contextlib
import dataclasses
import functools
import time
from types import SimpleNamespace

import numpy as np

from keras_vabc.data.folds import found_moved
from keras_vabc.data.reviewed import UNWANTED
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.nu.known import masks_of
from keras_vabc.nu.stated import moving_in_words
from keras_vabc.pages import reviewed
from keras_vabc.pages.console import Bars, say, status, warnings_told
from keras_vabc.pages.costs import guard_cost_in_words
from keras_vabc.recipes.autoencoder import Diverged, train_autoencoder
from keras_vabc.recipes.budget import affordable_epochs
from keras_vabc.recipes.evaluated import Evaluation
from keras_vabc.recipes.generation import (
    correction,
    guarded,
    kept_scores,
    new_sampler,
    preferred,
    remaining_share,
    sharpen,
    thinned,
)
from keras_vabc.recipes.identity import CHECKPOINTS
from keras_vabc.recipes.measuring import sample_figures
from keras_vabc.recipes.own_data import described, recipe_for
from keras_vabc.recipes.parts import delete_checkpoints, out_of_fold_scores
from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.record import STEPS, Provenance
from keras_vabc.recipes.results import provenance
from keras_vabc.vabc.checkpoint import Checkpoint

TRIED_SAMPLES = 1000  # that are drawn at the end


class Training:
    """Trains what a run with an intake does not have yet: NU classifier, model, density.

    The model starts from the weights of the run `start`, if there is one.
    """

    def __init__(self, run, folds, start, console):
        self._run, self._folds, self._start, self._console = run, folds, start, console
        self._settings = run.record.settings

    def finish(self):
        """Takes the steps that are missing, in order, and stores each when it is done."""
        steps = {
            "classifier": self._train_classifier,
            "model": self._train_model,
            "density": self._fit_density,
            "samples": self._try_samples,
        }
        for name in (name for name in steps if name in STEPS[self._settings.setting]):
            if name not in self._run.record.stages:
                began = time.perf_counter()
                figures = steps[name]()
                took = {name: round(time.perf_counter() - began, 1)}
                self._run.update(stages=self._run.record.stages | took, figures=figures)
            if self._run.folder is not None and name in CHECKPOINTS:
                delete_checkpoints(self._run.folder, name, self._run.record)

    def _checkpoint(self, step, held):
        """The file with what a step that was killed goes on from; `None` in memory."""
        folder = self._run.folder
        return None if folder is None else folder / CHECKPOINTS[step][held]

    def _kept_epochs(self):
        """The callback that stores each epoch in a file which no other run takes, in a list."""
        path = self._checkpoint("model", "epochs")
        return [] if path is None else [Checkpoint(path, self._run.record.id)]

    @functools.cached_property
    def _training_folds(self):
        """The folds that the model trains on: without the hidden negatives that were found."""
        nu = self._run.nu
        if nu is None:
            return found_moved(self._folds)
        with warnings_told(self._note):
            return nu.correct(self._folds, mode=correction(self._settings.prefer))

    def _train_classifier(self):
        say(self._console, "NU classifier: what is negative among the unlabeled?")
        nu = NUClassifier(seed=self._settings.seed)
        with warnings_told(self._note):
            nu.fit(
                self._folds.unlabeled,
                self._folds.unwanted,
                verbose=_verbosity(self._console),
                checkpoint=self._checkpoint("classifier", "members"),
                owner=self._run.record.id,
                **masks_of(self._folds.reviewed),
            )
        self._run.keep("nu", nu)
        figures = self._figures(
            negative_share=nu.negative_share,
            negative_share_interval=nu.negative_share_interval,
            cross_validation=nu.cross_validation,
        )
        self._compare(nu)
        told = dataclasses.replace(self._run.record, figures=figures)
        share = reviewed.negatives_in_words(told)
        say(self._console, f"NU classifier: negatives among the unlabeled: {share}.")
        return figures

    def _compare(self, nu):
        """Sees whether the known unwanted examples are like those that a review found."""
        review, codes = self._run.record.reviewed, self._folds.reviewed
        if review is None:
            return
        review = review.compared_with(nu.out_of_fold, codes)
        self._run.update(reviewed=review)
        if review.special:
            self._note(reviewed.special_warning(review))
        elif review.typical_p is not None:
            say(self._console, reviewed.review_lines(review)[-1])

    def _train_model(self):
        folds, recipe = self._training_folds, self._run.record.recipe
        moved_wanted = self._say_what_is_moved()
        if recipe is None:
            recipe = self._chosen_recipe()
            self._run.update(recipe=recipe)
        with self._epochs(recipe.setting.epochs) as shown, _advice():
            model, history, _ = train_autoencoder(
                recipe.setting,
                folds,
                callbacks=[shown, *self._kept_epochs()],
                hidden_share=remaining_share(self._run.nu, folds),
                start=None if self._start is None else self._start.model,
            )
        if len(history["loss"]) < recipe.setting.epochs:
            say(self._console, stopped_in_words(recipe.setting, history["val_loss"]))
        if recipe.finetuning is not None:
            self._sharpen(recipe, model)
        self._run.keep("model", model)
        self._run.keep("history", history)
        self._run.update(provenance=Provenance(**provenance()))
        return self._figures(
            moved=len(self._folds.unlabeled) - len(folds.unlabeled) - self._found(),
            moved_wanted=moved_wanted,
            epochs=len(history["loss"]),
            loss=history["loss"][-1],
            val_loss=history["val_loss"][-1],
        )

    def _found(self):
        """How many of the unlabeled examples to train on a review found unwanted."""
        codes = self._folds.reviewed
        return 0 if codes is None else int((codes & UNWANTED > 0).sum())

    def _say_what_is_moved(self):
        """Says it, and returns the interval of how many of the moved rows are wanted, or `None`."""
        nu = self._run.nu
        if nu is None or nu.estimates is None or correction(self._settings.prefer) != "move":
            return None
        text, wanted = moving_in_words(nu.estimates, self._folds.reviewed)
        say(self._console, f"NU classifier: {text}{reviewed.special_note(self._run.record)}.")
        return wanted

    def _chosen_recipe(self):
        """The recipe for the data, with fewer passes where a budget of time asks for it."""
        folds, settings, run = self._training_folds, self._settings, self._run
        own = functools.partial(
            recipe_for,
            settings.setting,
            folds.unlabeled,
            seed=settings.seed,
            gamma=settings.gamma,
            typed=run.spec.typed,
        )
        recipe = preferred(own(epochs=settings.epochs), settings.prefer)
        if settings.budget is not None:
            left = max(settings.budget - sum(run.record.stages.values()), 0)
            with status(self._console, "Timing the first steps"):
                share = remaining_share(run.nu, folds)
                epochs = affordable_epochs(recipe, folds, left, share)
            recipe = own(epochs=min(epochs, recipe.setting.epochs))
            recipe = preferred(recipe, settings.prefer)
        recipe = guarded(recipe, run.nu, folds)
        self._count_rejected(recipe)
        say(self._console, described(recipe, folds.unlabeled))
        return recipe

    def _count_rejected(self, recipe):
        """Says how many of the examples that are to be kept the guard would reject."""
        review, kept = self._run.record.reviewed, kept_scores(self._run.nu, self._training_folds)
        if review is not None and recipe.guard is not None and len(kept):
            rejected = int((kept > np.float32(recipe.guard)).sum())
            self._run.update(reviewed=dataclasses.replace(review, kept_rejected=rejected))
            say(self._console, reviewed.review_lines(self._run.record.reviewed)[-1])

    def _sharpen(self, recipe, model):
        """Finetunes the decoder; the training before, when gone on with, is seen to be over."""
        with status(self._console, "Sharpening") as shown:
            sharpen(
                recipe,
                model,
                self._training_folds,
                checkpoint=self._checkpoint("model", "sharpening"),
                owner=self._run.record.id,
                show=shown.update,
            )

    def _fit_density(self):
        recipe = self._run.record.recipe
        if recipe.density == "gmm":
            with status(self._console, "Fitting the density of the latents"):
                sampler = new_sampler(recipe, self._run.model, self._run.nu, self._run.spec)
                state = sampler.fit(thinned(self._training_folds, recipe)).get_state()
            self._run.keep("density", state)
        return self._run.record.figures

    def _try_samples(self):
        """Scores what was held out, and sees how many samples the guard accepts."""
        with status(self._console, "Scoring what was held out"):
            rows = {"unlabeled": self._folds.test_unlabeled, "unwanted": self._folds.test_unwanted}
            scores = {name: self._run.score_rows(x) for name, x in rows.items()}
            self._run.keep("scores", scores | out_of_fold_scores(self._run.nu))
        self._judge_samples()
        try:
            drawn = self._run.sampler.sample(TRIED_SAMPLES, seed=0, return_drawn=True)[1]
        except RuntimeError as error:
            self._note(f"There are no samples; more epochs may help. {error}")
            return self._run.record.figures
        if self._run.has_classifier:
            say(self._console, f"Guard: {_accepted(TRIED_SAMPLES, drawn, self._run)}.")
        return self._figures(acceptance=TRIED_SAMPLES / drawn)

    def _judge_samples(self):
        """Measures samples of images, for the verdict with which the training ends."""
        if self._run.spec.kind == "images":
            with status(self._console, "Measuring the samples") as shown:
                measured = sample_figures(self._run, self._folds, show=shown.update)
            self._run.update(evaluation=Evaluation(samples=measured))

    def _figures(self, **found):
        return dataclasses.replace(self._run.record.figures, **found)

    @contextlib.contextmanager
    def _epochs(self, epochs):
        """A Keras callback that shows the progress of a training."""
        with Bars(self._console, "epochs") as bars:
            bar = bars.add("V-ABC", epochs)

            def put(title_and_note):
                bars.advance(bar, note=title_and_note[1])

            yield EpochReport(SimpleNamespace(put=put), "V-ABC")

    def _note(self, text):
        notes = self._run.record.notes
        if text not in notes:  # where a training goes on
            self._run.update(notes=(*notes, text))
        say(self._console, f"Note: {text}")


def stopped_in_words(setting, losses):
    """Why a training ended before its last pass, by its losses on held-out data."""
    counted = losses[setting.anneal_epochs :]  # from here on they can be compared
    best = setting.anneal_epochs + int(np.argmin(counted)) + 1
    return (
        f"V-ABC: stopped after {len(losses)} of {setting.epochs} passes: for {setting.patience} of "
        f"them the loss on held-out data was no lower than the {min(counted):.4g} of pass {best}, "
        "whose weights are kept."
    )


def _accepted(samples, drawn, run):
    """What the guard did to samples, and what it would to the wanted data, in words."""
    rate, cost = observed_rate(np.arange(drawn) < samples), guard_cost_in_words(run)
    told = f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}, 95 %) of {drawn:,} samples"
    return f"it accepts {told}" + ("" if cost is None else f", and would reject {cost}")


@contextlib.contextmanager
def _advice():
    """Says what could be changed about a training that diverges."""
    try:
        yield
    except Diverged as error:
        raise RuntimeError(
            f"{error} Another seed, a higher gamma or other epochs may help."
        ) from None


def _verbosity(console):
    """Keras' word for a progress bar on a terminal, a line elsewhere, or silence."""
    if console.quiet:
        return 0
    return 1 if console.is_terminal else 2
