"""The paper: the Variational Auto-encoding Binary Classifier as a Keras model.

Losses, schedules, layers, networks, optimizer, the model, its callbacks and the checkpoint.
"""
