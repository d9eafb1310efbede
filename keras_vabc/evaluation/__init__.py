"""Judges of generated samples, and the metrics that are computed from what they say."""
