"""Reading Feather files, which are files of Arrow, of any columns and any length."""

import pyarrow as pa
from pyarrow import ipc

from keras_vabc.data.readers.table_batches.arrow_batches import ArrowBatches, damaged, told_damaged
from keras_vabc.files.bounds import check_regular, check_unpacked

OLD = b"FEA1"


class FeatherTable(ArrowBatches):
    """The `Table` of a Feather file (version 2), or of a stream of Arrow in a file.

    Raises a `ValueError` if it is none or has columns that are no table's, an `OSError` if it
    cannot be read.
    """

    def __init__(self, path, name):
        received = f"{name}={path}"
        check_regular(path)
        with open(path, "rb") as file:
            if file.read(4) == OLD:
                raise damaged(name, received, "Feather", "version 1: write it anew as version 2")
        opened = _opened(path, name, received)

        def read():
            unpacked = 0
            with opened() as batches, told_damaged(name, received, "Feather"):
                for batch in _each(batches):
                    unpacked += batch.nbytes
                    check_unpacked(unpacked, path, name)
                    yield batch

        with opened() as batches:
            schema = batches.schema
        super().__init__(read, schema, sum(map(len, read())), name, received)


def _opened(path, name, received):
    """What opens the file, mapped, so that memory does not grow with it."""

    def opened():
        with told_damaged(name, received, "Feather"):
            source = pa.memory_map(str(path))
            with open(path, "rb") as file:
                form = ipc.open_file if file.read(6) == b"ARROW1" else ipc.open_stream
            return form(source)

    return opened


def _each(reader):
    if isinstance(reader, ipc.RecordBatchFileReader):
        return map(reader.get_batch, range(reader.num_record_batches))
    return reader
