"""Fitted trees as plain arrays: means of their leaves for arrays, and as gathers in a graph."""

import os
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import tensorflow as tf
from sklearn.tree import ExtraTreeRegressor

LARGEST = 1e38  # in the graph a missing value is this or its negative
LEAF = np.finfo("float32").min  # threshold of leaves, which every number exceeds
BLOCK = 4096  # rows that pass all trees while they are in the processor's cache
MOST_DEPTH = 1000  # no data that float32 tells apart make a tree so deep


@keras.saving.register_keras_serializable("keras_vabc")
class Forest(keras.layers.Layer):
    """The mean over trees of the value of the leaf that a row reaches.

    Nodes of all trees stand one after the other, each in front of its left child. A row goes on to
    the right child of its node if its number in a column exceeds the threshold; a missing value
    goes where the column's number says: columns are counted twice, first those where it goes left.
    A leaf is its own right child.

    Args:
        nodes: Number of nodes of all trees.
        trees: Number of trees.
        depth: Steps from a root to the farthest leaf.
        columns: Numbers of a row.

    Call arguments:
        inputs: Float tensor of shape `(batch, columns)`; NaN is a missing value.

    Returns:
        Float32 tensor of shape `(batch, 1)`.
    """

    def __init__(self, nodes, trees, depth, columns, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        if not 0 <= depth <= MOST_DEPTH:
            raise ValueError(f"depth must be in [0, {MOST_DEPTH}]. Received: depth={depth}.")
        self.nodes, self.trees, self.depth, self.columns = nodes, trees, depth, columns
        self._compiled = None

    def build(self, input_shape):
        """Makes the arrays, which `assigned` or a file fills."""

        def array(name, size, dtype):
            return self.add_weight((size,), "zeros", dtype, trainable=False, name=name)

        self.column = array("column", self.nodes, "int32")
        self.threshold = array("threshold", self.nodes, "float32")
        self.right = array("right", self.nodes, "int32")
        self.value = array("value", self.nodes, "float32")
        self.roots = array("roots", self.trees, "int32")
        self.built = True

    @classmethod
    def of(cls, fitted, values, columns, **kwargs):
        """The layer of trees of scikit-learn, given the value of each of their nodes."""
        parts, start = [], 0
        for tree, value in zip(fitted, values, strict=True):
            parts.append(_arrays(tree, value, start, columns))
            start += tree.node_count
        depth = max(tree.max_depth for tree in fitted)
        layer = cls(start, len(fitted), depth, columns, **kwargs)
        layer.build((None, columns))
        roots = np.cumsum([0, *(tree.node_count for tree in fitted[:-1])])
        layer.set_weights([*map(np.concatenate, zip(*parts, strict=True)), roots])
        return layer

    def call(self, inputs):
        """Follows every tree at once, a step at a time."""
        x = tf.clip_by_value(tf.cast(inputs, tf.float32), -LARGEST, LARGEST)
        missing = tf.math.is_nan(x)
        sides = [tf.where(missing, side * tf.ones_like(x), x) for side in (-LARGEST, LARGEST)]
        numbers = tf.reshape(tf.concat(sides, 1), [-1])
        column, threshold = tf.convert_to_tensor(self.column), tf.convert_to_tensor(self.threshold)
        right, rows = tf.convert_to_tensor(self.right), tf.shape(x)[0]
        first = tf.range(rows)[:, None] * (2 * self.columns)
        node = tf.zeros_like(first) + tf.convert_to_tensor(self.roots)[None]
        for _ in range(self.depth):
            own = tf.gather(numbers, first + tf.gather(column, node))
            node = tf.where(own > tf.gather(threshold, node), tf.gather(right, node), node + 1)
        leaves = tf.gather(tf.convert_to_tensor(self.value), node)
        return tf.reduce_mean(leaves, axis=1, keepdims=True)

    def rows(self, x):
        """The same of a float32 array, by scikit-learn's own code: float32 of shape `(n,)`.

        A graph takes several times as long.
        """
        if self._compiled is None:
            self._compiled = self._trees()
        x = np.ascontiguousarray(x, "float32")
        mean = np.empty(len(x), "float32")

        def fill(start):
            block = x[start : start + BLOCK]
            total = sum(tree.predict(block)[:, 0] for tree in self._compiled)
            mean[start : start + BLOCK] = total / self.trees

        with ThreadPoolExecutor(_threads()) as pool:
            list(pool.map(fill, range(0, len(x), BLOCK)))
        return mean

    def check(self):
        """Raises a `ValueError` if a row could leave its tree, as in a file that was tampered with.

        Every row must go forward, and reach a leaf within `depth` steps.
        """
        column, threshold, right, _, roots = self.get_weights()
        own, starts = np.arange(self.nodes), np.append(roots, self.nodes)
        end = starts[np.searchsorted(roots, own, "right")] if _rises(starts) else own
        leaf = right == own
        inside = leaf | ((right > own + 1) & (right < end))
        depth = np.zeros(self.nodes, int)
        for node in np.flatnonzero(~leaf) if inside.all() else ():
            depth[[node + 1, right[node]]] = depth[node] + 1
        whole = inside.all() and ((column >= 0) & (column < 2 * self.columns)).all()
        if not whole or (threshold[leaf] != LEAF).any() or depth.max() > self.depth:
            raise ValueError(f"{self.name} must hold whole trees")

    def get_config(self):
        """Arguments of the constructor."""
        sizes = {name: getattr(self, name) for name in ("nodes", "trees", "depth", "columns")}
        return {**super().get_config(), **sizes}

    def _trees(self):
        """The trees as those of scikit-learn, through what it pickles of them."""
        self.check()
        kind, (_, classes, outputs), state = _example()
        column, threshold, right, value, roots = self.get_weights()
        own = np.arange(self.nodes)
        leaf = right == own
        nodes = np.zeros(self.nodes, state["nodes"].dtype)
        start = np.repeat(roots, np.diff(np.append(roots, self.nodes)))
        nodes["left_child"] = np.where(leaf, -1, own + 1 - start)
        nodes["right_child"] = np.where(leaf, -1, right - start)
        nodes["feature"] = np.where(leaf, -2, column % self.columns)
        nodes["threshold"] = np.where(leaf, -2.0, threshold)
        nodes["missing_go_to_left"] = column < self.columns
        made = []
        for first, end in zip(roots, np.append(roots[1:], self.nodes), strict=True):
            tree = kind(self.columns, classes, outputs)
            values = value[first:end, None, None].astype(state["values"].dtype)
            counts = {"max_depth": self.depth, "node_count": int(end - first)}
            tree.__setstate__({**state, **counts, "nodes": nodes[first:end], "values": values})
            made.append(tree)
        return made


def _arrays(tree, value, start, columns):
    """Columns, thresholds, right children and values of one tree whose root is node `start`."""
    own, leaf = np.arange(tree.node_count), tree.children_left < 0
    if not (tree.children_left[~leaf] == own[~leaf] + 1).all():
        raise RuntimeError("scikit-learn must number each left child next to its node.")
    missing_right = ~tree.missing_go_to_left.astype(bool)
    column = np.where(leaf, 0, tree.feature + columns * missing_right)
    threshold = tree.threshold.astype("float32")
    too_high = threshold > tree.threshold  # x <= threshold must hold for the same float32 numbers
    threshold[too_high] = np.nextafter(threshold[too_high], np.float32(-np.inf))
    right = start + np.where(leaf, own, tree.children_right)
    return column, np.where(leaf, LEAF, threshold), right, value


def _rises(starts):
    return starts[0] == 0 and (np.diff(starts) > 0).all()


def _example():
    """Class, arguments and state of a tree of this version of scikit-learn."""
    return ExtraTreeRegressor(random_state=0).fit([[0.0], [1.0]], [0.0, 1.0]).tree_.__reduce__()


def _threads():
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]  # a list has one for each level
    return int(asked) if asked.isdecimal() else os.cpu_count() or 1
