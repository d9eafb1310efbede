"""CIFAR-10 as two zip archives of images, one folder a class: `train/cat/0001.jpg`."""

import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from keras_vabc.files.bounds import check_unpacked

PARTS = ("train", "test")
ENDINGS = (".jpg", ".jpeg", ".png")
CLASSES = {
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
}
SIZE = (32, 32)


def has_archives(folder) -> bool:
    """Whether `folder` holds one of the two archives."""
    return any(Path(folder, f"{part}.zip").is_file() for part in PARTS)


def read_archives(folder, name):
    """Reads `train.zip` and `test.zip` of the data set `name`, which may be parts of the whole set.

    Returns `(x, labels, x_test, labels_test)`: images uint8 `(n, 32, 32, 3)`, labels int64, which
    count the classes in alphabetical order. The `ValueError` for an archive that is missing or not
    what it should be names it.
    """
    return tuple(
        array for part in PARTS for array in _read(Path(folder, f"{part}.zip"), CLASSES[name])
    )


def _read(path, classes):
    images, labels = [], []
    try:
        with zipfile.ZipFile(path) as archive:
            check_unpacked(sum(m.file_size for m in archive.infolist()), path, path.name)
            for member in sorted(archive.namelist()):
                if not member.lower().endswith(ENDINGS):
                    continue
                images.append(_pixels(archive.read(member), member))
                labels.append(_code(member, classes))
        if not images:
            raise ValueError("no image")
    except FileNotFoundError:
        raise ValueError(f"{path} must exist. Received: no file.") from None
    except (ValueError, zipfile.BadZipFile, UnidentifiedImageError, OSError) as error:
        text = f"{path} must be a whole zip file of images, one folder a class. Received: {error}."
        raise ValueError(text) from error
    return np.stack(images), np.array(labels, "int64")


def _pixels(data, member):
    with Image.open(io.BytesIO(data)) as image:
        if image.size != SIZE:
            raise ValueError(f"{member} of {image.size[0]} x {image.size[1]} pixels")
        return np.asarray(image.convert("RGB"))


def _code(member, classes):
    name = PurePosixPath(member).parent.name
    if name not in classes:
        raise ValueError(f"{member}, whose folder is none of {', '.join(classes)}")
    return classes.index(name)
