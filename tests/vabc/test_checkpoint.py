"""Exact resume: broken off anywhere, a training ends as if it had not been."""

import dataclasses
import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from faults import room_for

from keras_vabc.data.pipeline import balanced_dataset
from keras_vabc.files.array_files import read_array_file, write_array_file
from keras_vabc.vabc.callbacks import GammaAnneal, KLAnneal
from keras_vabc.vabc.checkpoint import Checkpoint
from keras_vabc.vabc.model import VABC
from keras_vabc.vabc.networks import mlp_autoencoder
from keras_vabc.vabc.optimizers import FusedAdam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2)).astype("float32")
UNWANTED = (RNG.normal(size=(9, 2)) * 0.3 + 1.5).astype("float32")
STEPS, EPOCHS = 2, 9
EAGER = {"run_eagerly": True}  # a few steps are faster so than traced


class Interruption(Exception):
    """Stands for whatever ends a process."""


class Crash(keras.callbacks.Callback):
    """Raises at the `number`-th call of one method."""

    def __init__(self, event, number):
        super().__init__()
        self.left = number
        setattr(self, event, self._count_down)

    def _count_down(self, *_, **__):
        self.left -= 1
        if self.left == 0:
            raise Interruption


class Begun(keras.callbacks.Callback):
    """Notes the epochs that begin."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)


@dataclasses.dataclass
class Outcome:
    """What a training ends with, compared bit by bit."""

    weights: list
    history: dict
    epochs: list
    stopped_epoch: int
    best_epoch: int
    best: float


TRAINING = balanced_dataset(X, UNWANTED, batch_size=60, seed=2)
TESTING = balanced_dataset(X[:24], UNWANTED, batch_size=48, seed=1)  # shuffled, to have an epoch


def data():
    """The data sets as another process would make them; anew they take a second."""
    TRAINING.epoch_count.next_epoch = TESTING.epoch_count.next_epoch = 0
    return {"x": TRAINING, "validation_data": TESTING}


class Script:
    """A training as a user writes it; each one builds everything anew.

    Args:
        path: `None`, or the path of the checkpoint.
        crash: `None`, or arguments of `Crash`.
        **changes: What differs from the other scripts.
    """

    def __init__(self, path=None, crash=None, **changes):
        self.begun = Begun()
        self.stopping = keras.callbacks.EarlyStopping(
            patience=2, start_from_epoch=2, restore_best_weights=True
        )
        self.arguments = {"epochs": EPOCHS, "verbose": 0, **data(), **changes.pop("fit", {})}
        callbacks = [Checkpoint(path)] if path else []  # the hardest place: all others come later
        callbacks += [
            self.stopping,
            keras.callbacks.ReduceLROnPlateau("gamma", mode="max", patience=2),
            GammaAnneal(epochs=changes.pop("anneal_epochs", 2)),
            KLAnneal(epochs=2),
            self.begun,
        ]
        callbacks += [Crash(*crash)] if crash else []
        self.callbacks = callbacks
        self.model = self.build(**changes)

    @staticmethod
    def build(seed=3, units=4, rate=0.08, compiling=EAGER, network_seed=0):
        encoder, decoder = mlp_autoencoder((2,), 1, (units,), "linear", seed=network_seed)
        model = VABC(encoder, decoder, sigma2=0.25, gamma=1.5, seed=seed)
        model.compile(FusedAdam(rate), **compiling)
        return model

    def run(self):
        history = self.model.fit(**self.arguments, callbacks=self.callbacks)
        stopping = self.stopping
        return Outcome(
            bits(self.model),
            history.history,
            history.epoch,
            stopping.stopped_epoch,
            stopping.best_epoch,
            stopping.best,
        )

    def crash(self):
        """Runs until it crashes; returns the epochs that it began."""
        with pytest.raises(Interruption):
            self.run()
        return self.begun.epochs


def bits(model):
    variables = model.variables + model.optimizer.variables
    return [keras.ops.convert_to_numpy(variable).tobytes() for variable in variables]


@pytest.fixture(scope="module")
def unbroken():
    return Script().run()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A checkpoint after three epochs."""
    path = tmp_path_factory.mktemp("stored") / "checkpoint"
    Script(path, ("on_epoch_begin", 4)).crash()
    return path


def test_the_training_here_uses_all_that_a_checkpoint_holds(unbroken):
    assert 3 < unbroken.stopped_epoch < EPOCHS - 1
    assert unbroken.best_epoch < unbroken.stopped_epoch
    assert len(set(unbroken.history["learning_rate"])) > 1
    assert len(set(unbroken.history["gamma"])) > 2


def test_broken_off_again_and_again_it_ends_as_if_it_had_not_been(tmp_path, unbroken):
    path = tmp_path / "new folder" / "checkpoint"
    begun = [
        Script(path, ("on_train_batch_end", STEPS + 1)).crash(),
        Script(path, ("on_test_batch_end", 1)).crash(),
        Script(path, ("on_epoch_end", 2)).crash(),
        Script(path, ("on_epoch_begin", 3)).crash(),
        Script(path, ("on_train_end", 1)).crash(),
    ]
    assert begun == [[0, 1], [1], [1, 2], [2, 3, 4], [4]]
    script = Script(path)
    assert script.run() == unbroken
    assert script.begun.epochs == []


def test_a_cell_can_be_run_again_without_the_cells_above(tmp_path, unbroken):
    script = Script(tmp_path / "checkpoint", ("on_train_batch_end", STEPS + 1))
    script.crash()
    script.callbacks.pop()
    assert script.run() == unbroken
    assert script.begun.epochs == [0, 1, *range(1, unbroken.stopped_epoch + 1)]


def test_drawn_seeds_come_back_in_graphs_of_many_steps_too(tmp_path):
    drawn = {"seed": None, "network_seed": None, "compiling": {}}
    keras.utils.set_random_seed(5)
    whole, middle = run_and_copy(tmp_path, 2, **drawn)
    keras.utils.set_random_seed(6)
    resumed = Script(middle, **drawn)
    resumed.model.fit(TRAINING, validation_data=TESTING, verbose=0)  # compiles the other seed
    assert resumed.run() == whole
    assert resumed.begun.epochs[0] == 2


def run_and_copy(folder, epoch, **changes):
    """What a script ends with, and a copy of its checkpoint as it was when an epoch began."""
    path, middle = folder / "checkpoint", folder / "middle"
    script = Script(path, **changes)
    copy = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda now, logs: now == epoch and shutil.copy(path, middle)
    )
    script.callbacks.append(copy)
    return script.run(), middle


def test_a_finished_training_is_given_back_and_can_be_made_longer(tmp_path, unbroken):
    path = tmp_path / "checkpoint"
    finished = Script(path, fit={"epochs": 4}).run()
    content = path.read_bytes()
    again = Script(path, fit={"epochs": 4})
    assert again.run() == finished
    assert (again.begun.epochs, path.read_bytes()) == ([], content)
    longer = Script(path)
    assert longer.run() == unbroken
    assert longer.begun.epochs == [4]


def test_a_model_checkpoint_remembers_its_best(tmp_path):
    best = []
    for _ in range(2):
        script = Script(tmp_path / "checkpoint", fit={"epochs": 2})
        saver = keras.callbacks.ModelCheckpoint(
            tmp_path / "best.weights.h5", save_best_only=True, save_weights_only=True
        )
        script.callbacks.append(saver)
        best.append((min(script.run().history["val_loss"]), saver.best))
    assert best[0] == best[1] == (best[0][0],) * 2


def test_an_epoch_that_was_broken_off_is_not_stored(tmp_path, unbroken):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = int(self.model.optimizer.iterations) == 2 * STEPS + 1

    path = tmp_path / "checkpoint"
    script = Script(path)
    script.callbacks.append(Stop())
    assert script.run().epochs == [0, 1, 2]
    again = Script(path)
    assert again.run() == unbroken
    assert again.begun.epochs == [2, 3, 4]


Y = np.tile([1.0, 0.0], 30).astype("float32")
ARRAYS = {"x": X, "y": Y, "batch_size": 30, "validation_data": (X[:10], Y[:10])}
DOUBLED = {"x": TRAINING.map(lambda x, y: (2 * x, y)).take(2), "validation_data": TESTING}


@pytest.mark.parametrize(
    ("fit", "policy", "compiling"),
    [
        ({**ARRAYS, "shuffle": False}, "float32", EAGER),
        (DOUBLED, "float32", {"jit_compile": True}),
        ({}, "mixed_bfloat16", EAGER),
    ],
    ids=["arrays", "map, XLA", "mixed"],
)
def test_other_data_compilation_and_precision(tmp_path, request, fit, policy, compiling):
    request.addfinalizer(lambda: keras.config.set_dtype_policy("float32"))
    keras.config.set_dtype_policy(policy)
    changes = {"fit": {**fit, "epochs": 2}, "compiling": compiling}
    whole, middle = run_and_copy(tmp_path, 1, **changes)
    resumed = Script(middle, **changes)
    assert resumed.run() == whole
    assert resumed.begun.epochs == [1]


OWN = tf.data.Dataset.from_tensor_slices((X, Y)).batch(30)


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        ({"x": OWN}, "x must be a balanced_dataset .* initial_epoch .*Received: _BatchDataset"),
        ({"validation_data": OWN}, "validation_data must be a balanced_dataset"),
        (ARRAYS, "x must be .* arrays with shuffle=False"),
        ({"x": TRAINING.cache()}, "x must be read once .*in epoch [01]"),
        ({"x": TRAINING.repeat(2)}, "x must be read once .*in epoch 0"),
        ({"x": TRAINING.repeat(), "steps_per_epoch": 2}, "x must be .*cardinality -1, 2 steps"),
        ({"steps_per_epoch": 1}, "x must be .*Received: cardinality 2, 1 steps"),
    ],
    ids=["own", "own validation", "shuffled", "cache", "repeat 2", "repeat", "steps"],
)
def test_data_whose_order_is_not_known_are_refused(tmp_path, fit, message):
    with pytest.raises(ValueError, match=message):
        Script(tmp_path / "checkpoint", fit=fit).run()


def test_a_data_set_of_unknown_size_is_refused(tmp_path):
    script = Script(tmp_path / "checkpoint", fit={"x": TRAINING.filter(lambda x, y: True)})
    script.callbacks = [Checkpoint(tmp_path / "checkpoint")]
    with pytest.raises(ValueError, match="x must be .*cardinality -2, None steps"):
        script.run()


def test_another_model_class_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse", run_eagerly=True)
    with pytest.raises(ValueError, match="Checkpoint must stand in the list .* of VABC.fit"):
        model.fit(X, Y, verbose=0, callbacks=[Checkpoint(tmp_path / "checkpoint")])


OTHER = np.concatenate([X[1:], X[:1]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": 5}, "of another model"),
        ({"seed": 4}, "of another model"),
        ({"rate": 0.01}, "of another optimizer"),
        ({"anneal_epochs": 3}, "of another annealing"),
        ({"fit": {"x": balanced_dataset(OTHER, UNWANTED, batch_size=60)}}, "of another data"),
        ({"fit": {"x": TRAINING.take(1)}}, "of another annealing, another data"),
        ({"fit": {"validation_data": None}}, "of another data"),
        ({"fit": {"epochs": 2}}, "epochs must be >= 3, .*Received: epochs=2"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused(stored, changes, message):
    refuse(stored, message, **changes)


def test_another_list_of_callbacks_is_refused(stored):
    script = Script(stored)
    del script.callbacks[2]
    with pytest.raises(ValueError, match="of another list of callbacks"):
        script.run()


@functools.cache
def plain_script():
    return Script("replaced")


def refuse(path, message, **changes):
    """Runs a script that must fail as it begins, and change neither the file nor the model."""
    content, script = path.read_bytes(), Script(path, **changes) if changes else plain_script()
    script.callbacks[0] = Checkpoint(path)
    data()
    weights = [weight.numpy() for weight in script.model.trainable_weights]
    with pytest.raises(ValueError, match=message):
        script.run()
    assert path.read_bytes() == content
    assert script.begun.epochs == []
    for weight, before in zip(script.model.trainable_weights, weights, strict=True):
        assert np.array_equal(weight, before)
    assert int(script.model.optimizer.iterations) == 0


def test_no_damage_goes_unnoticed(stored, tmp_path):
    content, path = stored.read_bytes(), tmp_path / "damaged"
    whole_arrays, whole_record = read_array_file(stored)
    for length in range(0, len(content), 397):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="path must be a whole file"):
            read_array_file(path)
    noticed = 0
    for place in range(0, len(content), 61):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        try:
            arrays, record = read_array_file(path)
        except ValueError:
            noticed += 1
            continue
        assert record == whole_record
        assert arrays.keys() == whole_arrays.keys()
        assert all(np.array_equal(arrays[name], whole_arrays[name]) for name in arrays)
    assert noticed > len(content) / 61 / 2


def test_a_damaged_checkpoint_is_refused_and_kept(stored, tmp_path):
    path = tmp_path / "checkpoint"
    path.write_bytes(stored.read_bytes()[:-100])
    refuse(path, "path must be a whole file of this package's. Received: path=.*checkpoint")
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="path must be a whole file"):
        Script(path).run()


class Bomb:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_nothing_in_a_checkpoint_is_executed(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arrays, record = read_array_file(stored)
    arrays["model/0"] = np.array([Bomb()], dtype=object)
    path = tmp_path / "checkpoint"
    write_array_file(path, arrays, record)
    refuse(path, "path must be a whole file .*it holds Python objects")
    assert not Path("unpickled").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, r: a.pop("optimizer/3"), "path must hold a whole training"),
        (lambda a, r: a.pop("best_0/1"), "path must hold a whole training"),
        (lambda a, r: a.update({"model/0": np.zeros(3)}), "path must hold a whole training"),
        (lambda a, r: a.update({"model/0": np.array("x")}), "its arrays are not all of numbers"),
        (lambda a, r: r["callbacks"][0].pop("best"), "path must hold a whole training"),
        (lambda a, r: r["callbacks"][0].update(best="x"), "path must hold a whole training"),
        (lambda a, r: r["history"].update(loss=["x"]), "must be a checkpoint of this version"),
        (lambda a, r: r["history"].update(loss=1), "must be a checkpoint of this version"),
        (lambda a, r: r["epochs"].append(9), "must be a checkpoint of this version"),
        (lambda a, r: r["epochs"].__setitem__(1, None), "must be a checkpoint of this version"),
        (lambda a, r: r["callbacks"].insert(0, 1), "path must hold a whole training"),
        (lambda a, r: r.update(format=1), "path must be a checkpoint of this version"),
        (lambda a, r: r.update(epoch="3"), "path must be a checkpoint of this version"),
        (lambda a, r: r.update(next_epochs=[3, -1]), "path must be a checkpoint of this version"),
        (lambda a, r: r.update(next_epochs=[3]), "path must be a checkpoint of this version"),
        (lambda a, r: r.pop("history"), "path must be a checkpoint of this version"),
    ],
)
def test_a_tampered_checkpoint_is_refused(stored, tmp_path, change, message):
    path = tmp_path / "checkpoint"
    arrays, record = read_array_file(stored)
    change(arrays, record)
    write_array_file(path, arrays, record)
    refuse(path, message)


def test_other_versions_are_reported(stored, tmp_path):
    path = tmp_path / "checkpoint"
    arrays, record = read_array_file(stored)
    record["versions"]["tensorflow"] = "1.0"
    write_array_file(path, arrays, record)
    with pytest.warns(UserWarning, match="'tensorflow': '1.0'.* may differ in its last bits"):
        assert Script(path, ("on_epoch_begin", 1)).crash() == [3]


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(stored, tmp_path):
    path = tmp_path / "checkpoint"
    shutil.copy(stored, path)
    script = Script(path)
    with (
        room_for(100),
        pytest.raises(OSError, match="path must be .* written.*checkpoint .File too"),
    ):
        script.run()
    assert script.begun.epochs == [3]
    assert path.read_bytes() == stored.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_a_vanished_folder_is_reported_at_the_end_of_the_epoch(tmp_path):
    script = Script(tmp_path / "folder" / "checkpoint")
    vanish = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: shutil.rmtree(tmp_path / "folder")
    )
    script.callbacks.append(vanish)
    with pytest.raises(FileNotFoundError, match="path must be a file that can be written"):
        script.run()
    assert script.begun.epochs == [0]
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_cannot_be_made_is_reported_at_once(tmp_path):
    (tmp_path / "file").touch()
    script = Script(tmp_path / "file" / "checkpoint")
    with pytest.raises(OSError, match="path must be a folder that can be made"):
        script.run()
    assert script.begun.epochs == []


KILLED = """
import os, signal
from test_checkpoint import Script

replace, left = os.replace, [3]

def kill(*names):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*names)

os.replace = kill
Script("checkpoint").run()
"""


def test_a_process_killed_while_it_writes_goes_on_in_another(tmp_path, monkeypatch, unbroken):
    monkeypatch.chdir(tmp_path)
    root, tests = Path(__file__).parents[2], Path(__file__).parent
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root, tests, tests.parent)))},
        capture_output=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()[-3000:]
    left = sorted(os.listdir())
    assert len(left) == 2 and left[0].startswith(".checkpoint-") and left[1] == "checkpoint"
    script = Script("checkpoint")
    assert script.run() == unbroken
    assert script.begun.epochs == [2, 3, 4]
    assert os.listdir() == ["checkpoint"]
