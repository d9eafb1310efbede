"""What a run says of its samples: the figures, and the verdict that they give."""

import dataclasses

from keras_vabc.evaluation.verdict import Figure


@dataclasses.dataclass(frozen=True)
class SampleFigures:
    """Samples against real data, without labels.

    Attributes:
        verdict: One line of words.
        flaws: The flaws that it names; see `evaluation.verdict`.
        figures: `Figure`s by name.
        notes: What the figures were measured on and with, in sentences.
        neighbours: For each of the first samples of seed `seed` the digest of the training row
            nearest to it, 16 hexadecimal digits.
        seed: Seed of the samples.
    """

    verdict: str
    flaws: tuple[str, ...]
    figures: dict[str, Figure]
    notes: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    seed: int = 0
