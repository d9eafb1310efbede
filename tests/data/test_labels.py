"""Labels that somebody gives, from files and from memory."""

import tracemalloc

import numpy as np
import pytest

from keras_vabc.data.labels import read_labels

IDS = ["b/2.png", "0", "1"]
LABELS = np.array([7, -2, 7])


def test_labels_of_a_table_are_found_by_id_and_others_by_row(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\ufeffnote,label,id\nx,7,1\ny, cat ,b/2.png\nz,,0\n", encoding="utf-8")
    assert read_labels(path, IDS) == ["cat", None, "7"]
    np.save(tmp_path / "x.npy", LABELS)
    for labels in (tmp_path / "x.npy", str(tmp_path / "x.npy"), LABELS, LABELS.tolist()):
        assert read_labels(labels, IDS) == ["7", "-2", "7"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[:2], r"must be 3 whole numbers or strings, .* Received: shape \(2,\), dtype int64"),
        (LABELS / 2, "must be whole numbers or strings. Received: "),
        (LABELS[:, None], r"must be 3 whole numbers.*shape \(3, 1\)"),
        ([b"a", b"b", b"c"], r"must be 3 whole numbers.*dtype \|S1"),
        ("x.txt", "must be a .csv or .npy file. Received: labels=x.txt"),
    ],
)
def test_labels_that_are_none_are_named(labels, message):
    with pytest.raises(ValueError, match=f"labels {message}"):
        read_labels(labels, IDS)


def test_strings_and_truth_values_are_labels():
    assert read_labels(["a", "b", "c"], IDS) == ["a", "b", "c"]
    assert read_labels(np.array([True, False, True]), IDS) == ["True", "False", "True"]


def test_missing_labels_of_an_array_are_none():
    assert read_labels(np.array([None, "b ", float("nan")], object), IDS) == [None, "b", None]
    assert read_labels(np.array([8.0, np.nan, 3.0]), IDS) == ["8", None, "3"]
    with pytest.raises(ValueError, match="labels must be whole numbers or strings. Received: "):
        read_labels(np.array([8.5, np.nan, 3.0]), IDS)


@pytest.mark.parametrize("kind", ["csv", "npy"])
def test_ids_take_no_memory(tmp_path, kind):
    count, path = 50_000, tmp_path / f"x.{kind}"
    np.save(tmp_path / "x.npy", np.arange(count) % 3 + 300)
    (tmp_path / "x.csv").write_text("id,label\n7,300\nother,301\n")
    notes = []
    tracemalloc.start()
    found = read_labels(path, (str(number) for number in range(count)), notes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * count
    if kind == "npy":
        assert found == [str(number % 3 + 300) for number in range(count)]
    else:
        assert found[7] == "300" and found.count(None) == count - 1
        assert notes == ["1 of 2 ids in the labels are none of the data."]


def test_labels_of_other_data_name_an_id_of_these(tmp_path):
    (tmp_path / "x.csv").write_text("id,label\na,1\n")
    with pytest.raises(ValueError, match="such as 'b/2.png'. Received: 'a'"):
        read_labels(tmp_path / "x.csv", iter(IDS))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_labels_come_in_the_encodings_and_line_ends_of_data(tmp_path, encoding, end):
    text = end.join(["id;label", "é.png;wanted", '"a;b";', "1;bäd", ""])
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    assert read_labels(tmp_path / "x.csv", ["1", "é.png", "a;b"]) == ["bäd", "wanted", None]


def test_labels_join_by_row_where_they_name_rows(tmp_path):
    (tmp_path / "x.csv").write_text("row,label\n2,a\n0,b\n7,b\n")
    notes = []
    assert read_labels(tmp_path / "x.csv", ["x", "2", "z"], notes) == ["b", None, "a"]
    assert notes == ["1 of 3 rows in the labels are none of the data."]
    (tmp_path / "x.csv").write_text("row,id,label\n2,x,a\n")
    assert read_labels(tmp_path / "x.csv", ["x", "y", "z"]) == ["a", None, None], "id comes first"
    (tmp_path / "x.csv").write_text("row,label\n3,a\n")
    with pytest.raises(ValueError, match="must name rows of the unlabeled data, such as '0'"):
        read_labels(tmp_path / "x.csv", IDS)


def test_ids_are_those_of_the_data_letter_by_letter(tmp_path):
    (tmp_path / "x.csv").write_text("id,label\nA,1\na,2\n a,3\n")
    assert read_labels(tmp_path / "x.csv", ["a", "A", " a", "a "]) == ["2", "1", "3", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label\na,1\nb,2\n\na,2\n", "line 5 gives 'a' another label than before"),
        ("id,label\na,1\na\n", "line 3 has 1 cells, the first one 2"),
        ("id,label,label\na,1,2\n", "'label' names two of its columns"),
        ("name,label\na,1\n", r"its columns are \['name', 'label'\]"),
        ('id,label\na,1\nb,"2\n', "a quote that is never closed in line 3, cell 2"),
    ],
)
def test_a_table_that_is_none_of_labels_is_named_with_its_line(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ValueError, match=f"labels must be a CSV file.*x.csv.*{message}"):
        read_labels(tmp_path / "x.csv", IDS)


def test_an_empty_id_names_nothing(tmp_path):
    (tmp_path / "x.csv").write_text('id,label\na,1\n"",2\n"",3\n')
    assert read_labels(tmp_path / "x.csv", [("", "0"), ("a", "1"), ("", "2")]) == [None, "1", None]
    (tmp_path / "other.csv").write_text("id,label\nz,1\n")
    with pytest.raises(ValueError, match="such as 'a'"):
        read_labels(tmp_path / "other.csv", ["", "a"])
