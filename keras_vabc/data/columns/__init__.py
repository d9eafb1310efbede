"""Tables of mixed columns: what each column is, its cells as values, and values as codes.

`find.py` finds the columns of both folds, `table.py` is what a run keeps of them.
"""
