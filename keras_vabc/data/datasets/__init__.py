"""Data sets that are known by name, and where they come from."""
