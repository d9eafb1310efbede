"""Folds of the data sets that are known by name."""

from keras_vabc.data.datasets.sources import IMAGE_SETS, load_images, load_moons
from keras_vabc.data.datasets.tables import TABLES, load_table_folds
from keras_vabc.data.folds import Folds, check_split, split_unwanted

MOONS_FRACTION = {"moons1": 1.0, "moons2": 0.8}


def load_folds(name, *, negative_class=None, fraction=None, seed=0, data_dir=None) -> Folds:
    """Loads a data set by name and splits it into unlabeled and unwanted folds.

    `"moons1"` and `"moons2"` are two interleaved half circles in the plane: 10,000 training and
    10,000 test points of noise 0.2, float32 of shape `(2,)`, drawn anew for each seed. Class 0, the
    upper moon, is the negative concept unless told otherwise; `fraction` defaults to 1 and 0.8.

    `"mnist"`, `"fashion_mnist"`, `"cifar10"` and `"digits"` are images, uint8 of shape `(height,
    width, channels)` in 0..255, with their usual test sets (`"digits"`: a fixed fifth, stratified).
    They need a `negative_class`; `fraction` defaults to 0.2. A seed gives the same folds whichever
    source of the images served, if it has the whole set.

    `"adult"`, `"beijing"` and `"german"` are mixed tables, arrays of shape `(n,)` with a named
    field for each column, from `$KERAS_VABC_DATA/tables/<name>` or, but for `"beijing"`, from
    OpenML. Their negative concept (incomes above 50,000; hours with rain or snow; bad risks) and
    `fraction` are given: both arguments must be `None`.

    Args:
        name: One of the names above.
        negative_class: The label of the negative concept.
        fraction: The paper's p, in (0, 1]: the share of negatives that are known to be unwanted.
        seed: Whole number >= 0.
        data_dir: Folder of a TensorFlow Datasets copy, as in `tfds.load`.

    Returns:
        The `Folds`, test folds included.

    Raises:
        ValueError: If the name is unknown, `negative_class` is missing or not among the labels,
            `fraction` is outside (0, 1], either is given for a table, or a file is damaged.
        OSError: If no source of the data set answers.

    Example:
        ```python
        folds = load_folds("mnist", negative_class=8, fraction=0.2, seed=0)
        ```
    """
    names = (*MOONS_FRACTION, *IMAGE_SETS, *TABLES)
    if name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}. Received: name={name!r}.")
    if name in TABLES:
        for argument, value in (("negative_class", negative_class), ("fraction", fraction)):
            if value is not None:
                raise ValueError(
                    f"{argument} must be None for the table {name!r}. "
                    f"Received: {argument}={value!r}."
                )
        check_split(0.2, seed)
        return load_table_folds(name, seed)
    if name in MOONS_FRACTION:
        negative_class = 0 if negative_class is None else negative_class
        fraction = MOONS_FRACTION[name] if fraction is None else fraction
    elif negative_class is None:
        raise ValueError(f"negative_class must be given for {name!r}. Received: None.")
    fraction = 0.2 if fraction is None else fraction
    check_split(fraction, seed)
    arrays = load_moons(seed) if name in MOONS_FRACTION else load_images(name, data_dir)
    settings = {"negative_class": negative_class, "fraction": fraction, "seed": seed, "name": name}
    return split_unwanted(*arrays[:2], test=arrays[2:], **settings)
