"""The table at the end of a pytest run: honest at 80 columns and without colour."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.difference import differences
from pytest_claude_budget.compare.not_compared import REASON, leaves_open
from pytest_claude_budget.compare.result import OwnerChange, Standing
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.judge.part_of_suite import part_of
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.comparison import comparison_lines
from pytest_claude_budget.render.dearest_table import dearest_table
from pytest_claude_budget.render.failed_tries import failed_tries_lines
from pytest_claude_budget.render.months_table import projection_lines
from pytest_claude_budget.render.near_window import near_window_line
from pytest_claude_budget.render.phrases import (
    LOOK_FOR_A_MOCK,
    before_already,
    repeated_before_texts,
    room_words,
    stated_text,
)
from pytest_claude_budget.render.rate_limits import rate_limit_texts
from pytest_claude_budget.render.repeated import repeat_texts
from pytest_claude_budget.render.sentences import (
    answers_line,
    calls_of,
    exempt_texts,
    not_judged_text,
    priced_at_list,
    silent_tests,
    spent_of,
    tokens_of,
    verdict_line,
)
from pytest_claude_budget.render.terminal_causes import down, why
from pytest_claude_budget.render.terminal_limits import hint, limit_lines, update_words, warning_lines
from pytest_claude_budget.render.terminal_text import counted, printable, wrapped

MOST_CHANGES = 5
"""Changes of the budget that are named."""
MOST_LINES = 20
"""Limits or reasons that are shown one by one."""


@value_class(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of text and how it is meant."""

    text: str
    tone: str = ""
    """`good`, `bad`, `warn`, `title` or nothing."""


_TONES = {
    Outcome.WITHIN: "good",
    Outcome.WARNED: "warn",
    Outcome.INCOMPLETE: "bad",
    Outcome.OVER: "bad",
    Outcome.UNJUDGED: "",
}


def terminal_lines(report: CostReport, width: int) -> list[Line]:
    """Lay out a report; nothing where there were no answers and nothing to say."""
    if not _worth_saying(report):
        return []
    lines = [Line(text=text) for text in dearest_table(report, width)]
    if report.sums.by_owner:
        lines.append(Line(text=""))
        lines += _fold(f"{calls_of(report.totals)}: {tokens_of(report.totals)}", width)
        lines += _fold(f"{priced_at_list(report.totals)}, {spent_of(report.totals)}", width)
        lines += _whole(
            [f"note: {note} ({counted(calls, 'call')})" for note, calls in report.sums.notes.items()], width
        )
        lines += _fold(answers_line(report), width)
        lines += _whole(failed_tries_lines(report.sums.failed, width), width)
        lines += _whole(rate_limit_texts(report), width)
        lines += _whole(filter(None, [near_window_line(report.sums.near_window, width)]), width)
    said = []
    if report.sums.stated.calls:
        said.append(stated_text(report.sums.stated))
    lines += _whole(said, width)
    before = report.comparison.repeated_before if report.comparison is not None else ()
    repeated = [*repeat_texts(report.sums.repeats), *repeated_before_texts(before)]
    lines += _listed([printable(text, 500) for text in repeated], "", width)
    lines += _listed(exempt_texts(report.exempt), "warn", width)
    lines += [Line(text=text) for text in _compared(report, width)]
    lines += _whole(
        [f"warning: {printable(text, 500)}" for text in (*report.facts.warnings, *report.unmet)], width, "warn"
    )
    lines += _whole(_stale_lock(report), width, "warn")
    lines += _whole(_budget_changes(report), width, "warn")
    return lines + _judged(report, width)


def _judged(report: CostReport, width: int) -> list[Line]:
    """What the verdict rests on, and at the end the verdict."""
    verdict = report.verdict
    silent = silent_texts(report)
    tone = "warn" if silent and verdict.outcome is Outcome.WITHIN else _TONES[verdict.outcome]
    accepted = [breach for breach in verdict.known if not breach.was_over]
    before = [breach for breach in verdict.known if breach.was_over]
    lines = _listed(limit_lines(accepted, "accepted: "), "warn", width)
    since = before_already(compared=report.facts.base is not None)
    lines += _listed(limit_lines(before, f"over {since}: "), "warn", width)
    lines += _listed(warning_lines(verdict.warnings), "warn", width)
    lines += _listed([printable(reason, 500) for reason in verdict.incomplete], tone or "warn", width)
    others = len(verdict.incomplete) > len(verdict.unfinished)
    if others and verdict.outcome is not Outcome.UNJUDGED and not _tolerates(report):
        lines += _whole([_incomplete_hint(report)], width)
    lines += _whole(filter(None, [not_judged_text(verdict)]), width, "warn")
    lines += _whole(silent[:1], width, "warn") + _listed(silent[1:], "warn", width)
    lines += _listed(limit_lines(verdict.breaches), "bad", width)
    if verdict.capped:
        lines += _whole([f"  to pass: {room_words(verdict.capped).replace('`', '')}"], width)
    if verdict.breaches:
        for said in (why(report), down(report), hint(report)):
            title = said[: len(said) > 1]
            lines += _whole(title, width, "title") + _whole(said[len(title) :], width)
    return lines + _whole([f"verdict: {verdict_line(report)}"], width, tone)


def _compared(report: CostReport, width: int) -> list[str]:
    """What changed against the baseline, and what a month costs."""
    part = bool(part_of(report.facts.run.selection, report.comparison))
    months = projection_lines(report.projection, width, of_a_part=part)
    if report.comparison is not None:
        return [*comparison_lines(report.comparison, width, *_allowed(report)), *months]
    facts = report.facts
    asked = facts.budget is not None or (facts.baseline is not None and facts.baseline.source != LOCK_FILE)
    if facts.baseline is None or not asked or facts.accepted is not None:
        return months
    said = f"no baseline in {printable(facts.baseline.source, 60)} yet: {update_words(report, 'writes one')}"
    return [*wrapped(said, width, "", "  "), *months]


def _allowed(report: CostReport) -> list[Decimal]:
    """The limits on the increase of the run that were reached, in percent."""
    verdict = report.verdict
    reached = (*verdict.breaches, *verdict.known, *verdict.warnings)
    return [Decimal(each.maximum) for each in reached if (each.scope, each.measure) == ("run", "max_increase")]


def _stale_lock(report: CostReport) -> list[str]:
    """Say that the lock file beside the code is not what the code does."""
    owners = report.facts.stale
    if not owners:
        return []
    whose = printable(owners[0], 120) + (f" and {len(owners) - 1:,} more" if len(owners) > 1 else "")
    increases = any(breach.measure in INCREASES for breach in report.verdict.breaches)
    said = increases or (silent_tests(report) and report.facts.accepted is None)  # an update is advised there
    said = said or leaves_open(report.facts.not_compared, report.facts.budget)  # it would accept what nobody has seen
    return [f"stale lock file: it differs in {whose}{'' if said else '; ' + update_words(report, 'mends it')}"]


def silent_texts(report: CostReport) -> list[str]:
    """Say which tests ran without a single call, though the baseline has calls of them; the dearest first."""
    rows = silent_tests(report)
    if not rows:
        return []
    many = counted(len(rows), "test ran and makes no calls any more", "tests ran and make no calls any more")
    meant = f": {LOOK_FOR_A_MOCK}; if that is intended, {update_words(report, 'accepts it')}"
    accepted = "" if report.facts.accepted is not None else meant
    named = [f"{printable(row.owner, 200)} ({_before(row)})" for row in rows]
    return [f"{many}, which is no saving{accepted}   [no-calls-any-more]", *named]


def _before(row: OwnerChange) -> str:
    return "what it cost before is not known" if row.before_at_least else f"cost {dollars(row.before)} before"


def _budget_changes(report: CostReport) -> list[str]:
    """Say that the budget is not the one of the base."""
    changes = [printable(text, 200) for text in differences(report.facts.base, report.facts.budget)]
    shown = "; ".join(changes[:MOST_CHANGES]) + (
        f"; and {len(changes) - MOST_CHANGES:,} more" * (len(changes) > MOST_CHANGES)
    )
    return [f"this change also changes the budget: {shown}"] if changes else []


def _tolerates(report: CostReport) -> bool:
    """Is it written already that a cost need not be known?"""
    return report.facts.budget is not None and report.facts.budget.tolerates_unknown


def _incomplete_hint(report: CostReport) -> str:
    """`may_be_unknown` exempts a test's answers: it makes no month known, and mends no fault. A base is to be had."""
    reason = report.facts.not_compared
    if reason is not None and reason.next and report.verdict.incomplete == (REASON,):
        return f"  hint: {printable(reason.next, 300)}   [incomplete]"
    exempt = {row.owner for row in report.exempt}
    answers = any(row.owner not in exempt for row in report.sums.unpriced)
    test = ", or may_be_unknown for the test" if answers else ""
    return (
        "  hint: mend what is named; if this is on purpose, write on_incomplete: warn in the budget file"
        f"{test}   [incomplete]"
    )


def _worth_saying(report: CostReport) -> bool:
    verdict = report.verdict
    compared = report.comparison
    told = (Standing.CHANGED, Standing.WITHOUT_CALLS)
    changed = compared is not None and (any(map(compared.counts.get, told)) or compared.at_least)
    held = verdict.breaches or verdict.capped or verdict.incomplete
    return bool(report.sums.by_owner or held or changed)


def _listed(texts: Sequence[str], tone: str, width: int) -> list[Line]:
    lines = _whole([f"  {text}" for text in texts[:MOST_LINES]], width, tone)
    if len(texts) > MOST_LINES:
        lines.append(Line(text=f"  and {len(texts) - MOST_LINES:,} more", tone=tone))
    return lines


def _whole(texts: Iterable[str], width: int, tone: str = "") -> list[Line]:
    """Sentences that are too long for one line go on in the next, farther in."""
    lines = []
    for text in texts:
        indent = " " * (len(text) - len(text.lstrip()))
        lines += wrapped(text.lstrip(), width, indent, 2 * indent + "  ")
    return [Line(text=line, tone=tone) for line in lines]


def _fold(text: str, width: int) -> list[Line]:
    """Break a line at its commas where it is too long."""
    lines, line = [], ""
    for part in text.split(", "):
        joined = f"{line}, {part}" if line else part
        if len(joined) > width and line:
            lines.append(line + ",")
            joined = "  " + part
        line = joined
    return [Line(text=text) for text in (*lines, line)]
