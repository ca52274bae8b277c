"""Words and tables: a report as terminal lines, as Markdown, as JSON.

A `CostReport` or its JSON document comes in, text goes out. Nothing is decided or written here.
"""
