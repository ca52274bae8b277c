"""The sentences of a comment: what happened, the facts, and why."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from pytest_claude_budget.base.money import ZERO, dollars, dollars_against, exact, exact_dollars
from pytest_claude_budget.compare.not_compared import missed, reasons
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.judge.unfinished import NO_TEST
from pytest_claude_budget.render.markdown_text import (
    amount,
    amount_in,
    code,
    counted,
    number,
    percent_in,
    sentence,
    share,
    signed,
)
from pytest_claude_budget.render.phrases import nearness, spent_words, unsure

Document = Mapping[str, Any]
"""A report under `schemas/report.schema.json`, as JSON gives it; or an object inside of one."""

NOT_RUN = ("removed", "deselected", "skipped", "not_reached", "not_requested")
"""What becomes of owners that are in the baseline and not in the run."""
_UNITS = {
    "max_calls": "calls",
    "max_attempts": "attempts",
    "max_input_tokens": "input tokens",
    "max_output_tokens": "output tokens",
    "max_tokens_total": "tokens",
}
_WIDE = Context(prec=400)


def headline(document: Document) -> str:
    """Say what happened and how it is judged."""
    silent = len(silent_tests(document))
    many = f"{counted(silent, 'test')} {'makes' if silent == 1 else 'make'} no calls any more"
    apart = ", not compared" if missed(document) else ""
    return f"### Claude cost: {_what(document)}{apart}{f', but {many}' if silent else ''}{_judged(document)}"


def moved(comparison: Document) -> list[Document]:
    """Owners that ran and whose cost is another than before, the largest change first."""
    rows = [row for row in comparison["owners"] if amount(row["change"]) and ran(row)]
    return sorted(rows, key=lambda row: amount(row["change"]).copy_abs(), reverse=True)


def ran(row: Document) -> bool:
    """Is this owner in the run?"""
    return row["status"] not in NOT_RUN


def silent_tests(document: Document) -> list[Document]:
    """Tests that ran without one call, though the baseline has calls of them; the dearest first."""
    rows = (document.get("comparison") or {}).get("owners", ())
    found = [row for row in rows if row["status"] == "without_calls"]
    return sorted(found, key=lambda row: amount(row["before"]), reverse=True)


def not_known(document: Document) -> bool:
    """Is there money in the run, or in what it is compared with, that nobody knows?"""
    compared = (document.get("comparison") or {}).get("at_least")
    return bool(cost_not_known(document) or compared)


def cost_not_known(document: Document) -> bool:
    """Is there money in the run itself that nobody knows? Of a baseline that is not known only the change is not."""
    unfinished = document["verdict"].get("unfinished")
    return bool(document["totals"]["at_least"] or reasons(document) or unfinished or failed_tests(document))


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
    most = amount_in(value)
    return most is not None and most == amount_in(maximum)


def value_text(breach: Document) -> str:
    """Say what a breach came to: `$0.0069`, `+175%`, `7 calls`."""
    value = breach["value"]
    if isinstance(value, int):
        return f"{number(value)} {_UNITS.get(breach['measure'], 'units')}"
    percent, most = percent_in(value), amount_in(value)
    if percent is not None:
        return share(percent, percent_in(breach["maximum"]))
    limit = amount_in(breach["maximum"])
    shown = code(value, 40) if most is None else dollars(most) if limit is None else dollars_against(most, limit)
    return ("at least " if breach["at_least"] else "") + shown


def _what(document: Document) -> str:
    comparison, totals = document.get("comparison"), document["totals"]
    cost = amount(totals["cost"])
    if not_known(document):
        return _not_known(document, cost)
    if not totals["calls"] and not cost:
        return "no calls in this run"
    if comparison is None:
        return f"{_against_budget(document, cost)} per run"
    return _moved_by(document, comparison)


def _not_known(document: Document, cost: Decimal) -> str:
    """Why, what is certain, and what it was; never a saving."""
    comparison, why = document.get("comparison"), _why_not_known(document)
    change = amount(comparison["change"]) if comparison is not None else ZERO
    part = comparison is not None and any(row.get("before_at_least") for row in comparison["owners"])
    if change > 0:  # beside what was not known before, it may have sunk in all
        return (
            f"{signed(change)} per run, as far as it is known{why}"
            if part
            else f"{unsure(change)} per run, not known in full{why}"
        )
    known = f"not known in full{why}, at least {_against_budget(document, cost)} per run" if cost else f"not known{why}"
    if cost and not cost_not_known(document):
        known = f"{_against_budget(document, cost)} per run, its change is not known"
    if comparison is None:
        return known
    before = _whole_before(comparison)
    return f"{known} (was {'at least ' if part else ''}{dollars(before)})" if before or not (why or part) else known


def _why_not_known(document: Document) -> str:
    """How the run ended, where it did not come to its end, in a bracket."""
    run = document.get("run") or {}
    failed, unfinished = failed_tests(document), document["verdict"].get("unfinished") or ()
    broken, left = run.get("broken") or (), run.get("not_reached") or ()
    why = ["no test ran"] if NO_TEST in unfinished else []
    why += ["interrupted"] if unfinished and run.get("outcome") == "interrupted" and not broken else []
    why += [f"{counted(len(broken), 'file')} could not be collected"] if broken else []
    count = len(run.get("failed") or ()) if unfinished else len(failed)
    why += [f"{counted(count, 'test')} failed"] if count else []
    why += [f"{counted(len(left), 'test')} not reached"] if left else []
    return f" ({', '.join(why)})" if why else ""


def _whole_before(comparison: Document) -> Decimal:
    """What all that was to run cost in the baseline, known now or not."""
    left = (row["before"] for row in comparison["owners"] if row["status"] == "not_reached")
    return total((comparison["before"], comparison.get("not_compared", "0"), *left))


def _moved_by(document: Document, comparison: Document) -> str:
    change, judged, rows = amount(comparison["change"]), amount(comparison["judged"]), moved(comparison)
    after = _against_budget(document, amount(comparison["after"]))
    if rows and not judged and all(row["noise"] for row in rows):
        beyond = f" ({signed(change)})" if change else ""
        return f"unchanged but for noise, {after} per run{beyond}"
    if not change:
        apart = " without repeats" if _compared_of_it(document) else ""
        return f"unchanged{' in sum' if rows else ''} at {after} per run{apart}"
    percent = comparison["change_percent"]
    limit = next((percent_in(each["maximum"]) for each in failing(document) if _of_run(each, "max_increase")), None)
    if percent is None:
        return f"{signed(change)} per run (from $0.00)"
    return f"{signed(change)} per run ({share(amount(percent), limit)})"


def _of_run(breach: Document, measure: str) -> bool:
    return bool(breach["scope"] == "run" and breach["measure"] == measure)


def _judged(document: Document) -> str:
    verdict, over = document["verdict"], failing(document)
    comparison = document.get("comparison")
    if over:
        return f", over {_limits(over)}"
    if verdict["outcome"] == "over":
        return ", over the limit"
    if document.get("accepted") is not None and comparison is not None and amount(comparison["change"]) > 0:
        return ", an accepted increase"
    if verdict["outcome"] == "warned":
        before = known_before(document)
        if before and not verdict["incomplete"]:
            return f", over {_limits(before)} as {'before' if budget_compared(document) else 'on the baseline'}"
        at = sum(map(is_at, verdict["warnings"]))  # what is reached is said, whatever else is close
        return f", {nearness(at, 0)} a limit" if verdict["warnings"] else ", which the budget tolerates"
    if verdict.get("part") and verdict["outcome"] in ("within", "unjudged"):
        return f" in a part of the suite ({code(verdict['part'], 60)})"
    if verdict["outcome"] == "within" and not not_known(document) and not silent_tests(document):
        return ", within budget" if document.get("budget") is not None else ", within its limits"
    return ""


def _limits(breaches: Sequence[Document]) -> str:
    order = ("run", "projection")
    first = min(breaches, key=lambda each: order.index(each["scope"]) if each["scope"] in order else 2)
    others = {(each["scope"], each["path"], each["where"]) for each in breaches}
    others.discard((first["scope"], first["path"], first["where"]))
    more = f" and {counted(len(others), 'more limit')}" if others else ""
    return f"the limit of {maximum_of(first)}{_whose(first)}{more}"


def maximum_of(breach: Document) -> str:
    """Say a limit: `+15%`, `$0.10`, `5 calls`."""
    maximum, measure = breach["maximum"], breach["measure"]
    percent = percent_in(maximum)
    if percent is not None:
        return share(percent) if percent else "+0%"
    if isinstance(maximum, int):
        return f"{number(maximum)} {_UNITS.get(measure, 'units')}"
    most = amount_in(maximum)
    said = code(maximum, 40) if most is None else exact_dollars(most)
    return said + (" a month" if breach["scope"] == "projection" else "")


def _whose(breach: Document) -> str:
    scope, name = breach["scope"], breach["name"]
    if scope == "run":
        return " a run" if breach["measure"] not in INCREASES else ""
    return f" for {short(name)}" if scope in ("test", "fixture", "projection") else f" for {scope} {code(name, 60)}"


def short(owner: str, width: int = 80) -> str:
    """A test's name without its file."""
    return code(owner.partition("::")[2] or owner, width)


def _against_budget(document: Document, cost: Decimal) -> str:
    limit = (document.get("budget") or {}).get("run_max_cost")
    return dollars(cost) if limit is None else dollars_against(cost, amount(limit))


def facts(document: Document) -> str:
    """Say the run's cost, the budget, the month and what was spent, in one line."""
    parts = [_run(document), _budget(document), _projected(document), _spent(document["totals"])]
    return " · ".join(part for part in parts if part)


def _run(document: Document) -> str:
    comparison, totals = document.get("comparison"), document["totals"]
    cost = amount(totals["cost"])
    if cost_not_known(document):  # the headline has what it was
        return f"Run at least {_against_budget(document, cost)} at list price" if cost else ""
    after = _against_budget(document, cost)
    if comparison is None or not_known(document) or not amount(comparison["change"]):
        return f"Run {after} at list price{_compared_of_it(document)}"
    compared = amount(comparison["after"])
    if compared != cost:  # what the runner repeated is in the sum, and not compared
        after = f"{dollars(compared)}, {after} in all"
    return f"Run {dollars(amount(comparison['before']))} → {after} at list price"


def _compared_of_it(document: Document) -> str:
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


def _budget(document: Document) -> str:
    limit = (document.get("budget") or {}).get("run_max_cost")
    if limit is None:
        return ""
    maximum, cost = amount(limit), amount(document["totals"]["cost"])
    unknown = cost_not_known(document) or bool(document["verdict"].get("part"))
    if not maximum or (unknown and not cost):
        return f"budget {exact_dollars(maximum)}"
    used = _WIDE.divide(_WIDE.multiply(cost, Decimal(100)), maximum)
    whole = used.quantize(Decimal(1), ROUND_CEILING if cost > maximum else ROUND_FLOOR, _WIDE)
    return f"budget {exact_dollars(maximum)} ({'at least ' if unknown else ''}{whole:,f}% used)"


def _projected(document: Document) -> str:
    rows = document.get("projection") or []
    if not rows:
        return ""
    scenarios = [row["scenario"] for row in rows]
    scenario = "average" if "average" in scenarios else scenarios[0]
    chosen = [row for row in rows if row["scenario"] == scenario and row["after"] is not None]
    if not chosen:
        return ""
    after = total(row["after"] for row in chosen)
    limits = [each for each in document["verdict"]["breaches"] if each["scope"] == "projection"]
    limit = next((amount_in(each["maximum"]) for each in limits if each["name"] == scenario), None)
    month = dollars(after) if limit is None else dollars_against(after, limit)
    missing = any(row["after"] is None for row in rows if row["scenario"] == scenario)
    befores = [row["before"] for row in chosen]
    before = "" if None in befores else dollars(total(befores))
    if any(row.get("before_at_least") for row in chosen):
        before = ""  # of which nobody knows what it was
    if missing or any(row.get("after_at_least", row["at_least"]) for row in chosen):
        was = f" (was {before})" if before else ""
        known = f"at least {month} a month" if after else "a month is not known"
        return f"projected: {known}{was} at {sentence(scenario, 40)} volume"
    was = f"{before} → " if before and before != month else ""
    return f"projected {was}{month} a month at {sentence(scenario, 40)} volume"


def total(texts: Iterable[str]) -> Decimal:
    """Add amounts up exactly."""
    with exact():
        return sum(map(amount, texts), ZERO)


def _spent(totals: Document) -> str:
    if not totals["calls"] and not totals["unknown_live"]:
        return ""
    simulated = bool(amount(totals["cost"]) or totals["at_least"])
    return spent_words(amount(totals["spent"]), unknown=bool(totals["unknown_live"]), simulated=simulated)
