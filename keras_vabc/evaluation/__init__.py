"""Judges and metrics: what a generator is worth, by labels that no model has seen."""
