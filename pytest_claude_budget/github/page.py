"""What a reader sees: the report's own Markdown, under a title, with what the action has to add."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.compare.not_compared import missed
from pytest_claude_budget.github.annotations import located
from pytest_claude_budget.github.comment_mode import DEFAULT_TAG, Mode
from pytest_claude_budget.github.which_comment import Marker, Wanted, worth_a_first
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.comment_limits import (
    COMMAND,
    NOT_NEEDED,
    UPDATE,
    advice,
    before_an_update,
    raised,
    silence,
)
from pytest_claude_budget.render.comment_values import accepted_increases, run_texts
from pytest_claude_budget.render.markdown_text import code, sentence
from pytest_claude_budget.render.terminal_text import counted


def stale_lock(document: Mapping[str, Any]) -> str:
    """Say that the lock file beside the code is not what the run measured, and what mends it, unless the report does."""
    stale = document["stale"]
    if not stale or _accepted(document) or missed(document):  # that says it, or nobody has seen what it would accept
        return ""
    told = "".join((*advice(document), *silence(document, 1)))
    if NOT_NEEDED in told:
        return ""
    first = code(stale[0])
    more = "" if len(stale) == 1 else f" and {counted(len(stale) - 1, 'more')}"
    mend = "" if COMMAND in told else f": {_update(document)}"
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
    said = []
    if not accepted_increases(document):  # else the limits that were let pass stand below who did
        *_, change = run_texts(document)
        said.append(f"**Accepted:** {change} per run, by {sentence(document['accepted'], 120)}.")
    if document["stale"]:
        said.append(f"The lock file is still to be brought up to date: {_update(document)}.")
    if owners:
        said.append(f"`{LOCK_FILE}` is owned by {', '.join(code(owner, 60) for owner in owners[:5])}.")
    return " ".join(said)


def heading(title: str, tag: str) -> str:
    """Tell the budgets of a repository apart, where there are several."""
    if title:
        return f"**{sentence(title)}**\n\n"
    return "" if tag == DEFAULT_TAG else f"**{code(tag)}**\n\n"


def in_repository(document: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    """The same report with its files as the repository has them; `prefix` is where the run's paths begin."""
    if prefix in ("", ".", "./"):
        return document

    def moved(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        file, line = located(str(row.get(key) or ""), prefix)
        return {**row, key: f"{file}:{line}"} if file is not None else row

    verdict, comparison = document["verdict"], document["comparison"]
    kinds = ("breaches", "warnings", "known")
    breaches = {kind: [moved(row, "where") for row in verdict.get(kind) or ()] for kind in kinds}
    rows = [moved(row, "place") for row in document["by_owner"]]
    if comparison is not None:
        comparison = {**comparison, "owners": [moved(row, "place") for row in comparison["owners"]]}
    return {**document, "verdict": {**verdict, **breaches}, "by_owner": rows, "comparison": comparison}


def comment_text(document: Mapping[str, Any], head: str, notes: Sequence[str], *, beside_summary: bool = True) -> str:
    """The comment without its marker; `beside_summary` says that a job's summary has the rest."""
    return _page(head, comment(document, beside_summary=beside_summary), [stale_lock(document), *notes])


def summary_text(document: Mapping[str, Any], head: str, notes: Sequence[str]) -> str:
    """The job's summary: all rows."""
    return _page(head, summary(document), [stale_lock(document), *notes])


def _page(head: str, page: str, notes: Sequence[str]) -> str:
    return "\n\n".join([f"{head}{page}".rstrip("\n"), *filter(None, notes)]) + "\n"


def wanted(
    document: Mapping[str, Any], marker: Marker, text: str, mode: Mode, elsewhere: str = "in the job summary"
) -> Wanted:
    """What is to be said on the pull request; `elsewhere` is where a report is that is too long for it."""
    outcome = document["verdict"]["outcome"]
    short = f"### Claude cost: {outcome}\n\nToo long for a comment: the whole report is {elsewhere}."
    return Wanted(marker=marker, text=text, short=short, mode=mode, worth_a_first=worth_a_first(document))
