"""What a benchmark leaves: a table, a plot, a JSON file, and its ratios as the last line."""

import argparse
import dataclasses
import importlib.metadata
import io
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from side_by_side import THREAD_VARIABLES

ROOT = Path(__file__).parents[1]
PACKAGES = ("keras_vabc", "tensorflow", "keras", "torch", "pythae", "pyod", "scikit-learn", "numpy")
OURS, OTHERS = "#1f77b4", "#b0b0b0"  # colours of bars


@dataclasses.dataclass(frozen=True)
class Panel:
    """Figures of one unit that stand side by side in a table and a plot.

    Attributes:
        title: What they are figures of.
        unit: Their unit.
        values: Dict from each contestant to its figures, one a round.
    """

    title: str
    unit: str
    values: dict


def parse_options(description, argv=None):
    """Reads the options of a benchmark, and sets the threads of the processes it will start.

    Args:
        description: The script's docstring.
        argv: Arguments; by default those of the command line.

    Returns:
        Namespace of `quick`, a smoke run on little data, of `threads`, and of `machine`, the state
        of the machine before the benchmark.
    """
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run on little data; its figures don't count"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of each contestant [all cores]"
    )
    options = parser.parse_args(argv)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(options.threads)))
    options.machine = machine()
    return options


def report(script, options, panels, ratios, draw=None):
    """Prints a table, writes `<name>.json` and `<name>.png`, and prints the ratios last.

    The files go to `docs/results/speed/`, those of a smoke run to `runs/speed/`.

    Args:
        script: Path of the benchmark, which gives the files their name.
        options: From `parse_options`.
        panels: List of `Panel`s.
        ratios: Dict of floats, or None where a contestant was missing.
        draw: Function that makes a matplotlib Figure of the panels; by default `bars`.
    """
    name = Path(script).stem
    ratios = {key: None if value is None else _rounded(value) for key, value in ratios.items()}
    folder = ROOT / ("runs/speed" if options.quick else "docs/results/speed")
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "command": " ".join(["python", f"benchmarks/{name}.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": options.machine,
        "threads": options.threads,
        "versions": versions(),
        "panels": [_panel_record(panel) for panel in panels],
        "ratios": ratios,
    }
    _write(folder / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())
    _write(folder / f"{name}.png", _png((draw or bars)(panels)))
    _print_table(panels)
    print(json.dumps(ratios))


def bars(panels):
    """Medians of each panel as bars, with the range of the rounds; ours in colour.

    Args:
        panels: List of `Panel`s.

    Returns:
        A matplotlib Figure.
    """
    from matplotlib.figure import Figure  # not for the contestants, which import this module too

    rows = sum(len(panel.values) for panel in panels)
    figure = Figure(figsize=(8, 0.6 * len(panels) + 0.4 * rows), layout="constrained")
    heights = [len(panel.values) + 1 for panel in panels]
    all_axes = figure.subplots(len(panels), height_ratios=heights, squeeze=False).flat
    for ax, panel in zip(all_axes, panels, strict=True):
        medians = [np.median(values) for values in panel.values.values()]
        ends = [(min(values), max(values)) for values in panel.values.values()]
        errors = np.abs(np.transpose(ends) - medians)
        colours = [OURS if name.startswith("ours") else OTHERS for name in panel.values]
        drawn = ax.barh(list(panel.values), medians, xerr=errors, color=colours)
        ax.bar_label(drawn, [f" {median:.3g}" for median in medians])
        ax.invert_yaxis()
        ax.margins(x=0.12)
        ax.set_title(f"{panel.title} ({panel.unit})", loc="left", fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def machine():
    """What the figures depend on: processor, cores, system, and what else keeps it busy."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions():
    """Versions of Python and of the packages that are installed."""
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), **installed}


def _panel_record(panel):
    figures = {
        name: {"median": _rounded(np.median(values)), "rounds": [_rounded(v) for v in values]}
        for name, values in panel.values.items()
    }
    return {"title": panel.title, "unit": panel.unit, "figures": figures}


def _print_table(panels):
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    for panel in panels:
        table = Table(f"{panel.title} ({panel.unit})", box=SIMPLE_HEAD)
        for column in ("median", "least", "most"):
            table.add_column(column, justify="right")
        for name, values in panel.values.items():
            figures = (np.median(values), min(values), max(values))
            table.add_row(name, *(f"{figure:.4g}" for figure in figures))
        Console().print(table)


def _png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def _rounded(value):
    return float(f"{value:.4g}")


def _write(path, content):
    """Writes a file that is never there by half."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
