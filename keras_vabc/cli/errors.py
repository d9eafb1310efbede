"""What the command line says when a command does not succeed."""

import sys
from contextlib import contextmanager

import typer
from typer.core import TyperGroup

from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.recipes.starting import stop_signals_handled

RESUMABLE = ("train", "tune", "reproduce", "benchmark")


class OneLineErrors(TyperGroup):
    """Commands whose errors are one line on standard error, not a traceback.

    Bad input ends with exit code 2; what failed in spite of good input, with 1; what Ctrl-C or
    SIGTERM stopped, with 130.
    """

    def invoke(self, ctx):
        """Runs the command."""
        with _signals_stop() as came:
            try:
                check_keras_settings()
                return super().invoke(ctx)
            except typer.Exit:  # which is a RuntimeError, as is Abort
                raise
            except BaseException as error:
                # TensorFlow makes other errors of a KeyboardInterrupt that passes through it.
                stopped = came or isinstance(error, KeyboardInterrupt | typer.Abort)
                reported = _stopped(ctx.invoked_subcommand) if stopped else _reported(error)
                if reported is None:
                    raise
        text, code = reported
        print(f"keras-vabc: {' '.join(text.split())}", file=sys.stderr)
        raise typer.Exit(code)


@contextmanager
def _signals_stop():
    """Makes Ctrl-C and SIGTERM a KeyboardInterrupt, and yields the list of those that came."""
    came = []

    def stop(number, _):
        came.append(number)
        raise KeyboardInterrupt

    with stop_signals_handled(stop):
        yield came


def _stopped(command):
    return "Stopped." + " The same command goes on." * (command in RESUMABLE), 130


def _reported(error):
    """The text of an error and the exit code; `None` for one that is a fault of the program."""
    if isinstance(error, ValueError | OSError):
        return str(error), 2
    if isinstance(error, ImportError | RuntimeError | MemoryError):
        return str(error) or "There is not enough memory.", 1
    return None
