"""The verdict where a change is reviewed: a pull request's comment, and the long form for a job's summary.

Pure functions of the JSON report. Whatever is in it, the page stays below the bound of GitHub: sections go one after the
other, the details first, and the page says so; the verdict and the footer always stay. A comment is read in seconds: what
is not folded away takes at most 25 lines of GitHub's column, whatever changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_claude_budget.base.money import ZERO, dollars
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.selection import NOTHING_RAN
from pytest_claude_budget.render import comment_tables as tables
from pytest_claude_budget.render.comment_charts import causes_chart, chart
from pytest_claude_budget.render.comment_details import breakdown
from pytest_claude_budget.render.comment_facts import facts
from pytest_claude_budget.render.comment_footer import footer
from pytest_claude_budget.render.comment_groups import by_cause
from pytest_claude_budget.render.comment_headline import headline
from pytest_claude_budget.render.comment_lead import lead
from pytest_claude_budget.render.comment_limits import advice, limits, silence
from pytest_claude_budget.render.comment_remedies import down
from pytest_claude_budget.render.comment_values import NOT_RUN, Document, failed_tests, moved, not_known
from pytest_claude_budget.render.levers import fold
from pytest_claude_budget.render.markdown_text import amount, code, details, sentence, signed, visual_lines
from pytest_claude_budget.render.page_parts import Parts
from pytest_claude_budget.render.product_code import in_product

JSON_REPORT = "the JSON report (`--claude-budget-report=json:PATH`)"
_LEFT_OUT, _NOTES = ": they are not in the cost", 2
COMMENT_BYTES = 65_000
"""GitHub takes 65,536 characters. Bytes are never fewer, however it counts; the rest is room for the poster's marker."""
COMMENT_LINES = 25
"""Lines of a comment that are not folded away, at the width of GitHub's column."""
SUMMARY_BYTES = 1_000_000
"""GitHub takes 1 MiB a step."""


@value_class(frozen=True, kw_only=True, slots=True)
class Form:
    """How long a page is."""

    rows: int | None
    """Rows of each table of tests; None for all."""
    items: int
    """Entries of each list."""
    groups: int
    """Rows of the table of causes."""
    limits: int
    """Limits that have a line."""
    functions: int = 0
    """Functions of the product that a line names."""
    details: bool = True
    long: bool = False
    """A job's summary, to which the others refer."""
    every: bool = False
    """Are the tests listed that did not change?"""
    brief: bool = False
    """Where everything has something to say at once, what explains a figure and changes no verdict is left to the summary."""
    bare: bool = False
    """Is that too long, too? Then only what it costs and what to do."""
    summary: bool = True
    """Is there a job's summary?"""

    @property
    def elsewhere(self) -> str:
        """Where the rest is."""
        return " in the job summary" if self.summary and not self.long else f" in {JSON_REPORT}"


_COMMENTS = tuple(
    Form(rows=rows, items=items, groups=groups, limits=limits_, details=folded)
    for rows, folded in ((200, True), (50, True), (0, False))
    for groups, limits_, items in (
        *(
            (8, 9, 5),
            (7, 9, 3),
            (6, 9, 3),
            (5, 9, 2),
            (4, 9, 2),
            (3, 9, 1),
            (4, 8, 2),
            (4, 7, 1),
            (4, 6, 1),
            (3, 6, 1),
            (3, 4, 1),
            (4, 3, 1),
            (3, 3, 1),
            (3, 2, 1),
            (3, 1, 1),
            (3, 0, 1),
        ),
        *((2, 3, 1), (2, 2, 1), (2, 1, 1), (2, 0, 1), (1, 1, 1), (1, 0, 0)),
    )
)
_FUNCTIONS = (2, 1)
_BRIEFEST = replace(_COMMENTS[-1], brief=True)
_BAREST = replace(_BRIEFEST, bare=True)
_SUMMARIES = (
    Form(rows=None, items=1000, groups=50, limits=1000, functions=5, long=True, every=True),
    Form(rows=None, items=1000, groups=50, limits=1000, functions=5, long=True),
    *(
        Form(rows=rows, items=100, groups=20, limits=100, details=False, long=True)
        for rows in (None, 2000, 500, 100, 0)
    ),
)


def comment(document: Document, *, beside_summary: bool = True) -> str:
    """Lay out a pull request's comment, below GitHub's bound and short enough to be read.

    `beside_summary`: a job's summary has what there is no room for; else the JSON report does.
    """
    page, parts = "", Parts(document)
    for form in (*_COMMENTS, _BRIEFEST, _BAREST):
        page = _page(parts, replace(form, summary=beside_summary))
        if _is_short(page):
            more = (_page(parts, replace(form, summary=beside_summary, functions=most)) for most in _FUNCTIONS)
            return next(filter(_is_short, more), page)  # where causes leave room for it
    return page


def _is_short(page: str) -> bool:
    return visual_lines(page) <= COMMENT_LINES and len(page.encode()) <= COMMENT_BYTES


def summary(document: Document) -> str:
    """Lay out a job's summary: all rows, and a chart; below GitHub's bound."""
    page, parts = "", Parts(document)
    for form in _SUMMARIES:
        page = _page(parts, form)
        if len(page.encode()) <= SUMMARY_BYTES:
            break
    return page


def _page(parts: Parts, form: Form) -> str:
    return "\n".join(_lines(parts, form)) + "\n"


def _lines(parts: Parts, form: Form) -> Iterator[str]:
    yield from parts.of(_first_line)
    if form.long or not _nothing_to_say(parts.document):
        yield from _body(parts, form)
    yield ""
    yield footer(parts.document)


def _first_line(document: Document) -> Iterator[str]:
    yield headline(document)


def _nothing_to_say(document: Document) -> bool:
    """Did nothing move, is nothing near a limit, did everything run?"""
    if not_known(document):
        return False
    comparison, verdict = document.get("comparison"), document["verdict"]
    if not document["totals"]["calls"] and comparison is None and verdict["outcome"] in ("within", "unjudged"):
        return True
    if comparison is None or verdict["outcome"] not in ("within", "unjudged"):
        return False
    if document.get("budget_changes") or document.get("unmet") or verdict.get("not_judged"):
        return False
    again = any(entry["kind"] == "test" and entry["text"] for entry in document.get("repeats") or ())
    again = again or bool(comparison.get("repeated_before"))
    calm = not (verdict["warnings"] or verdict["incomplete"] or verdict.get("known") or document["warnings"] or again)
    count = comparison["counts"]
    still = not any(count.get(name) for name in ("changed", "new", "renamed", "without_calls", *NOT_RUN))
    return (
        calm and still and not moved(comparison) and not amount(comparison["price_change"]) and not _about_run(document)
    )


def _body(parts: Parts, form: Form) -> Iterator[str]:
    of, where = parts.of, form.elsewhere
    if form.bare:
        yield from of(_facts)
        yield from of(advice)
        yield from _left_out(form)
        return
    yield from of(lead)
    yield from of(tables.unknown, form.items, where)
    yield from of(tables.exempt, form.items)
    compared = parts.document.get("comparison") is not None
    yield from () if compared else of(_facts)
    yield from of(silence, form.items, brief=form.brief)
    yield from of(by_cause, form.groups)
    yield from of(in_product, form.functions)
    yield from of(_facts) if compared else ()
    if not compared:
        yield from of(tables.dearest, form.rows if form.long else min(form.groups, 5), where)
    yield from () if form.brief else of(down)
    yield from of(advice)
    yield from of(limits, form.limits, f",{where}")
    every = () if form.long or not form.details else of(tables.changes, form.rows, where)
    if compared:
        yield from () if every else of(_counts)  # else it stands above the folded table
        yield from of(tables.not_run, form.items)
        yield from () if form.brief else of(tables.renamed, form.items)
    yield from of(tables.not_judged, form.items)
    yield from of(tables.budget_changes, form.items)
    yield from () if form.brief else of(tables.unmet, form.items)
    yield from of(remarks, brief=form.brief)
    if form.long:
        yield from of(tables.changes, form.rows, where)
        yield from of(chart)
        yield from of(causes_chart)
    yield from _folded(parts, form, every) if form.details else _left_out(form)


def _facts(document: Document) -> Iterator[str]:
    known = facts(document)
    yield from ("", known) if known else ()


def _counts(document: Document) -> Iterator[str]:
    yield from ("", tables.counts(document))


def _folded(parts: Parts, form: Form, every: Sequence[str]) -> Iterator[str]:
    of = parts.of
    if every:
        yield from details(f"Test by test: {of(_counts)[1]}", [*of(causes_chart), *every][1:])
    yield from of(fold, 50 if form.long else 5)
    yield from of(breakdown, 1000 if form.long else 50)
    if form.every and parts.document.get("comparison") is not None:
        lines = of(tables.dearest, form.rows, form.elsewhere)
        yield from details("All tests and fixtures", lines[1:]) if lines else ()
    elif form.long and not form.every:
        yield from _left_out(form)


def _left_out(form: Form) -> Iterator[str]:
    what = "the table of all tests is" if form.details else "all else is" if form.bare else "the details are"
    if not form.bare and form.rows is not None and form.rows < 20:
        what = "the details and most rows are"
    yield from ("", f"Too long for this page: {what}{form.elsewhere}.")


def remarks(document: Document, *, brief: bool) -> Iterator[str]:
    """Say what a reader should know before trusting the figures."""
    comparison = document.get("comparison")
    price_change = amount(comparison["price_change"]) if comparison is not None else ZERO
    if price_change and not brief:
        more = "more" if price_change > 0 else "less"
        size = dollars(price_change.copy_abs())
        yield from (
            "",
            f"The rates changed: at today's, the baseline costs {size} {more}. That is not part of the change.",
        )
    yield from () if brief else _left_out_of_the_cost(document)
    noisy = comparison is not None and amount(comparison["judged"]) != amount(comparison["change"])
    if comparison is not None and noisy and not brief:
        judged = signed(amount(comparison["judged"]))
        yield from ("", f"Held against the limits on increases: {judged}, which is the change without the noise.")
    about = _about_run(document)
    if about:
        yield from ("", about)


def _left_out_of_the_cost(document: Document) -> Iterator[str]:
    left = [str(note["text"]) for note in document["notes"] if str(note["text"]).endswith(_LEFT_OUT)]
    if left:
        said = "; ".join(sentence(text.removesuffix(_LEFT_OUT), 200) for text in left[:_NOTES])
        yield from ("", f"**Not in the cost:** {said}.")


def _about_run(document: Document) -> str:
    run = document.get("run") or {}
    said = []
    unfinished = bool(document["verdict"].get("unfinished"))
    if run.get("outcome", "passed") != "passed" and not (
        unfinished or failed_tests(document)
    ):  # else the headline does
        said.append(
            f"The tests {'were interrupted' if run['outcome'] == 'interrupted' else 'failed'}: calls may be missing."
        )
    if run.get("narrowed") == NOTHING_RAN:
        said += [] if unfinished else ["No test ran."]
    elif run.get("narrowed") is not None:
        said.append(f"Only a part of the suite ran ({code(run['narrowed'], 60)}).")
    return " ".join(said)
