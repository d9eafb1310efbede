"""Data that no command can use: one line, exit code 2, and everything else as it was."""

import zipfile

import numpy as np
import pyarrow as pa
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds, write_images
from PIL import Image
from pyarrow import parquet

from keras_vabc.files.manifests import content_hash, manifest_text
from keras_vabc.recipes import training

RNG = np.random.default_rng(0)


def write_table(path, rows, names="ab"):
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def photos(count, shape=(8, 8)):
    return RNG.integers(0, 80, (count, *shape), dtype="uint8")


@pytest.fixture
def good(tmp_path):
    """A folder with a good table and a good folder of images; nothing may change in it."""
    write_table(tmp_path / "good.csv", RNG.normal(size=(50, 2)))
    write_images(tmp_path / "images", photos(30))
    return tmp_path


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a table, by the paper's setting."""
    folder = tmp_path_factory.mktemp("table")
    rows = RNG.normal(size=(60, 2))
    write_table(folder / "all.csv", rows)
    write_table(folder / "bad.csv", rows[:20] + 5)
    paths = ["--unlabeled", folder / "all.csv", "--unwanted", folder / "bad.csv"]
    options = ["--setting", "paper", "--epochs", 2, "--out", folder / "run"]
    done = keras_vabc("train", *paths, *options)
    assert done.exit_code == 0, done.output
    return folder / "run"


def _stop(*_, **__):
    raise KeyboardInterrupt


# Refused


OTHERS = "as most of its rows or the unlabeled fold do. Received: others in"


def text_in_a_column(folder):
    path = write_table(folder / "bad.csv", RNG.normal(size=(20, 2)))
    path.write_text(f"{path.read_text()}3,four\n")
    return "bad.csv", "first in line 22"


def ragged_rows(folder):
    (folder / "bad.csv").write_text("a,b\n1,2\n3\n")
    return "bad.csv", "1 of 2 rows of another length: 'line 3' (1 cells, not 2)"


def column_named_twice(folder):
    (folder / "bad.csv").write_text("a,b,a\n1,2,3\n")
    return "bad.csv", "must name each of its columns once"


def no_text(folder):
    (folder / "bad.csv").write_bytes(b"a,b\n\x00\xff\x01,1\n")
    return "bad.csv", "bytes of 0, as no text has, in line 2"


def nothing(folder):
    (folder / "bad.csv").write_bytes(b"")
    return "bad.csv", "it is empty"


def header_alone(folder):
    (folder / "bad.csv").write_text("a,b\n")
    return "bad.csv", "it has no rows but the names of its columns in line 1"


def other_columns(folder):
    write_table(folder / "bad.csv", RNG.normal(size=(20, 2)), "ac")
    return "bad.csv", "unless they are dropped. Received: unwanted without '"


def dates_in_parquet(folder):
    days = pa.array([1, 2], pa.date32())
    parquet.write_table(pa.table({"a": [1.0, 2.0], "b": days}), folder / "bad.parquet")
    return "bad.parquet", f"in column 'b', {OTHERS}"


def half_a_parquet_file(folder):
    parquet.write_table(pa.table({"a": RNG.normal(size=1000)}), folder / "bad.parquet")
    whole = (folder / "bad.parquet").read_bytes()
    (folder / "bad.parquet").write_bytes(whole[: len(whole) // 2])
    return "bad.parquet", "must be a whole Parquet file"


def pickled_objects(folder):
    np.savez(folder / "bad.npz", np.array([[{"a": 1}, 2]], dtype=object))
    return "bad.npz", "without pickled objects"


def array_that_is_declared_too_large(folder):
    np.save(folder / "bad.npy", np.zeros((3, 2)))
    data = (folder / "bad.npy").read_bytes()
    (folder / "bad.npy").write_bytes(data.replace(b"(3, 2), }        ", b"(3, 2000000000)}"))
    return "bad.npy", "must be a whole .npy file"


def array_in_a_folder_above(folder):
    np.save(folder / "x.npy", np.zeros((30, 5)))
    with zipfile.ZipFile(folder / "bad.npz", "w") as archive:
        archive.write(folder / "x.npy", "../../escaped.npy")
    (folder / "x.npy").unlink()
    return "bad.npz", "2 numbers each"


def absent(folder):
    return "absent.csv", "which is not there"


def file_of_another_kind(folder):
    (folder / "bad.jpg").write_bytes(b"")
    return (
        "bad.jpg",
        "must be a folder of images, a table (.csv, .tsv, .txt, .parquet, .feather, .arrow), .npy,",
    )


def image_bomb(folder):
    (folder / "bad").mkdir()
    Image.new("1", (10_000, 10_000)).save(folder / "bad" / "bomb.png")
    return "bad", "'bomb.png'"


def unreadable_images(folder):
    write_images(folder / "bad", photos(20))
    for name in ("b\nroken.png", "..b.png", "[red]b.png"):  # the second is a hidden file
        (folder / "bad" / name).write_bytes(b"no image")
    return (
        "bad",
        "must have at most 1 % unreadable images (max_unreadable). Received: at least 1 of 22",
    )


def empty_folder(folder):
    (folder / "bad").mkdir()
    return "bad", "must be a folder with images"


def folder_of_other_things(folder):
    (folder / "bad").mkdir()
    (folder / "bad" / "x.txt").write_text("x")
    (folder / "bad" / "link.png").symlink_to(folder / "images" / "000.png")
    return "bad", "which has none but symbolic links (1) and files of other kinds (1)"


def pixels_out_of_range(folder):
    np.save(folder / "bad.npy", np.full((20, 8, 8), -1.0))
    return (
        "bad.npy",
        "must hold whole numbers in 0..255, floats in 0..1, or deeper images as uint16",
    )


VECTORS = [
    text_in_a_column,
    ragged_rows,
    column_named_twice,
    no_text,
    nothing,
    header_alone,
    other_columns,
    dates_in_parquet,
    half_a_parquet_file,
    pickled_objects,
    array_that_is_declared_too_large,
    array_in_a_folder_above,
    absent,
    file_of_another_kind,
]
SCORED = {  # what is said where the columns are those of a run
    text_in_a_column: "1 of 21 rows that do not, first line 22: no numeric value in column 'b'",
    other_columns: "input must have the columns of training, once. Received: none of 'b'",
    dates_in_parquet: "2 of 2 rows that do not, first row 0 (counted from 0): no numeric value in",
}
IMAGES = [
    image_bomb,
    unreadable_images,
    empty_folder,
    folder_of_other_things,
    pixels_out_of_range,
]


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("make", VECTORS + IMAGES)
def test_bad_data_are_one_line_and_leave_nothing(good, make, swapped):
    name, message = make(good)
    before = contents(good)
    paths = [good / ("images" if make in IMAGES else "good.csv"), good / name]
    unlabeled, unwanted = paths[::-1] if swapped else paths
    arguments = ["--unlabeled", unlabeled, "--unwanted", unwanted, "--yes"]
    done = fails(message, "train", *arguments, "--out", good / "run")
    assert "unlabeled" in done.stderr or "unwanted" in done.stderr
    assert contents(good) == before


@pytest.mark.parametrize("make", VECTORS)
def test_bad_data_to_score_leave_the_earlier_scores(table_run, good, make):
    name, message = make(good)
    (good / "scores.csv").write_text("earlier")
    manifest = manifest_text({}, content_hash(good / "scores.csv"))
    (good / "scores.csv.json").write_bytes(manifest)
    before = contents(good), contents(table_run)
    score = "score", table_run, "--input", good / name, "--out", good / "scores.csv"
    done = fails(SCORED.get(make, message), *score)
    assert "input" in done.stderr
    assert (contents(good), contents(table_run)) == before


def test_decimal_commas_are_read_as_points_are(table_run, tmp_path):
    scores = []
    for name, style in {"points": (".", ","), "commas": (",", ";")}.items():
        rows = np.random.default_rng(6).normal(size=(20, 2))
        lines = [style[1].join(f"{x:.3f}".replace(".", style[0]) for x in row) for row in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"a{style[1]}b", *lines]))
        out = tmp_path / f"scores-{name}.csv"
        succeeds("score", table_run, "--input", tmp_path / f"{name}.csv", "--out", out)
        scores.append(out.read_text())
    assert scores[0] == scores[1]


@pytest.mark.parametrize("bad", ["all", "flagged"])
def test_no_value_and_infinity_are_values(table_run, tmp_path, monkeypatch, bad):
    monkeypatch.setattr(training, "train_autoencoder", _stop)
    paths = {name: tmp_path / f"{name}.csv" for name in ("all", "flagged")}
    for path in paths.values():
        write_table(path, RNG.normal(size=(60, 2)))
    paths[bad].write_text(f"{paths[bad].read_text()}0.5,\n,-inf\n")
    folds = ["--unlabeled", paths["all"], "--unwanted", paths["flagged"], "--yes"]
    done = keras_vabc("train", *folds, "--setting", "paper", "--out", tmp_path / "run")
    own = record(tmp_path / "run")
    counts = {name: x["training"] + x["held_out"] for name, x in own["counts"].items()}
    assert counts == {
        "unlabeled": 60 + 2 * (bad == "all"),
        "unwanted": 60 + 2 * (bad == "flagged"),
    }, done.output
    score = "score", table_run, "--input", paths[bad], "--out", tmp_path / "scores.csv"
    assert keras_vabc(*score).exit_code == 0
    assert (tmp_path / "scores.csv").read_text().count("\n") == 63


@pytest.mark.parametrize("kind", ["images", "arrays", "tables"])
def test_folds_the_wrong_way_round_are_asked_about(tmp_path, kind):
    """A test has no terminal, so that the question is an error that names `--yes`."""
    suffix = {"images": "", "arrays": ".npy", "tables": ".csv"}[kind]
    few, many = tmp_path / f"few{suffix}", tmp_path / f"many{suffix}"
    for path, count in ((few, 20), (many, 30)):
        if kind == "images":
            write_images(path, photos(count))
        elif kind == "arrays":
            np.save(path, RNG.normal(size=(count, 2)))
        else:
            write_table(path, RNG.normal(size=(count, 2)))
    before = contents(tmp_path)
    paths = ["--unlabeled", few, "--unwanted", many, "--out", tmp_path / "run"]
    done = fails("--yes", "train", *paths)
    assert "20 unlabeled and 30 unwanted" in done.stderr
    assert contents(tmp_path) == before


def test_the_same_data_twice_are_refused(good):
    before = contents(good)
    for data in (good / "good.csv", good / "images"):
        paths = ["--unlabeled", data, "--unwanted", data, "--out", good / "run"]
        fails("are also unwanted", "train", *paths)
    assert contents(good) == before


def test_sizes_of_images_that_make_no_sense(good):
    write_images(good / "large", photos(3, (600, 700)))
    before = contents(good)
    out = ["--yes", "--out", good / "run"]
    paths = ["--unlabeled", good / "large", "--unwanted", good / "images"]
    fails("image_size must be given, such as 64x64", "train", *paths, *out)
    paths = ["--unlabeled", good / "good.csv", "--unwanted", good / "good.csv"]
    fails("image_size must be None for vectors", "train", *paths, *out, "--image-size", "8x8")
    assert keras_vabc("train", *paths, *out, "--image-size", "8").exit_code == 2
    assert contents(good) == before


def test_outputs_that_would_replace_data_or_run_are_refused(table_run, good):
    before = contents(table_run.parent), contents(good)
    data, scores = table_run.parent / "all.csv", table_run / "scores.npz"
    fails("out must be another file than unlabeled", "sample", table_run, "--out", data)
    fails("out must be another file than scores.npz", "sample", table_run, "--out", scores)
    score = ["score", table_run, "--input", good / "good.csv", "--out"]
    fails("out must be another file than input", *score, good / "good.csv")
    fails("out must be another file than unwanted", *score, table_run.parent / "bad.csv")
    fails("out must be a .csv file", *score, table_run / "run.json")
    (good / "folder.csv").mkdir()
    fails("out must be a .csv file", *score, good / "folder.csv")
    fails("out must be a file", "sample", table_run, "--out", good / "folder.csv")
    (good / "folder.csv").rmdir()
    assert (contents(table_run.parent), contents(good)) == before


# Mended, and said


def mixed_images(folder):
    images = list(photos(60))
    images[0] = np.kron(images[0], np.ones((2, 2), "uint8"))
    images[1] = np.dstack([images[1], 0 * images[1], images[1]])
    write_images(folder / "all", [images[2], *images, *photos(140)])
    deep = RNG.integers(0, 2**16, (8, 8), dtype="uint16")
    clear = np.dstack([images[3]] * 4)
    write_images(folder / "flagged", [*photos(60), deep, clear, images[4]])
    (folder / "flagged" / "broken.png").write_bytes(b"no image")
    return ("all", "flagged"), [
        "deep images: values up to 65535 were taken for 16 bits; transparent images were laid on",
        "unlabeled: 1 of 201 images were resized to 8 x 8 pixels",
        "unlabeled: 1 of 201 images are coloured and were turned grey",
        "unlabeled: 1 of 201 examples are also unwanted, to the last bit, and were left out",
        "unlabeled: 1 of 200 examples repeat an earlier one; they are kept",
        "unwanted: 1 of 64 images have an alpha channel or a transparent colour",
        "unwanted: 1 of 64 images have more than 8 bits a pixel and were reduced to 8",
        "unwanted: 1 of 64 images could not be read and were left out: 'broken.png'",
    ]


def bytes_and_floats(folder):
    np.save(folder / "all.npy", photos(100))
    np.save(folder / "flagged.npy", RNG.random((60, 8, 8)))
    return ("all.npy", "flagged.npy"), [
        "unwanted: images: their floats in 0..1 became whole numbers in 0..255, like the other",
    ]


def grey_and_colour(folder):
    np.save(folder / "all.npy", photos(100, (8, 8, 3)))
    write_images(folder / "flagged", photos(60))
    return ("all.npy", "flagged"), []


def odd_tables(folder):
    x = RNG.normal(size=(100, 3)) * [1e-9, 0, 1e6] + [0, 7, 0]
    write_table(folder / "all.csv", x, "abc")
    write_table(folder / "flagged.csv", np.column_stack([x[:40, ::-1], x[:40, 0]]) + 1, "cbaz")
    return ("all.csv", "flagged.csv"), [
        "unwanted: columns that unlabeled lacks were left out: 'z'",
        "column 'b' has whole numbers with and without a point",
        "unlabeled: separated by commas, utf-8, a line of names",
        "unwanted: separated by commas, utf-8, a line of names",
        "unwanted: 40 examples are few",
    ]


@pytest.mark.parametrize("make", [mixed_images, bytes_and_floats, grey_and_colour, odd_tables])
def test_what_was_mended_is_printed_and_stored(make, tmp_path, monkeypatch):
    names, expected = make(tmp_path)
    monkeypatch.setattr(training, "train_autoencoder", _stop)
    paths = ["--unlabeled", tmp_path / names[0], "--unwanted", tmp_path / names[1]]
    options = ["--setting", "paper", "--max-unreadable", 0.1, "--out", tmp_path / "run"]
    output = keras_vabc("train", *paths, *options).output
    notes = record(tmp_path / "run")["notes"]
    assert len(notes) == len(expected), notes
    for line in expected:
        assert f"Note: {line}" in output
        assert any(note.startswith(line) for note in notes)
