"""What several tests of data share: folds in a folder of their own, and blocks of a few rows."""

import pytest

from keras_vabc.data import spec
from keras_vabc.data.intake import read_folds
from keras_vabc.data.readers import arrays, tables, tf_datasets


@pytest.fixture
def read(tmp_path):
    def folds(unlabeled, unwanted, **arguments):
        return read_folds(unlabeled, unwanted, folder=tmp_path / "work", **arguments)

    return folds


@pytest.fixture
def small_blocks(monkeypatch):
    for module in (arrays, tables, tf_datasets, spec):
        monkeypatch.setattr(module, "BLOCK_BYTES", 200)
