"""Why a run is over its limits, and the two ways on, in its last lines: for who reads a log from its end."""

from collections.abc import Sequence

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.judge.acceptable import steps_before
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.remedies import ENOUGH
from pytest_claude_budget.render.terminal_causes import DOWN, causes_in_two, down, steps_down, why
from pytest_claude_budget.render.terminal_limits import ACCEPT, PASS, hint, short_lines
from pytest_claude_budget.render.terminal_text import UPDATE, counted, printable

SEVERAL = 3
"""Limits that are more than a glance takes in."""
_LINE = 80
"""Columns. pytest cuts a line too, but where it writes in colours only behind the message's first 80."""
_SEE, _SEE_ABOVE = "see '{}'", "see above"
_CLAUSES = (": ", ", ", "; ")
_SHORT = 30
"""Characters of a name that would else leave no room for why."""
_WORDS = 61
"""Characters of a step: with its word before it, a usual one stays within 80 columns."""


@value_class(frozen=True, kw_only=True, slots=True)
class LeadLine:
    """`WORD subject - more`, as pytest writes the lines of its short summary."""

    word: str
    subject: str
    more: str = ""


def lead(report: CostReport) -> list[LeadLine]:
    """What stands in lists above the verdict: a line for each cause and each way on. Nothing where three lines say it there.

    The ways on are left out where calls were refused or the cost is not known: that is to be seen to first, and is said above.
    """
    breaches = report.verdict.breaches
    if not breaches:
        return []
    told: Sequence[Sequence[str]] = (why(report), down(report), hint(report))
    if len(short_lines(breaches)) <= SEVERAL and all(len(lines) <= 1 for lines in told):
        return []
    whole, short = causes_in_two(report), causes_in_two(report, _name)
    lines = [_why(cause if len(_line(cause)) <= _LINE else other) for cause, other in zip(whole, short, strict=True)]
    return lines if steps_before(report) else [*lines, *_ways_on(report)]


def _line(parts: tuple[str, str]) -> str:
    return f"WHY {' - '.join(filter(None, parts))}"


def _why(parts: tuple[str, str]) -> LeadLine:
    cause, text = parts
    return LeadLine(word="WHY", subject=cause, more=begun(text, _LINE - len(f"WHY {cause} - ")) if text else "")


def _name(owner: str) -> str:
    """A test by its name alone: its file stands above, and why is to be read here."""
    return printable(owner.partition("::")[2] or owner, _SHORT)


def _ways_on(report: CostReport) -> list[LeadLine]:
    steps, enough = steps_down(report)
    lines = []
    if steps:
        step = printable(steps[0].words.partition(", for ")[0], _WORDS)  # its reason is said above
        others = f", and {len(steps) - 1} more" if len(steps) > 1 else ""
        first = "" if others or enough == ENOUGH else "first "
        lines.append(_way("NOT INTENDED?", f"{first}{step}{others}", DOWN))
    by_hand = len(short_lines(each for each in report.verdict.breaches if each.measure not in INCREASES))
    increases = any(each.measure in INCREASES for each in report.verdict.breaches)
    raised = f"raise {counted(by_hand, 'limit')}" if by_hand else ""
    accepted = f"{raised}, then {UPDATE}" if raised else UPDATE
    return [*lines, _way("INTENDED?", accepted if increases else raised, ACCEPT if increases else PASS)]


def _way(word: str, subject: str, title: str) -> LeadLine:
    """One way on, and below which title all of it stands, where there is room for that."""
    more = _SEE.format(title)
    return LeadLine(word=word, subject=subject, more=more if len(f"{word} {subject} - {more}") <= _LINE else _SEE_ABOVE)


def begun(text: str, room: int) -> str:
    """A sentence up to the last of its clauses for which there is room; one without any loses its middle."""
    if len(text) <= room:
        return text
    end = max(text.rfind(border, 0, room + 1) for border in _CLAUSES)
    return text[:end] if end > 0 else printable(text, max(room, len("...")))
