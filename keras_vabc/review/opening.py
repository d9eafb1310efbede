"""Opens the page of a run."""

import webbrowser

from keras_vabc.data.checks import check_whole
from keras_vabc.recipes.run import Run, open_run

EXTRA = "fastapi", "uvicorn"


def review(run, *, input=None, port=None, show_unwanted=False, browser=True):
    """Opens the page in the browser on which a person looks at data and decides what is unwanted.

    It is served by this computer to itself alone, in the background, until `stop()` or the end of
    the process. Decisions are stored at once in `review.db` in the folder of the run; those on a
    run in memory are kept as long as the page is served.

    Args:
        run: `Run`, or the path of one.
        input: `None` for the unlabeled data of the run; or other data of the same form.
        port: Port to serve at, or the next free one; `None` for 8421.
        show_unwanted: Whether nothing is blurred; else what is unwanted is, until clicked.
        browser: Whether to open a browser.

    Returns:
        `Server`: `url` is its address, with the token that it asks for, and `stop()` ends it.

    Raises:
        ImportError: If the packages of the extra `review` are not installed.
        ValueError: If the data do not fit the run, or the decisions are of another one.
        OSError: If something cannot be read or written, or no port is free.

    Example:
        >>> page = kv.review(kv.open_run("run"))
        >>> page.stop()
    """
    server = opened(run, input, port, show_unwanted).start()
    if browser:
        webbrowser.open(server.url)
    return server


def check_installed():
    """Raises an `ImportError` that names the extra whose packages are missing."""
    try:
        for name in EXTRA:
            __import__(name)
    except ImportError as error:
        raise ImportError(
            "review needs packages that are not installed: "
            f'pip install "keras_vabc[review]". Received: {error}.'
        ) from None


def opened(run, input=None, port=None, show_unwanted=False, show=lambda count: None):
    """The `Server` of a run, which does not serve yet; arguments as of `review`.

    `show` is called with the number of items read so far.
    """
    check_installed()
    port = port if port is None else check_whole("port", port, 1, 2**16 - 1)
    run = run if isinstance(run, Run) else open_run(run)
    from keras_vabc.review.desk import Desk
    from keras_vabc.review.serving import Server

    desk = Desk(run, input, show_unwanted, show)
    try:
        return Server(desk, port)
    except BaseException:
        desk.close()
        raise
