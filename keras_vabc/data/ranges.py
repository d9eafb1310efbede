"""The ranges of arguments that have one name and one range, in Python and on the command line."""

from keras_vabc.data.checks import check_between, check_whole, received

WHOLE = {
    "seed": (0, 10**9),  # three members of a classifier count on from 3 seed, in 32 bits
    "n": (0, 10**12),
    "epochs": (1, 10**6),
    "seeds": (1, 1000),
    "workers": (1, 1024),
}
# In float32 neither the penalty weight, about 1 / gamma, nor the slope at the penalty's floor,
# 1e7 gamma, may come near 1.8e19, whose square is no number: gradients are clipped by their norm.
REAL = {"gamma": (1e-12, 1e12), "max_unreadable": (0, 1), "budget": (0, 1e7)}
REAL_BELOW = {"max_false_alarms": (0, 1)}  # the second of which is too much
MOST_PIXELS = 2**24  # of an image that is trained on


def checked(name, value):
    """An argument of that name as int, float or pair of ints; a `ValueError` if out of range."""
    if name == "image_size":
        return _image_size(value)
    if name in WHOLE:
        return check_whole(name, value, *WHOLE[name])
    if name in REAL_BELOW:
        return check_between(name, value, *REAL_BELOW[name], below=True)
    return check_between(name, value, *REAL[name])


def check_given(**arguments):
    """Raises a `ValueError` for the first argument out of its range; `None` is in every one."""
    for name, value in arguments.items():
        if value is not None and name in {*WHOLE, *REAL, *REAL_BELOW, "image_size"}:
            checked(name, value)


def _image_size(size):
    """`(height, width)`."""
    sizes = [] if isinstance(size, str | bytes) or not hasattr(size, "__len__") else list(size)
    if len(sizes) != 2:
        raise ValueError(
            f"image_size must be (height, width). Received: image_size={received(size)}."
        )
    height, width = (check_whole("image_size", number, 1, MOST_PIXELS) for number in sizes)
    if height * width > MOST_PIXELS:
        raise ValueError(
            f"image_size must be at most {MOST_PIXELS} pixels, height times width. "
            f"Received: image_size={received(size)}."
        )
    return height, width
