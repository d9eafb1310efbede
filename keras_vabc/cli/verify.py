"""`keras-vabc verify`: whether an export is the one that was certified."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def verify(
    certificate: Annotated[Path, typer.Argument(metavar="CERT", help="A certificate.json.")],
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="A SavedModel, or a copy.")],
):
    """Say whether an export is the one that was certified; if not, the exit code is 1.

    It finds another file, and cannot tell a forged certificate.

    Examples:
      keras-vabc verify review/certificate.json model
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.verification import FORGED
    from keras_vabc.recipes.verification import verify as verified

    console = Console()
    read = verified(certificate, export)
    say(console, f"{export} is the export that {certificate} certifies. {FORGED}")
    say(console, str(read))
