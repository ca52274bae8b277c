"""What a comment reads of a JSON report, and the words for a single limit, value or test; every part of a comment uses them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import (
    EXACT,
    ZERO,
    dollars,
    dollars_against,
    dollars_moved,
    exact_dollars,
)
from pytest_claude_budget.compare.not_compared import reasons
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.render.groups import added
from pytest_claude_budget.render.markdown_text import (
    amount,
    amount_in,
    code,
    counted,
    percent_in,
    percent_words,
    signed,
)
from pytest_claude_budget.render.phrases import place_of_limit

Document = Mapping[str, Any]
"""A report under `schemas/report.schema.json`, as JSON gives it; or an object inside of one."""

NOT_RUN = ("removed", "deselected", "skipped", "not_reached", "not_requested")
"""What becomes of owners that are in the baseline and not in the run."""
_UNITS = {
    "max_calls": "call",
    "max_attempts": "attempt",
    "max_input_tokens": "input token",
    "max_output_tokens": "output token",
    "max_tokens_total": "token",
}


def moved(comparison: Document) -> list[Document]:
    """Owners that ran and whose cost is another than before, the largest change first."""
    rows = [row for row in comparison["owners"] if amount(row["change"]) and ran(row)]
    return sorted(rows, key=lambda row: amount(row["change"]).copy_abs(), reverse=True)


def ran(row: Document) -> bool:
    """Is this owner in the run?"""
    return row["status"] not in NOT_RUN


def silent_tests(document: Document) -> list[Document]:
    """Tests that ran without a single call, though the baseline has calls of them; the dearest first."""
    rows = (document.get("comparison") or {}).get("owners", ())
    found = [row for row in rows if row["status"] == "without_calls"]
    return sorted(found, key=lambda row: amount(row["before"]), reverse=True)


def not_known(document: Document) -> bool:
    """Is there money in the run, or in what it is compared with, that nobody knows?"""
    compared = (document.get("comparison") or {}).get("at_least")
    return bool(cost_not_known(document) or compared)


def cost_not_known(document: Document) -> bool:
    """Is there money in the run itself that nobody knows? Of a baseline that is not known only the change is not."""
    return bool(document["totals"]["at_least"] or reasons(document) or may_lack_calls(document))


def may_lack_calls(document: Document) -> bool:
    """May there be calls that nobody made, of a test that failed or was not reached? Of which model, nobody knows."""
    return bool(document["verdict"].get("unfinished") or failed_tests(document))


def failed_tests(document: Document) -> list[str]:
    """Tests that failed and that made calls, now or in the baseline: what they would have cost is not known."""
    failed = frozenset((document.get("run") or {}).get("failed") or ())
    if not failed:
        return []
    rows = (document.get("comparison") or {}).get("owners", ())
    known = {row["owner"] for row in rows} | {row["owner"] for row in document["by_owner"] if row["attempts"]}
    return sorted(failed & known)


def value_of(breach: Document) -> Decimal:
    """How far a breach goes, to put those of one limit in order; what grew from nothing goes farthest."""
    value = breach["value"]
    if isinstance(value, int):
        return Decimal(value)
    found = percent_in(value) if str(value).endswith("%") else amount_in(value)
    return Decimal("Infinity") if found is None else found


def place_of(breach: Document) -> tuple[tuple[int, int], Decimal]:
    """A key to sort breaches by: those of the run and of months as `place_of_limit` says, then the farthest exceeded first."""
    excess = ZERO
    if breach["scope"] not in ("run", "projection"):
        maximum = value_of({"value": breach["maximum"]})
        excess = value_of(breach) / maximum if maximum and maximum.is_finite() else Decimal("Infinity")
    return place_of_limit(breach["scope"], breach["measure"]), -excess


def accepted_increases(document: Document) -> list[Document]:
    """Limits on increases that somebody has let pass."""
    verdict = document["verdict"]
    if document.get("accepted") is None:
        return []
    found = (*verdict["breaches"], *(verdict.get("known") or []), *verdict["warnings"])
    return [breach for breach in found if breach["measure"] in INCREASES]


def known_before(document: Document) -> list[Document]:
    """Limits that the baseline was over already."""
    let_pass = accepted_increases(document)
    return [breach for breach in document["verdict"].get("known") or [] if breach not in let_pass]


def budget_compared(document: Document) -> bool:
    """Was the base judged by a budget that is known? Else a limit may be one that this change made stricter."""
    baseline = (document.get("comparison") or {}).get("baseline") or {}
    return bool(document.get("budget_compared", baseline.get("kind") == "git"))  # older reports do not say it


def failing(document: Document) -> list[Document]:
    """Breaches that nobody has let pass."""
    let_pass = accepted_increases(document)
    return [breach for breach in document["verdict"]["breaches"] if breach not in let_pass]


def is_at(breach: Document) -> bool:
    """Is the limit of a warning reached, and not passed?"""
    value, maximum = breach["value"], breach["maximum"]
    if isinstance(value, int) or isinstance(maximum, int):
        return bool(value == maximum)
    read = percent_in if str(value).endswith("%") else amount_in
    most = read(value)
    return most is not None and most == read(maximum)


def only_warns(breach: Document) -> bool:
    """Is a warning above a limit that nothing above it would fail? Then it is not close to one."""
    if not str(breach["maximum"]).endswith("%"):
        return False
    value, maximum = percent_in(breach["value"]), percent_in(breach["maximum"])
    return value is None or maximum is None or value > maximum  # None grew from $0.00


def value_text(breach: Document) -> str:
    """Say what a breach came to: `$0.0069`, `+175%`, `7 calls`."""
    value = breach["value"]
    if isinstance(value, int):
        return counted(value, _UNITS.get(breach["measure"], "unit"))
    percent, most = percent_in(value), amount_in(value)
    if percent is not None:
        return percent_words(percent)
    limit = amount_in(breach["maximum"])
    shown = code(value, 40) if most is None else dollars(most) if limit is None else dollars_against(most, limit)
    return ("at least " if breach["at_least"] else "") + shown


def maximum_of(breach: Document) -> str:
    """Say a limit: `+15%`, `$0.10`, `5 calls`."""
    maximum, measure = breach["maximum"], breach["measure"]
    percent = percent_in(maximum)
    if percent is not None:
        return percent_words(percent)
    if isinstance(maximum, int):
        return counted(maximum, _UNITS.get(measure, "unit"))
    most = amount_in(maximum)
    said = code(maximum, 40) if most is None else exact_dollars(most)
    return said + (" a month" if breach["scope"] == "projection" else "")


def short(owner: str, width: int = 80) -> str:
    """A test's name without its file."""
    return code(owner.partition("::")[2] or owner, width)


def against_budget(document: Document, cost: Decimal) -> str:
    """A cost in dollars, with so many digits that it does not look within a budget that it is over."""
    limit = (document.get("budget") or {}).get("run_max_cost")
    return dollars(cost) if limit is None else dollars_against(cost, amount(limit))


def moved_texts(
    row: Document, *parts: Decimal, limit: Decimal | None = None, percents: Iterable[Decimal] = ()
) -> list[str]:
    """Before, after and the change of what is known on both sides, and the parts of the change, so that they add up as shown.

    What does not add up in the report (parts of which some are not shown; a report of another tool) is shown each for itself.
    """
    before, after, change = (amount(row[key]) for key in ("before", "after", "change"))
    if EXACT.subtract(after, before) != change:
        now = dollars(after) if limit is None else dollars_against(after, limit)
        return [dollars(before), now, signed(change), *map(signed, parts)]
    whole = bool(parts) and added(parts) == change
    shown = dollars_moved(before, after, *(parts if whole else ()), limit=limit, percents=percents)
    return shown if whole else [*shown, *map(signed, parts)]


def run_texts(document: Document) -> list[str]:
    """The run's cost before and after and its change, of what is compared, in figures that add up and cross no limit."""
    limit, percents = (document.get("budget") or {}).get("run_max_cost"), allowed_of_run(document)
    return moved_texts(document["comparison"], limit=None if limit is None else amount(limit), percents=percents)


def allowed_of_run(document: Document) -> list[Decimal]:
    """The limits on the increase of the whole run that were reached, in percent."""
    verdict = document["verdict"]
    reached = (*verdict["breaches"], *(verdict.get("known") or ()), *verdict["warnings"])
    of_run = [each["maximum"] for each in reached if (each["scope"], each["measure"]) == ("run", "max_increase")]
    return [percent for percent in map(percent_in, of_run) if percent is not None]


def compared_of_it(document: Document) -> str:
    """What of the run's cost is compared, where the runner repeated something; else nothing."""
    comparison, repeats = document.get("comparison") or {}, document.get("repeats") or ()
    before = comparison.get("repeated_before")
    if not comparison or not (before or any(entry["text"] for entry in repeats)):
        return ""
    compared = amount(comparison["after"])
    if compared >= amount(document["totals"]["cost"]):
        return ""
    benchmark = before or any((entry.get("benchmark") or 0) > 1 for entry in repeats)
    why = " (one call of each kind that a benchmark repeated)" if benchmark else ""
    return f", {dollars(compared)} of it compared{why}"


def total(texts: Iterable[str]) -> Decimal:
    """Add amounts up exactly."""
    return added(map(amount, texts))
