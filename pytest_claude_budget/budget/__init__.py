"""Limits as values: what a budget file or a marker says, which limit holds for which name, and drafts of new budget files.

Checked YAML or a marker's arguments come in; a `Budget` (`limits.py`) goes out. Whether a run keeps a limit is for `judge/`.
"""
