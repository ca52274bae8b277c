"""The rows of a page's table of tests: each owner of the run, and of its baseline, in the order of what it costs."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.render.comment_limit_words import limits_by_owner
from pytest_claude_budget.render.comment_tables import cost
from pytest_claude_budget.render.comment_values import NOT_RUN, Document, moved_texts
from pytest_claude_budget.render.html_text import name, table
from pytest_claude_budget.render.markdown_text import NO_NAME, amount, number, signed, visible
from pytest_claude_budget.render.phrases import unsure

STATIC_ROWS = 30
"""Rows that a reader without scripts sees."""
_NAME, _CAUSE, _MOST_CAUSES = 300, 200, 6
MOVED, NEW, OVER, FAILED, NOT_IN_RUN, UNKNOWN, FIXTURE = (1 << bit for bit in range(7))
FILTERS = (
    (MOVED, "moved"),
    (NEW, "new"),
    (OVER, "over a limit"),
    (FAILED, "failed"),
    (UNKNOWN, "cost not known in full"),
    (NOT_IN_RUN, "not in this run"),
    (FIXTURE, "fixtures"),
)
"""What rows can be narrowed to: the bit that they have, and its words."""
Row = list[Any]
"""Name, flags, place, features, models, calls, attempts, counts by kind, cost, exact cost, spent, change, its rank, what it cost
before, what to know besides, causes. A list, for there may be 10,000; `data/html/table.js` reads it by place."""
_COUNTS = (
    "input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "web_search_requests",
)
_TOKENS = len(_COUNTS) - 1
_NO_CALLS = frozenset((*NOT_RUN, "without_calls"))
"""What became of owners that have no calls in the run."""


def rows_of(document: Document) -> dict[str, Any]:
    """All rows, the dearest first, with the names that they share told once."""
    compared = {row["owner"]: row for row in (document.get("comparison") or {}).get("owners") or ()}
    work, names = _work_by_owner(document), _Names()
    over = {owner for owner, hit in limits_by_owner(document).items() if any(word == "over" for word, _ in hit)}
    run = document.get("run") or {}
    failed = frozenset(run.get("failed") or ()).difference(run.get("interrupted") or ())
    paid = [row for row in document["by_owner"] if row["attempts"] or row["owner"] in compared]
    paid.sort(key=lambda row: (-amount(row["cost"]), not row["at_least"], -_tokens(row), row["owner"]))
    present = {row["owner"] for row in paid}
    gone = sorted((row for owner, row in compared.items() if owner not in present), key=lambda row: row["owner"])
    ranks = _ranks({owner: amount(row["change"]) for owner, row in compared.items()})
    rows = []
    for entry in (*paid, *gone):
        owner, change = entry["owner"], compared.get(entry["owner"])
        flags = OVER * (owner in over) | FAILED * (owner in failed) | _flags(entry, change)
        row = _row(entry, flags, change, work.get(owner, ((), ())), names)
        row[12] = ranks.get(owner, ranks.get("", 0))
        rows.append(row)
    return {"rows": rows, "names": names.all, "compared": bool(compared), "filters": _filters(rows)}


def _filters(rows: Sequence[Row]) -> list[tuple[int, str, int]]:
    counted = ((bit, words, sum(1 for row in rows if row[1] & bit)) for bit, words in FILTERS)
    return [entry for entry in counted if entry[2]]


class _Names:
    """Features and models by number: a run has few of them, and many tests."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._at: dict[str, int] = {}

    def at(self, names: Iterable[str]) -> list[int]:
        found = []
        for each in names:
            if each not in self._at:
                self._at[each] = len(self.all)
                self.all.append(visible(each, _NAME) or NO_NAME)
            found.append(self._at[each])
        return found


def _work_by_owner(document: Document) -> dict[str, tuple[list[str], list[str]]]:
    """Features and models of each owner's calls, from the record."""
    found = {}
    for owner, entry in ((document.get("record") or {}).get("owners") or {}).items():
        groups = entry["groups"]
        features = sorted({group["feature"] for group in groups if group.get("feature")})
        models = sorted({group["model"] for group in groups if group.get("model")})
        found[owner] = (features, models)
    return found


def _ranks(changes: Mapping[str, Decimal]) -> dict[str, int]:
    """The place of each change among all, the largest saving first; what did not move is under the empty name too."""
    places = {value: at for at, value in enumerate(sorted({*changes.values(), Decimal(0)}))}
    return {**{owner: places[value] for owner, value in changes.items()}, "": places[Decimal(0)]}


def _flags(entry: Document, change: Document | None) -> int:
    flags = FIXTURE if entry["kind"] == "fixture" else 0
    flags |= UNKNOWN if entry["at_least"] or (change is not None and change.get("not_known")) else 0
    if change is None:
        return flags
    status = change["status"]
    flags |= NOT_IN_RUN if status in NOT_RUN or status == "without_calls" else 0
    flags |= NEW if status == "new" else 0
    return flags | (MOVED if amount(change["change"]) else 0)


def _row(
    entry: Document,
    flags: int,
    change: Document | None,
    work: tuple[Sequence[str], Sequence[str]],
    names: _Names,
) -> Row:
    """One row; of an owner that is not in the run, `entry` is its change, which has no calls."""
    ran = "calls" in entry
    usage = entry["usage"] if ran else {}
    features, models = work
    paid, moved, before, causes = _figures(entry, change, lower=bool(flags & FAILED))
    return [
        visible(entry["owner"], _NAME) or NO_NAME,
        flags,
        _place(entry, change),
        names.at(features),
        names.at(models),
        entry["calls"] if ran else 0,
        entry["attempts"] if ran else 0,
        [usage[kind] for kind in _COUNTS] if ran else [0] * len(_COUNTS),
        paid if ran else "–",
        f"${to_json(amount(entry['cost']))}" if ran else "",
        dollars(amount(entry["spent"])) if ran else "–",
        moved,
        0,
        before,
        "" if change is None else _besides(change),
        causes,
    ]


def _figures(entry: Document, change: Document | None, *, lower: bool) -> tuple[str, str, str, list[str]]:
    """What it costs, by how much that moved, what it cost before, and the causes: in figures that add up where all are known."""
    paid = cost(entry, lower=lower) if "calls" in entry else ""
    if change is None:
        return paid, "", "", []
    causes, status = change["causes"][:_MOST_CAUSES], change["status"]
    amounts = [amount(cause["amount"]) for cause in causes]
    if not amount(change["change"]) or change["at_least"] or change.get("not_known") or status in _NO_CALLS:
        said = [_cause(cause, signed(value)) for cause, value in zip(causes, amounts, strict=True)]
        return paid, _change_words(change), _before(change), said
    before, after, moved, *each = moved_texts(change, *amounts)
    paid = after if not lower and amount(entry.get("cost", "0")) == amount(change["after"]) else paid
    said = [_cause(cause, shown) for cause, shown in zip(causes, each, strict=True)]
    return (paid, f"{moved} (new)", "", said) if status == "new" else (paid, moved, before, said)


def _place(entry: Document, change: Document | None) -> str:
    """`file:line`; only `:line` where the file is the one in the test's id."""
    place = entry.get("place") or (change or {}).get("place") or ""
    file = entry["owner"].partition("::")[0]
    return visible(place[len(file) :] if file and place.startswith(f"{file}:") else place, _NAME)


def _change_words(change: Document) -> str:
    """Of what did not move, or is not known."""
    value, status = amount(change["change"]), change["status"]
    if status in _NO_CALLS:
        return str(status.replace("_", " "))
    if change["at_least"] or change.get("not_known"):
        before, after = bool(change.get("before_at_least")), bool(change.get("after_at_least", True))
        return unsure(value, before_at_least=before, after_at_least=after)
    return f"{signed(value)} (new)" if status == "new" else "unchanged"


def _before(change: Document) -> str:
    known = amount(change["before"])
    if change["status"] == "new":
        return ""
    if change.get("before_at_least"):
        return f"at least {dollars(known)}" if known else "not known"
    return dollars(known)


def _besides(change: Document) -> str:
    if change.get("not_known"):
        return visible(f"The change is not known: {change['not_known']}", _CAUSE)
    if change["noise"]:
        return f"Within the measured noise of {number(change['samples'])} live runs."
    if change["status"] == "renamed" and change["was"] is not None:
        return visible(f"Renamed from {change['was']}", _NAME)
    return ""


def _cause(cause: Document, shown: str) -> str:
    said = visible(cause["text"], _CAUSE)
    return f"{shown}: {said}" if amount(cause["amount"]) else said


def _tokens(row: Document) -> int:
    return sum(row["usage"][kind] for kind in _COUNTS[:_TOKENS])


def static_table(tests: Mapping[str, Any]) -> str:
    """The first rows, for who reads without scripts."""
    rows, compared = tests["rows"], tests["compared"]
    head = ["Test", "Calls", "Tokens", "Cost", *(["Change"] if compared else [])]
    cells = (
        [name(row[0], _NAME), number(row[5]), number(sum(row[7][:_TOKENS])), row[8], *([row[11]] if compared else [])]
        for row in rows[:STATIC_ROWS]
    )
    shown = table(head, [False, *[True] * (len(head) - 1)], cells, "Tests, the dearest first")
    if len(rows) <= STATIC_ROWS:
        return shown
    return f"{shown}\n<p>The dearest {STATIC_ROWS} of {number(len(rows))}; all are listed where scripts run.</p>"
