"""The first line of a comment: what happened to the cost, and how it is judged."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO, dollars
from pytest_claude_budget.compare.not_compared import missed
from pytest_claude_budget.judge.unfinished import NO_TEST
from pytest_claude_budget.render.comment_values import (
    Document,
    against_budget,
    allowed_of_run,
    budget_compared,
    compared_of_it,
    cost_not_known,
    failed_tests,
    failing,
    is_at,
    known_before,
    maximum_of,
    may_lack_calls,
    moved,
    not_known,
    only_warns,
    place_of,
    run_texts,
    short,
    silent_tests,
    total,
)
from pytest_claude_budget.render.markdown_text import amount, code, counted, sentence, share, signed
from pytest_claude_budget.render.phrases import before_already, nearness, unsure

_PASSES = "the budget lets the cost pass"
_NAME = 60
_BOTH = 2
"""So many limits are both named."""


def headline(document: Document) -> str:
    """Say what happened and how it is judged."""
    apart = ", not compared" if missed(document) else ""
    capped = "; ".join(document["verdict"].get("capped") or ())
    first = f"{sentence(capped, 200)}; " if capped else ""
    return f"### Claude cost: {first}{_silent(document) or _what(document)}{apart}{_judged(document)}{_check(document)}"


def _silent(document: Document) -> str:
    """What happened where tests ran without a call; empty where none did."""
    rows, comparison = silent_tests(document), document.get("comparison") or {}
    if not rows:
        return ""
    many = f"{counted(len(rows), 'test')} no longer {'calls' if len(rows) == 1 else 'call'} Claude"
    still = not amount(comparison["change"]) and not moved(comparison) and not compared_of_it(document)
    if not still or not_known(document) or any(row.get("before_at_least") for row in rows) or not document["by_owner"]:
        return f"{_what(document)}, but {many}"
    after = against_budget(document, amount(comparison["after"]))
    return f"{many}; all else is unchanged at {after} per run"


def _what(document: Document) -> str:
    comparison, totals = document.get("comparison"), document["totals"]
    cost = amount(totals["cost"])
    if not_known(document):
        return _not_known(document, cost)
    if not totals["calls"] and not cost:
        return "no calls in this run"
    if comparison is None:
        return f"{against_budget(document, cost)} per run"
    return _moved_by(document, comparison)


def _not_known(document: Document, cost: Decimal) -> str:
    """Why, what is certain, and what it was; never a saving."""
    comparison, why = document.get("comparison"), _why_not_known(document)
    change = amount(comparison["change"]) if comparison is not None else ZERO
    if comparison is not None and change > 0 and not _certain(document, comparison):
        rest = "what is known" if any(amount(row["change"]) for row in _unknown_rows(comparison)) else "all else"
        return f"not known in full{why}; {rest} costs {dollars(change)} more per run"
    part = comparison is not None and any(row.get("before_at_least") for row in comparison["owners"])
    if change > 0:  # beside what was not known before, it may have sunk in all
        return (
            f"{signed(change)} per run, as far as it is known{why}"
            if part
            else f"{unsure(change)} per run, not known in full{why}"
        )
    known = f"not known in full{why}, {_lower_bound(document, cost)}" if cost else f"not known{why}"
    if cost and not cost_not_known(document):
        known = f"{against_budget(document, cost)} per run, its change is not known"
    if comparison is None:
        return known
    before = _whole_before(comparison)
    return f"{known} (was {'at least ' if part else ''}{dollars(before)})" if before or not (why or part) else known


def _lower_bound(document: Document, cost: Decimal) -> str:
    """What is known of the cost, and how many answers are not in it where nothing else is missing."""
    run, answers = document.get("run") or {}, document["answers"]
    missing = answers["unpriced"] + answers["unmeasured"]
    other = document.get("faults") or document["verdict"].get("unfinished") or failed_tests(document)
    if not missing or other or run.get("outcome", "passed") != "passed":
        return f"at least {against_budget(document, cost)} per run"
    return f"{against_budget(document, cost)} per run plus {counted(missing, 'answer')} of unknown cost"


def _unknown_rows(comparison: Document) -> list[Document]:
    return [row for row in comparison["owners"] if row["at_least"] or row.get("not_known")]


def _certain(document: Document, comparison: Document) -> bool:
    """Is the change a lower bound? Not where a test may come out cheaper than it was, once its cost is known."""
    if document["verdict"].get("unfinished") or comparison["counts"].get("not_reached"):
        return False
    return all(
        amount(row["change"]) > 0 or row.get("before_at_least") or not amount(row["before"])
        for row in _unknown_rows(comparison)
    )


def _why_not_known(document: Document) -> str:
    """How the run ended, where it did not come to its end, in a bracket; a test that alone failed by its name."""
    run = document.get("run") or {}
    failed, unfinished = failed_tests(document), document["verdict"].get("unfinished") or ()
    broken, left = run.get("broken") or (), run.get("not_reached") or ()
    why = ["no test ran"] if NO_TEST in unfinished else []
    cut = list(run.get("interrupted") or ())
    inside = f" in {short(cut[0], _NAME)}" if len(cut) == 1 else ""
    why += [f"interrupted{inside}"] if unfinished and run.get("outcome") == "interrupted" and not broken else []
    why += [f"{counted(len(broken), 'file')} could not be collected"] if broken else []
    failed = [test for test in run.get("failed") or () if test not in cut] if unfinished else failed
    by_cap = bool(document["verdict"].get("capped")) and set(failed) <= set(run.get("refused") or ())
    how = "" if by_cap else " failed"  # what refused their calls is said before
    why += [f"{short(failed[0], _NAME) if len(failed) == 1 else counted(len(failed), 'test')}{how}"] if failed else []
    why += [f"{counted(len(left), 'test')} not reached"] if left else []
    return f" ({', '.join(why)})" if why else ""


def _whole_before(comparison: Document) -> Decimal:
    """What all that was to run cost in the baseline, known now or not."""
    left = (row["before"] for row in comparison["owners"] if row["status"] == "not_reached")
    return total((comparison["before"], comparison.get("not_compared", "0"), *left))


def _moved_by(document: Document, comparison: Document) -> str:
    change, judged, rows = amount(comparison["change"]), amount(comparison["judged"]), moved(comparison)
    _, after, shown = run_texts(document)
    if rows and not judged and all(row["noise"] for row in rows):
        beyond = f" ({shown})" if change else ""
        return f"unchanged but for noise, {after} per run{beyond}"
    if not change:
        apart = " without repeats" if compared_of_it(document) else ""
        return f"unchanged{' in sum' if rows else ''} at {after} per run{apart}"
    before = amount(comparison["before"])
    if not before:
        return f"{shown} per run (from $0.00)"
    allowed = allowed_of_run(document)
    part = missed(document) or silent_tests(document) or compared_of_it(document)  # of all tests it is not known
    to = "" if part else f" to {after}"
    return f"{shown} per run ({share(change, before, *allowed)}){to}"


def _judged(document: Document) -> str:
    verdict, over = document["verdict"], failing(document)
    comparison = document.get("comparison")
    if verdict.get("capped") and not over:
        return ""
    if over:
        return f", over {_limits(over)}"
    if verdict["outcome"] == "over":
        return ", over the limit"
    if document.get("accepted") is not None and comparison is not None and amount(comparison["change"]) > 0:
        return ", an accepted increase"
    if verdict["outcome"] == "warned":
        before = known_before(document)
        if before and not verdict["incomplete"]:
            return f"; over {_limits(before)} {before_already(compared=budget_compared(document))}; {_passes(document)}"
        at = sum(map(is_at, verdict["warnings"]))  # what is reached is said, whatever else is close
        near = nearness(at, 0, 0 if at else sum(map(only_warns, verdict["warnings"])))
        return f", {near} a limit; {_passes(document)}" if verdict["warnings"] else ", which the budget tolerates"
    if verdict.get("part") and verdict["outcome"] in ("within", "unjudged"):
        return f" in a part of the suite ({code(verdict['part'], 60)})"
    if verdict["outcome"] != "within":
        return ""
    budget = document.get("budget") is not None
    if silent_tests(document) or not_known(document):
        return f"; no limit is exceeded{_as_far(document)}"
    return ", within budget" if budget else ", within its limits"


def _passes(document: Document) -> str:
    return f"{_PASSES}{_as_far(document)}"


def _as_far(document: Document) -> str:
    """What passes is said to be all that there is only where it is."""
    if may_lack_calls(document):
        return " so far"
    return " by what is known" if not_known(document) else ""


def _check(document: Document) -> str:
    """Whether the check fails for the cost, where the verdict does not say so; who made the comment may know better."""
    outcome = document["verdict"]["outcome"]
    fails = document.get("fails", True)  # None: of a run elsewhere
    if fails is None or outcome not in ("over", "incomplete"):
        return ""
    if not fails:
        return "; `fail-on` lets it pass"
    return "; the check fails" if outcome == "incomplete" else ""


def _limits(breaches: Sequence[Document]) -> str:
    """One limit or two by what they are; of more than that the first, those of the run before all."""
    each: dict[tuple[str, str, str], Document] = {}
    for breach in sorted(breaches, key=place_of):
        each.setdefault((breach["scope"], breach["path"], breach["where"]), breach)
    said = [f"{maximum_of(breach)}{_whose(breach)}" for breach in each.values()]
    if len(said) == _BOTH:
        return f"the limits of {' and '.join(said)}"
    more = f" and {len(said) - 1:,} more limits" if len(said) > 1 else ""
    return f"the limit of {said[0]}{more}"


def _whose(breach: Document) -> str:
    scope, name = breach["scope"], breach["name"]
    if scope == "run":
        return " a run"
    return f" for {short(name)}" if scope in ("test", "fixture", "projection") else f" for {scope} {code(name, 60)}"
