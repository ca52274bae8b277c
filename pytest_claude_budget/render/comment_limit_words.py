"""The limits of a single test in the tables of a comment: those that it reached, and those that are not held against it."""

from collections.abc import Mapping

from pytest_claude_budget.base.money import exact_dollars
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.render.comment_values import (
    Document,
    accepted_increases,
    failing,
    is_at,
    known_before,
    maximum_of,
    only_warns,
)
from pytest_claude_budget.render.markdown_text import amount, code, percent_in, percent_words

NOTHING = "–"
"""No limit, or one that is kept."""
_WHY = {"new": "new", "noise": "noise"}
OVER_ALREADY = "over already:"


def limits_by_owner(document: Document) -> dict[str, list[tuple[str, Document]]]:
    """The limits of single tests and fixtures that were reached, with the word for each."""
    verdict, let_pass = document["verdict"], accepted_increases(document)
    close = [breach for breach in verdict["warnings"] if breach not in let_pass]
    kinds = (
        ("over", failing(document)),
        ("accepted", let_pass),
        ("at", [breach for breach in close if is_at(breach)]),
        ("close to", [breach for breach in close if not (is_at(breach) or only_warns(breach))]),
        ("above", [breach for breach in close if only_warns(breach)]),
        (OVER_ALREADY, known_before(document)),
    )
    found: dict[str, list[tuple[str, Document]]] = {}
    for word, breaches in kinds:
        for breach in breaches:
            if breach["scope"] in ("test", "fixture"):
                found.setdefault(breach["name"], []).append((word, breach))
    return found


def limit_cell(word: str, breach: Document) -> str:
    """Say a limit of a test in a cell beside a change: `over +25%` of an increase, `over $0.05 a test` of all that it costs."""
    limit = _limit(breach)
    if word == "accepted":
        return f"over {limit}, accepted"
    return f"**over {limit}**" if word == "over" else f"{word} {limit}"


def _limit(breach: Document) -> str:
    return maximum_of(breach) + ("" if breach["measure"] in INCREASES else f" a {breach['scope']}")


def limit_phrase(word: str, breach: Document) -> str:
    """The same in a sentence, behind why: `over the limit of +25%`."""
    limit = f"the limit of {_limit(breach)}"
    others = {"accepted": f"over {limit}, accepted", OVER_ALREADY: f"over {limit} already"}
    return others.get(word, f"{word} {limit}")


def spared_by_owner(document: Document) -> Mapping[str, Document]:
    """Tests that grew by more than a limit allows which is not held against them."""
    return {each["owner"]: each for each in document["verdict"].get("spared") or ()}


def is_told(spared: Document | None) -> bool:
    """Is this worth a column of its own? That a test is new, or its change noise, stands beside it anyhow."""
    return spared is not None and spared["why"] not in _WHY


def spared_cell(spared: Document | None) -> str:
    """`not judged: a rise of up to $0.01 is ignored`."""
    if spared is None:
        return NOTHING
    why = _WHY.get(spared["why"])
    return f"not judged: {why}" if why else f"not judged: a rise of up to {_ignored(spared)} is ignored"


def spared_phrase(spared: Document) -> str:
    """The same in a sentence; empty where the sentence says why anyhow."""
    if spared["why"] in _WHY:
        return ""
    percent = percent_in(spared["maximum"])
    limit = code(spared["maximum"], 40) if percent is None else percent_words(percent)
    return f"within the limit of {limit}, which ignores a rise of up to {_ignored(spared)}"


def _ignored(spared: Document) -> str:
    return exact_dollars(amount(spared["ignore_below"]))
