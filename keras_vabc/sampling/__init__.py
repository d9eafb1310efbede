"""Sampling from what the encoder makes of the wanted data, past a guard.

A density of latents, a guard of samples, the drawing of both block by block, and the sampler.
"""
