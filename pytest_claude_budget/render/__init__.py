"""Words and tables: a report as the terminal's lines, as the comment of a pull request, as JSON.

A judged report comes in; text goes out, in which nothing that a stranger named can do harm. `terminal.py`, `comment.py` and
`json_document.py` are one for each reader, `report_kinds.py` lists the kinds of file. Nothing is decided here.
"""
