"""The verdict where a change is reviewed: a pull request's comment, and the long form for a job's summary.

Pure functions of the JSON report. Whatever is in it, the page stays below the bound of GitHub: sections go one after the
other, the details first, and the page says so; the verdict and the footer always stay.
"""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.money import ZERO, dollars
from pytest_claude_budget.render import markdown_tables as tables
from pytest_claude_budget.render.markdown_details import breakdown, chart
from pytest_claude_budget.render.markdown_sentences import (
    INCREASES,
    Document,
    facts,
    failing,
    footer,
    headline,
    maximum_of,
    moved,
    why,
)
from pytest_claude_budget.render.markdown_text import amount, code, details, number, signed
from pytest_claude_budget.selection import NOTHING_RAN
from pytest_claude_budget.values import value_class

COMMENT_BYTES = 65_000
"""GitHub takes 65,536 characters. Bytes are never fewer, however it counts; the rest is room for the poster's marker."""
SUMMARY_BYTES = 1_000_000
"""GitHub takes 1 MiB a step."""
LOCK_FILE = "claude-budget.lock.json"
_UPDATE = f"run `pytest --claude-budget-update` and commit `{LOCK_FILE}`"


@value_class(frozen=True, kw_only=True, slots=True)
class Form:
    """How long a page is."""

    rows: int | None
    """Rows of each table; None for all."""
    items: int
    """Entries of each list."""
    details: bool = True
    long: bool = False
    """A job's summary, to which the others refer."""
    every: bool = False
    """Are the tests listed that did not change?"""

    @property
    def elsewhere(self) -> str:
        """Where the rest is."""
        return " in the JSON report" if self.long else " in the job summary"


_COMMENTS = (
    Form(rows=20, items=20),
    Form(rows=20, items=20, details=False),
    Form(rows=10, items=10, details=False),
    Form(rows=5, items=5, details=False),
    Form(rows=0, items=1, details=False),
)
_SUMMARIES = (
    Form(rows=None, items=1000, long=True, every=True),
    Form(rows=None, items=1000, long=True),
    *(Form(rows=rows, items=100, details=False, long=True) for rows in (None, 2000, 500, 100, 0)),
)


def comment(document: Document) -> str:
    """Lay out a pull request's comment, below GitHub's bound."""
    return _fitting(document, _COMMENTS, COMMENT_BYTES)


def summary(document: Document) -> str:
    """Lay out a job's summary: all rows, and a chart; below GitHub's bound."""
    return _fitting(document, _SUMMARIES, SUMMARY_BYTES)


def _fitting(document: Document, forms: tuple[Form, ...], most: int) -> str:
    page = ""
    for form in forms:
        page = "\n".join(_lines(document, form)) + "\n"
        if len(page.encode()) <= most:
            break
    return page


def _lines(document: Document, form: Form) -> Iterator[str]:
    yield headline(document)
    if form.long or not _nothing_to_say(document):
        yield from _body(document, form)
    yield ""
    yield footer(document)


def _nothing_to_say(document: Document) -> bool:
    """Did nothing move, is nothing near a limit, did everything run?"""
    comparison, verdict = document.get("comparison"), document["verdict"]
    if not document["totals"]["calls"] and comparison is None and verdict["outcome"] in ("within", "unjudged"):
        return True
    if comparison is None or verdict["outcome"] not in ("within", "unjudged"):
        return False
    calm = not (verdict["warnings"] or verdict["incomplete"] or verdict.get("known") or document["warnings"])
    count = comparison["counts"]
    still = not any(count.get(name) for name in ("changed", "new", "removed", "renamed", "deselected"))
    return (
        calm and still and not moved(comparison) and not amount(comparison["price_change"]) and not _about_run(document)
    )


def _body(document: Document, form: Form) -> Iterator[str]:
    where = form.elsewhere
    yield from tables.unknown(document, form.items, where)
    yield from ("", facts(document))
    because = why(document)
    yield from ("", because) if because else ()
    yield from tables.limits(document, form.items, where)
    if document.get("comparison") is None:
        yield from tables.dearest(document, form.rows if form.long else min(form.rows or 0, 10), where)
    else:
        yield from tables.changes(document, form.rows, where)
        yield from ("", tables.counts(document))
        yield from tables.not_run(document, form.items)
        yield from tables.renamed(document, form.items)
    yield from _remarks(document)
    yield from _advice(document)
    if form.long:
        yield from chart(document)
    yield from _folded(document, form) if form.details else _left_out(form)


def _folded(document: Document, form: Form) -> Iterator[str]:
    yield from breakdown(document, 1000 if form.long else 50)
    if form.every and document.get("comparison") is not None:
        lines = tables.dearest(document, form.rows, form.elsewhere)
        yield from details("All tests and fixtures", lines[1:]) if lines else ()
    elif form.long and not form.every:
        yield from _left_out(form)


def _left_out(form: Form) -> Iterator[str]:
    what = "the table of all tests is" if form.details else "the details are"
    if form.rows is not None and form.rows < 20:
        what = "the details and most rows are"
    yield from ("", f"Too long for this page: {what}{form.elsewhere}.")


def _remarks(document: Document) -> Iterator[str]:
    """Say what a reader should know before trusting the figures."""
    comparison = document.get("comparison")
    price_change = amount(comparison["price_change"]) if comparison is not None else ZERO
    if price_change:
        more = "more" if price_change > 0 else "less"
        size = dollars(price_change.copy_abs())
        yield from (
            "",
            f"The rates changed: at today's, the baseline costs {size} {more}. That is not part of the change.",
        )
    if comparison is not None and amount(comparison["judged"]) != amount(comparison["change"]):
        judged = signed(amount(comparison["judged"]))
        yield from ("", f"Held against the limits on increases: {judged}, which is the change without the noise.")
    about = _about_run(document)
    if about:
        yield from ("", about)


def _about_run(document: Document) -> str:
    run = document.get("run") or {}
    said = []
    if run.get("outcome", "passed") != "passed":
        said.append(
            f"The tests {'were interrupted' if run['outcome'] == 'interrupted' else 'failed'}: calls may be missing."
        )
    if run.get("narrowed") == NOTHING_RAN:
        said.append("No test ran.")
    elif run.get("narrowed") is not None:
        said.append(f"Only a part of the suite ran ({code(run['narrowed'], 60)}).")
    return " ".join(said)


def _advice(document: Document) -> Iterator[str]:
    """Say what to do, where there is something."""
    over, comparison = failing(document), document.get("comparison")
    outcome = document["verdict"]["outcome"]
    fixed = [breach for breach in over if breach["measure"] not in INCREASES]
    if len(fixed) < len(over):
        yield from ("", f"**To accept:** {_raise(fixed)}{_UPDATE}.")
    elif fixed:
        yield from ("", "**To pass:** make the calls cheaper, or raise the limit in the line that is named above.")
    elif comparison is not None and document.get("accepted") is None and _stale(comparison):
        yield from ("", f"**The lock file is out of date:** {_UPDATE}; the next change is then compared with this one.")
    if outcome == "incomplete":
        yield from (
            "",
            "**To pass:** see to what is not known, or write `on_incomplete: warn` in the budget if it is on purpose.",
        )
    if outcome == "unjudged":
        yield from ("", "Not judged: there is no budget file. `claude-budget init` writes one.")
    if comparison is None and document["totals"]["calls"]:
        yield from ("", f"**No baseline yet:** {_UPDATE}; the next change is then compared with this run.")


def _raise(fixed: Sequence[Document]) -> str:
    """What comes before an update, which no run over a fixed limit can make."""
    if not fixed:
        return ""
    which = f"limit of {maximum_of(fixed[0])}" if len(fixed) == 1 else f"{number(len(fixed))} fixed limits"
    return f"raise the {which} in the {'line' if len(fixed) == 1 else 'lines'} named above, then "


def _stale(comparison: Document) -> bool:
    """Does the lock file say something else than this run, beyond noise?"""
    count = comparison["counts"]
    other = any(count.get(name) for name in ("new", "removed", "renamed"))
    return comparison["baseline"]["kind"] == "lock" and (other or any(not row["noise"] for row in moved(comparison)))
