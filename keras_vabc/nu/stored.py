"""A classifier as a file and as a config."""

import keras
import numpy as np

from keras_vabc.data.checks import check_finite
from keras_vabc.files.model_files import read_model_file, write_model_file
from keras_vabc.nu.committee import Committee
from keras_vabc.nu.networks import SMALL

ARGUMENTS = ("risk", "members", "epochs", "batch_size", "learning_rate", "shift", "trees", "seed")
ESTIMATES = ("negative_share", "negative_share_interval", "cross_validation")
TRAINED_NETWORK = "the network of a loaded classifier, which is trained"  # refused by fit


def arguments(nu):
    """Arguments of a classifier, all but its network."""
    return {name: getattr(nu, name) for name in ARGUMENTS}


def config_of(nu):
    """Arguments of a classifier as JSON can hold them."""
    network = nu.network
    if isinstance(network, keras.Model):
        network = keras.saving.serialize_keras_object(network)
    return {"network": network, **arguments(nu)}


def arguments_of(config):
    """The arguments that `config_of` told, with a new network."""
    network = config.get("network")
    if isinstance(network, dict):
        network = keras.saving.deserialize_keras_object(network, safe_mode=True)
    return {**config, "network": network}


def write_classifier(path, nu, committee, seen):
    """Writes a trained classifier; `seen` is the fingerprint of its unlabeled fold."""
    record = {
        "arguments": arguments(nu),
        "estimates": {name: getattr(nu, name) for name in ESTIMATES},
        "own_network": SMALL if nu.network == SMALL else nu.network is not None,
        "log_odds_shift": committee.log_odds_shift,
        "seen": seen,
        "column_names": committee.column_names,
    }
    write_model_file(path, committee.network, record)


def read_classifier(path, kind):
    """`(classifier, committee, seen)` of a file; the class is `kind`. Errors as of its `load`."""
    network, record = read_model_file(path)
    try:
        nu, own = kind(**record["arguments"]), record["own_network"]
        if own not in (True, False, SMALL):
            raise ValueError(f"its network is {own!r}")
        nu.network = TRAINED_NETWORK if own is True else own or None
        for name in ESTIMATES:
            estimate = record["estimates"][name]
            setattr(nu, name, tuple(estimate) if isinstance(estimate, list) else estimate)
        shift = check_finite("log_odds_shift", np.array([record["log_odds_shift"]]))
        committee = Committee(network, float(shift[0]), record.get("column_names"))
        return nu, committee, record.get("seen")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "path must be a file written by NUClassifier.save. "
            f"Received: path={path}, which holds something else."
        ) from error
