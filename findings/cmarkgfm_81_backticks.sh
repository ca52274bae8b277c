#!/usr/bin/env bash
# cmarkgfm 2025.10.22 (GitHub's own Markdown renderer, cmark-gfm 0.29.0.gfm) beside markdown-it-py 3.0.0; Python 3.11 or newer.
#
# Guess: whoever shows a foreign name as code takes a fence of one backtick more than the longest run in the name. CommonMark
# sets no limit to a fence ("a string of one or more backtick characters"), so any name is safe.
# Seen: GitHub's renderer takes no run of more than 80 backticks for a fence. From 81 on the code span is gone, and what the
# name holds is read as Markdown; markdown-it, which tests commonly stand in with, shows code at any length.
# The library is right to bound its work; the bound is in no specification.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q cmarkgfm==2025.10.22 markdown-it-py==3.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import cmarkgfm
from markdown_it import MarkdownIt

seen = {}
for length in (80, 81):
    name = f"{'`' * length}**word**{'`' * length}"
    for which, render in (("github", cmarkgfm.github_flavored_markdown_to_html), ("markdown-it", MarkdownIt().render)):
        seen[which, length] = "code" if "<code>**word**</code>" in render(name) else "bold" if "<strong>" in render(name) else "?"
        print(which, length, seen[which, length])
assert seen == {
    ("github", 80): "code", ("markdown-it", 80): "code", ("github", 81): "bold", ("markdown-it", 81): "code",
}, "the behaviour has changed"
PYTHON
