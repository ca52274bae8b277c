"""Money, errors, globs, and text from YAML and JSON to values with their lines: what every other folder builds on.

Nothing here knows of Claude, of pytest or of files: text and values come in, values and `Problem`s go out.
"""
