"""Finding a split of a TensorFlow Datasets data set."""

import re

import numpy as np

from keras_vabc.data import pixels
from keras_vabc.data.datasets.downloads import answers, find_tfds_copy

PREFIX = "tfds:"
NAME = re.compile(r"\w+(/\w[\w.+-]*)?")  # with a configuration, as the library names them


def open_tfds_split(path, name):
    """The `ArrayReader` of the images or vectors of one split; labels are not read.

    The path is `tfds:NAME`, for the split `train`, or `tfds:NAME/SPLIT`; NAME may be one with a
    configuration if a split follows. Raises a `ValueError` if there is no such data set or split,
    or it has not one feature of images or of vectors, an `OSError` if it is not on this machine and
    its host does not answer.
    """
    from keras_vabc.data.readers.tf_datasets import dataset_reader

    path = str(path)
    data_set, _, split = path.removeprefix(PREFIX).rpartition("/")
    if not data_set:
        data_set, split = split, "train"
    builder = _builder(data_set, path, name)
    try:
        builder.info.splits[split]  # noqa: B018 - which knows slices, too
    except (KeyError, ValueError, AssertionError):
        splits = ", ".join(builder.info.splits)
        raise ValueError(
            f"{name} must name a split of {data_set}: {splits}. Received: {path}."
        ) from None
    key, is_images = _feature(builder, path, name)
    dataset = builder.as_dataset(split=split, shuffle_files=False)
    if key is not None:
        dataset = dataset.map(lambda example: example[key])
    return dataset_reader(dataset, name, pixels.Numbers("whole", 255) if is_images else None)


def _builder(data_set, path, name):
    """The builder of a data set that is on this machine, or else can be had."""
    import tensorflow_datasets as tfds

    copy = find_tfds_copy(data_set) if NAME.fullmatch(data_set) else None
    if copy:
        return tfds.builder_from_directory(copy)
    try:
        builder = tfds.builder(data_set)
        url = next(iter(type(builder).url_infos))
    except Exception:  # the library raises anything for a name it does not know
        raise ValueError(
            f"{name} must name a data set of TensorFlow Datasets: tfds:NAME or "
            f"tfds:NAME/SPLIT. Received: {path}."
        ) from None
    if not answers(url):
        raise OSError(
            f"{name} must be on this machine or its host must answer. Received: "
            f"{path}, for which neither holds."
        )
    builder.download_and_prepare()
    return builder


def _feature(builder, path, name):
    """Key of the one feature of images, or else of the one of vectors; and which it is."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    named = isinstance(features, tfds.features.FeaturesDict)
    features = dict(features) if named else {None: features}
    images = [
        key
        for key, feature in features.items()
        if isinstance(feature, tfds.features.Image)
        and feature.np_dtype == np.uint8
        and feature.shape[2] in pixels.CHANNELS
    ]
    numbers = [
        key
        for key, feature in features.items()
        if isinstance(feature, tfds.features.Tensor)
        and len(feature.shape) == 1
        and None not in feature.shape
        and np.dtype(feature.np_dtype).kind in "buif"
    ]
    found = images or numbers
    if len(found) != 1:
        raise ValueError(
            f"{name} must have one feature of images (uint8, 1 or 3 channels) or one of "
            f"vectors. Received: {path} with {', '.join(map(str, found)) or 'none'}."
        )
    return found[0], bool(images)
