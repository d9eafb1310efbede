"""The paper: the Variational Auto-encoding Binary Classifier as a Keras model.

Losses, schedules, layers, networks, optimizer; `model.py` with its methods of training and use; its
callbacks and the checkpoint.
"""
