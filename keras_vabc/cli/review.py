"""`keras-vabc review`: the page on which a person decides what is unwanted."""

import webbrowser
from typing import Annotated

import typer
from rich.console import Console

from keras_vabc.cli.options import RunFolder


def review(
    run: RunFolder,
    input: Annotated[
        str | None, typer.Option(help="Other data to review. (default: the unlabeled of RUN)")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the page, or the next free one. (default: 8421)")
    ] = None,
    show_unwanted: Annotated[bool, typer.Option("--show-unwanted", help="Blur nothing.")] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address alone.")
    ] = False,
):
    """Look at data in the browser and decide what is unwanted.

    Examples:
      keras-vabc review run
      keras-vabc review run --input new_photos/
    """
    from keras_vabc.pages.console import say
    from keras_vabc.recipes.run import open_run
    from keras_vabc.recipes.starting import starting_tensorflow
    from keras_vabc.review.opening import check_installed, opened

    check_installed()
    console, read = Console(), open_run(run, "RUN")
    with starting_tensorflow(console) as status:
        server = opened(
            read,
            input,
            port,
            show_unwanted,
            show=lambda count: status.update(f"Reading and scoring: {count:,} examples"),
        )
    if server.port != server.asked:
        say(console, f"Port {server.asked} is taken; {server.port} is the next free one.")
    say(console, f"The page is at {server.url}")
    say(console, "Who has this address may look and decide. Ctrl-C ends it; all is stored.")
    if not no_browser:
        webbrowser.open(server.url)
    server.run()
