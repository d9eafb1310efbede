"""P(negative | x) from the two folds alone.

The negative-unlabeled classifier, the share of negatives that it estimates, and thresholds.
"""
