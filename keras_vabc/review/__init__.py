"""The page in the browser: what a run holds, looked at and decided on by a person.

Items are known to the browser by their numbers alone. What is decided is stored at once, in the
folder of the run; pictures stay in memory.
"""

import sys
import types


class _Room(types.ModuleType):
    """A room of the name of its one function: `kv.review(run)` calls it."""

    def __call__(self, run, **options):
        """See `keras_vabc.review.opening.review`."""
        from keras_vabc.review.opening import review

        return review(run, **options)


sys.modules[__name__].__class__ = _Room
