"""Training one network to tell negatives from positives, given unlabeled and unwanted examples."""

import itertools
import math

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import BLOCK_ROWS, Blockwise
from keras_vabc.nu.risks import balanced_risk, nnpu_objective, presumed_positives
from keras_vabc.nu.share import best_bin_share
from keras_vabc.vabc.optimizers import FusedAdam

WARM_UP = 1 / 3  # of the epochs, in which every unlabeled example counts as positive


def cross_train(
    new_network,
    unlabeled,
    unwanted,
    *,
    members,
    seed,
    verbose,
    epochs,
    wanted=(),
    checkpoint=None,
    **settings,
):
    """Trains several networks, each on all but its part, one in `members`, of both folds.

    `new_network` maps a member's number to an untrained network; a `MemberCheckpoint` has the
    members that need no training; `wanted` are numbers of unlabeled rows that are known to be
    positives; `settings` are those of `train`. The seed is that of the parts, of the order of the
    data and of the shifts.

    Returns `(networks, unlabeled_logits, unwanted_logits)`: of each example the logit by the member
    that did not train on it, shapes `(n,)` and `(m,)`.
    """
    *streams, parting = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(members + 1))
    folds = unlabeled, unwanted
    parts = [parting.permutation(len(fold)) % members for fold in folds]
    logits = [np.empty(len(fold), "float32") for fold in folds]
    bar = keras.utils.Progbar(
        members * epochs,
        verbose=1 if verbose == "auto" else int(verbose),
        stateful_metrics=["loss", "negative_share"],
        unit_name="epoch",
    )
    done = itertools.count(1)

    def report(loss, share):
        bar.update(next(done), [("loss", loss), ("negative_share", share)])

    networks = [new_network(member) for member in range(members)]
    for member, (network, rng) in enumerate(zip(networks, streams, strict=True)):
        training = [Part(fold, part != member) for fold, part in zip(folds, parts, strict=True)]
        held_out = [Part(fold, part == member) for fold, part in zip(folds, parts, strict=True)]
        scores = checkpoint and checkpoint.restore(member, network, held_out)
        if scores:
            done = itertools.count(next(done) + epochs)
        else:
            how = settings | {"wanted": np.flatnonzero(np.isin(training[0].numbers, wanted))}
            logit = train(
                network, *training, held_out, epochs=epochs, rng=rng, report=report, **how
            )
            scores = [rows.each(logit) for rows in held_out]
            if checkpoint:
                checkpoint.store(member, network, scores)
        for joined, rows, own in zip(logits, held_out, scores, strict=True):
            joined[rows.numbers] = own
    return networks, *logits


class Part:
    """Chosen rows of a fold, known by their numbers and never copied: a fold may fill a disk."""

    def __init__(self, fold, chosen):
        self._fold, self.numbers = fold, np.flatnonzero(chosen)

    def __len__(self):
        """Number of rows."""
        return len(self.numbers)

    def __getitem__(self, rows):
        """The examples of some of its rows, counted within the part."""
        return self._fold[self.numbers[rows]]

    def each(self, function):
        """A `Blockwise` function of all its examples; the result has one number for each."""
        blocks = range(0, len(self), BLOCK_ROWS)
        return np.concatenate([function(self[start : start + BLOCK_ROWS]) for start in blocks])


def train(
    network,
    unlabeled,
    unwanted,
    held_out,
    *,
    risk,
    epochs,
    rng,
    batch,
    shift,
    rate,
    report,
    wanted=(),
):
    """Trains a network, with the share of negatives estimated anew before each epoch.

    In the first third of the epochs all unlabeled examples count as positives. After it, `"cvir"`
    leaves out those that look most negative, as many as the estimated share says; `"nnpu"` uses
    them all, and the share in its risk. The share is estimated on the two `Part`s held out.

    `batch` is the number of unlabeled and of unwanted examples in a batch, `shift` the largest one
    of images, as a share of height and width; the learning rate falls from `rate` to 0 along a
    cosine. After each epoch `report` gets its mean loss and the share it used. `wanted` are numbers
    of unlabeled rows that are known to be positives, which are never left out. Returns a
    `Blockwise` function from examples to logits `(n,)`.
    """
    steps = max(len(unlabeled) // batch[0], 1)
    logits = Blockwise(lambda x: network(tf.cast(x, tf.float32), training=False)[:, 0])
    decay = keras.optimizers.schedules.CosineDecay(rate, steps * epochs)
    step = _train_step(network, FusedAdam(decay), shift if len(network.input_shape) == 4 else 0)
    share, warm_up = 0.0, max(round(epochs * WARM_UP), 1)
    for epoch in range(epochs):
        rows, known = np.arange(len(unlabeled)), tf.constant(0.0)
        if epoch >= warm_up:
            share = best_bin_share(*(part.each(logits) for part in held_out))[0]
            if risk == "cvir":
                rows = presumed_positives(unlabeled.each(logits), share)
                rows = np.union1d(rows, wanted).astype(int) if len(wanted) else rows
            else:
                known = tf.constant(share, tf.float32)
        order = _passes(rows, (steps, batch[0]), rng)
        unwanted_order = _passes(np.arange(len(unwanted)), (steps, batch[1]), rng)
        losses = [
            step(unlabeled[u], unwanted[w], known, rng.random(2, np.float32))
            for u, w in zip(order, unwanted_order, strict=True)
        ]
        report(float(np.mean(losses)), share)
    return logits


def _train_step(network, optimizer, shift):
    """One optimizer step, compiled; `share` 0 stands for the balanced risk."""
    optimizer.build(network.trainable_variables)

    def step(unlabeled, unwanted, share, offset):
        x = tf.cast(tf.concat([unlabeled, unwanted], 0), tf.float32)
        x = _shifted(x, shift, offset) if shift else x
        count = tf.shape(unlabeled)[0]
        with tf.GradientTape() as tape:
            logits = network(x, training=True)[:, 0]
            parts = logits[:count], logits[count:]
            loss = tf.cond(
                share > 0, lambda: nnpu_objective(*parts, share), lambda: balanced_risk(*parts)
            )
            loss += sum(network.losses)
        optimizer.apply(tape.gradient(loss, network.trainable_variables))
        return loss

    return tf.function(step, autograph=False, reduce_retracing=True)


def _shifted(images, shift, offset):
    """A batch of images moved by up to `shift` of their size, its edges mirrored.

    One offset, in [0, 1) per axis, serves the whole batch: over many batches it teaches as much as
    one for each image, at a fraction of the time.
    """
    height, width = images.shape[1:3]
    pads = [round(shift * height), round(shift * width)]
    sizes = tf.constant([2 * pad + 1 for pad in pads], tf.float32)
    start = tf.concat([[0], tf.cast(offset * sizes, tf.int32), [0]], 0)
    padded = tf.pad(images, [[0, 0], [pads[0]] * 2, [pads[1]] * 2, [0, 0]], "SYMMETRIC")
    moved = tf.slice(padded, start, [-1, height, width, -1])
    return tf.ensure_shape(moved, images.shape)


def _passes(rows, shape, rng):
    """Rows for so many steps of a size, in passes over all, each in an order of its own."""
    length = math.prod(shape)
    passes = [rng.permutation(rows) for _ in range(-(-length // len(rows)))]
    return np.concatenate(passes)[:length].reshape(shape)
