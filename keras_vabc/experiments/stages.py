"""Several trainings at once in worker processes, with a progress bar for each."""

import multiprocessing
from contextlib import suppress
from queue import Empty

from keras_vabc.pages.console import Bars
from keras_vabc.recipes.progress import EpochReport
from keras_vabc.recipes.workers import signals_blocked, worker_pool


def run_stages(console, stages):
    """Runs functions in worker processes, with a progress bar for each.

    `stages` maps a title to a function and its arguments, to which an `EpochReport` is added; the
    first ones start first. What the functions returned comes by title, too.
    """
    with signals_blocked():
        manager = multiprocessing.Manager()
    with (
        manager,
        Bars(console, "trainings") as bars,
        worker_pool() as pool,
    ):
        queue = manager.Queue()
        own = {title: bars.add(title) for title in stages}
        futures = {
            title: pool.submit(function, *arguments, EpochReport(queue, title))
            for title, (function, *arguments) in stages.items()
        }
        running = set(futures)
        while running:
            with suppress(Empty):
                title, note = queue.get(timeout=0.2)
                bars.advance(own[title], note=note)
                continue
            for title in [title for title in running if futures[title].done()]:
                futures[title].result()
                running.remove(title)
                bars.end(own[title])
        return {title: future.result() for title, future in futures.items()}
