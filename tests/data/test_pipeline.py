import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vabc.data.examples as examples
from keras_vabc.data.pipeline import balanced_dataset, unlabeled_dataset


def numbered(count, sign=1):
    """Examples that tell their number: 1, 2, ... if unlabeled, -1, -2, ... if unwanted."""
    return sign * np.stack([np.arange(1, count + 1)] * 3, 1).astype(np.int32)


def stream(x):
    return tf.data.Dataset.from_tensor_slices(x)


KINDS = {
    "arrays": (np.asarray, np.asarray),
    "streams": (stream, stream),
    "mixed": (stream, np.asarray),
}


@pytest.fixture(params=KINDS)
def make(request):
    """balanced_dataset of n unlabeled and m unwanted examples, in each kind of fold."""
    wrap, wrap_unwanted = KINDS[request.param]

    def balanced(n, m, **arguments):
        return balanced_dataset(wrap(numbered(n)), wrap_unwanted(numbered(m, -1)), **arguments)

    return balanced


def read(dataset):
    """One iteration: for each batch the numbers of its examples, and y."""
    batches = [(x.numpy(), y.numpy()) for x, y in dataset]
    assert all((x == x[:, :1]).all() for x, _ in batches)  # no example is torn apart
    return [x[:, 0] for x, _ in batches], [y for _, y in batches]


def order(dataset):
    """One iteration as one list: the unlabeled numbers, and the unwanted ones."""
    numbers = np.concatenate(read(dataset)[0])
    return numbers[numbers > 0].tolist(), (-numbers[numbers < 0]).tolist()


def test_tensorflows_tuning_thread_which_can_block_the_end_of_a_training_is_off(make):
    for dataset in (make(100, 7, batch_size=10), unlabeled_dataset(numbered(100), batch_size=10)):
        assert dataset.map(lambda x, y: (x, y)).options().autotune.enabled is False


@pytest.mark.parametrize(("batch_size", "share"), [(10, 0.5), (12, 0.25), (5, 0.8), (30, 0.1)])
def test_every_batch_holds_the_exact_share_interleaved(make, batch_size, share):
    dataset = make(100, 7, batch_size=batch_size, unwanted_share=share, seed=3)
    unwanted_part = round(batch_size * share)
    numbers, labels = read(dataset)
    assert len(numbers) == 100 // (batch_size - unwanted_part) == int(dataset.cardinality())
    for x, y in zip(numbers, labels, strict=True):
        assert x.shape == y.shape == (batch_size,) and y.dtype == np.float32
        assert np.array_equal(y, x > 0)
        assert (x < 0).sum() == unwanted_part
        ahead = np.cumsum(x < 0) - share * np.arange(1, batch_size + 1)
        assert np.abs(ahead).max() < 1  # every contiguous part has its share, to within one


def test_training_epoch_is_one_pass_over_the_unlabeled_fold(make):
    dataset = make(23, 4, batch_size=10)
    dropped = []
    for _ in range(3):
        unlabeled, unwanted = order(dataset)
        assert len(unlabeled) == len(unwanted) == 20
        assert len(set(unlabeled)) == 20 and set(unlabeled) <= set(range(1, 24))
        dropped.append(frozenset(range(1, 24)) - set(unlabeled))
    assert len(set(dropped)) == 3


def test_unwanted_fold_is_repeated_in_reshuffled_passes(make):
    unwanted = np.array(order(make(120, 12, batch_size=20, seed=1))[1]).reshape(10, 12)
    assert np.array_equal(np.sort(unwanted), np.tile(np.arange(1, 13), (10, 1)))
    assert len({tuple(one_pass) for one_pass in unwanted}) == 10


@pytest.mark.parametrize("shuffle", [True, False])
def test_each_unlabeled_example_keeps_its_own_soft_y(shuffle):
    soft = np.random.default_rng(13).random(200).astype("float32")
    arguments = {"batch_size": 12, "unwanted_share": 0.25, "shuffle": shuffle, "unlabeled_y": soft}
    dataset = balanced_dataset(numbered(200), numbered(7, -1), seed=17, **arguments)
    for _ in range(2):
        numbers, labels = map(np.concatenate, read(dataset))
        assert len(set(numbers[numbers > 0])) == (198 if shuffle else 200)
        assert np.array_equal(labels, np.where(numbers > 0, soft[numbers - 1], 0))


@pytest.mark.parametrize("m", [1, 3, 200])
def test_unwanted_fold_may_have_any_size(make, m):
    dataset = make(40, m, batch_size=8)
    first, second = order(dataset)[1], order(dataset)[1]
    assert len(first) == 40 and max(np.bincount(first)[1:]) == -(-40 // m)
    assert (first == second) == (m == 1)


def test_order_is_a_function_of_seed_and_epoch(make):
    arguments = {"batch_size": 10, "seed": 5}
    tf.random.set_seed(1)
    dataset = make(30, 6, **arguments)
    epochs = [order(dataset) for _ in range(4)]
    tf.random.set_seed(2)
    np.random.seed(2)
    twin, resumed = make(30, 6, **arguments), make(30, 6, initial_epoch=3, **arguments)
    assert [order(twin) for _ in range(4)] == epochs
    assert order(resumed) == epochs[3]
    other = order(make(30, 6, batch_size=10, seed=6))
    for fold in (0, 1):
        assert len({tuple(epoch[fold]) for epoch in epochs} | {tuple(other[fold])}) == 5


def test_streams_of_the_two_folds_and_of_neighbouring_seeds_are_independent(make):
    seen = []
    for seed in (0, 1, 2):
        dataset = make(60, 60, batch_size=10, seed=seed)
        seen += [one for _ in range(3) for one in order(dataset)]
    assert len({tuple(one) for one in seen}) == 18


def test_shuffled_means_shuffled(make):
    unlabeled, unwanted = order(make(400, 400, batch_size=20))
    for numbers in (unlabeled, unwanted):
        correlation = np.corrcoef(numbers, np.arange(400))[0, 1]
        assert abs(correlation) < 4 / np.sqrt(400)
        assert (np.array(numbers) == np.arange(1, 401)).sum() < 8  # one fixed point is expected
    assert abs(np.corrcoef(unlabeled, unwanted)[0, 1]) < 4 / np.sqrt(400)


def test_evaluation_keeps_the_order_given_and_the_last_batch(make):
    dataset = make(12, 4, batch_size=10, shuffle=False)
    assert int(dataset.cardinality()) == 3
    for _ in range(2):
        numbers, labels = read(dataset)
        assert numbers[0].tolist() == [1, -1, 2, -2, 3, -3, 4, -4, 5, -1]
        assert numbers[1].tolist() == [6, -2, 7, -3, 8, -4, 9, -1, 10, -2]
        assert numbers[2].tolist() == [11, -3, 12, -4]
        assert all(np.array_equal(y, x > 0) for x, y in zip(numbers, labels, strict=True))


@pytest.mark.parametrize(("rest", "unwanted"), [(1, 0), (2, 1), (4, 1), (5, 2), (9, 3)])
def test_evaluation_cuts_the_unwanted_part_to_the_share(make, rest, unwanted):
    numbers, _ = read(make(9 + rest, 5, batch_size=12, unwanted_share=0.25, shuffle=False))
    assert (numbers[0] < 0).sum() == 3
    assert ((numbers[1] > 0).sum(), (numbers[1] < 0).sum()) == (rest, unwanted)


def test_evaluation_of_less_than_one_batch(make):
    numbers, _ = read(make(2, 30, batch_size=80, shuffle=False))
    assert [x.tolist() for x in numbers] == [[1, -1, 2, -2]]


@pytest.mark.parametrize("wrap", [np.asarray, stream])
def test_unlabeled_dataset_is_the_fold_with_y_1(wrap):
    dataset = unlabeled_dataset(wrap(numbered(23)), batch_size=5, seed=1)
    epochs = []
    for _ in range(2):
        numbers, labels = read(dataset)
        assert [len(x) for x in numbers] == [5] * 4 and int(dataset.cardinality()) == 4
        assert all(y.dtype == np.float32 and np.array_equal(y, np.ones(5)) for y in labels)
        epochs.append(tuple(np.concatenate(numbers)))
        assert len(set(epochs[-1])) == 20
    assert epochs[0] != epochs[1]
    resumed = unlabeled_dataset(wrap(numbered(23)), batch_size=5, seed=1, initial_epoch=1)
    assert tuple(order(resumed)[0]) == epochs[1]
    numbers, labels = read(unlabeled_dataset(wrap(numbered(23)), batch_size=5, shuffle=False))
    assert np.concatenate(numbers).tolist() == list(range(1, 24))
    assert np.array_equal(labels[-1], np.ones(3))


@pytest.mark.parametrize("wrap", [np.asarray, stream])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("uint8", "uint8"), ("int64", "int64"), ("float16", "float32"), ("float64", "float32")],
)
def test_dtype_and_shape(wrap, dtype, expected):
    x = np.arange(8 * 12).reshape(8, 4, 3, 1).astype(dtype)
    dataset = balanced_dataset(wrap(x), wrap(x[:3]), batch_size=4)
    x_spec, y_spec = dataset.element_spec
    assert x_spec.shape == (4, 4, 3, 1) and x_spec.dtype == expected
    assert y_spec.shape == (4,) and y_spec.dtype == "float32"
    batch = next(iter(unlabeled_dataset(wrap(x), batch_size=8, shuffle=False)))[0]
    assert batch.dtype == expected and np.array_equal(batch, x)


def test_later_changes_of_the_array_do_not_reach_the_dataset():
    x = np.zeros((4000, 64), np.float32)
    dataset = unlabeled_dataset(x, batch_size=4000)
    x[:] = 1
    assert next(iter(dataset))[0].numpy().max() == 0


def test_streams_shuffle_within_a_bounded_buffer(monkeypatch):
    monkeypatch.setattr(examples, "SHUFFLE_BYTES", 10 * 3 * 4)  # ten examples of three int32
    numbers = order(unlabeled_dataset(stream(numbered(200)), batch_size=20))[0]
    assert sorted(numbers) == list(range(1, 201)) != numbers
    assert all(number <= place + 10 for place, number in enumerate(numbers))


def with_value(value, row):
    x = np.zeros((20, 3), np.float32)
    x[row] = value
    return x


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shuffle", [True, False])
def test_streams_name_the_batch_that_is_not_finite(value, shuffle):
    clean, bad = stream(with_value(0, 0)), stream(with_value(value, 11))
    rule = "keras_vabc: {} must be finite. Received: NaN or infinity in batch {}, counted from 0."
    batch = "[0-4]" if shuffle else 2
    with pytest.raises(tf.errors.InvalidArgumentError, match=rule.format("unlabeled", batch)):
        list(balanced_dataset(bad, clean, batch_size=8, shuffle=shuffle))
    with pytest.raises(tf.errors.InvalidArgumentError, match=rule.format("unwanted", batch)):
        list(balanced_dataset(clean, bad, batch_size=8, shuffle=shuffle))


X = np.zeros((50, 3), np.float32)
IMAGES = np.zeros((50, 4, 4, 1), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 81}, "batch_size must be even. Received: batch_size=81"),
        ({"batch_size": 0}, "batch_size must be a whole number >= 2. Received: batch_size=0"),
        ({"batch_size": 8.0}, "batch_size must be a whole number"),
        ({"batch_size": 10, "unwanted_share": 0.25}, "batch_size=10, unwanted_share=0.25"),
        ({"batch_size": 10, "unwanted_share": 0.99999999}, "unwanted_share=0.99999999"),
        ({"unwanted_share": 0}, r"unwanted_share must be in \(0, 1\). Received: unwanted_share=0"),
        ({"unwanted_share": 1}, "unwanted_share=1"),
        ({"batch_size": 102}, "takes 51 unlabeled examples. Received: batch_size=102, 50 examples"),
        ({"seed": -1}, "seed must be a whole number >= 0. Received: seed=-1"),
        ({"initial_epoch": -1}, "initial_epoch must be a whole number >= 0"),
        ({"unwanted": None}, "unwanted must be .* at least one example. Received: .*None"),
        ({"unwanted": X[:0]}, r"unwanted must be .* Received: shape \(0, 3\)"),
        ({"unlabeled": X[:0]}, r"unlabeled must be .* Received: shape \(0, 3\)"),
        ({"unlabeled": with_value(np.nan, 3)}, "unlabeled must be finite"),
        ({"unwanted": with_value(-np.inf, 3)}, "unwanted must be finite"),
        ({"unwanted": with_value(0, 3).astype(np.float64) + 1e300}, "unwanted must be finite"),
        ({"unwanted": [["a", "b", "c"]]}, "unwanted must be .* numbers"),
        ({"unwanted": [[1.0, 2.0], [3.0]]}, "unwanted must be one array"),
        ({"unwanted": X.astype(object)}, "dtype object"),
        ({"unwanted": X[0]}, r"Received: shape \(3,\)"),
        ({"unwanted": IMAGES}, r"unlabeled \(3,\) float32, unwanted \(4, 4, 1\) uint8"),
        ({"unwanted": X.astype(np.uint8)}, r"unlabeled \(3,\) float32, unwanted \(3,\) uint8"),
        ({"unwanted": stream(IMAGES)}, r"unlabeled \(3,\) float32, unwanted \(4, 4, 1\) uint8"),
        ({"unwanted": stream(X).repeat()}, "assert_cardinality.* Received: infinite"),
        ({"unwanted": stream(X).filter(lambda x: True)}, "assert_cardinality.* Received: unknown"),
        ({"unwanted": stream(X).batch(5)}, "unwanted must be .* neither batched"),
        ({"unwanted": stream((X, X))}, "unwanted must be .* nor paired with labels"),
        ({"unlabeled": stream(X).take(0)}, "unlabeled must hold at least one example"),
        ({"unlabeled": stream(X[:, 0])}, "unlabeled must be a dataset of arrays"),
        ({"unlabeled": stream(X.astype(str))}, "unlabeled must be a dataset of arrays of numbers"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        balanced_dataset(**{"unlabeled": X, "unwanted": X} | arguments)


def test_lists_are_accepted():
    x, _ = next(iter(balanced_dataset([[1.0, 2.0]] * 2, [[3.0, 4.0]], batch_size=4)))
    assert x.numpy().tolist() == [[1, 2], [3, 4]] * 2


def test_stream_that_lies_about_its_size_is_refused():
    short = stream(X).apply(lambda d: d.filter(lambda x: True))
    short = short.apply(tf.data.experimental.assert_cardinality(60))
    with pytest.raises(tf.errors.FailedPreconditionError, match="contained only 50 elements"):
        list(unlabeled_dataset(short, batch_size=10))


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
def test_fit_starts_one_iteration_per_epoch():
    x = np.random.default_rng(0).normal(size=(30, 3))
    dataset = unlabeled_dataset(x, batch_size=5, seed=4)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(dataset, epochs=2, verbose=0)
    third = next(iter(unlabeled_dataset(x, batch_size=5, seed=4, initial_epoch=2)))[0]
    assert np.array_equal(next(iter(dataset))[0], third)


DISTRIBUTED = """
import json
import numpy as np, tensorflow as tf
from keras_vabc.data.pipeline import balanced_dataset
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x = np.stack([np.arange(1, 24)] * 3, 1).astype(np.int32)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
seen = []
with strategy.scope():
    for wrap in (np.asarray, tf.data.Dataset.from_tensor_slices):
        dataset = balanced_dataset(wrap(x), wrap(-x[:4]), batch_size=8, seed=5)
        distributed = strategy.experimental_distribute_dataset(dataset)
        seen.append([
            [[v.numpy()[:, 0].tolist() for v in batch[0].values] for batch in distributed]
            for epoch in range(2)
        ])
print(json.dumps(seen))
"""


def test_order_and_share_hold_in_another_process_on_two_replicas():
    result = subprocess.run(
        [sys.executable, "-c", DISTRIBUTED], capture_output=True, text=True, check=True
    )
    for seen, wrap in zip(json.loads(result.stdout), (np.asarray, stream), strict=True):
        dataset = balanced_dataset(wrap(numbered(23)), wrap(numbered(4, -1)), batch_size=8, seed=5)
        for epoch in seen:
            expected, _ = read(dataset)
            assert [first + second for first, second in epoch] == [x.tolist() for x in expected]
            for replicas in epoch:
                assert [sum(x < 0 for x in part) for part in replicas] == [2, 2]
