"""Detectors that read no labels, by scikit-learn: functions of a `Task` and a seed.

They give scores of the test rows, higher for what is more unwanted.
"""

from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

NEIGHBOURS = 5


def isolation_forest(task, seed):
    """How soon random splits isolate a row."""
    return -IsolationForest(random_state=seed).fit(task.x).score_samples(task.x_test)


def neighbours(task, seed):
    """The distance to the fifth nearest training row, in standardized columns."""
    scaler = StandardScaler().fit(task.x)
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(scaler.transform(task.x))
    return nearest.kneighbors(scaler.transform(task.x_test))[0][:, -1]
