"""What `claude-budget history --format markdown` prints: a chart that GitHub draws, and a table, for a job's summary."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.render.comment_charts import bar_height
from pytest_claude_budget.render.history import Point, amount_of, move_of, pairs_of
from pytest_claude_budget.render.markdown_text import code, counted, details, sentence, table

_HEAD = ("Day", "Commit", ">Cost", ">Change", "Why")
_FEWEST_BARS, MOST_BARS = 2, 12
"""More have no room for their labels."""
MOST_ROWS = 50


def history_markdown(points: Sequence[Point], shown: str, rates: RateTable) -> str:
    """Newest first, each with its change; of many the newest. Bars stand for versions, oldest first, and not for days."""
    if not points:
        return f"{code(shown)} was never committed here, or not since then."
    head = f"**Cost of a run through time:** {counted(len(points), 'version')} of {code(shown)}, all at the rates as of {rates.as_of}"
    rows = [_row(point, move) for point, move in _moves(points)]
    lines = [head, *_chart(points), "", *table(_HEAD, rows[::-1][:MOST_ROWS])]
    if len(rows) > MOST_ROWS:
        lines += ["", f"and {len(rows) - MOST_ROWS:,} older versions"]
    return "\n".join(lines)


def history_section(points: Sequence[Point], shown: str, rates: RateTable) -> str:
    """The same where it is not what the reader came for: a chart of the newest versions, their table folded; empty without a chart.

    `points` may have one more than is shown, before which nothing is known.
    """
    chart = list(_chart(points[-MOST_BARS:]))
    if not chart:
        return ""
    rows = [_row(point, move) for point, move in _moves(points)][::-1][:MOST_BARS]
    newest = "the newest " if len(points) > MOST_BARS else ""
    said = f"{newest}{counted(len(rows), 'version')} of {code(shown)}, all at the rates as of {rates.as_of}"
    folded = details("Each version, with its change", table(_HEAD, rows))
    return "\n".join([f"**Cost of a run through time:** {said}", *chart, *folded])


def _moves(points: Sequence[Point]) -> Iterator[tuple[Point, str]]:
    for point, before in pairs_of(points):
        yield point, "" if point.cost is None else move_of(point.cost.totals.cost, before)


def _row(point: Point, move: str) -> list[str]:
    if point.cost is None:
        return [point.at[:10], code(point.commit), "–", "–", sentence(point.problem or "the file was removed", 80)]
    return [point.at[:10], code(point.commit), amount_of(point.cost.totals), move or "–", sentence(point.subject, 80)]


def _chart(points: Sequence[Point]) -> Iterator[str]:
    """From zero up, so that a bar of twice the height is twice the cost. What is not known has no bar."""
    known = [(point.commit, point.cost.totals.cost) for point in points if point.cost is not None][-MOST_BARS:]
    most = max((cost for _, cost in known), default=None)
    if len(known) < _FEWEST_BARS or most is None or bar_height(most) == "0":
        return
    labels = ", ".join(f'"{"".join(filter(str.isalnum, commit))[:8]}"' for commit, _ in known)
    yield from ("", "```mermaid", "xychart-beta")
    yield f'    title "US dollars a run, newest {len(known)} versions, at most {dollars(most)}"'
    yield f"    x-axis [{labels}]"
    yield f'    y-axis "US dollars" 0 --> {bar_height(most)}'
    yield f"    bar [{', '.join(bar_height(cost) for _, cost in known)}]"
    yield "```"
