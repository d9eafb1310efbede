"""Options that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

TrainingSetting = StrEnum("TrainingSetting", ("paper", "quality"))


def _image_size(text: str):
    """`(height, width)` of HxW."""
    sizes = text.lower().split("x")
    if len(sizes) != 2 or not all(size.isdecimal() and 0 < int(size) for size in sizes):
        raise typer.BadParameter(f"must be HEIGHTxWIDTH, such as 28x28, not {text!r}.")
    return tuple(map(int, sizes))


class InRange(TyperCommand):
    """A command whose options are in their ranges before any work begins."""

    def invoke(self, ctx):
        """Checks the options, and runs the command."""
        from keras_vabc.data.ranges import check_given

        check_given(**ctx.params)
        return super().invoke(ctx)


Unlabeled = Annotated[
    str,
    typer.Option(help="Folder of images; .npy, .npz, .csv or .parquet file; or tfds:NAME/SPLIT."),
]
Unwanted = Annotated[str, typer.Option(help="Likewise: what must not be generated.")]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the unlabeled data. (default: by size)", min=1)
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
    float, typer.Option(help="Largest share of files that may be unreadable.", min=0, max=1)
]
Yes = Annotated[bool, typer.Option("--yes", help="Allow more unwanted than unlabeled examples.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")]
Workers = Annotated[int | None, typer.Option(help="Processes. (default: one for each core)", min=1)]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace what keras-vabc did not make, or was changed since."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Put stored results aside first.")]
