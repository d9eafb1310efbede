"""The record in a model's file, read without loading the model, which takes TensorFlow."""

import json
import zipfile

METADATA, RECORD_KEY = "metadata.json", "keras_vabc"  # a member of the archive, a key in it


def read_model_record(path):
    """The record of a file of `write_model_file`; `None` if it cannot be told."""
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(METADATA))[RECORD_KEY]
    except Exception:  # zip, zlib and JSON each raise their own; loading the model says more
        return None
