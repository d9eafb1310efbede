"""What holds for distances between samples and any data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vabc.evaluation.metrics import frechet_distance
from keras_vabc.evaluation.spread import precision_recall_density_coverage

FEW = settings(max_examples=10, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31 - 1)


@FEW
@given(count=st.integers(40, 120), distance=st.floats(0.5, 5), seed=SEEDS)
def test_distances_and_coverage_tell_the_data_from_others(count, distance, seed):
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(count, 3))
    moved = data + [distance, 0, 0]
    assert frechet_distance(data, data) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(data, moved) == pytest.approx(distance**2, rel=1e-4)
    assert frechet_distance(moved, data) == pytest.approx(frechet_distance(data, moved), rel=1e-4)
    same = precision_recall_density_coverage(data, data)
    far = precision_recall_density_coverage(data, data + 100)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    assert far["precision"] == far["recall"] == far["density"] == far["coverage"] == 0
