"""What a reader sees: the report's own Markdown, under a title, with what the action has to add."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.baseline_files import LOCK_FILE
from pytest_claude_budget.comments import DEFAULT_TAG, Marker, Mode, Wanted, worth_a_first
from pytest_claude_budget.money import dollars
from pytest_claude_budget.render.markdown import comment, summary
from pytest_claude_budget.render.markdown_limits import UPDATE, before_an_update, raised
from pytest_claude_budget.render.markdown_sentences import INCREASES, failing, silent_tests
from pytest_claude_budget.render.markdown_text import code, sentence
from pytest_claude_budget.render.plain import counted


def stale_lock(document: Mapping[str, Any]) -> str:
    """Say that the lock file beside the code is not what the run measured, and what mends it; empty where it is."""
    stale = document["stale"]
    if not stale or _accepted(document):  # then that says it
        return ""
    first = code(stale[0])
    more = "" if len(stale) == 1 else f" and {counted(len(stale) - 1, 'more')}"
    increases = any(breach["measure"] in INCREASES for breach in failing(document))
    said = increases or (
        silent_tests(document) and document["accepted"] is None
    )  # then the report tells how to mend it
    mend = "" if said else f": {_update(document)}"
    return f"**Stale lock:** `{LOCK_FILE}` is not what this run measured of {first}{more}{mend}."


def _update(document: Mapping[str, Any]) -> str:
    """What mends a lock file, with what has to be done before: an update would else be refused."""
    return ", then ".join([*before_an_update(document), *raised(document), UPDATE])


def _accepted(document: Mapping[str, Any]) -> bool:
    """Did somebody accept an increase that there is?"""
    comparison = document["comparison"]
    return document["accepted"] is not None and comparison is not None and Decimal(comparison["change"]) > 0


def acceptance(document: Mapping[str, Any], owners: Sequence[str]) -> str:
    """Say that an increase was accepted, by how much, how, and who owns the lock file; empty where none was."""
    if not _accepted(document):
        return ""
    change = dollars(Decimal(document["comparison"]["change"]))
    by = f"**Accepted:** +{change} per run, by {sentence(document['accepted'], 120)}."
    if document["stale"]:
        by += f" The lock file is still to be brought up to date: {_update(document)}."
    owned = f" `{LOCK_FILE}` is owned by {', '.join(code(owner, 60) for owner in owners[:5])}." if owners else ""
    return by + owned


def heading(title: str, tag: str) -> str:
    """Tell the budgets of a repository apart, where there are several."""
    if title:
        return f"**{sentence(title)}**\n\n"
    return "" if tag == DEFAULT_TAG else f"**{code(tag)}**\n\n"


def comment_text(document: Mapping[str, Any], head: str, notes: Sequence[str]) -> str:
    """The comment without its marker."""
    return _page(head, comment(document), [stale_lock(document), *notes])


def summary_text(document: Mapping[str, Any], head: str, notes: Sequence[str]) -> str:
    """The job's summary: all rows."""
    return _page(head, summary(document), [stale_lock(document), *notes])


def _page(head: str, page: str, notes: Sequence[str]) -> str:
    return "\n\n".join([f"{head}{page}".rstrip("\n"), *filter(None, notes)]) + "\n"


def wanted(document: Mapping[str, Any], marker: Marker, text: str, mode: Mode) -> Wanted:
    """What is to be said on the pull request."""
    outcome = document["verdict"]["outcome"]
    short = f"### Claude cost: {outcome}\n\nToo long for a comment: the whole report is in the job summary."
    return Wanted(marker=marker, text=text, short=short, mode=mode, worth_a_first=worth_a_first(document))
