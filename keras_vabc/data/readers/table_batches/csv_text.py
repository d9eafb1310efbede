"""The text of a CSV file in blocks of whole rows, whatever its encoding, quotes and line ends."""

import codecs
import collections
import gzip
import os
import re
import zlib
from dataclasses import dataclass

from keras_vabc.files.bounds import check_regular, check_unpacked

PIECE = 2**22  # bytes that are read at a time
LONGEST_ROW = 2**24  # bytes, line breaks in cells included; a longer one is no table
HEAD = 2**20  # bytes by which a file is judged, if they hold a row
MARKS = (  # those of UTF-32 begin as those of UTF-16 do
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
KINDS = {  # what is often named .csv, by its first bytes
    b"PK\x03\x04": "an Excel workbook or a ZIP archive: read it by pandas, or save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: read it by pandas, or save it as CSV",
    b"PAR1": "a Parquet file: name it .parquet",
    b"ARROW1": "a Feather file: name it .feather",
    b"SQLite format 3": "an SQLite database: read it by pandas",
    b"%PDF": "PDF",
}


class NotUtf8(Exception):
    """Bytes that are no UTF-8, first in the line that is its argument."""


@dataclass(frozen=True)
class Block:
    """Whole rows as they stand in the file, in UTF-8.

    Attributes:
        text: Their bytes.
        masked: As many bytes, quoted cells made of other characters: every line break, `#` and
            delimiter in it is one of the table.
        line: Number of the first line, counted from 1.
    """

    text: bytes
    masked: bytes
    line: int


class CsvText:
    """The text of a CSV file, perhaps packed by gzip; `kind` is what errors say it must be.

    Raises a `ValueError` if it is none, an `OSError` if it cannot be read.
    """

    def __init__(self, path, name, kind="a CSV file"):
        self.path, self.name, self._kind = path, name, kind
        check_regular(path)
        with open(path, "rb") as file:
            self._packed = file.read(2) == b"\x1f\x8b"
        start = next(self._raw(), b"")
        kind = next((kind for first, kind in KINDS.items() if start.startswith(first)), None)
        if kind:
            raise self.error(f"it is {kind}")
        if not start.strip():
            raise self.error("it is empty")
        mark, self.encoding = next((m for m in MARKS if start.startswith(m[0])), (b"", "utf-8"))
        if not mark:
            self.encoding = _wide(start[:HEAD]) or "utf-8"
        self._mark = len(mark)

    def error(self, reason, line=None, cell=None):
        """The `ValueError` of what is wrong with the file, in a line or one of its cells."""
        where = "" if line is None else f" in line {line:,}"
        where += "" if cell is None else f", cell {cell:,}"
        return ValueError(
            f"{self.name} must be {self._kind}. Received: {self.name}={self.path}, {reason}{where}."
        )

    def head(self):
        """The first rows as a text, and whether these are all; a row may lack its end."""
        text = b""
        for piece in self._pieces():
            text += piece
            if len(text) >= HEAD and (end := row_end(text[:HEAD]) or row_end(text)):
                return text[:end].decode(errors="replace"), False
            if len(text) >= LONGEST_ROW:
                raise self.error(f"a line longer than {LONGEST_ROW:,} bytes", 1)
        return text.decode(errors="replace"), True

    def blocks(self, delimiter):
        """Yields each `Block`; raises `NotUtf8` if it comes to what is none."""
        rest, line, cells = b"", 1, quoted_cells(delimiter)
        for piece, is_last in _told_last(self._pieces()):
            rest += piece
            if is_last and rest:
                if (start := never_closed(rest, delimiter)) is not None:
                    raise self._open_quote(rest, line, delimiter, start)
                rest += b"" if rest.endswith((b"\n", b"\r")) else b"\n"
            masked = mask(rest, cells)
            end = len(rest) if is_last else row_end(masked)
            if not end and len(rest) > LONGEST_ROW:
                start = never_closed(rest, delimiter)
                if start is None or start > len(rest) / 2:  # a long row is cut in any of its cells
                    raise self.error(f"a line longer than {LONGEST_ROW:,} bytes", line)
                raise self._open_quote(rest, line, delimiter, start)
            if end:
                self._check_backslashes(rest[:end], line, delimiter)
                yield self._checked(rest[:end], masked[:end], line)
                line += lines_in(rest[:end])
                rest = rest[end:]

    def fall_back(self, line):
        """Takes up an 8-bit encoding, since the bytes of a line are no UTF-8.

        Raises a `ValueError` if the file is UTF-8 all the same, but for some damaged bytes.
        """
        broken = other = 0
        decoder, encoding = codecs.getincrementaldecoder("utf-8")("surrogateescape"), "cp1252"
        for raw in self._raw():
            text = decoder.decode(raw)
            damaged = len(re.findall("[\udc80-\udcff]", text))
            broken, other = broken + damaged, other - damaged + len(re.findall("[^\0-\x7f]", text))
            if NOT_IN_CP1252.search(raw):
                encoding = "latin-1"
        if other > broken:
            raise self.error(f"it is UTF-8, damaged bytes ({broken:,}) apart, the first", line)
        self.encoding = encoding

    def _checked(self, text, masked, line):
        """The block, if it is text."""
        try:
            text.decode()
        except UnicodeDecodeError as error:
            raise NotUtf8(line + lines_in(text[: error.start])) from None
        if b"\0" in text:
            raise self.error("bytes of 0, as no text has,", line + lines_in(text.split(b"\0")[0]))
        return Block(text, masked, line)

    def _check_backslashes(self, text, line, delimiter):
        """Refuses quotes in cells that are marked by backslashes: they would end the cells."""
        if b'\\"' in text:
            for cell in quoted_cells(delimiter).finditer(text):
                after = text[cell.end() : cell.end() + 1]
                if cell[0].endswith(b'\\"') and after not in (
                    b"",
                    b"\r",
                    b"\n",
                    delimiter.encode(),
                ):
                    line += lines_in(text[: cell.end()])
                    raise self.error('a quote written as \\" (must be two quotes)', line)

    def _open_quote(self, rest, line, delimiter, start):
        """The error of a quote at a place of a text, the first line of which has this number."""
        before = re.split(rb"[\r\n]", mask(rest[:start], quoted_cells(delimiter)))[-1]
        cell = before.count(delimiter.encode()) + 1
        return self.error("a quote that is never closed", line + lines_in(rest[:start]), cell)

    def _pieces(self):
        """Yields the text in UTF-8, cut anywhere."""
        skip, decoder = self._mark, None
        if self.encoding != "utf-8":
            decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            for raw in self._raw():
                raw, skip = raw[skip:], 0
                yield raw if decoder is None else decoder.decode(raw).encode()
            if decoder is not None:
                decoder.decode(b"", final=True)
        except UnicodeError:
            raise self.error(f"it is no whole text in {self.encoding}") from None

    def _raw(self):
        with gzip.open(self.path) if self._packed else open(self.path, "rb") as file:
            size = PIECE if self._packed else min(PIECE, os.path.getsize(self.path) + 1)
            read = 0
            try:
                while raw := file.read(size):
                    read += len(raw)
                    if self._packed:
                        check_unpacked(read, self.path, self.name)
                    yield raw
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise self.error(f"a damaged gzip file ({error})") from None


def quoted_cells(delimiter):
    """What a quoted cell is, as pyarrow sees it: a quote opens one where a cell begins."""
    begin = rf'(?<![^{re.escape(delimiter)}\r\n])"'
    return re.compile(rf'{begin}(?:[^"]++|"")*+"?'.encode())


def mask(text, cells):
    """The text with another character for each one of a quoted cell."""
    return cells.sub(lambda cell: b"_" * len(cell[0]), text) if b'"' in text else text


def row_end(masked):
    """Number of bytes of the whole rows at the start of a masked text."""
    last = len(masked) - masked.endswith(b"\r")  # which may be half of a line break
    return max(masked.rfind(b"\n", 0, last), masked.rfind(b"\r", 0, last)) + 1


def lines_in(text):
    """Number of line breaks."""
    breaks = text.count(b"\n")
    return breaks + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else breaks


def _told_last(pieces):
    """Pairs of a piece and whether it is the last one."""
    before = None
    for piece in pieces:
        if before is not None:
            yield before, False
        before = piece
    if before is not None:
        yield before, True


def never_closed(text, delimiter):
    """Where the quoted cell begins that has not ended when the text does, `None` if none is so."""
    last = next(iter(collections.deque(quoted_cells(delimiter).finditer(text), 1)), None)
    if last is None or last.end() < len(text):
        return None
    after = last[0][1:]
    return None if (len(after) - len(after.rstrip(b'"'))) % 2 else last.start()


def _wide(start):
    """The encoding of a text of two bytes a character that has no mark, `None` for others."""
    even, odd = start[::2], start[1::2]
    zeros = [part.count(0) / max(1, len(part)) for part in (even, odd)]
    if max(zeros) < 0.3 or min(zeros) > 0.1:
        return None
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
