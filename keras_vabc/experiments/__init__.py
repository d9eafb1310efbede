"""Reproductions and comparisons; nothing here is needed to train on data of one's own."""
