"""Kills and stops small trainings at random moments, and compares what they end with.

    python tests/kills.py --kills 100 --signals 30

Each time a training starts in a new folder, is killed by SIGKILL at a random moment between its
first batch and its end, and is started again with the same command. It must end with the weights
and the history of a training that nobody killed, to the last bit. Then the command `train` is
stopped by SIGINT, SIGTERM or SIGHUP at any moment, and must leave one line and nothing temporary,
and go on when it is given again. Exit code 1 if one does not. Each takes two starts of TensorFlow.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

TRAINS = "it trains"


def train(folder):
    """Trains with every kind of state there is, and writes what came out to `result.json`."""
    import keras

    import keras_vabc as kv

    folds = kv.load_folds("moons1", seed=3)
    unlabeled, unwanted = folds.unlabeled[:800], folds.unwanted[:100]
    encoder, decoder = kv.mlp_autoencoder(
        (2,), latent_dim=1, units=(16,), output_activation="linear", seed=1
    )
    model = kv.VABC(encoder, decoder, sigma2=0.25, gamma=1.5, penalty_weight=2.0, seed=4)
    model.compile(kv.FusedAdam(0.01))
    stopping = keras.callbacks.EarlyStopping(
        patience=6, start_from_epoch=10, restore_best_weights=True
    )
    history = model.fit(
        kv.balanced_dataset(unlabeled, unwanted, batch_size=40, seed=2),
        validation_data=kv.balanced_dataset(
            folds.test_unlabeled[:200], folds.test_unwanted[:40], batch_size=40, shuffle=False
        ),
        epochs=60,
        verbose=0,
        callbacks=[
            kv.Checkpoint(Path(folder, "checkpoint")),
            kv.GammaAnneal(epochs=10),
            kv.KLAnneal(epochs=10),
            stopping,
            keras.callbacks.ReduceLROnPlateau(patience=3),
            keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: print(TRAINS, flush=True)
            ),
        ],
    )
    digest = hashlib.sha256()
    for variable in model.variables + model.optimizer.variables:
        digest.update(keras.ops.convert_to_numpy(variable).tobytes())
    result = {
        "weights": digest.hexdigest(),
        "stopped": [stopping.stopped_epoch, stopping.best_epoch, stopping.best],
        "history": history.history,
    }
    Path(folder, "result.json").write_text(json.dumps(result))
    return result


def start(folder):
    """Starts the training in another process; returns it after its first batch, or its end."""
    with open(Path(folder, "errors.txt"), "w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, __file__, "--train", str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    process.stdout.readline()
    return process


def finish(folder):
    """Trains to the end; returns the result and the seconds after the first batch."""
    process = start(folder)
    began = time.monotonic()
    process.communicate()
    if process.returncode != 0:
        raise RuntimeError(Path(folder, "errors.txt").read_text(encoding="utf-8")[-3000:])
    return json.loads(Path(folder, "result.json").read_text()), time.monotonic() - began


def kill(folder, seconds):
    """Starts the training and kills it after some seconds; returns whether it was still alive."""
    process = start(folder)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def command(root, out):
    """The command line of a small training on data in a folder."""
    script = Path(sys.executable).with_name("keras-vabc")
    data = [f"--{name}={root}/{name}.csv" for name in ("unlabeled", "unwanted")]
    return [script, "train", *data, "--out", str(out), "--setting", "paper", "--epochs", "3"]


def stopped(root, out, moments, seconds):
    """Starts the command, stops it at some moment; what is wrong with what it left, or `None`."""
    number = moments.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    temporary = Path(root, "tmp")
    options = {"env": {**os.environ, "TMPDIR": str(temporary)}, "start_new_session": True}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command(root, out), **options, **pipes)
    moment = moments.uniform(0, seconds)
    time.sleep(moment)
    process.send_signal(number)
    stderr = process.communicate()[1]
    print(f"{number.name} after {moment:.2f} s: {process.returncode}", end=", ", flush=True)
    left = [*Path(root).rglob(".*.tmp"), *temporary.iterdir()]
    if left:
        return f"it left {left}"
    said = process.returncode == 130
    if said and stderr != "keras-vabc: Stopped. The same command goes on.\n":
        return f"it said {stderr}"
    if not said and process.returncode != 0 and out.exists():  # else it had not begun
        return f"it left {out} and said {stderr}"
    again = subprocess.run(command(root, out), capture_output=True, text=True, check=False)
    return again.stderr if again.returncode or (out / "work").exists() else None


def stop(signals, seed):
    """Stops the command at random moments; returns how often something was wrong."""
    moments, faults = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as root:
        rows = np.random.default_rng(seed).normal(size=(300, 4))
        Path(root, "tmp").mkdir()
        for name, table in (("unlabeled", rows), ("unwanted", rows[:60] + 4)):
            np.savetxt(Path(root, f"{name}.csv"), table, delimiter=",")
        began = time.monotonic()
        subprocess.run(command(root, Path(root, "run")), check=True, capture_output=True)
        seconds = time.monotonic() - began
        for turn in range(signals):
            fault = stopped(root, Path(root, f"run-{turn}"), moments, seconds)
            faults += fault is not None
            print(fault or "nothing is left", flush=True)
    print(f"{signals} signals: {faults} faults")
    return faults


def kill_all(kills, seed):
    """Kills and compares; returns how often the result was another."""
    moments = random.Random(seed)
    identical, killed = 0, 0
    with tempfile.TemporaryDirectory() as root:
        expected, seconds = finish(root)
        epochs = len(expected["history"]["loss"])
        print(f"never killed: {epochs} epochs in {seconds:.1f} s", flush=True)
        while killed < kills:
            folder, moment = tempfile.mkdtemp(dir=root), moments.uniform(0, seconds)
            if not kill(folder, moment):
                continue  # it was faster than the one that was timed
            killed += 1
            same = finish(folder)[0] == expected
            identical += same
            outcome = "identical" if same else "ANOTHER RESULT"
            print(f"{killed}: killed {moment:.2f} s after its first batch, {outcome}", flush=True)
    print(f"{kills} kills: {identical} identical results")
    return kills - identical


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--signals", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--train", metavar="FOLDER", help="only train, as the killed process does")
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train)
    else:
        faults = stop(arguments.signals, arguments.seed) if arguments.signals else 0
        faults += kill_all(arguments.kills, arguments.seed) if arguments.kills else 0
        sys.exit(int(faults > 0))
