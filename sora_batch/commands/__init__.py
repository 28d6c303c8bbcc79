"""The commands, one verb per file, each thin enough to read whole.

A file imports what it works with inside its command, so that `--help` does not wait for it.
"""
