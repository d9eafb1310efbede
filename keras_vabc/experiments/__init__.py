"""The paper's experiments and the demo: settings in, result lines and pictures out."""
