"""Ways to damage NumPy's files, archives, Keras models, pictures and Parquet files.

Mutations as in `texts`, but of contents in one format: they keep its checksums right.
"""

import copy
import functools
import gzip
import io
import os
import re
import struct
import warnings
import zipfile
import zlib

import numpy as np
from fuzzing.texts import (
    BYTES,
    EXECUTED,
    JSON,
    PATHS,
    cut,
    flip,
    hidden_code,
    json_value,
    number,
    zero,
)

BOMB = 2**30 + 2**28  # bytes of zeros that a small file swells to

# NumPy's files


class Hidden:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        """What pickle calls."""
        return os.mkdir, (EXECUTED,)


SHAPES = (
    *("(-1, 3)", "(9223372036854775807, 3)", "(4294967296, 4294967296)", "(3,)", "()", "(0, 3)"),
    *("(3.0, 2)", "(True, 3)", "('a', 3)", "(2, 2, 2, 2, 2)", "(120, 1)", "(1, 120)", "(4, 5, 6)"),
    *("None", "[40, 3]", "(10, 3, 4)", "(-40, -3)", "(1000000000000, 3)", "(" * 200, "(1,) * 9"),
)
DTYPES = (
    *("'|O'", "'<f2'", "'>f8'", "'<c8'", "'<M8[s]'", "'<U4'", "'|V0'", "'|S0'", "'|b1'", "'|u1'"),
    *("'<f16'", "'<i8'", "'>u2'", "'x'", "''", "None", "'<f4,O'", "'V2147483647'", "'|V' * 9"),
    *("[('a', '<f4')]", "('<f4', (2,))", "'<f4'.upper()", "__import__('os').mkdir('executed')"),
)


def npy_header(data, rng):
    """Another shape, type or order in the header of a `.npy` file."""
    size = int.from_bytes(data[8:10], "little")
    header, rest = data[10 : 10 + size].decode("latin-1"), data[10 + size :]
    field, values = rng.choice((("shape", SHAPES), ("descr", DTYPES), ("fortran_order", ("True",))))
    value = rng.choice(values)
    header = re.sub(rf"('{field}': ).*?(, '|, \}})", lambda m: m[1] + value + m[2], header)
    return data[:8] + len(header).to_bytes(2, "little") + header.encode() + rest


def npy_other(data, rng):
    """Another array."""
    stored = io.BytesIO()
    np.save(stored, rng.choice(other_arrays()), allow_pickle=True)
    return stored.getvalue()


@functools.cache
def other_arrays():
    """Arrays of every kind, most of them no data for this package."""
    rows = np.arange(120.0).reshape(40, 3)
    bad = [np.where(rows == 7, value, rows) for value in (np.nan, np.inf, -np.inf, 1e39, 1e300)]
    kinds = ("bool", "int8", "uint64", "f2", "longdouble", ">f4", "c8", "U5", "S5", "m8[s]")
    typed = [rows.astype(kind) for kind in kinds]
    shaped = [rows[0], rows[0, 0], rows[:0], rows[:, :0], rows[:1], rows[:, :1], rows[None, None]]
    shapes = ((40, 4, 5), (40, 4, 5, 2), (40, 3, 4, 5), (40, 1, 1, 1), (9, 0, 3))
    images = [np.full(shape, white) for shape in shapes for white in (0, 1.0, 255, 256, -1, np.nan)]
    objects = [np.array([[Hidden()] * 3] * 40), np.array(Hidden()), np.array([None, {}])]
    mixed = [np.zeros(40, [("a", "f4"), ("b", kind)]) for kind in "Oi"]
    scaled = [rows.T, rows * 1e-40, rows * 2**60, rows - 9, rows.view("V8")]
    return [*bad, *typed, *shaped, *images, *objects, *mixed, *scaled]


NPY = (*BYTES, npy_header, npy_header, npy_other, npy_other)


# Archives


def record(data, rng):
    """Another JSON text in an array of its bytes."""
    stored, text = io.BytesIO(), np.load(io.BytesIO(data)).tobytes()
    np.save(stored, np.frombuffer(json_value(text, rng), np.uint8))
    return stored.getvalue()


KINDS = {"record.npy": (record,), ".npy": NPY, ".json": JSON, ".h5": BYTES}
METHODS = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def archive(data, rng, code=()):
    """The same archive with right checksums, but for one of its members.

    `code` are mutations of the member `config.json`.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        if sum(info.file_size for info in old.infolist()) >= BOMB:
            return data
        members = [[info.filename, old.read(info)] for info in old.infolist()]
    chosen, other = rng.choice(members), rng.choice(members)
    method, action = zipfile.ZIP_STORED, rng.randrange(12)
    if action == 0:
        chosen[0] = rng.choice(PATHS)
    elif action == 1:
        members.remove(chosen)
    elif action == 2:
        members.append([chosen[0], other[1]])
    elif action == 3:
        chosen[1], other[1] = other[1], chosen[1]
    elif action == 4:
        members.append([rng.choice((*PATHS, "x.npy", "assets/../../outside/x", "assets/x")), b"x"])
    elif action == 5:
        method = rng.choice(METHODS)
    elif action == 6 and rng.random() < 0.03:
        return _packed(members, method, bomb=chosen[0])
    else:
        kinds = next((kinds for end, kinds in KINDS.items() if chosen[0].endswith(end)), BYTES)
        if chosen[0] == "config.json":
            kinds = kinds[:3] + code
        chosen[1] = rng.choice(kinds)(chosen[1], rng)
    return _packed(members, method)


def _packed(members, method, bomb=None):
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", METHODS[0], compresslevel=1) as new,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, content in members:
            if name != bomb:
                new.writestr(zipfile.ZipInfo(name), content, method)
                continue
            with new.open(name, "w") as file:
                file.write(_bomb_header(name))
                for _ in range(BOMB // 2**20):
                    file.write(bytes(2**20))
    return packed.getvalue()


def _bomb_header(name):
    """What makes zeros a whole array, where they shall be one."""
    header = io.BytesIO()
    if name.endswith(".npy"):
        shape = {"descr": "|u1", "fortran_order": False, "shape": (BOMB // 3 + 1, 3)}
        np.lib.format.write_array_header_1_0(header, shape)
    return header.getvalue()


FIELDS = {  # of the two kinds of entry in an archive: where each number is, and its bytes
    b"PK\1\2": ((10, 2), (16, 4), (20, 4), (20, 4), (24, 4), (24, 4), (24, 4), (28, 2), (42, 4)),
    b"PK\3\4": ((8, 2), (14, 4), (18, 4), (22, 4), (26, 2)),
}
SIZES = (0, 1, 100, 2**16, 2**26, 2**31 - 1, 2**32 - 2, 2**32 - 1)


def archive_size(data, rng):
    """Another size, packed or unpacked, checksum, method or place of a member of an archive."""
    entry = rng.choice([match for match in re.finditer(b"PK[\1\3][\2\4]", data)])
    offset, width = rng.choice(FIELDS[entry[0]])
    place = entry.start() + offset
    old = int.from_bytes(data[place : place + width], "little")
    new = rng.choice((*SIZES, old + 1, old - 1, 2 * old, len(data))) % 2 ** (8 * width)
    return data[:place] + new.to_bytes(width, "little") + data[place + width :]


def shared_members(data, rng):
    """An archive whose list names some members many times, under other names or the same."""
    stored = io.BytesIO(data)
    with zipfile.ZipFile(stored, "a") as old, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        for _ in range(rng.choice((1, 9, 500))):
            member = copy.copy(rng.choice(old.filelist))
            member.filename = rng.choice((member.filename, f"x{rng.random()}.npy", "assets/x"))
            old.filelist.append(member)
        old._didModify = True  # so that the list is written anew
    return stored.getvalue()


ARCHIVE = (*(archive,) * 24, *(archive_size,) * 8, shared_members, *BYTES)
KERAS = (
    *(functools.partial(archive, code=(hidden_code,) * 4),) * 8,
    *(archive_size, archive_size, shared_members),
    *BYTES,
)


# Pictures and tables


def png_chunk(data, rng):
    """Another content or kind of one chunk of a PNG, with a right checksum."""
    chunks, place = [], 8
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        chunks.append([data[place + 4 : place + 8], data[place + 8 : place + 8 + size]])
        place += 12 + size
    chunk = rng.choice(chunks)
    if rng.random() < 0.3:
        kinds = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL")
        chunks.insert(1, [rng.choice(kinds), rng.randbytes(rng.choice((0, 3, 9, 300)))])
    else:
        chunk[1] = rng.choice((number, number, flip, cut, zero))(chunk[1] or b"\0", rng)
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def program(data, rng):
    """What would run, were it taken for a picture of another kind."""
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(executed) (w) file closefile\n"


PICTURES = (*BYTES, program)
PNG = (*PICTURES, *(png_chunk,) * 6)


def gz_bomb(data, rng):
    """Zeros that were packed to a thousandth, behind the contents."""
    return _gz_bomb(data) if rng.random() < 0.05 else gzip.compress(data)


@functools.lru_cache(maxsize=1)
def _gz_bomb(data):
    packer = zlib.compressobj(1, wbits=31)
    parts = [packer.compress(data), *(packer.compress(bytes(2**20)) for _ in range(BOMB // 2**20))]
    return b"".join([*parts, packer.flush()])


AXES = (0, 1, 2, 59, 60, 61, 2**16, 2**24, 2**31, 2**32 - 1)


def idx_size(data, rng):
    """Other axes in the header of an IDX file, at times with as many bytes as they say."""
    packed = data.startswith(b"\x1f\x8b")
    data = gzip.decompress(data) if packed else data
    shape = list(struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]]))
    for _ in range(rng.choice((1, 1, 2))):
        shape[rng.randrange(len(shape))] = rng.choice(AXES)
    header, body, size = data[:4] + struct.pack(f">{len(shape)}I", *shape), data[-960:], 1
    for axis in shape:
        size *= axis
    if size <= 2**22 and rng.random() < 0.5:
        body = (body * (size // max(1, len(body)) + 1))[:size]
    return gzip.compress(header + body, mtime=0) if packed else header + body


IDX = (*BYTES, *(number,) * 3, *(idx_size,) * 5, gz_bomb)


def other_table(data, rng):
    """A Parquet file of other columns."""
    from pyarrow import BufferOutputStream, parquet

    stored, packing = BufferOutputStream(), rng.choice(("none", "snappy", "gzip"))
    parquet.write_table(rng.choice(other_tables()), stored, compression=packing)
    return stored.getvalue().to_pybytes()


@functools.cache
def other_tables():
    """Tables whose columns are not all numbers, or not all there."""
    import pyarrow as pa

    rows = range(40)
    number = pa.array(rows)
    kinds = (pa.timestamp("s"), pa.decimal128(30, 9), pa.float16(), pa.duration("s"), pa.string())
    columns = [number.cast(pa.int64()).cast(kind) for kind in kinds]
    columns += [columns[-1].dictionary_encode(), pa.array([[row] for row in rows])]
    columns += [pa.array([{"a": row} for row in rows]), pa.array([None, *rows[1:]])]
    same = (None, True, b"x", float("nan"), 1e300, 2**62, "1")
    columns += [pa.array([value] * 40) for value in same]
    tables = [pa.table({"a": number, "b": number, "c": column}) for column in columns]
    names = ("abb", ("a", "b", ""), ("a", "b", "c.d"), ("a.b", "a", "c"), ("\n", "b", "c"))
    tables += [pa.table([number] * 3, names=list(each)) for each in names]
    wide = pa.table([number] * 300, [str(column) for column in range(300)])
    return [*tables, wide, pa.table({}), pa.table({"a": number}), tables[0][:0]]


PARQUET = (*BYTES, *(other_table,) * 4)


def damaged(data, rng, mutations):
    """The contents after one mutation, or a few."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            data = rng.choice(mutations)(data or b"\0", rng)
        except Exception:  # what came before has left no such form
            data = rng.choice(BYTES)(data or b"\0", rng)
    return data
