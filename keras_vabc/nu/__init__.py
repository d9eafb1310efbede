"""What `NUClassifier` is made of."""
