"""Options that several commands take."""

import contextlib
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from keras_vabc.files.keras_settings import check_keras_settings

TrainingSetting = StrEnum("TrainingSetting", ("paper", "quality"))


def _image_size(text: str):
    """`(height, width)` of HxW."""
    sizes = text.lower().split("x")
    if len(sizes) != 2 or not all(size.isdecimal() and 0 < int(size) for size in sizes):
        raise typer.BadParameter(f"must be HEIGHTxWIDTH, such as 28x28, not {text!r}.")
    return tuple(map(int, sizes))


def _seconds(text: str):
    """Seconds of a time such as 90s, 10min or 1h30min; a mere number is one of seconds."""
    text = text.lower()
    with contextlib.suppress(ValueError):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|min|s)", text)
    if not parts or "".join(map("".join, parts)) != text:
        raise typer.BadParameter(f"must be a time, such as 90s, 10min or 1h30min, not {text!r}.")
    return sum(float(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in parts)


class Checked(TyperCommand):
    """A command whose options are in their ranges before any work begins, and Keras' settings."""

    needs_keras = True

    def invoke(self, ctx):
        """Checks options and settings, and runs the command."""
        from keras_vabc.data.ranges import check_given

        check_given(**ctx.params)
        if self.needs_keras:
            check_keras_settings()
        return super().invoke(ctx)


class CheckedWithoutKeras(Checked):
    """Likewise, of a command that does without Keras."""

    needs_keras = False


Unlabeled = Annotated[
    str,
    typer.Option(help="Folder of images; table; .npy or .npz array; or tfds:NAME/SPLIT."),
]
Unwanted = Annotated[str, typer.Option(help="Likewise: what must not be generated.")]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the unlabeled data. (default: by size)")
]
Budget = Annotated[
    float | None,
    typer.Option(
        parser=_seconds,
        metavar="TIME",
        help="Time for all of the training, such as 10min or 1h30min: fewer passes if need be.",
    ),
]
ImageSize = Annotated[
    tuple | None,
    typer.Option(
        parser=_image_size,
        metavar="HxW",
        help="Resize images; needed above 512x512. (default: most frequent size)",
    ),
]
MaxUnreadable = Annotated[
    float, typer.Option(help="Largest share of files, or rows of a table, that may be unreadable.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Allow more unwanted than unlabeled examples.")]
ReviewedFile = Annotated[
    Path | None,
    typer.Option(
        "--reviewed",
        metavar="FILE",
        help="Decisions on unlabeled examples: CSV of id,decision,order.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")]
Workers = Annotated[int | None, typer.Option(help="Processes. (default: one for each core)")]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace a file that keras-vabc did not make, or that was changed since.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Put stored results aside first.")]
