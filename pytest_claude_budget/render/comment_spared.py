"""What stands in the place of a limit that is not held against a test, in the tables of a comment."""

from collections.abc import Mapping

from pytest_claude_budget.base.money import exact_dollars
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.markdown_text import amount, code, percent_in, percent_words

NOTHING = "–"
"""No limit, or one that is kept."""
_WHY = {"new": "no baseline", "noise": "it is noise"}


def spared_by_owner(document: Document) -> Mapping[str, Document]:
    """Tests that grew by more than a limit allows which is not held against them."""
    return {each["owner"]: each for each in document["verdict"].get("spared") or ()}


def is_told(spared: Document | None) -> bool:
    """Is this worth a column of its own? That a test is new, or its change noise, stands beside it anyhow."""
    return spared is not None and spared["why"] not in _WHY


def spared_cell(spared: Document | None) -> str:
    """`+25% (only above +$0.01)`."""
    if spared is None:
        return NOTHING
    percent = percent_in(spared["maximum"])
    limit = code(spared["maximum"], 40) if percent is None else percent_words(percent)
    why = _WHY.get(spared["why"]) or f"only above +{exact_dollars(amount(spared['ignore_below']))}"
    return f"{limit} ({why})"
