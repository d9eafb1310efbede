"""What is decided on each item, kept in step with the log."""

import bisect
import threading

import numpy as np

from keras_vabc.review.decisions import KEEP, RANDOM, TOP, UNWANTED, Decision

CODES = {UNWANTED: 1, KEEP: 2}  # 0 is of an item without a decision
WORDS = {code: word for word, code in CODES.items()}


class State:
    """The decisions on `Items` that hold now.

    A decision is on an item by its id and its content: after a file was replaced by another it is
    on none.

    Attributes:
        codes: `CODES` of each item, uint8 of shape `(n,)`.
        from_top: Which decided items were first met in another order than the random one.
        at_random: Which decided items were met in the random order.
        lost: Number of decisions that are on no item.
        line: The last line of the log that is known.
    """

    def __init__(self, items, log):
        self._items, self._log, self._lock = items, log, threading.RLock()
        self._numbers = {
            (own, items.digest(number)): number for number, own in enumerate(items.ids)
        }
        self.codes = np.zeros(len(items), np.uint8)
        self.from_top, self.at_random = (np.zeros(len(items), bool) for _ in range(2))
        self.line, self.lost, self._steps, self._met = 0, 0, {}, {}
        self._changes = []  # pairs of a line and a number
        self.refresh()

    def refresh(self):
        """Takes in what is new in the log."""
        with self._lock:
            changed = set()
            for own in self._log.after(self.line):
                self.line = own.line
                changed |= self._undone(own.undoes) if own.undoes else self._made(own)
            for number in sorted(changed):
                self._decide(number)
                self._changes.append((self.line, number))

    def decide(self, browser, numbers, decision, shown, place, rest=False):
        """Stores a step of a browser: a decision on items that were shown from a place on.

        With `rest` what is decided stays so, and was met once more.
        """
        code = CODES[decision]

        def decided():
            self.refresh()
            for step, number in enumerate(numbers):
                own = self.codes[number] if rest and self.codes[number] else code
                yield Decision(
                    self._items.ids[number],
                    self._items.digest(number),
                    WORDS[int(own)],
                    shown,
                    place + step,
                )

        with self._lock:
            self._log.add(browser, lambda: list(decided()))
            self.refresh()

    def undo(self, browser):
        """Undoes the last step of a browser."""
        with self._lock:
            self._log.undo(browser)
            self.refresh()

    def after(self, line):
        """Numbers of the items on which something changed behind a line, in the order of change."""
        with self._lock:
            first = bisect.bisect_right(self._changes, (line, len(self.codes)))
            return list(dict.fromkeys(number for _, number in self._changes[first:]))

    def _made(self, own):
        number = self._numbers.get((own.decision.id, own.decision.digest))
        if number is None:
            self.lost += 1
            return set()
        self._steps.setdefault(own.step, set()).add(number)
        met = (own.step, CODES[own.decision.decision], own.decision.shown)
        self._met.setdefault(number, []).append(met)
        return {number}

    def _undone(self, step):
        numbers = self._steps.pop(step, set())
        for number in numbers:
            self._met[number] = [met for met in self._met[number] if met[0] != step]
        return numbers

    def _decide(self, number):
        met = self._met[number]
        self.codes[number] = met[-1][1] if met else 0
        self.from_top[number] = bool(met) and met[0][2] == TOP
        self.at_random[number] = any(shown == RANDOM for _, _, shown in met)
