"""A report in sentences, the same in every output that people read."""

from decimal import Decimal

from pytest_claude_budget.money import dollars, dollars_against, exact_dollars
from pytest_claude_budget.render.plain import counted, printable
from pytest_claude_budget.report import CostReport
from pytest_claude_budget.totals import Totals
from pytest_claude_budget.verdict import Breach, Outcome

_UNITS = {
    "max_calls": "calls",
    "max_attempts": "attempts",
    "max_input_tokens": "input tokens",
    "max_output_tokens": "output tokens",
    "max_tokens_total": "tokens",
}


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
    if totals.unknown_live:
        return f"spent at least {dollars(totals.spent)}" if totals.spent else "spent an unknown amount"
    if not totals.spent and totals.calls:
        return "spent $0.00 (simulated)"
    return f"spent {dollars(totals.spent)}"


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
    return ", ".join(said)


def calls_of(totals: Totals) -> str:
    """Say the calls, and the attempts where they were more."""
    calls = counted(totals.calls, "call")
    return calls if totals.attempts == totals.calls else f"{calls} in {counted(totals.attempts, 'attempt')}"


def breach_line(breach: Breach) -> str:
    """Say which limit was exceeded: value, limit, where it stands, what to do."""
    limit, whose = breach.limit, _whose(breach)
    if breach.measure == "max_cost":
        maximum = Decimal(limit.maximum)
        value, most = dollars_against(Decimal(breach.value), maximum), exact_dollars(maximum)
        verb = "costs"
    else:
        unit = _UNITS[breach.measure]
        value, most, verb = f"{breach.value:,} {unit}", f"{limit.maximum:,}", "takes"
    least = "at least " if breach.at_least else ""
    return f"{limit.where}: {limit.path}: {whose} {verb} {least}{value}, the limit is {most}"


def verdict_line(report: CostReport) -> str:
    """Say the outcome and its reason in one line."""
    verdict = report.verdict
    if verdict.outcome is Outcome.UNJUDGED:
        return "unjudged: there is no budget file (claude-budget init writes one)"
    if verdict.outcome is Outcome.OVER:
        return f"over: {counted(len(verdict.breaches), 'limit')} exceeded"
    if verdict.outcome is Outcome.INCOMPLETE:
        return "incomplete: the cost is not known in full"
    if verdict.outcome is Outcome.WARNED:
        return "warned: " + ("the cost is not known in full" if verdict.incomplete else _near(report))
    return "within" + _headroom(report)


def answers_line(report: CostReport) -> str:
    """Say how many answers the figures rest on."""
    answers = report.answers
    free = f", {answers.free:,} free" if answers.free else ""
    return f"{answers.priced:,} of {counted(answers.seen, 'answer')} priced{free}, rates as of {report.rates.as_of}"


def _whose(breach: Breach) -> str:
    if breach.scope == "run":
        return "the run"
    return f"{'' if breach.scope in ('test', 'fixture') else breach.scope + ' '}{printable(breach.name, 120)}"


def _near(report: CostReport) -> str:
    count = len(report.verdict.warnings)
    return f"{counted(count, 'limit is', 'limits are')} nearly reached"


def _headroom(report: CostReport) -> str:
    """How much of the run's own limit was used, where there is one."""
    limits = report.budget.limits if report.budget is not None else ()
    for limit in limits:
        if limit.scope == "run" and limit.measure == "max_cost" and limit.maximum:
            maximum = Decimal(limit.maximum)
            used = int(report.totals.cost * 100 / maximum)
            return f": {dollars_against(report.totals.cost, maximum)} of {exact_dollars(maximum)} for the run ({used}% used)"
    return ""
