"""The most tokens that a text can be: one for each of its bytes.

A tokenizer makes at least one byte's worth of each token. Claude's published one first brings text to Unicode's form NFKC, in which
one character may be 33 bytes where it was 3; others may not. So a text counts by the longer of its own UTF-8 and that of NFKD, which
is never shorter than NFKC where that is longer, and which a longer text never makes shorter.
"""

import json
from unicodedata import normalize

HIDDEN = 100
"""Tokens that stand around every prompt and in no request."""
HIDDEN_WITH_FORM = 1_000
"""Of what the server says to the model about tools, citations or the form of an answer: 675 are documented for tools."""
HIDDEN_PER_TOOL = 3_000
"""Of the description of a tool that a request only names, such as `bash_20250124`: 735 are the most that is documented."""


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":")
).encode  # making one takes longer than a short text


def most_tokens(text: str) -> int:
    """Tokens of a text at most."""
    if text.isascii():
        return len(text)
    return max(len(form.encode("utf-8", "surrogatepass")) for form in (text, normalize("NFKD", text)))


def as_text(value: object) -> str:
    """What a request holds with its names and punctuation: the model is shown no more of these than there are."""
    return _encode(value)
