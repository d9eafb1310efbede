"""Sampling from what the encoder makes of the wanted data, past a guard."""
