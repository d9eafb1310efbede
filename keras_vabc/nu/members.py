"""The members of a classifier of networks, trained by what a user asks of `NUClassifier`."""

from keras_vabc.nu.checkpoints import MemberCheckpoint, training_fingerprint
from keras_vabc.nu.inputs import takes_trees
from keras_vabc.nu.networks import SMALL, member_network
from keras_vabc.nu.tables import fit_trees
from keras_vabc.nu.training import cross_train

LEAST_EPOCHS, LEAST_STEPS = 5, 1500


def trained(own, folds, arguments, *, wanted, **how):
    """`(networks, unlabeled_odds, unwanted_odds)` of trees or members, whichever suits the data.

    Arguments are those of `trained_members`, of which trees need fewer.
    """
    if not takes_trees(folds[0], own):
        return trained_members(own, folds, arguments, wanted=wanted, **how)
    network, *odds = fit_trees(*folds, arguments["trees"], arguments["seed"], wanted)
    return [network], *odds


def trained_members(own, folds, arguments, *, verbose, checkpoint, owner, wanted):
    """`(networks, unlabeled_logits, unwanted_logits)` as of `cross_train`.

    `own` is the user's network, `"small"` or `None`; `wanted` are numbers of unlabeled rows, known
    to be positives. The rest are the arguments of `NUClassifier` as a dict, and those of its `fit`.
    """
    members, seed, batch_size = (arguments[name] for name in ("members", "seed", "batch_size"))
    if checkpoint is not None:
        known = None if own == SMALL else own
        arguments = {name: value for name, value in arguments.items() if name != "trees"}
        told = (*folds, wanted) if len(wanted) else folds
        fingerprint = training_fingerprint(arguments, known, told, owner)
        checkpoint = MemberCheckpoint(checkpoint, fingerprint)
    return cross_train(
        lambda member: member_network(own, folds[0], member, seed * members + member),
        *folds,
        members=members,
        seed=seed,
        verbose=verbose,
        risk=arguments["risk"],
        epochs=arguments["epochs"] or _enough_epochs(len(folds[0]), members, batch_size),
        checkpoint=checkpoint,
        batch=(batch_size * 2 // 3, batch_size // 3),
        shift=arguments["shift"],
        rate=arguments["learning_rate"],
        wanted=wanted,
    )


def _enough_epochs(count, members, batch_size):
    """Passes of a member over its part of `count` unlabeled examples, if none are asked for."""
    steps = max(count * (members - 1) // members // (batch_size * 2 // 3), 1)
    return max(LEAST_EPOCHS, -(-LEAST_STEPS // steps))
