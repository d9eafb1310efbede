"""Data: the negative-unlabeled setting, where it comes from, and balanced batches of it."""
