"""Lines of text from a command, as they are: paths may look like markup."""


def say(console, text):
    """Prints a line that neither wraps nor changes.

    Args:
        console: `rich.console.Console`.
        text: The line.
    """
    console.print(text, markup=False, highlight=False, soft_wrap=True)
