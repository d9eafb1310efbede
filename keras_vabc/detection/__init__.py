"""Detection of unwanted rows as a scikit-learn estimator.

The estimator, its ways to score a row (the backends), and what makes scores probabilities.
"""
