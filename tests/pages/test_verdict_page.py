"""The verdict on a page: its words come first, its figures stand beside those of real images."""

from types import SimpleNamespace

import numpy as np
import pytest

from keras_vabc.data.readers.reading import Examples
from keras_vabc.data.spec import DataSpec
from keras_vabc.evaluation.verdict import Figure
from keras_vabc.pages import nearest_rows, verdict
from keras_vabc.recipes.evaluated import Evaluation
from keras_vabc.recipes.measured import SampleFigures

RNG = np.random.default_rng(0)
ROWS = RNG.integers(0, 256, (30, 4, 5, 1)).astype("uint8")


class StoredRun:
    """A run whose data are `rows`, and whose samples are numbered by their brightness."""

    spec = DataSpec("images", (4, 5, 1), "uint8")

    def __init__(self, rows, neighbours=()):
        self._rows = rows
        figures = {"unwanted": Figure(0.0125, 2000, 0.01, 0.02, 0.0), "recall": Figure(0.5, 7)}
        measured = SampleFigures("Poor: words.", ("narrow",), figures, ("note",), neighbours, 3)
        setting = SimpleNamespace(pixel_max=255.0)
        self.record = SimpleNamespace(
            settings=SimpleNamespace(seed=5),
            recipe=SimpleNamespace(setting=setting),
            evaluation=Evaluation(samples=measured),
        )
        self.sampler = SimpleNamespace(sample=self._sample)

    def _sample(self, n, seed):
        assert seed == 3
        return np.arange(10, 10 + n, dtype="float32").repeat(20).reshape(n, 4, 5, 1)

    def training_data(self, name):
        assert name == "unlabeled", "never the unwanted"
        return (Examples(["a"] * 15, own, hashes=None) for own in np.split(self._rows, 2))


def test_the_verdict_is_the_first_line_of_its_section():
    (section,) = verdict.verdict_section(StoredRun(ROWS))
    assert section.title == "Verdict" and section.paragraphs == ["Poor: words.", "note"]
    assert section.figures == []
    assert section.tables[0].rows == [
        ["unwanted samples, estimated", "1.2%", "1.0% to 2.0%", "0.0%", "2,000"],
        ["recall: real images near a sample", "0.50", "–", "–", "7"],
    ]


def test_a_run_of_before_has_no_verdict():
    run = StoredRun(ROWS)
    run.record.evaluation = Evaluation()
    assert verdict.verdict_section(run) == []


def test_samples_stand_above_their_nearest_training_rows():
    names = nearest_rows.named(StoredRun(ROWS), ROWS)
    chosen = [29, 0, 16, 4, 4]  # an odd number, one of them twice
    run = StoredRun(ROWS, tuple(names[row] for row in chosen))
    (section,) = verdict.verdict_section(run)
    picture = np.asarray(section.figures[0][0].axes[0].images[0].get_array()) * 255
    tiles = picture.reshape(4, 4, 3, 5).swapaxes(1, 2)  # rows and columns of tiles
    assert tiles[0, :, 0, 0].round().tolist() == [10, 11, 12]
    assert tiles[2, :, 0, 0].round().tolist() == [13, 14, 0]
    shown = np.concatenate([tiles[1], tiles[3]])[:5]
    np.testing.assert_allclose(shown, ROWS[chosen][..., 0], atol=1e-3)


def test_rows_that_were_kept_are_not_read_again():
    run = StoredRun(ROWS)
    names = nearest_rows.named(run, ROWS[:2])
    nearest_rows.keep(run, names, ROWS[:2])
    run.training_data = None
    np.testing.assert_array_equal(nearest_rows.found(run, names[::-1]), ROWS[1::-1])


def test_data_that_have_changed_are_told_and_not_shown():
    names = tuple(nearest_rows.named(StoredRun(ROWS), ROWS[:2]))
    with pytest.raises(ValueError, match="have changed"):
        nearest_rows.found(StoredRun(255 - ROWS), names)
    (section,) = verdict.verdict_section(StoredRun(255 - ROWS, names))
    assert (
        section.figures == []
        and "cannot be shown: the training data have changed" in (section.paragraphs[-1])
    )
