"""What every other folder builds on: exact dollars, error messages, name patterns, and YAML and JSON as values with their lines.

Text and plain values come in; checked values go out, or a `Problem` that says what is wrong and where. Nothing here knows of
Claude, of pytest or of a file on disk.
"""
