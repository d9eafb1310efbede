"""Reading a split of a TensorFlow Datasets data set."""

import re
from collections import Counter

import numpy as np

from keras_vabc.data import pixels, vectors
from keras_vabc.data.datasets.downloads import answers, find_tfds_copy
from keras_vabc.data.spec import DataSpec

PREFIX = "tfds:"
NAME = re.compile(r"\w+(/\w[\w.+-]*)?")  # with a configuration, as the library names them


class TfdsSplit:
    """The images or vectors of one split; labels are not read.

    Args:
        path: `tfds:NAME`, for the split `train`, or `tfds:NAME/SPLIT`; NAME may be one with a
            configuration if a split follows.
        name: Name of the argument that gave it, for errors and notes.

    Attributes:
        count: Number of examples.
        counts: What was found, `collections.Counter`; complete when `blocks` has ended.
        dtype: Dtype of its examples in a spec of their own.

    Raises:
        ValueError: If there is no such data set or split, or it has not one feature of images or
            of vectors.
        OSError: If it is not on this machine and its host does not answer.
    """

    def __init__(self, path, name):
        self.path, self.name, self.counts = str(path), name, Counter()
        data_set, _, self._split = self.path.removeprefix(PREFIX).rpartition("/")
        if not data_set:
            data_set, self._split = self._split, "train"
        self._builder = self._found(data_set)
        try:
            self.count = self._builder.info.splits[self._split].num_examples
        except (KeyError, ValueError, AssertionError):
            splits = ", ".join(self._builder.info.splits)
            raise ValueError(
                f"{name} must name a split of {data_set}: {splits}. Received: {self.path}."
            ) from None
        self._key, self._shape = self._feature()
        self.dtype = "uint8" if self._is_images else "float32"

    def describe(self, image_size):
        """The `DataSpec` of its examples.

        Args:
            image_size: `(height, width)`, or `None` for their own.

        Raises:
            ValueError: If images are of several sizes and `image_size` is `None`.
        """
        if not self._is_images:
            return DataSpec("vectors", self._shape, "float32")
        size = image_size or self._shape[:2]
        if None in size:
            raise ValueError(
                f"image_size must be given for images of several sizes. Received: {self.path}."
            )
        return DataSpec("images", (*size, self._shape[2]), "uint8")

    def blocks(self, spec):
        """Reads all examples in the form of `spec`.

        Yields:
            `(ids, rows)`: row numbers as text, and an array of shape `(n, *spec.shape)`.

        Raises:
            ValueError: If they are no examples of that kind, or not finite.
        """
        self.counts.clear()
        check = pixels.check_kind if self._is_images else vectors.check_width
        check(self._shape, spec, self.name)
        for examples in self._batches(spec.block_rows):
            first = self.counts["read"]
            self.counts["read"] += len(examples)
            ids = [str(first + row) for row in range(len(examples))]
            if self._is_images:
                yield ids, np.concatenate([self._image(example, spec) for example in examples])
            else:
                yield ids, vectors.as_float32(examples, first, self.name, spec.column_name)

    def notes(self, spec):
        """What was repaired, once `blocks` has ended."""
        fitted = self.counts["fitted"]
        line = f"images were resized or recoloured to {' x '.join(map(str, spec.shape))}"
        return [f"{self.name}: {fitted} of {self.count} {line}."] if fitted else []

    @property
    def _is_images(self):
        return len(self._shape) == 3

    def _image(self, example, spec):
        rows = pixels.Scale(255, "uint8").apply(example[None], spec.dtype)
        self.counts["fitted"] += rows.shape[1:] != spec.shape
        return pixels.fit(rows, spec)

    def _batches(self, size):
        dataset = self._builder.as_dataset(split=self._split, shuffle_files=False)
        if self._key is not None:
            dataset = dataset.map(lambda example: example[self._key])
        if None not in self._shape:
            yield from dataset.batch(size).as_numpy_iterator()
            return
        examples = []
        for example in dataset.as_numpy_iterator():
            examples.append(example)
            if len(examples) == size:
                yield examples
                examples = []
        if examples:
            yield examples

    def _found(self, data_set):
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
                f"{self.name} must name a data set of TensorFlow Datasets: tfds:NAME or "
                f"tfds:NAME/SPLIT. Received: {self.path}."
            ) from None
        if not answers(url):
            raise OSError(
                f"{self.name} must be on this machine or its host must answer. Received: "
                f"{self.path}, for which neither holds."
            )
        builder.download_and_prepare()
        return builder

    def _feature(self):
        """Key and shape of the one feature of images, or else of the one of vectors."""
        import tensorflow_datasets as tfds

        features = self._builder.info.features
        named = isinstance(features, tfds.features.FeaturesDict)
        features = dict(features) if named else {None: features}
        images = {
            key: feature.shape
            for key, feature in features.items()
            if isinstance(feature, tfds.features.Image)
            and feature.np_dtype == np.uint8
            and feature.shape[2] in pixels.CHANNELS
        }
        numbers = {
            key: feature.shape
            for key, feature in features.items()
            if isinstance(feature, tfds.features.Tensor)
            and len(feature.shape) == 1
            and None not in feature.shape
            and np.dtype(feature.np_dtype).kind in "buif"
        }
        found = images or numbers
        if len(found) != 1:
            raise ValueError(
                f"{self.name} must have one feature of images (uint8, 1 or 3 channels) or one of "
                f"vectors. Received: {self.path} with {', '.join(map(str, found)) or 'none'}."
            )
        return next(iter(found.items()))
