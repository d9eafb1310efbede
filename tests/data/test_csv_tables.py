"""CSV files as programs and people write them, read as tables of text."""

import csv
import gzip
import io
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_vabc.data.columns.number_forms import NumberForm, parsed
from keras_vabc.data.readers.table_batches import csv_text
from keras_vabc.data.readers.table_batches.csv_text import CsvText, quoted_cells
from keras_vabc.data.readers.table_batches.dialect import settle
from keras_vabc.data.readers.table_batches.table import open_table
from keras_vabc.files import bounds
from keras_vabc.files.bounds import ALLOWED, TooLarge

RNG = np.random.default_rng(3)


@pytest.fixture
def opened(tmp_path):
    """Writes a file and opens it."""

    def write(text, name="u.csv", most=0.0):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_table(path, "unlabeled", most)

    return write


def rows_of(table):
    """All rows, as tuples."""
    batches = [batch.rows for batch in table.batches()]
    assert all(batch.schema == table.schema for batch in batches)
    return [row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)]


def numbers(first, delimiter, rows=60, form="{:.3f}"):
    """A text of three columns of numbers."""
    cells = RNG.normal(size=(rows, 3))
    lines = [delimiter.join(map(form.format, row)) for row in cells]
    return "\n".join([*first, *lines, ""])


@pytest.mark.parametrize(
    ("first", "delimiter", "names", "start"),
    [
        (["long (m, raw);wide (m, raw);heavy (kg, raw)"], ";", None, 2),
        (["sep=;", "a;b;c"], ";", "abc", 3),
        (["# exported 2024-05-01, by station 7", "a,b,c"], ",", "abc", 3),
        (["a,b,c", "m,m,kg"], ",", "abc", 3),
        (["a\tb\tc", "", "[m]\t-\t[kg]"], "\t", "abc", 4),
        (["# one, two", "", "#a|b|c"], "|", "abc", 4),
        (["# a b c"], " ", "abc", 2),
        ([], ",", None, 1),
    ],
)
def test_what_stands_above_the_rows(opened, first, delimiter, names, start):
    table = opened(numbers(first, delimiter))
    assert (table.dialect.delimiter, table.dialect.start) == (delimiter, start)
    assert table.count == len(rows_of(table)) == 60 and len(table.names) == 3
    if names:
        assert table.names == tuple(names) and table.has_names
    assert table.has_names == bool(first)
    batch = next(table.batches())
    assert batch.place(0) == f"line {start}" and batch.place(59) == f"line {start + 59}"


TEXT_COLUMNS = ",".join(f"t{n}" for n in range(25))


@pytest.mark.parametrize(
    ("names", "row", "delimiter", "columns"),
    [
        ("city,mood", "New York,so bad;x", ",", 2),
        ("name,path,k", "Ann,a|b,x", ",", 3),
        ("name,code", "Ann,a|7", ",", 2),  # whose halves look more like cells
        (f"{TEXT_COLUMNS},n,p", f"{TEXT_COLUMNS.upper()},7,a|b", ",", 27),
        ("a;b;c", "x, y;z;u", ";", 3),
        ("mood", "so bad;x", ",", 1),
        ("v", "r1;1.5", ";", 2),  # R's name of a row
        ("v|w", "x|a,b", "|", 2),
        ("a\tb", "x, y\tz|u", "\t", 2),
    ],
)
def test_the_delimiter_is_the_one_that_the_names_have(opened, names, row, delimiter, columns):
    table = opened("\n".join([names, *[row] * 30]))
    assert table.dialect.delimiter == delimiter and len(table.names) == columns
    assert table.count == 30 and table.has_names


@pytest.mark.parametrize(
    ("names", "first", "row", "is_units"),
    [
        ("name,age,city", "Ann,unknown,Rome", "Bob{},3{},Ulm", False),
        ("name,age,city", "Ann,m,Rome", "Bob{},3{},Ulm", False),
        ("name,age,city", ",TBD,", "Bob{},3{},Ulm", False),  # one word, above the only numbers
        ("name,age,city", ",years,", "Bob{},3{},Ulm", True),
        ("name,age,city", "-,[years],-", "Bob{},3{},Ulm", True),
        ("x,y", "unknown,unknown", "1{},2{}", False),
        ("x,y", "low,low", "1{},2{}", False),
        ("x,y", "apples,pears", "1{},2{}", True),
        ("x,y", "(unknown),kg", "1{},2{}", False),
        ("x,y", "m,kg", "1{},2{}", True),
        ("x,y", "µg/m³,W m-2", "1{},2{}", True),
        ("x,y", "EUR,%", "1{},2{}", True),
        ("x,y", "m,kg", "1{},2{}\nm,3", False),  # which is a value elsewhere
        ("name,x,y", "Ann,m,kg", "Bob{},1{},2{}", False),
    ],
)
def test_a_line_of_units_is_one_on_evidence_else_a_row(opened, names, first, row, is_units):
    rows = [row.replace("{}", str(n)) for n in range(20)]
    table = opened("\n".join([names, first, *rows]))
    every = "\n".join(rows).split("\n")
    assert table.dialect.units == (tuple(first.split(",")) if is_units else ())
    assert table.count == len(every) + (not is_units)
    assert table.names == tuple(names.split(","))
    assert next(table.batches()).place(0) == f"line {2 + is_units}"


@pytest.mark.parametrize(
    ("first", "columns", "has_names"),
    [
        ("400,440,480,520", ["0.52", "0.61", "0.3", "0.44"], True),  # wavelengths
        ("country,1990,1991,1992,1993,1994", ["A", "5", "17", "900", "3", "8000"], True),  # years
        ("0,1,2", ["5", "7", "1"], True),  # as pandas names the columns of an array
        ("5,7,1", ["4", "6", "2"], False),
        ("1,2,3", ["4", "6", "2"], False),
        ("name,city", ["Jo", "Rome"], True),
        ("Jo,Rome", ["Jo", "Rome"], False),
        ("25,Jo,?", ["26", "Jo", "Rome"], False),
        ("age,Jo", ["26", "Jo"], True),
        ("?,Jo,7", ["26", "Jo", "7"], False),  # one cell of a headless file is missing
        ("time,pm", ["2010-01-01 03:00:00", "NA"], True),
        ("2010-01-01,x", ["2010-01-02", "x"], False),
        ("true,false", ["false", "true"], False),
    ],
)
def test_all_columns_decide_whether_the_first_row_has_names(opened, first, columns, has_names):
    rows = [list(columns) for _ in range(40)]
    for row in rows[::2]:
        row[-1] = {"Rome": "Ulm", "0.44": "0.4", "NA": "13"}.get(row[-1], row[-1])
    table = opened("\n".join([first, *map(",".join, rows)]))
    assert table.has_names == has_names and table.count == 40 + (not has_names)
    assert table.names == (
        tuple(first.split(",")) if has_names else tuple("012345"[: len(columns)])
    )


@pytest.mark.parametrize(
    ("first", "low", "high", "extra", "has_names"),
    [
        ("name,2020,2021,2022", 1000, 3000, "", True),
        ("name,2022,2020,2018", 1000, 3000, "", True),
        ("name,2020,2021,2023", 1000, 3000, "", False),  # uneven
        ("name,2220,2221,2222", 1000, 3000, "", False),  # no years
        ("name,2020,2021,2022", 1950, 2025, "", False),  # among years
        ("name,2020,2021,2022", 1000, 3000, "n300,7,8,9", False),  # which are spaced alike
        ("n17,2020,2021,2022", 1000, 3000, "", False),  # one of the names under it
    ],
)
def test_a_few_years_are_names_above_numbers_that_are_none(
    opened, first, low, high, extra, has_names
):
    values = RNG.integers(low, high, (300, 3))
    rows = [f"n{n},{a},{b},{c}" for n, (a, b, c) in enumerate(values)]
    table = opened("\n".join([first, *rows, extra]))
    assert table.has_names == has_names
    assert table.count == 300 + bool(extra) + (not has_names)


def test_the_first_thousand_rows_decide_not_the_first_few(opened):
    bad = "\n".join(["v,w", *["x,y"] * 3, *(f"{n},{n}.5" for n in range(900))])
    assert opened(bad).has_names
    assert not opened("\n".join(f"{n},{n}.5" for n in range(900))).has_names


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(opened, encoding, end):
    table = opened(end.join(["größe,名", '1,"é, 名"', "", "2,ж", ""]).encode(encoding))
    assert table.names == ("größe", "名") and rows_of(table) == [("1", "é, 名"), ("2", "ж")]
    assert next(table.batches()).place(1) == "line 4" and len(table.notes) == 1


def test_eight_bit_encodings_are_fallen_back_to_and_said(opened):
    text = "größe,x\n" + "1,a\n" * 2000 + "2,é\n"
    for encoding, extra in (("cp1252", "3,€\n"), ("latin-1", "3,\x81\n")):
        table = opened((text + extra).encode(encoding))
        assert table.names[0] == "größe" and rows_of(table)[-1][1] == extra[2]
        assert f"is no UTF-8, and was read as {encoding}." in table.notes[1]
    with pytest.raises(ValueError, match=r"damaged bytes \(1\) apart, the first in line 2,004"):
        opened(text.encode() + "名,名\n".encode() + b"\xff,3\n")


def test_empty_cells_are_null_unless_quoted_and_all_else_is_as_written(opened):
    table = opened('a,b,c\n1.50,,""\n" NA", x ,"say ""hi""\nto me"\n5" pipe,1,007\n')
    assert rows_of(table) == [
        ("1.50", None, ""),
        (" NA", " x ", 'say "hi"\nto me'),
        ('5" pipe', "1", "007"),
    ]
    batch = next(table.batches())
    assert [batch.place(row) for row in range(3)] == ["line 2", "line 3", "line 5"]


def test_a_long_text_in_the_first_rows_is_a_cell(opened):
    long = "word, " * 50_000
    assert rows_of(opened(f'a,b\n1,"{long}"\n2,x\n')) == [("1", long), ("2", "x")]


def test_columns_without_a_name_and_row_numbers_are_told(opened):
    index = opened("Unnamed: 0.1,Unnamed: 0,a,b\n0,0,1.5,2\n1,1,2.5,3\n2,2,3.5,4\n")
    assert index.index_columns == ("Unnamed: 0.1", "Unnamed: 0")
    assert opened(",a\n0,1.5\n1,2.5\n").index_columns == ("Unnamed: 0",)
    row_names = opened('"a" "b"\n"r1" 1.5 2\n"r2" 2.5 3\n')  # as R writes it
    assert row_names.names == ("Unnamed: 0", "a", "b") and len(rows_of(row_names)) == 2
    assert opened("a;b;\n1;2;\n3;4;\n").names == ("a", "b", "Unnamed: 2")


AMERICAN = "{:,.0f}".format


def german(value):
    return AMERICAN(value).replace(",", ".")


@pytest.mark.parametrize(
    ("delimiter", "write", "decimal", "thousands"),
    [
        (",", lambda v: f'"{AMERICAN(v)}"', ".", ","),
        (",", lambda v: f'"{v:,.2f}"', ".", ","),
        (";", german, ",", "."),
        (";", lambda v: f"{v:_.2f}".replace(".", ",").replace("_", "."), ",", "."),
        ("\t", lambda v: f"{v:.2f}".replace(".", ","), ",", None),
        (";", lambda v: f"{v:.2f}", ".", None),
        (";", lambda v: f"{v:_.1f}".replace(".", ",").replace("_", "\u202f"), ",", " "),
        (";", lambda v: f"{v:_.1f}".replace("_", "'"), ".", "'"),
        (",", lambda v: f"{v:.0f}", ".", None),
        (",", lambda v: f"{v / 1000:.3f}", ".", None),  # 1.234, and 0.950
    ],
)
def test_decimals_and_thousands_are_those_that_were_written(
    opened, delimiter, write, decimal, thousands
):
    values = RNG.uniform(300, 9000, (400, 2))
    lines = [delimiter.join(map(write, row)) for row in values]
    table = opened("\n".join([f"income{delimiter}rent", *lines]))
    assert (table.dialect.decimal, table.dialect.thousands) == (decimal, thousands)
    column = next(table.batches()).rows["income"]
    form = NumberForm(table.dialect.decimal, table.dialect.thousands or "")
    plain = parsed(column, form, whole=False).to_pylist()
    scale = 1000 if "0." in lines[0] or max(plain) < 10 else 1
    assert np.allclose(np.array(plain) * scale, values[:, 0], atol=1)


def test_thousands_are_seen_however_late_they_come(opened, monkeypatch):
    monkeypatch.setattr(csv_text, "PIECE", 500)
    late = "\n".join(["a;b", *["950;x"] * 3000, *["1.234;y"] * 10])
    assert opened(late).dialect.thousands == "."
    monkeypatch.setattr(csv_text, "HEAD", 500)
    assert opened(late + "\n2000;z").dialect.thousands is None, "whole numbers have none"
    assert opened(late + "\n2.5;z").dialect.thousands is None, "a decimal point"


def test_a_fold_whose_numbers_do_not_tell_is_read_as_the_other(opened):
    sure = opened("a;b\n1.234,5;x\n2,5;y\n").dialect
    unsure = opened("a;b\n1.234;x\n2.345;y\n").dialect
    assert sure.certain and not unsure.certain and unsure.thousands is None
    for pair in ([sure, unsure], [unsure, sure]):
        assert {(d.decimal, d.thousands) for d in settle(pair)} == {(",", ".")}
    point = opened("a\n1.25\n").dialect
    assert settle([sure, point, None]) == [sure, point, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,2\n3,"x\n4,5\n', "a quote that is never closed in line 3, cell 2"),
        ('a,b\n1,"x""', "a quote that is never closed in line 2, cell 2"),
        ('a,b\n1,"x\ny"\n\n1,2,3\n', r"1 of 2 rows of another length: 'line 5' \(3 cells, not 2\)"),
        ("a,b,a\n1,2,3\n", "'a' twice"),
        (
            "a,b\n1,2,3\n1,2,3\n1,2,3,4\n1,2,4,5\n1,2,5,6\n1,2,5,6\n",
            "2 names of columns above rows",
        ),
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("a,b\n", "it has no rows but the names of its columns in line 1"),
        (b"PK\x03\x04...", "an Excel workbook or a ZIP archive: read it by pandas"),
        (b"a,b\n1,\0\n", "bytes of 0, as no text has, in line 2"),
        ("a,b\n1,é\n".encode("utf-16")[:-1], "it is no whole text in utf-16-le"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_its_line(opened, text, message):
    with pytest.raises(ValueError, match=rf"unlabeled.*u\.csv.*{message}") as error:
        opened(text)
    assert "\n" not in str(error.value)


def test_a_line_without_an_end_is_found_at_once(tmp_path):
    path = tmp_path / "u.csv"
    for start, message in (
        (b"", "a line longer than 16,777,216 bytes in line 1"),
        (b"a,b\n1,2\n", "a line longer than 16,777,216 bytes in line 3"),
        (b'a,b\n1,2\n3,"', "a quote that is never closed in line 3, cell 2"),
    ):
        path.write_bytes(start)
        with open(path, "r+b") as file:
            file.seek(len(start))
            file.write(b"x" * 2**25)
        os.truncate(path, 10 * 10**9)  # 10 GB that take no room
        with pytest.raises(ValueError, match=message):
            open_table(path, "unlabeled")


def test_rows_of_another_length_are_left_out_up_to_a_share_and_said(opened):
    text = "a,b\n" + "1,2\n" * 500 + "1,2,3\n" + "4,5\n" * 499
    with pytest.raises(ValueError, match="1 of 1,000 rows of another length: 'line 502'"):
        opened(text, most=0.0009)
    table = opened(text, most=0.001)
    assert table.count == 1000 and list(table.unreadable) == [("line 502", "3 cells, not 2")]
    assert "were left out: 1 of 1,000, such as 'line 502' (3 cells, not 2)." in table.notes[1]
    (batch,) = table.batches()
    assert batch.numbers.tolist() == [*range(500), *range(501, 1000)]
    assert batch.place(499) == "line 501" and batch.place(500) == "line 503"
    assert len(table.unreadable) == 1, "not counted again"


def test_comments_between_rows_are_no_rows(opened):
    text = '# by hand\na,b\n1,"#2\n#3"\n\n# a pause\n4,5\n# the end'
    table = opened(text)
    assert rows_of(table) == [("1", "#2\n#3"), ("4", "5")] and table.dialect.comment == "#"
    (batch,) = table.batches()
    assert [batch.place(0), batch.place(1)] == ["line 3", "line 7"]
    colours = opened("colour,n\n#ff0000,1\n#00ff00,2\n")
    assert colours.dialect.comment is None and colours.count == 2


def test_a_quoted_cell_that_begins_as_a_comment_does_is_one_of_a_row(opened):
    """Also where other lines are comments, and the cell has the line break of a comment in it."""
    rows = [f'"#{k}",{k}\n' if k % 3 else f"{k},{k}\n" for k in range(30)]
    lines = ["tag,count\n", "# exported by hand\n", *rows, '"#1, of\n# two",8\n', "# the end\n"]
    table = opened("".join(lines))
    cells = [cell for batch in table.batches() for cell in batch.rows["tag"].to_pylist()]
    assert cells == [f"#{k}" if k % 3 else f"{k}" for k in range(30)] + ["#1, of\n# two"]
    assert len(table.unreadable) == 0 and table.names == ("tag", "count")
    alone = opened('"#a","#b"\n"#1","#2"\n"#3","#4"\n')
    assert (alone.names, alone.count) == (("#a", "#b"), 2)


def test_rows_that_begin_as_comments_do_are_rows(opened):
    tags = ["tag,n,x", *(f"{'#' * (n % 2)}t{n},{n},{n}.5" for n in range(300))]
    tags.insert(7, "#t1,5,6,7")
    with pytest.raises(ValueError, match=r"1 of 301 rows of another length: 'line 8' \(4 cells"):
        opened("\n".join(tags))
    table = opened("\n".join(tags), most=0.01)
    assert (table.count, len(rows_of(table)), len(table.unreadable)) == (301, 300, 1)
    assert next(table.batches()).place(6) == "line 9"

    late = ["# made by tool", "tag,x", *(f"{n},0.5" for n in range(2000)), "# a pause, or, two"]
    table = opened("\n".join([*late, *(f"#{n},0.66" for n in range(1000)), "#"]))
    assert table.count == len(rows_of(table)) == 3000 and rows_of(table)[-1] == ("#999", "0.66")
    assert next(table.batches()).place(2999) == "line 3,003"
    assert (
        "comments among the rows (#) were left out: 2, the first in line 2,003." in (table.notes[1])
    )


def test_marked_lines_above_the_rows_are_rows_if_they_look_like_these(opened):
    rows = [f"t{n},{n}.5,x" for n in range(9)]
    table = opened("\n".join(["# a, b", "#t8,8.5,x", *rows]))
    assert not table.has_names and table.count == 10 and table.dialect.start == 2
    above = opened("\n".join(["# 5, 6, 7", "tag,v,w", *rows]))
    assert above.names == ("tag", "v", "w") and above.count == 9
    assert opened("\n".join(["#tag,v,w", *rows])).names == ("tag", "v", "w")
    quoted = opened('a,b\n# by hand\n"#1",2\n"#2",3,4\n5,6\n7,8', most=0.5)
    assert (quoted.count, len(quoted.unreadable)) == (4, 1), "a quoted # begins no comment"
    spaces = opened("# now\na b\n1.5  2\n#3   4\n# by hand, at noon\n2.5 3\n# the end\n")
    assert rows_of(spaces) == [("1.5", "2"), ("#3", "4"), ("2.5", "3")]
    assert [next(spaces.batches()).place(n) for n in (1, 2)] == ["line 4", "line 6"]


def test_packed_files_and_tabs(opened, monkeypatch):
    text = b"a,b\n1,x\n2,y\n"
    assert rows_of(opened(gzip.compress(text), "u.csv.gz")) == [("1", "x"), ("2", "y")]
    assert opened("1,5\t2,3\n1,6\t2,4\n", "u.tsv").dialect.decimal == ","
    with pytest.raises(ValueError, match="a damaged gzip file"):
        opened(gzip.compress(text)[:-9], "u.csv.gz")
    monkeypatch.setattr(bounds, "SMALL", 10_000)
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    with pytest.raises(TooLarge, match="must hold at most 200 times"):
        opened(bomb, "u.csv.gz")
    monkeypatch.setenv(ALLOWED, "1e6")
    assert opened(bomb, "u.csv.gz").count == 100_000


def test_a_file_that_changes_after_it_was_opened_is_not_read_on(opened, tmp_path):
    table = opened("a,b\n1,2\n3,4\n")
    (tmp_path / "u.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    with pytest.raises(ValueError, match="changed while it was read: 2 rows, then 3"):
        list(table.batches())
    (tmp_path / "u.csv").write_bytes(b"a,b\n1,2\n3,\xff\n")
    with pytest.raises(ValueError, match="changed while it was read in line 3"):
        list(table.batches())


TEXTS = st.text(st.sampled_from('ab1 ,;"\n\r#é'), max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    piece=st.integers(1, 9),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_blocks_of_a_few_bytes_are_cut_between_rows(
    tmp_path, monkeypatch, rows, delimiter, piece, quoting, end
):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    quoting_all = csv.writer(file, delimiter=delimiter, quoting=1, lineterminator=end)
    for row in rows:  # as pandas quotes line breaks, and the module of old versions does not
        bare = any(c in cell for cell in row for c in "\r\n") or row[0][:1] in ("#", " ", "")
        (quoting_all if bare else writer).writerow(row)
    text = file.getvalue().encode()
    (tmp_path / "u.csv").write_bytes(text)
    monkeypatch.setattr(csv_text, "PIECE", piece)
    found, line = [], 1
    for block in CsvText(tmp_path / "u.csv", "u").blocks(delimiter):
        assert block.line == line and len(block.masked) == len(block.text)
        lines = list(io.StringIO(block.text.decode(), newline=""))
        line += len(lines)
        found += list(csv.reader(lines, delimiter=delimiter))
    assert found == [list(row) for row in rows]


def test_a_quote_opens_a_cell_only_where_one_begins():
    cells = quoted_cells(",")
    found = [m[0] for m in cells.finditer(b'5" pipe,"a,""b""",c"d"\n"e\nf"')]
    assert found == [b'"a,""b"""', b'"e\nf"']


def test_quotes_after_backslashes_are_refused_with_their_line(opened):
    text = 'a,b\n1,"two\nlines"\n2,"x \\"y\\" z"\n'
    with pytest.raises(
        ValueError, match=r'a quote written as \\" \(must be two quotes\) in line 4'
    ):
        opened(text)
    paths = 'a,b\n"C:\\",1\n"C:\\""x",2\n"D:\\",3\nx\\"y,4\n1,"C:\\"'
    assert rows_of(opened(paths)) == [
        ("C:\\", "1"),
        ('C:\\"x', "2"),
        ("D:\\", "3"),
        ('x\\"y', "4"),
        ("1", "C:\\"),
    ]


@pytest.mark.parametrize("first", ["when", "2024-12-31 23:30"])
def test_a_date_and_its_time_of_day_are_one_cell(opened, first):
    times = [f"2025-01-{day:02} 12:00" for day in range(1, 30)]
    table = opened("\n".join([first, *times]))
    assert len(table.names) == 1 and rows_of(table)[-1] == (times[-1],)
    assert table.count == 29 + (first != "when")
    assert opened("\n".join(["day hour", *times])).names == ("day", "hour")
    assert len(opened("\n".join(["day hour v", *(f"{t} 3" for t in times)])).names) == 3


def test_memory_does_not_grow_with_the_file(opened, monkeypatch):
    import tracemalloc

    monkeypatch.setattr(csv_text, "PIECE", 2**14)
    peaks = []
    for rows in (5_000, 40_000):
        table = opened("a,b\n" + '1.5,"x"\n' * rows)
        tracemalloc.start()
        assert sum(len(batch.rows) for batch in table.batches()) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
