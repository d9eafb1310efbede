"""Commands driven as a user drives them, and files for them."""

import json

from PIL import Image
from typer.testing import CliRunner

from keras_vabc.cli.main import app


def keras_vabc(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def succeeds(*arguments):
    done = keras_vabc(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


def fails(message, *arguments, code=2):
    """The command ends with one line that holds `message`."""
    done = keras_vabc(*arguments)
    assert done.exit_code == code, done.output
    assert message in done.stderr and done.stderr.count("\n") == 1, done.output
    assert done.stderr.startswith("keras-vabc: ")
    return done


def record(run):
    """What `run.json` holds, of a finished run or not."""
    return json.loads((run / "run.json").read_text())


def contents(folder):
    """What a folder holds, hidden files included, but for its lock."""
    paths = sorted(path for path in folder.rglob("*") if path.name != ".lock")
    return {str(path): path.is_file() and path.read_bytes() for path in paths}


def write_images(folder, images):
    """A new folder of PNGs, 000.png and so on."""
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    return folder
