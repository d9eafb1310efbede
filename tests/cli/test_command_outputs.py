"""What commands write takes the place of nothing that they did not make, and appears whole.

Samples and scores here are numbers of NumPy, so that each command takes milliseconds and can be
killed in a fork of this process.
"""

import contextlib
import json
import os
import shutil
import signal
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import contents, fails, keras_vabc, record, succeeds
from faults import LINE_BYTES, hidden, press_ctrl_c, room_for, wait_until

import keras_vabc as kv
from keras_vabc.files.manifests import content_hash, manifest_text
from keras_vabc.pages import run_page
from keras_vabc.recipes import starting
from keras_vabc.recipes.run import Run

EARLIER = Path(__file__).parents[1] / "recipes" / "run-0.1"  # a run on a table, of version 0.1
IMAGES = {"kind": "images", "shape": [4, 5, 1], "dtype": "uint8", "columns": None}
IMAGES |= {"constants": [], "whole": []}


class Sampler:
    """Draws numbers, and calls `act` before the last block."""

    def __init__(self, shape, act=lambda: None):
        self.shape, self.act = shape, act

    def batches(self, n, seed, return_drawn):
        assert return_drawn
        rng = np.random.default_rng(seed)
        for start in range(0, n, 50):
            if start + 50 >= n:
                self.act()
            yield rng.random((min(50, n - start), *self.shape)).astype("float32"), start + 60

    def export(self, path, format, **_):
        path.mkdir()
        self.act()
        (path / "model").write_text(format)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A copy of a run, alone in a folder, that draws and scores without TensorFlow."""
    run = shutil.copytree(EARLIER, tmp_path / "runs" / "run")
    columns = len(record(run)["spec"]["columns"])
    monkeypatch.setattr(starting, "start_tensorflow", lambda: None)
    monkeypatch.setattr(Run, "sampler", Sampler((columns,)))
    monkeypatch.setattr(Run, "nu", None)
    monkeypatch.setattr(Run, "score_rows", lambda _, rows: rows[:, 0].astype("float32"))
    monkeypatch.setattr(run_page, "sections", lambda *_: [])
    return run


@pytest.fixture
def images_run(run, monkeypatch):
    """Likewise, of images."""
    (run / "run.json").write_text(json.dumps(record(run) | {"spec": IMAGES}))
    with zipfile.ZipFile(run / "model.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_vabc": {"spec": IMAGES}}))
    monkeypatch.setattr(Run, "sampler", Sampler((4, 5, 1)))
    return run


@contextlib.contextmanager
def at_rest():
    """No command may begin its work."""

    def working(*_):
        raise AssertionError("it has begun its work")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "start_tensorflow", working)
        patch.setattr(Run, "sampler", property(working))
        yield


def command(name, run, out, *options):
    """A command that writes a file or folder."""
    given = {
        "sample": ["-n", 120, "--out", out],
        "score": ["--input", EARLIER / "unwanted.csv", "--out", out],
        "export": ["--out", out],
    }
    return [name, run, *given[name], *options]


FILES = ["sample", "score"]


def manifest_of(path):
    place = path / "manifest.json" if path.is_dir() else path.with_name(f"{path.name}.json")
    return json.loads(place.read_text())


def is_whole(path):
    """An output and its manifest belong together, and nothing is half-written beside it."""
    manifest = manifest_of(path)
    assert manifest["made_by"] == f"keras_vabc {kv.__version__}"
    assert manifest["output_sha256"] == content_hash(path)
    return not left_in(path.parent)


def left_in(folder):
    """What is half-written in a folder; what `of_the_user` put there only seems so."""
    return [path for path in hidden(folder) if "0a1b2c3d" not in path and ".mydata" not in path]


def of_the_user(folder):
    """A table of 5,320 rows and what looks like a temporary file and folder of ours."""
    folder.mkdir(exist_ok=True)
    rows = np.random.default_rng(7).normal(size=(5320, 3))
    np.savetxt(folder / "mydata.csv", rows, delimiter=",")
    for name in (".mydata.csv.tmp", ".mydata.csv-0a1b2c3d.tmp"):
        (folder / name).mkdir()
        (folder / name / "kept").write_text("kept")
    (folder / ".new.csv-0a1b2c3d.tmp").write_text("kept")
    return contents(folder)


# Whose it is


def refused(message, *arguments):
    """The command ends with that line before it has begun, and changes nothing in the folder."""
    folder = Path(arguments[arguments.index("--out") + 1]).parent
    before = contents(folder)
    with at_rest():
        done = fails(message, *arguments)
    assert contents(folder) == before
    return done.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_user_is_replaced_only_if_that_is_asked_for(name, run, tmp_path):
    before, data = of_the_user(tmp_path / "user"), tmp_path / "user" / "mydata.csv"
    text = refused("give --overwrite", *command(name, run, data))
    assert f"out={data}, which keras-vabc did not make." in text
    data.chmod(0o604)
    succeeds(*command(name, run, data, "--overwrite"))
    assert is_whole(data) and stat.S_IMODE(data.stat().st_mode) == 0o604
    now = contents(tmp_path / "user")
    assert now.keys() - before.keys() == {f"{data}.json"}
    assert {path for path, content in before.items() if now[path] != content} == {str(data)}


@pytest.mark.parametrize("name", FILES)
def test_what_we_made_is_replaced_until_it_is_changed(name, run, tmp_path):
    out = tmp_path / "new" / "x.csv"
    for _ in range(2):
        succeeds(*command(name, run, out))
        assert is_whole(out)
    out.write_text(out.read_text() + "a note\n")
    refused("which was changed since", *command(name, run, out))
    succeeds(*command(name, run, out, "--overwrite"))
    assert is_whole(out) and "a note" not in out.read_text()
    out.unlink()
    succeeds(*command(name, run, out))
    assert is_whole(out), "also where the manifest alone was left"


def test_a_file_of_another_kind_is_replaced_only_if_that_is_asked_for(run, tmp_path):
    out = tmp_path / "x.csv"
    succeeds(*command("score", run, out))
    refused("which holds scores", *command("sample", run, out))
    succeeds(*command("sample", run, out, "--overwrite"))
    assert is_whole(out) and manifest_of(out)["output"] == "samples"


def test_a_folder_of_another_kind_is_never_replaced(images_run, tmp_path):
    succeeds(*command("export", images_run, tmp_path / "model"))
    (tmp_path / "results").mkdir()
    tuned = manifest_text({"results_of": "tune"}, None)
    (tmp_path / "results" / "manifest.json").write_bytes(tuned)
    for options in ([], ["--overwrite"]):
        for name, out in (("sample", "model"), ("sample", "results"), ("export", "results")):
            text = refused("one of", *command(name, images_run, tmp_path / out, *options))
            assert "which holds something else" in text


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_of_an_earlier_version_proves_nothing(name, run, tmp_path):
    out = tmp_path / "x.csv"
    succeeds(*command(name, run, out))
    earlier = {key: manifest_of(out)[key] for key in ("run", "sha256", "versions")}
    (tmp_path / "x.csv.json").write_text(json.dumps(earlier))
    refused("of an earlier version, does not tell", *command(name, run, out))
    succeeds(*command(name, run, out, "--overwrite"))
    assert is_whole(out)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("exists", [True, False])
def test_a_file_where_the_manifest_should_be_is_never_replaced(name, exists, run, tmp_path):
    out = tmp_path / "x.csv"
    (tmp_path / "x.csv.json").write_text('{"columns": ["a", "b"]}')
    if exists:
        out.write_text("a,b\n")
    for options in ([], ["--overwrite"]):
        refused("which would take x.csv.json for it", *command(name, run, out, *options))


@pytest.mark.parametrize("name", ["sample", "export"])
def test_a_folder_that_we_did_not_make_is_never_replaced(name, images_run, tmp_path):
    of_the_user(tmp_path / "user")
    empty = tmp_path / "user" / "empty"
    empty.mkdir()
    (tmp_path / "user" / "x.1").write_text("kept")
    for options in ([], ["--overwrite"]):
        for folder in (tmp_path / "user", images_run):
            text = refused("a new or empty folder", *command(name, images_run, folder, *options))
            assert "which holds something else" in text
        refused("which is a file", *command(name, images_run, tmp_path / "user" / "x.1", *options))
        with contextlib.chdir(empty):
            refused("current folder", *command(name, images_run, Path("."), *options))


@pytest.mark.parametrize("name", ["sample", "export"])
def test_a_folder_that_we_made_is_replaced_until_it_is_changed(name, images_run, tmp_path):
    out = tmp_path / "new"
    for n in (3, 7):
        succeeds(*command(name, images_run, out, *(["-n", n] if name == "sample" else [])))
        assert is_whole(out)
        if name == "sample":
            assert len(list(out.glob("*.png"))) == n == manifest_of(out)["n"]
    (out / "my notes.txt").write_text("kept")
    refused("which was changed since", *command(name, images_run, out))
    out.chmod(0o2750)
    succeeds(*command(name, images_run, out, "--overwrite"))
    assert is_whole(out) and not (out / "my notes.txt").exists()
    assert stat.S_IMODE(out.stat().st_mode) == 0o2750


@pytest.mark.parametrize("name", ["sample", "export"])
def test_an_empty_folder_stays_as_it_was_when_a_command_fails(
    name, images_run, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o2770)
    before = out.stat()
    monkeypatch.setattr(Run, "sampler", Sampler((4, 5, 1), press_ctrl_c))
    for place in (out, tmp_path / "a" / "b"):
        assert keras_vabc(*command(name, images_run, place)).exit_code == 130
    after = out.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "runs"} and not hidden(tmp_path)
    monkeypatch.setattr(Run, "sampler", Sampler((4, 5, 1)))
    succeeds(*command(name, images_run, out))
    assert is_whole(out) and out.stat().st_mode == before.st_mode


def test_a_page_is_replaced_only_if_it_says_that_we_made_it(run, tmp_path):
    page = run / "report.html"
    for _ in range(2):
        succeeds("report", run)
    assert '<meta name="generator" content="keras_vabc' in page.read_text()
    page.write_text(page.read_text().replace("generator", "author"))
    before = contents(run)
    with at_rest():
        fails("does not say that keras-vabc made it", "report", run)
    assert contents(run) == before
    succeeds("report", run, "--overwrite")
    notes = tmp_path / "notes.html"
    notes.write_text("<html>")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        kv.report(run, notes)
    assert notes.read_text() == "<html>"
    kv.report(run, notes, overwrite=True)
    kv.report(run, notes)
    assert "generator" in notes.read_text()


def test_an_export_in_python_likewise(run, tmp_path):
    opened, out = kv.open_run(run), tmp_path / "model"
    for _ in range(2):
        assert opened.export(out) == out / "1" and is_whole(out)
    (out / "MODEL_CARD.md").write_text("my own words")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        opened.export(out)
    opened.export(out, overwrite=True)
    assert is_whole(out) and manifest_of(out)["format"] == "savedmodel"


# Links, devices


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_followed_and_stays(name, run, tmp_path):
    folder, link = tmp_path / "elsewhere", tmp_path / "x.csv"
    link.symlink_to(folder / "real.csv")
    for _ in range(2):
        succeeds(*command(name, run, link))
        assert link.is_symlink() and is_whole(folder / "real.csv")
        assert {path.name for path in folder.iterdir()} == {"real.csv", "real.csv.json"}
    (folder / "real.csv").write_text("the user's")
    refused("which was changed since", *command(name, run, link))


def test_a_link_to_a_folder_is_followed_and_stays(images_run, tmp_path):
    for there in (True, False):
        folder, link = tmp_path / f"real {there}", tmp_path / f"link {there}"
        if there:
            folder.mkdir()
        link.symlink_to(folder.name)
        succeeds(*command("sample", images_run, link))
        assert link.is_symlink() and is_whole(folder)
    (tmp_path / "run").symlink_to(images_run)
    succeeds(*command("sample", tmp_path / "run", tmp_path / "of a link"))
    assert (tmp_path / "run").is_symlink() and is_whole(tmp_path / "of a link")


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_replaced_is_refused(name, run, tmp_path):
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "null.csv").symlink_to("/dev/null")
    (tmp_path / "folder.csv").mkdir()
    for options in ([], ["--overwrite"]):
        refused("a symbolic link in a circle", *command(name, run, tmp_path / "circle.csv"))
        for device in ("pipe.csv", "null.csv"):
            refused("a device or a pipe", *command(name, run, tmp_path / device, *options))
        refused("folder", *command(name, run, tmp_path / "folder.csv", *options))


# Whole or not at all


def forked(act):
    """Runs a function in a fork of this process, which ends with it; its process id."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            act()
        os._exit(0)
    return child


def killed_at(number, *arguments):
    """Kills a fork that runs a command before its nth change of names; whether it came that far."""
    left = iter(range(number))

    def counting(function):
        def counted(*args, **kwargs):
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return counted

    def act():
        for name in ("replace", "unlink", "rmdir", "mkdir", "chmod", "fsync"):
            setattr(os, name, counting(getattr(os, name)))
        keras_vabc(*arguments)

    return os.WIFSIGNALED(os.waitpid(forked(act), 0)[1])


@pytest.mark.parametrize("name", ["sample", "score", "sample images", "export"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_command_that_was_killed_can_be_repeated(name, earlier, request, tmp_path):
    name, *images = name.split()
    run = request.getfixturevalue("images_run" if images else "run")
    out = tmp_path / "out" / ("new" if images or name == "export" else "new.csv")
    for number in range(100):
        before = of_the_user(tmp_path / "out")
        few = ["-n", 3] if images else []
        if earlier:
            succeeds(*command(name, run, out, *few, *(["--seed", 1] if name == "sample" else [])))
        killed = killed_at(number, *command(name, run, out, *few))
        if out.exists():
            manifest = manifest_of(out)
            assert content_hash(out) in (manifest["output_sha256"], manifest.get("replaces"))
        succeeds(*command(name, run, out, *few))
        after = contents(tmp_path / "out")
        assert is_whole(out)
        assert before.items() <= after.items()
        made = {path for path in after.keys() - before.keys() if not path.startswith(str(out))}
        assert not made, "what the killed one left is gone"
        shutil.rmtree(tmp_path / "out")
        if not killed:
            break
    assert 5 < number < 99


def test_a_command_killed_in_its_work_leaves_nothing_for_long(images_run, tmp_path, monkeypatch):
    out = tmp_path / "out" / "new"
    kill = Sampler((4, 5, 1), lambda: os.kill(os.getpid(), signal.SIGKILL))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "sampler", kill)
        os.waitpid(forked(lambda: keras_vabc(*command("sample", images_run, out))), 0)
    (left,) = (tmp_path / "out").iterdir()
    assert left.name.startswith(".new-") and (left / "new" / "000099.png").exists()
    succeeds(*command("sample", images_run, tmp_path / "out" / "other"))
    assert left.exists(), "it is no other output's"
    succeeds(*command("sample", images_run, out))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"new", "other"}


@pytest.mark.parametrize("name", ["sample", "sample images", "export"])
def test_a_second_process_on_one_output_is_refused_at_its_start(
    name, request, tmp_path, monkeypatch
):
    name, *images = name.split()
    run = request.getfixturevalue("images_run" if images else "run")
    out = tmp_path / "out" / ("new" if images or name == "export" else "new.csv")
    wait, go = os.pipe()
    with monkeypatch.context() as patch:
        patch.setattr(Run, "sampler", Sampler(Run.sampler.shape, lambda: os.read(wait, 1)))
        first = forked(lambda: keras_vabc(*command(name, run, out)))
    try:
        wait_until(lambda: list((tmp_path / "out").glob(".new*/new*")))
        for options in ([], ["--overwrite"]):
            with at_rest():
                fails("Another process is writing", *command(name, run, out, *options))
    finally:
        os.write(go, b"!")
        ended = os.waitpid(first, 0)[1]
    assert ended == 0 and is_whole(out)


@pytest.mark.parametrize("name", ["sample", "score", "sample images", "export"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_full_disk_leaves_neither_data_nor_manifest(name, earlier, request, tmp_path):
    name, *images = name.split()
    run = request.getfixturevalue("images_run" if images else "run")
    out = tmp_path / "out" / ("new" if images or name == "export" else "new.csv")
    if earlier:
        succeeds(*command(name, run, out))
    before = contents(tmp_path)
    for room in (0, 50, LINE_BYTES):
        with room_for(room):
            done = fails("File too large", *command(name, run, out))
        assert contents(tmp_path) == before
    assert str(out) in done.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_that_was_put_there_in_vain_goes_again(name, run, tmp_path, monkeypatch):
    out, replace = tmp_path / "out" / "x.csv", os.replace

    def failing(source, target):
        if Path(target) == out:
            raise OSError(5, "no more", str(source))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing)
        fails("no more", *command(name, run, out))
    assert not out.parent.exists()
    succeeds(*command(name, run, out))
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing)
        fails("no more", *command(name, run, out))
    assert contents(tmp_path) == before


def test_files_that_the_user_puts_there_meanwhile_are_kept(run, images_run, tmp_path, monkeypatch):
    out = tmp_path / "new"

    def put():
        out.mkdir()
        (out / "mine").write_text("kept")

    monkeypatch.setattr(Run, "sampler", Sampler((4, 5, 1), put))
    fails("a new or empty folder", *command("sample", images_run, out))
    assert [path.name for path in out.iterdir()] == ["mine"] and not hidden(tmp_path)
