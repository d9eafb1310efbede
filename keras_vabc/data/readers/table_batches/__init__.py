"""Readers of any table, a file for each format: they give `pyarrow.RecordBatch`es of its cells.

`table.py` has the protocol and chooses the reader. Cells keep the type that their format gives
them; those of a CSV file are texts as written, and its `Dialect` says how it writes numbers.
"""
