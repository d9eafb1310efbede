"""The command line: one file a command, each a page of options and one call."""
