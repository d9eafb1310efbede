"""Image sets: how sharp and varied samples are, beside how few of them are unwanted."""
