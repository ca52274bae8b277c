"""What a reader of a comment unfolds: models, features, tokens, calls, the month."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from pytest_claude_budget.base.durations import running_time
from pytest_claude_budget.base.money import ZERO, dollars, exact
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.calls.long_prompts import NEAR_PERCENT
from pytest_claude_budget.record.failed_tries import FailedTries
from pytest_claude_budget.record.near_window import NearWindow
from pytest_claude_budget.render.comment_tables import cost
from pytest_claude_budget.render.comment_values import Document, cost_not_known, may_lack_calls, moved_texts
from pytest_claude_budget.render.failed_tries import by_kind, kind_words, way_out
from pytest_claude_budget.render.markdown_text import amount, code, counted, details, number, sentence, table
from pytest_claude_budget.render.near_window import fullest_first
from pytest_claude_budget.render.phrases import repeated_before_texts, unsure
from pytest_claude_budget.render.product_code import function_rows

KINDS = (
    ("input", "input_tokens"),
    ("cache write, 5 minutes", "cache_creation_5m_input_tokens"),
    ("cache write, 1 hour", "cache_creation_1h_input_tokens"),
    ("cache read", "cache_read_input_tokens"),
    ("output", "output_tokens"),
    ("web searches", "web_search_requests"),
)
"""Words and name of each count."""
_AMOUNTS = ("before", "after", "not_compared", "not_compared_after")


def breakdown(document: Document, most: int | None) -> list[str]:
    """Fold the long answer away; nothing where there were no calls."""
    lower = may_lack_calls(document)
    sections = [
        (
            "by model",
            _named("Model", "model", document["by_model"][:most], rest_of(document, document["by_model"]), lower=lower),
        ),
        ("by feature", _features(document, most)),
        ("by function of yours", function_rows(document, most)),
        (
            "by tier",
            _named("Tier", "tier", document["by_tier"][:most], rest_of(document, document["by_tier"]), lower=lower),
        ),
        ("tokens by kind", _tokens(document)),
        ("calls", calls_lines(document["totals"])),
        ("failed attempts", failed_lines(document)),
        ("near the context window", near_window_lines(document, most)),
        ("projection", projection_lines(document, most)),
        ("notes", notes_lines(document, most)),
    ]
    there = [(name, lines) for name, lines in sections if lines]
    body = [line for name, lines in there for line in ("", f"**{name.capitalize()}**", "", *lines)]
    title = " · ".join(name for name, _ in there)
    return details(title[:1].upper() + title[1:], body[1:]) if there else []


def _named(head: str, key: str, rows: Sequence[Document], rest: Document | None, *, lower: bool) -> list[str]:
    """`lower`: an answer of any of them may be missing, so that each cost is a lower bound."""
    if not rows:
        return []
    named = [(code(row[key], 80), row) for row in rows] + ([(f"(no {key})", rest)] if rest is not None else [])
    cells = [[name, number(row["calls"]), cost(row, lower=lower), dollars(amount(row["spent"]))] for name, row in named]
    return table((head, ">Calls", ">Cost", ">Spent"), cells)


def rest_of(document: Document, rows: Sequence[Document]) -> Document | None:
    """What of the whole is in none of the rows; None where that is nothing."""
    totals = document["totals"]
    calls = totals["calls"] - sum(row["calls"] for row in rows)
    if calls <= 0:
        return None
    left = {key: _less(totals[key], (row[key] for row in rows)) for key in ("cost", "spent")}
    return {"calls": calls, "at_least": totals["unknown"] > sum(row["unknown"] for row in rows), **left}


def _total(parts: Iterable[str]) -> str:
    with exact():
        return f"{sum(map(amount, parts), ZERO):f}"


def _less(whole: str, parts: Iterable[str]) -> str:
    with exact():
        left = amount(whole) - sum(map(amount, parts), ZERO)
    return f"{max(left, ZERO):f}"


def _features(document: Document, most: int | None) -> list[str]:
    comparison = document.get("comparison")
    if comparison is None or not comparison["by_feature"]:
        rest, lower = rest_of(document, document["by_feature"]), may_lack_calls(document)
        return _named("Feature", "feature", document["by_feature"][:most], rest, lower=lower)
    head = ("Feature", ">Before", ">After", ">Change")
    rows = feature_rows(comparison, most)
    return table(head, [["(no feature)" if name is None else code(name, 80), *cells] for name, cells in rows])


def feature_rows(comparison: Document, most: int | None) -> list[tuple[str | None, list[str]]]:
    """Before, after and change of each feature by its name; None is what has no feature."""
    cells: list[tuple[str | None, list[str]]] = [
        (row["feature"], _feature(row)) for row in comparison["by_feature"][:most]
    ]
    left = _without_feature(comparison)
    return cells + ([(None, _feature(left))] if any(amount(left[key]) for key in _AMOUNTS) else [])


def _without_feature(comparison: Document) -> Document:
    """What of both sides is in no feature."""
    rows = comparison["by_feature"]
    left = [row for row in comparison["owners"] if row.get("not_known") and not amount(row["change"])]
    whole = {
        **{key: comparison[key] for key in ("before", "after")},
        **{
            f"not_compared{key}": _total(row[side] for row in left)
            for key, side in (("", "before"), ("_after", "after"))
        },
    }
    if not all("not_compared" in row for row in rows):  # of an earlier version
        whole.update(dict.fromkeys(("not_compared", "not_compared_after"), "0"))
    rest = {key: _less(whole[key], (row.get(key, "0") for row in rows)) for key in _AMOUNTS}
    unknown = any(amount(rest[key]) for key in ("not_compared", "not_compared_after"))
    return {
        **rest,
        "change": _signed_less(comparison["change"], (row["change"] for row in rows)),
        "at_least": unknown,
        "before_at_least": unknown and any(row.get("before_at_least") for row in left),
    }


def _signed_less(whole: str, parts: Iterable[str]) -> str:
    with exact():
        return f"{amount(whole) - sum(map(amount, parts), ZERO):f}"


def _feature(row: Document) -> list[str]:
    before, after, left, left_after = (amount(row.get(key, "0")) for key in _AMOUNTS)
    change = amount(row["change"])
    if not row.get("at_least"):
        *sides, moved = moved_texts(row)
        return [*sides, moved if change else "unchanged"]
    then, now = bool(row.get("before_at_least")), bool(row.get("after_at_least", True))
    with exact():
        before, after = before + left, after + left_after
    known = ZERO if left or left_after else change  # what nobody can compare may have become cheaper
    return [
        _lower_bound(before) if then or "not_compared" not in row else dollars(before),
        _lower_bound(after) if now else dollars(after),
        unsure(known, before_at_least=then, after_at_least=now),
    ]


def _tokens(document: Document) -> list[str]:
    usage, costs = document["totals"]["usage"], costs_of_kinds(document, dollars)
    rows = [[name, number(usage[key]), costs.get(key, "")] for name, key in KINDS if usage[key]]
    if ran := usage.get("session_microhours", 0):
        rows.append(["running time of sessions", running_time(ran), costs.get("session_microhours", "")])
    if not costs:
        return table(("Kind", ">Number"), [row[:2] for row in rows]) if rows else []
    return table(("Kind", ">Number", ">Cost"), rows)


def costs_of_kinds(document: Document, shown: Callable[[Decimal], str]) -> dict[str, str]:
    """What each kind of count costs, by its name in a usage; empty where the report does not tell, as those of earlier versions."""
    costs = document.get("cost_by_kind")
    if costs is None:
        return {}
    lower, usage = cost_not_known(document), document["totals"]["usage"]
    known = {key: shown(amount(costs[key])) for key in costs}
    return {
        key: (f"at least {known[key]}" if lower else known[key])
        if key in known
        else "not known"
        if lower
        else dollars(ZERO)
        for key, count in usage.items()
        if count
    }


def calls_lines(totals: Document) -> list[str]:
    """Say how many calls and tries there were."""
    if not totals["attempts"] and not totals["free"]:
        return []
    failed = totals["attempts"] - totals["calls"]
    tries = (
        f"{counted(totals['attempts'], 'attempt')}, {number(failed)} of them failed"
        if failed > 0
        else "no failed attempt"
    )
    free = f" · {number(totals['free'])} free" if totals["free"] else ""
    return [f"{counted(totals['calls'], 'call')}, {tries}{free}"]


def failed_lines(document: Document) -> list[str]:
    """Kinds of failures, with the test that had most of them and the way out."""
    rows = [
        FailedTries(owner=row["owner"], failure=Failure(row["kind"]), attempts=row["attempts"])
        for row in document.get("failed_attempts") or ()
    ]
    cells = []
    for failure, attempts, owners in by_kind(rows):
        more = f" and {number(len(owners) - 1)} more" if len(owners) > 1 else ""
        cells.append([kind_words(failure), number(attempts), f"{code(owners[0], 80)}{more}", way_out(failure)])
    return table(("Kind", ">Attempts", "In", "Way out"), cells) if cells else []


def near_window_lines(document: Document, most: int | None) -> list[str]:
    """Prompts that nearly fill the context window, the fullest first."""
    rows = [
        NearWindow(
            owner=row["owner"],
            model=row["model"],
            calls=row["calls"],
            longest=row["longest_prompt"],
            window=row["context_window"],
        )
        for row in document.get("near_context_window") or ()
    ]
    cells = [
        [code(row.owner, 80), code(row.model, 60), number(row.calls), number(row.longest), number(row.window)]
        for row in fullest_first(rows)[:most]
    ]
    head = ("Test", "Model", f">Prompts above {NEAR_PERCENT}%", ">Longest, tokens", ">Window")
    return table(head, cells) if cells else []


def projection_lines(document: Document, most: int | None) -> list[str]:
    """Lay out a month by feature and scenario."""
    rows = (document.get("projection") or [])[:most]
    if not rows:
        return []
    head = ("Feature", "Volume a month", ">Before", ">After", ">Change", ">Warm", ">Cold", ">Spread", "Measured by")
    note = (
        "A month is the mean of a feature's tests (of those of its case, where any has one) times its requests. Warm: the cache is filled already; cold: it never is;"
        " spread: if every request were as cheap, or as dear, as the extreme of these tests."
    )
    return [*table(head, [_month(row) for row in rows]), "", note]


def _month(row: Document) -> list[str]:
    feature, volume = (
        code(row["feature"], 60),
        f"{number(row['requests_per_month'])} ({sentence(row['scenario'], 40)}{', its average' if row.get('stands_in') else ''})",
    )
    if row["after"] is None:
        return [feature, volume, "–", "not known", "–", "–", "–", "–", sentence(row["reason"])]
    judged = "" if row["judged_as"] == "measured" else f"; judged as {row['judged_as']}"
    return [
        feature,
        volume,
        *_moved_month(row),
        _or_dash(row["warm"]),
        _or_dash(row["cold"]),
        _spread(row["low"], row["high"]),
        counted(len(row["tests"]), "test") + judged,
    ]


def _moved_month(row: Document) -> list[str]:
    """Before, after and change."""
    change = ZERO if row["change"] is None else amount(row["change"])
    then, now = bool(row.get("before_at_least")), bool(row.get("after_at_least", row["at_least"]))
    if then or now:
        before = _lower_bound(amount(row["before"])) if then else _or_dash(row["before"])
        after = _lower_bound(amount(row["after"])) if now else _or_dash(row["after"])
        return [before, after, unsure(change, before_at_least=then, after_at_least=now)]
    if row["before"] is None or row["change"] is None:
        return [_or_dash(row["before"]), _or_dash(row["after"]), "–"]
    *sides, moved = moved_texts(row)
    return [*sides, moved if change else "unchanged"]


def _spread(low: str | None, high: str | None) -> str:
    """From the cheapest test to the dearest; one figure where they are the same."""
    return _or_dash(low) if low == high else f"{_or_dash(low)} to {_or_dash(high)}"


def _lower_bound(known: Decimal) -> str:
    return f"at least {dollars(known)}" if known else "not known"


def _or_dash(text: str | None) -> str:
    return "–" if text is None else dollars(amount(text))


def notes_lines(document: Document, most: int | None) -> list[str]:
    """List what was assumed, and what the reader should know besides."""
    lines = [f"- {sentence(note['text'])} ({counted(note['calls'], 'call')})" for note in document["notes"][:most]]
    stated = document.get("stated_by_gateways")
    if stated is not None:
        lines.append(f"- {sentence(stated['text'])}")
    repeated = [entry["text"] for entry in document.get("repeats", ()) if entry["text"]]
    repeated += repeated_before_texts((document.get("comparison") or {}).get("repeated_before") or ())
    limits = document.get("rate_limits_used", ())[:most]
    return lines + [f"- {sentence(text)}" for text in (*limits, *repeated[:most], *document["warnings"][:most])]
