"""What somebody knows better of the columns than is found in them."""

from dataclasses import dataclass, field

from keras_vabc.data.columns import kinds
from keras_vabc.data.columns.column import TYPES
from keras_vabc.data.vectors import some

NEEDED = {"numeric": "number", "whole": "number", "datetime": "date"}


@dataclass(frozen=True)
class Overrides:
    """What is said of columns, by their names.

    Attributes:
        types: Type of a column, one of `TYPES`.
        drop: Columns that are left out.
        missing: Words that are no value, such as -999: a list for all columns, or a dict of lists.
    """

    types: dict = field(default_factory=dict)
    drop: frozenset = frozenset()
    missing: dict | list = field(default_factory=list)

    @classmethod
    def of(cls, given):
        """Those of a dict with `types`, `drop`, `id` and `missing`, each of which may be absent.

        Raises a `ValueError` for other keys, or types that are none.
        """
        given = dict(given or {})
        types = dict(given.pop("types", {}))
        types |= dict.fromkeys(given.pop("id", ()), "id")
        drop = set(given.pop("drop", ()))
        missing = given.pop("missing", [])
        if given:
            raise ValueError(
                "overrides must be of types, drop, id and missing. "
                f"Received: {some(map(repr, given))}."
            )
        for name, kind in types.items():
            if kind not in TYPES:
                raise ValueError(
                    f"the type of a column must be one of {', '.join(TYPES)}. "
                    f"Received: {name}={kind}."
                )
        drop |= {name for name, kind in types.items() if kind == "dropped"}
        return cls(types, frozenset(drop), missing)

    def check(self, names):
        """Refuses what is said of columns that are not there."""
        said = {*self.types, *self.drop, *(self.missing if self._by_column else ())}
        unknown = sorted(said - set(names))
        if unknown:
            raise ValueError(
                f"columns must be some of {some(map(repr, names))}. "
                f"Received: {some(map(repr, unknown))}."
            )

    def missing_of(self, name):
        """Words that are no value of a column."""
        words = self.missing.get(name, ()) if self._by_column else self.missing
        return tuple(map(str, words))

    def checked(self, name, found, reading, summaries):
        """The type of a column: that which somebody said, if it can be, else the one found."""
        said = self.types.get(name)
        alone = said == "boolean" and found == "constant" and kinds.hold_truths(summaries)
        if said is None or alone:  # one truth tells no word for the other
            return found
        if said == "id" or (found == "constant" and said != "boolean"):
            return said
        fits = NEEDED.get(said, reading.kind) == reading.kind
        fits &= said != "whole" or reading.whole
        fits &= said != "constant"
        fits &= said != "boolean" or kinds.truths_of(summaries) is not None
        if not fits:
            raise ValueError(
                f"column {name!r} must be of the type that is said. "
                f"Received: {said}, but its values are {found}."
            )
        return said

    @property
    def _by_column(self):
        return isinstance(self.missing, dict)
