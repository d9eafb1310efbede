"""A classifier's training that is broken off goes on with the next member."""

import inspect

import keras
import numpy as np
import pytest

import keras_vabc as kv
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.nu import training as nu_training

RNG = np.random.default_rng(0)
UNLABELED = RNG.normal(size=(300, 2)).astype("float32")
UNWANTED = (RNG.normal(size=(60, 2)) * 0.3 + 2).astype("float32")


class Interruption(Exception):
    """Stands for whatever ends a process."""


def fit(path=None, unlabeled=UNLABELED, unwanted=UNWANTED, **arguments):
    nu = kv.NUClassifier(**{"network": "small", "members": 3, "epochs": 2, "seed": 1, **arguments})
    return nu.fit(unlabeled, unwanted, verbose=0, checkpoint=path)


def outcome(nu):
    probabilities = nu.negative_probability(UNLABELED).tobytes()
    return probabilities, nu.negative_share_interval, nu.cross_validation


@pytest.fixture
def trained(monkeypatch):
    """A list that grows with each training of a member; the one after `trained.last` crashes."""

    class Trained(list):
        last = 100

    trained, train = Trained(), nu_training.train

    def counting(network, *arguments, **settings):
        if len(trained) == trained.last:
            raise Interruption
        trained.append(network.name)
        return train(network, *arguments, **settings)

    monkeypatch.setattr(nu_training, "train", counting)
    return trained


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "checkpoint"
    fit(path)
    return path


def test_it_goes_on_with_the_next_member_to_the_same_bits(tmp_path, trained):
    path = tmp_path / "new folder" / "checkpoint"
    expected = outcome(fit())
    trained.clear()
    for last in (0, 1, 2):
        trained.last = last
        with pytest.raises(Interruption):
            fit(path)
    trained.last = 100
    assert outcome(fit(path)) == expected
    assert trained == ["member_0", "member_1", "member_2"]
    assert outcome(fit(path)) == expected
    assert len(trained) == 3


def test_progress_counts_what_is_restored(stored, tmp_path, capsys):
    path = tmp_path / "checkpoint"
    arrays, record = read_array_file(stored)
    first_two = {name: array for name, array in arrays.items() if not name.startswith("2/")}
    write_array_file(path, first_two, record)
    kv.NUClassifier(network="small", members=3, epochs=2, seed=1).fit(
        UNLABELED, UNWANTED, checkpoint=path
    )
    shown = capsys.readouterr().out
    assert "5/6" in shown
    assert "6/6" in shown
    assert "4/6" not in shown


def own_network(seed):
    inputs = keras.Input((2,))
    kernel = keras.initializers.GlorotUniform(seed)
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer=kernel)(inputs))


OTHERS = {  # of every argument that the outcome depends on
    "risk": "nnpu",
    "members": 4,
    "epochs": 3,
    "batch_size": 99,
    "learning_rate": 0.003,
    "shift": 0.1,
    "seed": 2,
}


def test_every_argument_is_tried():
    constructor = inspect.signature(kv.NUClassifier).parameters
    assert {*OTHERS, "network", "trees"} == set(constructor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({name: value}, "arguments") for name, value in OTHERS.items()),
        ({"unlabeled": UNLABELED[::-1]}, "data"),
        ({"unwanted": UNWANTED[::-1]}, "data"),
        ({"unwanted": UNWANTED[1:]}, "data"),
        ({"network": own_network(0)}, "network"),
    ],
)
def test_another_training_is_refused(stored, trained, arguments, message):
    content = stored.read_bytes()
    with pytest.raises(ValueError, match=f"must be of this training.* of another {message}"):
        fit(stored, **arguments)
    assert stored.read_bytes() == content
    assert trained == []


def test_a_file_of_an_earlier_version_goes_on(stored, tmp_path, trained):
    arrays, record = read_array_file(stored)
    write_array_file(tmp_path / "old", arrays, {"traits": record["fingerprint"]})
    assert outcome(fit(tmp_path / "old")) == outcome(fit(stored))
    assert trained == []


def test_an_own_network_is_known_by_its_weights(tmp_path, trained):
    path = tmp_path / "checkpoint"
    fit(path, network=own_network(0))
    fit(path, network=own_network(0))
    assert len(trained) == 3
    with pytest.raises(ValueError, match="of another network"):
        fit(path, network=own_network(1))


def test_a_damaged_file_is_refused(stored, tmp_path):
    path = tmp_path / "checkpoint"
    path.write_bytes(stored.read_bytes()[:-50])
    with pytest.raises(ValueError, match="checkpoint must be a whole file .*checkpoint="):
        fit(path)
    arrays, record = read_array_file(stored)
    write_array_file(path, {**arrays, "1/unwanted": np.zeros(3)}, record)
    with pytest.raises(ValueError, match="checkpoint must hold whole members"):
        fit(path)
    for foreign in ({"fingerprint": None}, {}):
        write_array_file(path, arrays, foreign)
        with pytest.raises(ValueError, match="checkpoint must be of this training"):
            fit(path)
