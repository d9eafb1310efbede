"""Several trainings at once in worker processes, with a progress bar for each."""

import multiprocessing
from contextlib import suppress
from queue import Empty

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.workers import worker_pool


def run_stages(console, stages):
    """Runs functions in worker processes, with a progress bar for each.

    `stages` maps a title to a function and its arguments, to which an `EpochReport` is added; the
    first ones start first. What the functions returned comes by title, too.
    """
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description:16}"),
        BarColumn(bar_width=16),
        TextColumn("epoch {task.completed}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with (
        multiprocessing.Manager() as manager,
        Progress(*columns, console=console) as progress,
        worker_pool() as pool,
    ):
        queue = manager.Queue()
        tasks = {title: progress.add_task(title, total=None, note="") for title in stages}
        futures = {
            title: pool.submit(function, *arguments, EpochReport(queue, title))
            for title, (function, *arguments) in stages.items()
        }
        running = set(futures)
        while running:
            with suppress(Empty):
                title, note = queue.get(timeout=0.2)
                progress.update(tasks[title], advance=1, note=note)
                continue
            for title in [title for title in running if futures[title].done()]:
                futures[title].result()
                running.remove(title)
                done = progress.tasks[tasks[title]].completed
                progress.update(tasks[title], total=done)
        return {title: future.result() for title, future in futures.items()}
