"""Two directives of the reference: the public names of a module, and the commands."""

import importlib
import inspect
import re

import typer
from sphinx.util.docutils import SphinxDirective

from keras_vabc.cli.main import app

INTERNAL = {  # methods that Keras, scikit-learn or the package itself calls
    *("keep", "update", "change", "score_rows", "read", "training_data", "held_out"),
    *("held_out_scores", "make_train_function", "make_test_function", "load_own_variables"),
    *("anneal_gamma", "anneal_kl", "build", "compute_output_shape", "get_compile_config"),
    *("compile_from_config", "reset_metrics", "logs", "update_step", "apply", "attach"),
    *("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_end"),
    *("set_fit_request", "set_score_request"),
}


class PublicNames(SphinxDirective):
    """Documents all names of a module's `__all__` by their docstrings."""

    required_arguments = 1

    def run(self):
        """A table of the names, and an entry for each, in the order of `__all__`."""
        (module,) = self.arguments
        values = {name: getattr(importlib.import_module(module), name) for name in _names(module)}
        rows = [f"| `{name}` | {_first_line(value)} |" for name, value in values.items()]
        entries = [_entry(f"{module}.{name}", value) for name, value in values.items()]
        parts = ["| name | what it is |", "|---|---|", *rows, "", "```{eval-rst}", *entries, "```"]
        return self.parse_text_to_nodes("\n".join(parts))


class Commands(SphinxDirective):
    """Documents every command by its own `--help`."""

    def run(self):
        """A section for each command."""
        group = typer.main.get_command(app)
        context = typer.Context(group, info_name="keras-vabc")
        pages = [_command(command, context) for command in group.commands.values()]
        return self.parse_text_to_nodes("\n\n".join(pages), allow_section_headings=True)


def _names(module):
    return [name for name in importlib.import_module(module).__all__ if name != "__version__"]


def _first_line(value):
    return inspect.getdoc(value).partition("\n")[0]


def _entry(name, value):
    if inspect.ismodule(value):
        return _called(name) if callable(value) else ""  # which has a page of its own
    if inspect.isclass(value):
        hidden = ", ".join(sorted(INTERNAL & set(dir(value))))
        return f".. autoclass:: {name}\n   :members:\n   :exclude-members: {hidden}\n"
    return f".. autofunction:: {name}\n"


def _called(name):
    """An entry of a module that is called in the place of its one function."""
    module = importlib.import_module(f"{name}.opening")
    function = name.rpartition(".")[2]
    head = f".. py:function:: {name}{inspect.signature(getattr(module, function))}"
    return f"{head}\n\n   Calls this:\n\n.. autofunction:: {name}.opening.{function}\n"


def _command(command, parent):
    context = typer.Context(command, info_name=command.name, parent=parent)
    text, _, examples = command.help.partition("Examples:\n")
    lines = "\n".join(line.strip() for line in examples.splitlines())
    records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [f"| `{name.replace('|', ' or ')}` | {_quoted(help)} |" for name, help in records]
    head = [f"## {command.name}", _quoted(text.strip()), f"```text\n{lines}\n```"]
    return "\n\n".join([*head, "\n".join(["| option | what it is |", "|---|---|", *rows])])


def _quoted(text):
    """Options in code, where two hyphens stay two."""
    return re.sub(r"(--[\w-]+)", r"`\1`", text)


def _as_rst(app, what, name, obj, options, lines):
    """Turns what docstrings have of Markdown, fences and links, into reStructuredText."""
    text = "\n".join(lines)
    fence = re.compile(r"^( *)```(\w+)\n(.*?)\n *```$", re.MULTILINE | re.DOTALL)
    text = fence.sub(_code_block, text)
    text = re.sub(r"\[([^][]+)\]\(\s*(https?://[^)]+)\)", r"`\1 <\2>`__", text)
    lines[:] = re.sub(r"(?<!\w)`([\w.]+)`s\b", r":code:`\1`\\ s", text).split("\n")


def _code_block(match):
    indent, language, code = match.groups()
    inner = "\n".join(f"    {line}".rstrip() for line in code.split("\n"))
    return f"{indent}.. code-block:: {language}\n\n{inner}\n"


def _signature(app, what, name, obj, options, signature, returned):
    """The arguments of a constructor, where Keras hides them behind `__new__`."""
    if what == "class" and signature == "(*args, **kwargs)":
        _, *arguments = inspect.signature(obj.__init__).parameters.values()
        return str(inspect.Signature(arguments)), returned


def setup(app):
    """Makes the directives known to Sphinx."""
    app.connect("autodoc-process-docstring", _as_rst, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _signature)
    app.add_directive("public-names", PublicNames)
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
