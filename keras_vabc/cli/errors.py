"""What the command line says when a command does not succeed."""

import contextlib
import re
import sys

import typer
from typer.core import TyperGroup

from keras_vabc.cli.output import named_output
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.signals import stop_signals_handled

RESUMABLE = ("train", "tune", "reproduce", "benchmark")
UsageError = typer.BadParameter.__base__  # Click's, which typer has from elsewhere or within


class OneLineErrors(TyperGroup):
    """Commands whose errors are one line on standard error, not a traceback or a box.

    Bad usage and input end with exit code 2; what failed in spite of good input, with 1; what
    Ctrl-C, SIGTERM or SIGHUP stopped, with 130.
    """

    def make_context(self, info_name, args, parent=None, **extra):
        """Reads the options before the name of a command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                raise
            raise _ended(*_reported(error, None)) from None

    def invoke(self, ctx):
        """Runs the command."""
        with named_output(), _signals_stop() as came:
            try:
                check_keras_settings()
                return super().invoke(ctx)
            except typer.Exit:  # which is a RuntimeError, as is Abort
                raise
            except BaseException as error:
                # TensorFlow makes other errors of a KeyboardInterrupt that passes through it.
                stopped = came or isinstance(error, KeyboardInterrupt | typer.Abort)
                command = ctx.invoked_subcommand
                reported = _stopped(command) if stopped else _reported(error, command)
                if reported is None:
                    raise
        raise _ended(*reported)


@contextlib.contextmanager
def _signals_stop():
    """Makes signals to stop a KeyboardInterrupt, and yields the list of those that came.

    One that comes while such an error is on its way changes nothing: it would break the cleaning.
    """
    came = []

    def stop(number, _):
        came.append(number)
        if not _is_stopping(sys.exception()):
            raise KeyboardInterrupt

    with stop_signals_handled(stop):
        yield came


def _is_stopping(error):
    """Whether an error that is being handled is a KeyboardInterrupt, or came of one."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _one_line(text):
    from keras_vabc.pages.console import plain  # which imports much, and is for errors alone

    return plain(re.sub(r"\s*[\r\n]\s*", " ", text).strip())


def _stopped(command):
    return "Stopped." + " The same command goes on." * (command in RESUMABLE), 130


def _ended(text, code):
    """Prints the line of an error; the exception that ends the process with its code."""
    with contextlib.suppress(OSError):  # of a terminal that was closed
        print(f"keras-vabc: {_one_line(text)}", file=sys.stderr)
    return typer.Exit(code)


def _misused(error, command):
    """The text of a usage error, and where to read on."""
    from keras_vabc.data.checks import received

    text, cause = error.format_message().removesuffix("."), error.__cause__
    if hasattr(cause, "errors"):  # of pydantic, where typer has it: what was received
        text += f". Received: {received(cause.errors()[0]['input'])}"
    return f"{text}. See {' '.join(filter(None, ['keras-vabc', command, '--help']))}."


def _reported(error, command):
    """The text of an error and the exit code; `None` for one that is a fault of the program."""
    if isinstance(error, UsageError):
        return _misused(error, command), 2
    if isinstance(error, ValueError | OSError):
        return str(error), 2
    if isinstance(error, ImportError | RuntimeError | MemoryError):
        return str(error) or "There is not enough memory.", 1
    return None
