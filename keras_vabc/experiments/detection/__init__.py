"""Detection of unwanted rows from few known ones, on tables whose truth is known."""
