"""An export as it is deployed: which one it is, whose it is, and what it generates."""

from pathlib import Path

import numpy as np

from keras_vabc.data.checks import check_path, first_line
from keras_vabc.data.columns.table import Columns
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.fingerprints import config_fingerprint, file_hash
from keras_vabc.files.manifests import MANIFEST, content_hash, read_manifest
from keras_vabc.recipes.export import EXPORT, FOLDERS, VERSION
from keras_vabc.recipes.outputs import provenance
from keras_vabc.recipes.record import FILES
from keras_vabc.recipes.record_file import DAMAGES, RUN_FILE

SAVED_MODEL = "saved_model.pb"


class Exported:
    """A SavedModel that `keras-vabc export` made, or a copy of its folder.

    Args:
        path: Its folder, or that of the model in it.
        name: Name of the argument that gave it, for errors.

    Attributes:
        model: `pathlib.Path` of the folder of the SavedModel.
        root: That of the export around it; the same where there is none.
        manifest: What the export tells of itself; empty where it has no manifest.

    Raises:
        FileNotFoundError: If there is no folder.
        ValueError: If it is no SavedModel.
    """

    def __init__(self, path, name="export"):
        check_path(name, path)
        self.name, path = name, Path(path).absolute()
        if not path.is_dir():
            raise FileNotFoundError(
                f"{name} must be a folder of keras-vabc export. Received: {path}, which is not "
                "there."
            )
        self.model = path if (path / SAVED_MODEL).is_file() else path / VERSION
        self.root = self.model.parent if self.model.name == VERSION else path
        self.manifest = read_manifest(self.root / MANIFEST) or {}
        if not (self.model / SAVED_MODEL).is_file():
            own = self.manifest.get("format")
            what = f"of format {own}" if own in FOLDERS else f"without {SAVED_MODEL}"
            raise ValueError(
                f"{name} must be a SavedModel that keras-vabc export made. Received: {path}, "
                f"{what}."
            )
        self._loaded = None

    @property
    def sha256(self):
        """Hashes of the model and, of a table, of the columns: which export this is."""
        columns = self.root / FILES["columns"]
        own = {"model": content_hash(self.model)}
        return own | ({columns.name: file_hash(columns)} if columns.is_file() else {})

    @property
    def parts(self):
        """Hashes of the files of the run that it was made of; empty where it does not tell."""
        told = self.manifest.get("output") == EXPORT and self.manifest.get("sha256")
        return told if isinstance(told, dict) else {}

    @property
    def what(self):
        """By which attempts are counted: two exports of the parts of one run count as one thing."""
        return generator_id(self.parts or self.sha256)

    @property
    def run_folder(self):
        """The folder of its run, where that is still there and the same; else `None`."""
        folder = self.manifest.get("run")
        if isinstance(folder, str) and Path(folder, RUN_FILE).is_file():
            return Path(folder)
        return None

    @property
    def columns(self):
        """`Columns` of a typed table; `None` for other data."""
        path = self.root / FILES["columns"]
        if not path.is_file():
            return None
        try:
            return Columns.from_json(read_text_file(path))
        except DAMAGES as error:
            raise self._damaged(error) from None

    def sample(self, n, seed):
        """What it generates: a float32 array of shape `(n, ...)`.

        Raises a `ValueError` if it is damaged, a `RuntimeError` if its guard rejects nearly all.
        """
        import tensorflow as tf

        try:
            if self._loaded is None:
                self._loaded = tf.saved_model.load(str(self.model))
            rows = self._loaded.sample(tf.constant(n, "int64"), tf.constant(seed, "int64")).numpy()
        except tf.errors.InvalidArgumentError as error:
            raise RuntimeError(f"{self.name} must give samples: {first_line(error)}") from None
        except Exception as error:  # TensorFlow and protobuf each raise their own
            raise self._damaged(error) from None
        if len(rows) != n or rows.ndim not in (2, 4) or not np.isfinite(rows).all():
            raise ValueError(
                f"{self.name} must give n={n} images or rows of numbers. Received: "
                f"{self.model}, which gives an array of shape {rows.shape}."
            )
        return rows

    def _damaged(self, error):
        return ValueError(
            f"{self.name} must be a whole export of keras-vabc. Received: {self.model} "
            f"({type(error).__name__}: {first_line(error)})."
        )


def generator_id(parts):
    """Hash of the hashes of what makes a generator, a dict by file names."""
    return config_fingerprint(parts)


def run_parts(run):
    """What `Exported.parts` of an export of a run is."""
    return provenance(run)["sha256"]


def check_same_run(run, exported):
    """Raises a `ValueError` if an export is none of a run."""
    if exported.parts and exported.parts != run_parts(run):
        raise ValueError(
            f"run must be the one that the export was made of. Received: {run.folder} for "
            f"{exported.root}, which is of other parts."
        )
