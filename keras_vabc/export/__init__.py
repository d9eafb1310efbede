"""Functions and weights into SavedModel, ONNX and LiteRT.

What is written is loaded again by the runtime of its format, and compared with the model.
"""
