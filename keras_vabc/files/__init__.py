"""Reading that is bounded, and writing that is whole or not at all.

Files and folders that appear at once, locks, hashes, and the two kinds of file that hold numbers:
arrays with a record, and Keras models with one.
"""
