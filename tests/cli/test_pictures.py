"""Pictures as people have them: what is taken for what is decided once, told, and kept."""

import csv
import json
import shutil

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds, write_images
from PIL import Image, PngImagePlugin

from keras_vabc.data.spec import ImageRule
from keras_vabc.recipes import scores as scores_module
from keras_vabc.recipes import train as train_recipe

RNG = np.random.default_rng(5)
SIDE = 8
EXIF = Image.Exif()
EXIF[0x0112] = 6  # shown after a quarter turn clockwise
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.fixture
def take_in(tmp_path, monkeypatch):
    """Runs `train` up to its networks; gives what it printed, its record, and rows of a fold."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    def run(unlabeled, unwanted, *options):
        monkeypatch.setattr(train_recipe, "start_tensorflow", stop)
        out = tmp_path / "taken"
        shutil.rmtree(out, ignore_errors=True)
        paths = ["--unlabeled", unlabeled, "--unwanted", unwanted, "--out", out]
        done = keras_vabc("train", *paths, "--setting", "paper", *options)
        assert done.exit_code == 130, done.output
        monkeypatch.undo()
        return " ".join(done.output.split()), record(out), lambda name: whole(out / "work", name)

    return run


def whole(folder, name):
    parts = [np.load(folder / f"{part}{name}.npy") for part in ("", "test_")]
    return np.concatenate(parts)


def as_set(images):
    return {image.tobytes() for image in images}


def scans(count, white, shape=(SIDE, SIDE)):
    """Deep images of noise, up to a white."""
    return RNG.integers(0, white + 1, (count, *shape)).astype("uint16")


def greys(count, least=0, most=256):
    return RNG.integers(least, most, (count, SIDE, SIDE), dtype="uint8")


def scores_of(path):
    with open(path, newline="") as file:
        return {row["id"]: float(row["score"]) for row in csv.DictReader(file)}


# What is white


def test_white_of_deep_images_is_decided_for_both_folds(take_in, tmp_path):
    unlabeled, unwanted, bytes_ = scans(40, 3000), scans(20, 200), greys(5)
    write_images(tmp_path / "scans", [*unlabeled, *bytes_])
    write_images(tmp_path / "dark", unwanted)
    printed, stored, rows = take_in(tmp_path / "scans", tmp_path / "dark")
    line = "deep images: values up to 4095 were taken for 12 bits, in both folds and later data."
    assert printed.count(line) == 1 and line in stored["notes"]
    assert stored["spec"]["rule"] == {"deep": 4095, "whole": None, "floats": None, "ground": 0}
    expected = [*np.rint(unlabeled * 255.0 / 4095).astype("uint8"), *bytes_]
    assert as_set(rows("unlabeled")) == as_set(expected), "and 8 bits stay 8 bits"
    assert as_set(rows("unwanted")) == as_set(np.rint(unwanted * 255.0 / 4095).astype("uint8"))


@pytest.mark.parametrize(
    ("most", "white", "kind"),
    [(255, 255, "I;16"), (256, 1023, "I;16"), (16384, 65535, "I;16"), (200_000, 262_143, "I")],
)
def test_the_least_white_that_holds_all_is_taken(take_in, tmp_path, most, white, kind):
    images = RNG.integers(0, most, (40, SIDE, SIDE)).astype("int32" if kind == "I" else "uint16")
    for fold, part in (("u", images[:25]), ("w", images[25:])):
        (tmp_path / fold).mkdir()
        for number, image in enumerate(part):
            image[0, 0] = most if number == 7 and fold == "w" else image[0, 0]
            Image.fromarray(image).save(tmp_path / fold / f"{number}.tif")
    _, stored, rows = take_in(tmp_path / "u", tmp_path / "w")
    assert stored["spec"]["rule"]["deep"] == white
    expected = np.rint(np.float64(images[:25]) * 255 / white).astype("uint8")
    assert as_set(rows("unlabeled")) == as_set(expected)


def test_arrays_of_12_bits_are_images(take_in, tmp_path):
    images = scans(50, 4000)
    images[3, 2, 2] = 4001
    np.save(tmp_path / "u.npy", images[:40])
    np.save(tmp_path / "w.npy", images[40:] // 20)
    printed, stored, rows = take_in(tmp_path / "u.npy", tmp_path / "w.npy")
    assert "values up to 4095 were taken for 12 bits" in printed
    assert stored["spec"]["rule"]["deep"] == 4095 and stored["spec"]["dtype"] == "uint8"
    dark = np.rint((images[40:] // 20) * np.float32(255 / 4095)).astype("uint8")
    assert as_set(rows("unwanted")) == as_set(dark), "the darker fold has the same white"


@pytest.mark.parametrize("beyond", [np.nextafter(np.float32(1), np.float32(2)), -1e-9])
def test_a_hair_beyond_black_or_white_is_a_rounding(take_in, tmp_path, beyond):
    images = (greys(60) / np.float32(255)).astype("float32")
    np.save(tmp_path / "w.npy", images[40:])
    images[7, 0, 0] = beyond
    np.save(tmp_path / "u.npy", images[:40])
    _, stored, rows = take_in(tmp_path / "u.npy", tmp_path / "w.npy")
    assert stored["spec"]["dtype"] == "float32" and stored["spec"]["rule"]["floats"] == 1
    assert as_set(rows("unlabeled")) == as_set(images[:40].clip(0, 1))


def test_floats_have_one_scale_in_both_folds(tmp_path):
    images = np.float32(greys(60))
    np.save(tmp_path / "u.npy", images[:40])
    np.save(tmp_path / "w.npy", images[40:] / 255)
    np.save(tmp_path / "over.npy", images[:40] * 1.2 / 255)
    train = ["train", "--out", tmp_path / "run", "--unlabeled"]
    message = "Received: unlabeled in 0..255 and unwanted in 0..1."
    fails(message, *train, tmp_path / "u.npy", "--unwanted", tmp_path / "w.npy")
    message = "Received: floats that exceed 1, but none above 2"
    fails(message, *train, tmp_path / "over.npy", "--unwanted", tmp_path / "w.npy")
    assert not (tmp_path / "run").exists()


# Series are no pictures


@pytest.mark.parametrize("shape", [(60, 2), (3, 60), (60, 3), (1, 60)])
def test_series_are_not_taken_for_pictures(tmp_path, shape):
    np.save(tmp_path / "u.npy", RNG.random((40, *shape)))
    message = "give it as a vector, (n, steps * channels)"
    path = tmp_path / "u.npy"
    fails(message, "train", "--unlabeled", path, "--unwanted", path, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_may_be_a_series_is_told(take_in, tmp_path):
    np.save(tmp_path / "u.npy", RNG.random((40, 60, 5)))
    np.save(tmp_path / "w.npy", RNG.random((20, 60, 5)))
    printed, stored, _ = take_in(tmp_path / "u.npy", tmp_path / "w.npy")
    assert printed.count("was taken for grey images of 60 x 5 pixels; give series as vectors") == 2
    assert stored["spec"]["shape"] == [60, 5, 1]


# Transparency


def icons(folder, count, colour):
    """Shapes of a colour on a transparent ground of black."""
    folder.mkdir()
    shapes = []
    for number in range(count):
        pixels = np.zeros((SIDE, SIDE, 4), "uint8")
        pixels[RNG.random((SIDE, SIDE)) < 0.5] = (*colour, 255)
        pixels[0, 0] = (*colour, 128)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        shapes.append(pixels[..., 3] / 255.0)
    return np.array(shapes)


@pytest.mark.parametrize(
    ("colour", "ground", "name"), [((20, 20, 20), 255, "white"), ((240, 240, 240), 0, "black")]
)
def test_transparency_is_laid_on_what_it_stands_out_from(take_in, tmp_path, colour, ground, name):
    alpha = icons(tmp_path / "u", 40, colour)
    icons(tmp_path / "w", 20, (120, 120, 120) if ground else (140, 140, 140))
    printed, stored, rows = take_in(tmp_path / "u", tmp_path / "w")
    assert f"transparent images were laid on {name}, in both folds and later data." in printed
    assert stored["spec"]["rule"]["ground"] == ground
    assert any("unlabeled: 40 of 40 images have an alpha" in note for note in stored["notes"])
    expected = np.sort(np.rint(alpha * colour[0] + (1 - alpha) * ground).ravel())
    found = np.sort(rows("unlabeled").astype(float).ravel())
    assert np.abs(found - expected).max() <= 1


# Orientation


def turned(path, how):
    """An image of 4 x 6 pixels, bright at its left, noted to be turned: left becomes top."""
    pixels = np.full((4, 6, 3), 20, "uint8")
    pixels[:, :2] = RNG.integers(200, 256, (4, 2, 1))
    image, info = Image.fromarray(pixels), PngImagePlugin.PngInfo()
    if how == "raw":
        profile = b"Exif\0\0" + EXIF.tobytes()
        info.add_text("Raw profile type exif", f"\nexif\n{len(profile):8d}\n{profile.hex()}\n")
        image.save(path.with_suffix(".png"), pnginfo=info)
    elif how == "late":
        profile = b"Exif\0\0" + EXIF.tobytes()
        text = f"\nexif\n{len(profile):8d}\n{profile.hex()}\n"
        info.add(b"tEXt", b"Raw profile type exif\0" + text.encode(), after_idat=True)
        image.save(path.with_suffix(".png"), pnginfo=info)
    elif how == "xmp.png":
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        image.save(path.with_suffix(".png"), pnginfo=info)
    elif how == "xmp.tif":
        image.save(path.with_suffix(".tif"), tiffinfo={700: XMP})
    elif how.startswith("xmp"):
        image.save(path.with_suffix(how[3:]), xmp=XMP, quality=95)
    else:
        image.save(path.with_suffix(how), exif=EXIF, quality=95)


@pytest.mark.parametrize(
    "how",
    [".jpg", ".png", ".tif", ".webp", "raw", "late", "xmp.jpg", "xmp.png", "xmp.webp", "xmp.tif"],
)
def test_pictures_are_upright_wherever_it_is_noted(take_in, tmp_path, how):
    for fold, count in (("u", 30), ("w", 12)):
        (tmp_path / fold).mkdir()
        for number in range(count):
            turned(tmp_path / fold / f"{number}", how)
    printed, stored, rows = take_in(tmp_path / "u", tmp_path / "w")
    assert stored["spec"]["shape"] == [6, 4, 1]
    found = rows("unlabeled")[..., 0].astype(int)
    assert found[:, :2].min() > 150 and found[:, 2:].max() < 80
    assert "30 of 30 images were turned upright" in printed and "resized" not in printed


# Several pictures in one file


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".png", ".webp"])
def test_pages_and_animations_are_told(take_in, tmp_path, suffix):
    for fold, count in (("u", 20), ("w", 12)):
        (tmp_path / fold).mkdir()
        for number in range(count):
            pages = [Image.fromarray(page) for page in greys(4 if number < 7 else 1)]
            path = tmp_path / fold / f"{number}{suffix}"
            options = {"lossless": True} if suffix == ".webp" else {}
            pages[0].save(path, save_all=len(pages) > 1, append_images=pages[1:], **options)
    printed, stored, rows = take_in(tmp_path / "u", tmp_path / "w")
    line = "hold several pictures (animations, pages): the first of each was read, and 21 were left"
    assert f"unlabeled: 7 of 20 images {line} out." in printed
    assert len(rows("unlabeled")) == 20 and stored["counts"]["unlabeled"]["read"] == 20


# What cannot be read


def bad_files(folder):
    """Files that cannot be read, each with a part of the reason that is to be told."""
    write_images(folder, greys(60))
    (folder / "a.heic.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    (folder / "b.png").write_bytes((folder / "000.png").read_bytes()[:-30])
    Image.new("L", (9600, 9400)).save(folder / "c.png")
    Image.fromarray(RNG.random((SIDE, SIDE)).astype("float32")).save(folder / "d.tif")
    (folder / "e.png").write_bytes(b"")
    (folder / "=f.png").write_text("<!DOCTYPE html><html>404</html>")
    return {
        "a.heic.jpg": "HEIC",
        "b.png": "truncated",
        "c.png": "89,478,485 pixels",
        "d.tif": "floats",
        "e.png": "empty",
        "'=f.png": "a web page",
    }


def test_what_cannot_be_read_is_listed_with_reasons(take_in, tmp_path):
    reasons = bad_files(tmp_path / "u")
    write_images(tmp_path / "w", greys(20))
    paths = ["--unlabeled", tmp_path / "u", "--unwanted", tmp_path / "w"]
    done = fails("'=f.png' (no image of", "train", *paths, "--out", tmp_path / "refused")
    assert "a web page" in done.stderr and not (tmp_path / "refused").exists()
    printed, stored, _ = take_in(tmp_path / "u", tmp_path / "w", "--max-unreadable", 0.1)
    assert "Every file that could not be read (6) is listed in" in printed
    with open(tmp_path / "taken" / "unreadable.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == set(reasons)
    assert all(row["fold"] == "unlabeled" and reasons[row["id"]] in row["reason"] for row in rows)
    (line,) = [note for note in stored["notes"] if "could not be read" in note]
    assert "(no image of a kind that is read, but a web page" in line and line.endswith(", ....")


# Our own outputs


def test_our_outputs_among_the_data_are_left_out(take_in, tmp_path, trained):
    folder = tmp_path / "u"
    write_images(folder, greys(40))
    write_images(folder / "own", greys(5))
    write_images(tmp_path / "w", greys(20))
    shutil.copytree(trained / "run", folder / "run")
    succeeds("sample", folder / "run", "-n", 9, "--out", folder / "run" / "samples")
    succeeds("sample", folder / "run", "-n", 9, "--out", folder / "new")
    printed, stored, _ = take_in(folder, tmp_path / "w")
    assert stored["counts"]["unlabeled"]["read"] == 45
    assert "unlabeled: left out: folders that keras-vabc made (2)" in printed
    printed, stored, _ = take_in(folder, folder / "new")
    assert stored["counts"]["unwanted"]["read"] == 9
    assert "unwanted: the folder is one that keras-vabc made." in printed


# Later data


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on images of 12 bits and on dark shapes on transparent ground."""
    folder = tmp_path_factory.mktemp("trained")
    write_images(folder / "u", scans(40, 4000))
    write_images(folder / "w", scans(20, 1000))
    icons(folder / "u" / "icons", 20, (10, 10, 10))
    paths = ["--unlabeled", folder / "u", "--unwanted", folder / "w", "--out", folder / "run"]
    printed = succeeds("train", *paths, "--setting", "paper", "--epochs", 1)
    assert "taken for 12 bits; transparent images were laid on white" in " ".join(printed.split())
    assert record(folder / "run")["spec"]["rule"]["ground"] == 255
    return folder


def test_later_data_are_scaled_as_the_run_was_trained(trained, tmp_path):
    dark, run, out = scans(6, 300), trained / "run", tmp_path / "scores.csv"
    write_images(tmp_path / "alone", dark)
    write_images(tmp_path / "eight", np.rint(dark * 255.0 / 4095).astype("uint8"))
    icons(tmp_path / "light", 4, (255, 255, 255))
    write_images(tmp_path / "white", np.full((4, SIDE, SIDE), 255, "uint8"))
    scores = {}
    for name in ("alone", "eight", "light", "white"):
        succeeds("score", run, "--input", tmp_path / name, "--out", out)
        scores[name] = scores_of(out)
    assert scores["alone"] == pytest.approx(scores["eight"], rel=1e-6)
    white = next(iter(scores["white"].values()))
    assert list(scores["light"].values()) == pytest.approx([white] * 4, rel=1e-6)
    bright = scans(6, 300)
    bright[2, 0, 0] = 5000
    np.save(tmp_path / "bright.npy", bright)
    write_images(tmp_path / "bright", bright)
    for path in (tmp_path / "bright", tmp_path / "bright.npy"):
        printed = " ".join(succeeds("score", run, "--input", path, "--out", out).split())
        assert "values up to 4095 were taken for 12 bits" in printed
        assert "clipped" in printed and (": 1 of 6 images" in printed or ": 1 have" in printed)
        scores[path.suffix] = sorted(scores_of(out).values())
    assert scores[""] == pytest.approx(scores[".npy"], rel=1e-6), "files and arrays alike"


def test_a_run_of_before_reads_as_it_was_trained(trained, tmp_path):
    run = shutil.copytree(trained / "run", tmp_path / "run")
    stored = record(run)
    del stored["spec"]["rule"]
    (run / "run.json").write_text(json.dumps(stored))
    images = scans(4, 4000)
    write_images(tmp_path / "deep", images)
    write_images(tmp_path / "eight", np.rint(images / 257.0).astype("uint8"))
    icons(tmp_path / "dark", 4, (0, 0, 0))
    write_images(tmp_path / "black", np.zeros((4, SIDE, SIDE), "uint8"))
    for name, like in (("deep", "eight"), ("dark", "black")):
        for folder in (name, like):
            out = tmp_path / f"{folder}.csv"
            succeeds("score", run, "--input", tmp_path / folder, "--out", out)
        found, expected = (sorted(scores_of(tmp_path / f"{n}.csv").values()) for n in (name, like))
        assert found == pytest.approx(expected, rel=1e-6), "16 bits, and laid on black"


def test_score_lists_what_it_could_not_read(trained, tmp_path, monkeypatch):
    reasons = bad_files(tmp_path / "new")
    arguments = ["score", trained / "run", "--input", tmp_path / "new", "--out"]
    before = contents(tmp_path)
    fails("at most 1 % unreadable images", *arguments, tmp_path / "x.csv")
    assert contents(tmp_path) == before
    printed = succeeds(*arguments, tmp_path / "x.csv", "--max-unreadable", 0.1)
    assert "x.csv.json" in printed and "6 of 66 images could not be read" in " ".join(
        printed.split()
    )
    listed = json.loads((tmp_path / "x.csv.json").read_text())["unreadable"]
    assert listed["count"] == 6 and len(scores_of(tmp_path / "x.csv")) == 60
    assert all(reasons.get(name, "a web page") in reason for name, reason in listed["files"])
    assert ": the first" not in printed
    monkeypatch.setattr(scores_module, "LISTED", 2)
    printed = succeeds(*arguments, tmp_path / "few.csv", "--max-unreadable", 0.1)
    assert "few.csv.json: the first 2 of them." in " ".join(printed.split())


def with_rule(run, copy, **rule):
    """A copy of a run of which the rule of images is another."""
    shutil.copytree(run, copy)
    stored = record(copy)
    stored["spec"]["rule"] = vars(ImageRule(**rule))
    (copy / "run.json").write_text(json.dumps(stored))
    return copy


@pytest.mark.parametrize(
    ("kind", "rule", "images"),
    [
        ("floats in 0..255", {"floats": 255}, np.float32(greys(6)) / 255),
        ("floats in 0..1", {"floats": 1}, np.float32(greys(6))),
        ("0 and 1", {"whole": 1}, greys(6)),
    ],
)
def test_arrays_of_another_scale_are_refused_later(trained, tmp_path, kind, rule, images):
    run, out = with_rule(trained / "run", tmp_path / "run", **rule), tmp_path / "x.csv"
    np.save(tmp_path / "x.npy", images)
    fails(f"input must hold {kind}", "score", run, "--input", tmp_path / "x.npy", "--out", out)
    assert not out.exists()
    np.save(tmp_path / "black.npy", np.zeros_like(images))
    succeeds("score", run, "--input", tmp_path / "black.npy", "--out", out)


def test_deep_images_are_new_to_a_run_on_bytes(trained, tmp_path):
    run, images = with_rule(trained / "run", tmp_path / "run"), scans(6, 3000)
    images[:5] //= 30
    write_images(tmp_path / "deep", images)
    np.save(tmp_path / "deep.npy", images)
    write_images(tmp_path / "bytes", np.rint(images * 255.0 / 4095).astype("uint8"))
    found = []
    for path in ("deep", "deep.npy", "bytes"):
        out = tmp_path / f"{path}.csv"
        printed = succeeds("score", run, "--input", tmp_path / path, "--out", out)
        assert ("taken for 12 bits" in " ".join(printed.split())) == (path != "bytes")
        found.append(sorted(scores_of(out).values()))
    assert found[0] == pytest.approx(found[2], rel=1e-6)
    assert found[1] == pytest.approx(found[2], rel=1e-6)


def test_floats_of_the_bytes_score_as_the_bytes(trained, tmp_path):
    images = greys(6)
    np.save(tmp_path / "bytes.npy", images)
    np.save(tmp_path / "floats.npy", images / np.float32(255))
    found = []
    for name in ("bytes", "floats"):
        out = tmp_path / f"{name}.csv"
        succeeds("score", trained / "run", "--input", tmp_path / f"{name}.npy", "--out", out)
        found.append(scores_of(out))
    assert found[0] == pytest.approx(found[1], rel=1e-6)


# Labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label\n000.png,bad\n001.png,good\n000.png,good\n", "line 4 gives '000.png' another"),
        ("id,label\n000.png,bad,x\n", "line 2 has 3 cells, the first one 2"),
        ("id,label\n000.png\n", "line 2 has 1 cells, the first one 2"),
        ("id,label\n000.PNG,bad\n 000.png,bad\n", "labels must name ids of the unlabeled data"),
        ("id|label\n000.png|bad\n", "its columns are ['id|label']"),
        (b"\xff\xfei\0d\0", "its columns are ['id']"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(trained, tmp_path, text, message):
    path = tmp_path / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = contents(trained / "run")
    options = ["--labels", path, "--negative-class", "bad"]
    done = fails(message, "evaluate", trained / "run", *options)
    assert "labels.csv" in done.stderr or "must name ids" in done.stderr
    assert contents(trained / "run") == before


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_labels_as_programs_write_them(trained, tmp_path, end, delimiter):
    run = shutil.copytree(trained / "run", tmp_path / "run")
    rows = [(f"{n:03d}.png", "bad" if n % 2 else "Bad") for n in range(30)]
    rows += [("000.png", "Bad"), ("other.png", "bad"), ("another.png", "bad")]
    lines = [delimiter.join(row) for row in [("id", "label"), *rows]]
    text = "\ufeff" + end.join(lines) + end
    (tmp_path / "labels.csv").write_bytes(text.encode())
    options = ["--labels", tmp_path / "labels.csv", "--negative-class", "bad"]
    printed = " ".join(succeeds("evaluate", run, *options).split())
    assert "30 of 60 unlabeled examples have a label. 2 of 32 ids in the labels" in printed


# What went well


def test_photos_as_cameras_name_them(take_in, tmp_path):
    (tmp_path / "u" / "2023").mkdir(parents=True)
    for number in range(40):
        pixels = np.full((SIDE, SIDE, 3), (200, 30, 30), "uint8")
        pixels[2:5, 1 : 2 + number % 7] = (20, 180, 5 * number)
        image = Image.fromarray(pixels)
        image = image.convert("CMYK") if number % 4 == 0 else image
        options = {"exif": b"Exif\0\0GARBAGE"} if number % 5 == 0 else {}
        path = tmp_path / "u" / "2023" / f"DSC_{number:04d}.JPG"
        image.save(path, "JPEG", quality=95, **options)
    for name in ("Thumbs.db", ".DS_Store", "._DSC_0001.JPG"):
        (tmp_path / "u" / name).write_bytes(bytes(99))
    (tmp_path / "u" / "link.jpg").symlink_to("2023/DSC_0001.JPG")
    write_images(tmp_path / "w", greys(20))
    printed, stored, rows = take_in(tmp_path / "u", tmp_path / "w")
    counts = stored["counts"]["unlabeled"]
    assert (counts["read"], counts["unreadable"]) == (40, 0)
    assert "unlabeled: left out: symbolic links (1) and files of other kinds (1)" in printed
    assert np.abs(rows("unlabeled")[:, -1, -1].astype(int) - (200, 30, 30)).max() < 12
