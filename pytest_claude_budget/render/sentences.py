"""A report in sentences, the same in every output that people read."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.durations import running_time
from pytest_claude_budget.base.money import ZERO, dollars, dollars_against, dollars_moved, exact_dollars, to_json
from pytest_claude_budget.budget.exempt import KEY, Exempt
from pytest_claude_budget.compare.result import OwnerChange, Standing, rounded_percent
from pytest_claude_budget.judge.increases import INCREASES, Breach
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.judge.unfinished import NO_TEST
from pytest_claude_budget.judge.verdict import Outcome, Verdict
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.phrases import before_already, may_lack, spent_words
from pytest_claude_budget.render.terminal_text import counted, printable

UNITS = {
    "max_calls": "call",
    "max_attempts": "attempt",
    "max_input_tokens": "input token",
    "max_output_tokens": "output token",
    "max_tokens_total": "token",
}


_MOST_NAMED = 5
"""Limits that are named in a sentence."""
SINCE = {
    "added": ", which this change adds",
    "lowered": ", which this change lowers",
    "known": ", as the baseline was (known: fail)",
}
"""Behind a limit that fails although the baseline was over it."""


def cost_of(totals: Totals) -> str:
    """Say what was paid: nothing is shown as $0.00 that is not known to be nothing."""
    if not totals.at_least:
        return dollars(totals.cost)
    return f"at least {dollars(totals.cost)}" if totals.cost else "unpriced"


def priced_at_list(totals: Totals) -> str:
    """Say the cost in a sentence."""
    return f"cost {cost_of(totals)} at list price" if totals.cost or not totals.at_least else "cost not known"


def spent_of(totals: Totals) -> str:
    """Say what of it reached a remote host."""
    simulated = bool(totals.cost or totals.at_least)
    return spent_words(totals.spent, unknown=bool(totals.unknown_live), simulated=simulated)


def tokens_of(totals: Totals) -> str:
    """Say the tokens by kind, those that are there."""
    usage = totals.usage
    written = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    kinds = (
        ("input", usage.input_tokens),
        ("cache write", written),
        ("cache read", usage.cache_read_input_tokens),
        ("output", usage.output_tokens),
    )
    said = [f"{name} {number:,}" for name, number in kinds if number] or ["no tokens"]
    if usage.web_search_requests:
        said.append(counted(usage.web_search_requests, "web search", "web searches"))
    if usage.session_microhours:
        said.append(f"running time {running_time(usage.session_microhours)}")
    return ", ".join(said)


def calls_of(totals: Totals) -> str:
    """Say the calls, and the attempts where they were more."""
    calls = counted(totals.calls, "call")
    return (
        calls
        if totals.attempts == totals.calls
        else f"{calls} in {counted(totals.attempts, 'attempt')} ({totals.attempts - totals.calls:,} failed)"
    )


def breach_line(breach: Breach) -> str:
    """Say which limit was exceeded: value, limit, where it stands."""
    worse = "; the baseline was over it too, and this is worse" if breach.worse else ""
    return f"{breach.where}: {whose_of(breach)} {excess_of(breach)}{worse}"


def is_at(breach: Breach) -> bool:
    """Is the limit of a warning reached, and not passed?"""
    return breach.value == breach.maximum


def limit_words(breach: Breach) -> str:
    """Say a limit as its file has it: `max_cost 0.05 for each test`, `max_increase 10% for the run`."""
    percent = "%" if breach.measure in INCREASES else ""
    measure = breach.measure.replace("max_", "warn_") if breach.only_warns else breach.measure
    return f"{measure} {_plain(breach.maximum)}{percent} for {_covered(breach)}"


def _covered(breach: Breach) -> str:
    if breach.scope == "run":
        return "the run"
    if breach.scope == "projection":
        return f"a month, {printable(breach.name, 120)}" if breach.name else "a month"
    return f"each {breach.scope}" if breach.match is None else f"{breach.scope} {printable(breach.match, 120)}"


def _plain(value: Decimal | int) -> str:
    return to_json(Decimal(value))


def excess_of(breach: Breach) -> str:
    """Say what is over, after the name of whose it is: `costs $0.07, the limit is $0.05`."""
    return f"{_excess(breach)}{SINCE.get(breach.since, '')}"


def amounts_of(breach: Breach) -> tuple[str, str]:
    """What an increase began and ended with, in dollars."""
    before, after, _ = dollars_moved(breach.before or ZERO, breach.after or ZERO, percents=[Decimal(breach.maximum)])
    return before, after


def _excess(breach: Breach) -> str:
    least = "at least " if breach.at_least else ""
    if breach.measure in INCREASES:
        limit = f"{'it warns above' if breach.only_warns else 'the limit is'} +{_plain(breach.maximum)}%"
        if breach.value is None:
            return f"costs {least}{dollars(breach.after or ZERO)}, up from $0.00, {limit}"
        before, after = amounts_of(breach)
        by = " by volume" if breach.scope == "projection" else ""  # no month is as much dearer as the run
        return f"costs {before} → {after}: {least}+{breach.value}%{by}, {limit}"
    if breach.measure in ("max_cost", "max_spent", "max_monthly_cost"):
        maximum, verb = Decimal(breach.maximum), "spends" if breach.measure == "max_spent" else "costs"
        return f"{verb} {least}{dollars_against(Decimal(breach.value or 0), maximum)}, the limit is {exact_dollars(maximum)}"
    return f"takes {least}{counted(int(breach.value or 0), UNITS[breach.measure])}, the limit is {breach.maximum:,}"


def verdict_line(report: CostReport) -> str:
    """Say the outcome and its reason in one line."""
    verdict = report.verdict
    if verdict.outcome is Outcome.UNJUDGED and NO_TEST in verdict.unfinished:
        return f"unjudged: {NO_TEST}"
    if verdict.outcome is Outcome.UNJUDGED and verdict.part:
        return f"unjudged: only a part of the suite ran ({printable(verdict.part, 120)})"
    if verdict.outcome is Outcome.UNJUDGED:
        return "unjudged: there is no budget file (claude-budget init writes one)"
    if verdict.outcome is Outcome.OVER:
        limits = [f"{counted(_limits(verdict.breaches), 'limit')} exceeded"] if verdict.breaches else []
        return f"over: {'; '.join((*verdict.capped, *limits))}"
    if verdict.outcome is Outcome.INCOMPLETE:
        return f"incomplete: {_why_incomplete(verdict)}"
    unsure = _unsure(report)
    known = f", as far as it is known: {', '.join(unsure)}" if unsure else ""
    if verdict.outcome is Outcome.WARNED:
        return f"warned: {_why_incomplete(verdict) if verdict.incomplete else _near(report) + known}"
    return f"within{known or _headroom(report)}"


def _unsure(report: CostReport) -> list[str]:
    """Why the outcome holds only as far as it is known."""
    verdict = report.verdict
    unsure = [f"{counted(failed, 'test')} failed"] if (failed := len(_failed(report))) else []
    if silent := len(silent_tests(report)):
        unsure.append(f"{counted(silent, 'test makes', 'tests make')} no calls any more")
    if report.exempt:
        unsure.append(f"{counted(sum(row.calls for row in report.exempt), 'answer is', 'answers are')} exempt")
    if verdict.part:
        unsure.append(f"only a part of the suite ran ({printable(verdict.part, 120)})")
    return unsure


def exempt_texts(exempt: Sequence[Exempt]) -> list[str]:
    """Say whose answers may be of unknown cost, and how many they are."""
    return [f"exempt by {KEY}: {counted(row.calls, 'answer')} of {printable(row.owner, 200)}" for row in exempt]


def not_judged_text(verdict: Verdict) -> str:
    """Say which limits a part of the suite tells nothing of; empty where there is none."""
    said = [f"{limit.where} ({limit_words(limit)})" for limit in verdict.not_judged[:_MOST_NAMED]]
    if len(verdict.not_judged) > _MOST_NAMED:
        said.append(f"{len(verdict.not_judged) - _MOST_NAMED:,} more")
    return f"not judged, for only a part of the suite ran: {', '.join(said)}" if said else ""


def _why_incomplete(verdict: Verdict) -> str:
    if len(verdict.incomplete) > len(verdict.unfinished):
        return "the cost is not known in full"
    return "the run did not come to its end"


def silent_tests(report: CostReport) -> list[OwnerChange]:
    """Tests that ran without a single call, though the baseline has calls of them; the dearest first."""
    rows = () if report.comparison is None else report.comparison.owners
    return sorted(
        (row for row in rows if row.standing is Standing.WITHOUT_CALLS), key=lambda row: (-row.before, row.owner)
    )


def _failed(report: CostReport) -> frozenset[str]:
    """Tests that failed and made calls, now or in the baseline: they may have cost less than they would have."""
    rows = () if report.comparison is None else report.comparison.owners
    known = {row.owner for row in rows} | {row.owner for row in report.sums.by_owner if row.totals.attempts}
    return report.facts.run.selection.failed & known


def _may_lack(report: CostReport) -> str:
    failed = _failed(report)
    return may_lack(len(failed), interrupted=failed <= report.facts.run.selection.interrupted)


def _limits(breaches: Sequence[Breach]) -> int:
    """Limits, however many tests reached each."""
    return len({(breach.scope, breach.path, breach.where) for breach in breaches})


def answers_line(report: CostReport) -> str:
    """Say how many answers the figures rest on."""
    answers = report.sums.answers
    free = f" and {answers.free:,} free of charge" if answers.free else ""
    priced = f"{answers.priced:,} of {counted(answers.seen, 'answer')} priced{free}{_may_lack(report)}"
    return f"{priced}, rates as of {report.facts.rates.as_of}"


def whose_of(breach: Breach) -> str:
    """Say what is over: `the run`, `a month (average)`, `feature triage`; a test by its id."""
    if breach.scope == "run":
        return "the run"
    if breach.scope == "projection":
        return f"a month ({printable(breach.name, 120)})"
    return f"{'' if breach.scope in ('test', 'fixture') else breach.scope + ' '}{printable(breach.name, 120)}"


def _near(report: CostReport) -> str:
    before = _limits([each for each in report.verdict.known if each.was_over])
    above = _limits([each for each in report.verdict.warnings if each.only_warns])
    near = [each for each in report.verdict.warnings if not each.only_warns]
    close, reached = _limits(near), _limits([each for each in near if is_at(each)])
    how = "nearly reached" if not reached else "reached" if reached == close else "reached or nearly reached"
    since = before_already(compared=report.facts.base is not None)
    said = [f"{counted(before, 'limit is', 'limits are')} over {since}"] if before else []
    said += [f"{counted(close, 'limit is', 'limits are')} {how}"] if close else []
    said += [f"{counted(above, 'limit that only warns is', 'limits that only warn are')} exceeded"] if above else []
    return ", ".join(said)


def _headroom(report: CostReport) -> str:
    """How much of the run's own limit was used, where there is one."""
    limits = report.facts.budget.limits if report.facts.budget is not None else ()
    for limit in limits:
        if limit.scope == "run" and limit.measure == "max_cost" and limit.maximum:
            maximum = Decimal(limit.maximum)
            used = rounded_percent(report.totals.cost, maximum, 0, Decimal(100))
            return f": {dollars_against(report.totals.cost, maximum)} of {exact_dollars(maximum)} for the run ({used:,f}% used)"
    return ""
