"""The last step of an exported graph is that of the library, to the last bit."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vabc.data.outputs import postprocess
from keras_vabc.data.spec import DataSpec
from keras_vabc.export.finishing import finishing
from keras_vabc.export.parts import compare_decoded

RNG = np.random.default_rng(7)
EDGES = np.float32([-0.5, 0.5, 1.5, 2.5, -0.2, 254.5, 255.5, 3e9, -3e9, 0.49999997, 8388609.5])
SPECS = {
    "bytes": DataSpec("images", (11, 1, 1), "uint8"),
    "floats": DataSpec("images", (11, 1, 1), "float32"),
    "plain columns": DataSpec("vectors", (11,), "float32"),
    "columns": DataSpec(
        "vectors",
        (11,),
        "float32",
        constants=((2, 0.1), (10, 16777217.0)),
        whole=((0, -7.0, 9.0), (1, -1.0, 300.0), (9, 3.0, 3e9)),
    ),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("compile", [False, True])
def test_it_is_what_the_library_does(spec, compile):
    table = np.concatenate([[np.roll(EDGES, i) for i in range(11)], RNG.normal(0, 200, (90, 11))])
    rows = table.astype("float32").reshape(-1, *spec.shape)
    expected = postprocess(rows, spec).astype("float32")
    finish = tf.function(finishing(spec)) if compile else finishing(spec)
    finished = finish(tf.constant(rows)).numpy()
    np.testing.assert_array_equal(finished.view("uint32"), expected.view("uint32"))


def test_a_rounded_row_is_compared_as_that_of_a_number_nearby():
    finish = finishing(DataSpec("vectors", (2,), "float32", whole=((0, 0.0, 9.0),)))
    decoded = np.float32([[2.4999999, 0.0], [4.7, 1.0]])
    for actual in ([[2, 0], [5, 1]], [[3, 0], [5, 1]]):  # a runtime may round 2.5 to either
        compare_decoded(np.float32(actual), decoded, finish)
    for actual in ([[2, 0], [4, 1]], [[2.5, 0], [5, 1]], [[2, 0], [5, 1.001]], [[1, 0], [5, 1]]):
        with pytest.raises(RuntimeError, match="decode must give"):
            compare_decoded(np.float32(actual), decoded, finish)
