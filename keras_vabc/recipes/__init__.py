"""What a whole training is made of.

Settings, the order of the steps (NU classifier, folds, V-ABC, density, guard), tuning, worker
processes, and the run with its record.
"""
