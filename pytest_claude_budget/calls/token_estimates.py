"""Tokens told from the length of a text, where nothing better is known.

Measured ratios, off by 30 to 50% for a single text: an estimate is always shown as one.
"""

import re

CHARACTERS_PER_TOKEN_BEFORE_4_7 = 3.5
CHARACTERS_PER_TOKEN = 2.5
"""From Opus 4.7 on: the newer tokenizer makes more tokens of the same text."""

_OLD_TOKENIZER = re.compile(r"claude-(3|2|instant|(opus|sonnet|haiku)-4([-.@]([0-6]\b|\d{8})|\b(?![-.]\d)))")


def tokens_of_text(characters: int, model: str | None) -> int:
    """Estimate the tokens of a text; rounds down."""
    newer = model is None or has_newer_tokenizer(model)
    return int(characters / (CHARACTERS_PER_TOKEN if newer else CHARACTERS_PER_TOKEN_BEFORE_4_7))


def has_newer_tokenizer(model: str) -> bool:
    """Does a model, by any spelling, make more tokens of a text, as all do from Opus 4.7 on but for Haiku 4.5?"""
    return _OLD_TOKENIZER.search(model[:300].lower()) is None
