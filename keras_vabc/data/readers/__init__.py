"""Readers of a user's data, a file for each format."""
