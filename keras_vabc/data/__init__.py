"""From a user's files to folds, and from folds to balanced batches.

What an example is (`spec`), the folds and their pipelines; `readers/` has a file for each format,
`datasets/` the data sets that are known by name.
"""
