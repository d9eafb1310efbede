"""Ways to damage any file, a text, a record in JSON, a Keras config.

A mutation is a function of a file's contents, which are not empty, and a `random.Random`; it gives
other contents.
"""

import base64
import functools
import gzip
import json
import marshal
import math
import re

EXECUTED = "executed"  # folder that hidden code makes where it runs
NUMBERS = (0, 1, -1, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1)
DEPTHS = (50, 200, 330, 500, 900, 960, 990, 5000, 100_000)
PATHS = ("../outside/x", "/outside/x", "a/../../outside/x", "..\\outside\\x", "", "\0", "é" * 100)

# Bytes


def flip(data, rng):
    place = rng.randrange(len(data))
    return _put(data, place, bytes([data[place] ^ 1 << rng.randrange(8)]))


def number(data, rng):
    """A number, most likely one of a header, made huge, negative or zero."""
    width = rng.choice((1, 2, 4, 8))
    value = (rng.choice(NUMBERS) % 2 ** (8 * width)).to_bytes(width, rng.choice(("little", "big")))
    start = rng.choice((0, 0, max(0, len(data) - 64), rng.randrange(len(data))))
    return _put(data, min(start + rng.randrange(64), len(data) - 1), value)


def cut(data, rng):
    return data[: rng.choice((0, 1, len(data) - 1, rng.randrange(len(data))))]


def insert(data, rng):
    place, extra = rng.randrange(len(data) + 1), rng.randbytes(rng.choice((1, 8, 3000)))
    return data[:place] + extra + data[place:]


def repeat(data, rng):
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 50)) + data[end:]


def remove(data, rng):
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def zero(data, rng):
    start, end = _span(data, rng)
    return data[:start] + bytes(end - start) + data[end:]


def move(data, rng):
    start, end = _span(data, rng)
    rest = data[:start] + data[end:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def squeeze(data, rng):
    return gzip.compress(data, mtime=0)


BYTES = (flip, flip, number, number, number, cut, insert, repeat, remove, zero, move, squeeze)


def _put(data, place, value):
    return data[:place] + value + data[place + len(value) :]


def _span(data, rng):
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.choice((1, 4, 32, 1000)))


# Text

CELLS = (
    *("", " ", "nan", "inf", "-inf", "1e39", "-1e39", "1e400", "1e-400", "-0", "1_0", "0x10", "١"),
    *("1,5", "1;5", "a", "é", "\0", "\r", "\n", '"', '"1"', '""', "'1'", "1 2", "=1+1", "\ufeff"),
    *("9" * 5000, "0" * 200_000, "1." + "3" * 99, "None", "true", "{}", "-", ".", "+1", "1\t2"),
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp037")
LONGEST = 2**24 + 1  # of repeated cells: longer than a line may be


def cell(data, rng):
    """Another value between two separators."""
    parts = re.split(rb"([,;\n])", data)
    parts[rng.randrange(0, len(parts), 2)] = rng.choice(CELLS).encode()
    return b"".join(parts)


def encoding(data, rng):
    return data.decode("latin-1").encode(rng.choice(ENCODINGS))


def line_ends(data, rng):
    ends = (b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\0\n", b"", b",\n", b"\n,")
    return data.replace(b"\n", rng.choice(ends))


def separators(data, rng):
    return data.replace(b",", rng.choice((b";", b"\t", b"|", b" ", b":", b",,", b'","', b"")))


def long_line(data, rng):
    count = rng.choice((2**10, 2**17, 2**20, LONGEST)) if rng.random() < 0.2 else 2**13
    return rng.choice((b"", data)) + rng.choice((b"1,", b"x", b"1", b",", b'"', b"\0")) * count


TEXT = (*(cell,) * 8, *(encoding, line_ends, line_ends, separators, long_line) * 2, *BYTES)

# JSON

VALUES = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, -0.5, 1e308, 1e-320),
    *(math.nan, math.inf, -math.inf, "", "x", "x" * 10_000, "1", "nan", "\0", "\ud800", "finished"),
    *([], {}, [[]], [1, 2], [None], ["a"], {"a": 1}, {"": []}, "../outside/x", "/outside/x"),
)


def json_value(data, rng):
    """One value of a JSON text made another, left out, doubled or nested deeply."""
    tree = json.loads(data)
    places = list(_places(tree))
    holder, key = rng.choice(places)
    action = rng.randrange(8)
    if action == 0:
        del holder[key]
    elif action == 1:
        other, place = rng.choice(places)
        holder[key] = json.loads(json.dumps(other[place]))
    elif action == 2 and isinstance(holder, dict):
        holder[rng.choice((*PATHS, "x", "__class__", "name"))] = holder.pop(key)
    elif action == 3:
        holder[key] = "<deep>"
        return json.dumps(tree).replace('"<deep>"', _deep(rng)).encode()
    else:
        holder[key] = rng.choice(VALUES)
    return json.dumps(tree).encode()


def json_field(data, rng):
    """One field of a JSON text of another type, of another value of its type, or of another name.

    Numbers are negated, made huge, small or fractions; lists turned round; texts changed.
    """
    tree = json.loads(data)
    holder, key = rng.choice(list(_places(tree)))
    value, action = holder[key], rng.randrange(4)
    if action == 0:
        holder[key] = rng.choice(VALUES)
    elif action == 1 and isinstance(holder, dict):
        holder[rng.choice(("surplus", f"{key}_", key.upper()))] = value
    elif isinstance(value, bool) or value is None:
        holder[key] = rng.choice((not value, str(value), int(bool(value))))
    elif isinstance(value, int | float):
        factors = (-1, 2, 0.5, 1.01, 1e300, 1e-300)
        changed = (*(value * factor for factor in factors), value + 1, value - 1, str(value))
        holder[key] = rng.choice(changed)
    elif isinstance(value, str):
        holder[key] = rng.choice((value[::-1], value + "x", value[1:], value.upper(), [value], 7))
    elif isinstance(value, list):
        holder[key] = rng.choice(
            (value[::-1], value * 2, value[1:], value[:1], dict(enumerate(value)))
        )
    else:
        holder[key] = rng.choice((list(value), {}, {f"{k}x": v for k, v in value.items()}))
    return json.dumps(tree).encode()


def _deep(rng):
    depth, (start, end) = rng.choice(DEPTHS), rng.choice((("[", "]"), ('{"a":', "}"), ("[", "")))
    return start * depth + "1" * bool(end) + end * depth


def _places(tree):
    """Every container in a tree with every key in it."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


JSON = (*(json_value,) * 9, *BYTES, encoding)


def hidden_code(data, rng):
    """A Keras config in which one object is another that runs code, or would fetch some."""
    tree = {"": json.loads(data)}
    objects = [place for place in _places(tree) if _is_object(place)]
    holder, key = rng.choice(objects)
    holder[key] = holder[key] | rng.choice(code_objects())
    return json.dumps(tree[""]).encode()


def _is_object(place):
    holder, key = place
    return isinstance(holder[key], dict) and "class_name" in holder[key]


@functools.cache
def code_objects():
    """Configs that Keras once ran, or that a careless reader would."""
    code = marshal.dumps((lambda x: __import__("os").mkdir("executed") or x).__code__)
    code = {"code": base64.b64encode(code).decode(), "defaults": None, "closure": None}
    function = {"class_name": "__lambda__", "config": code}
    make = {"args": ["mkdir", EXECUTED]}
    fetch = {"fname": EXECUTED, "origin": "file:///etc/hostname", "cache_dir": "."}
    objects = (
        ("keras.layers", "Lambda", {"name": "x", "function": function, "arguments": {}}),
        ("keras.layers", "Lambda", {"name": "x", "function": code, "function_type": "lambda"}),
        ("builtins", "function", "exec"),
        ("os", "function", "mkdir"),
        ("os", "mkdir", {"path": EXECUTED}),
        ("subprocess", "Popen", make),
        ("subprocess", "run", make),
        ("keras.utils", "get_file", fetch),
        ("keras.config", "enable_unsafe_deserialization", {}),
        ("keras.layers", "TFSMLayer", {"filepath": "."}),
        ("keras.layers", "TorchModuleWrapper", {"module": "gASVAAAA"}),
        ("hidden_module", "Hidden", {}),
        ("keras.hidden_module", "Hidden", {}),
    )
    names = ("module", "class_name", "config")
    return [dict(zip(names, each, strict=True)) | {"registered_name": None} for each in objects]
