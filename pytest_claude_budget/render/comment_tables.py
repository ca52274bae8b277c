"""The tables and lists of a comment: what moved, what is over, what did not run."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.compare.noise import FEWEST_SAMPLES
from pytest_claude_budget.compare.not_compared import reasons
from pytest_claude_budget.render.comment_limit_words import (
    NOTHING,
    is_told,
    limit_cell,
    limits_by_owner,
    spared_by_owner,
    spared_cell,
)
from pytest_claude_budget.render.comment_values import (
    NOT_RUN,
    Document,
    failed_tests,
    moved,
    moved_texts,
    not_known,
    ran,
    short,
)
from pytest_claude_budget.render.groups import is_telling
from pytest_claude_budget.render.markdown_text import (
    amount,
    amount_in,
    code,
    counted,
    number,
    sentence,
    share,
    signed,
    table,
)
from pytest_claude_budget.render.phrases import unsure

CAUSES = 3
"""Causes of one test that are shown."""
_NAME = 36
"""Characters of a test's name in a table: longer ones push the causes out of a comment's column."""
_NARROW = 30
"""The same where a telephone is to have room for it beside one narrow column."""
_HEAD = ("Test", ">Before", ">After", ">Change", "Limit", "Cause")


def changes(document: Document, most: int | None, where: str) -> list[str]:
    """Lay out what moved, in both directions; `where` names the page that has the rest."""
    comparison = document.get("comparison")
    rows = [] if comparison is None else _worth_a_row(comparison)
    if not rows:
        return []
    limits, spared = limits_by_owner(document), spared_by_owner(document)
    shown = rows[:most]
    cells = [list(_HEAD), *(_change(row, limits.get(row["owner"], []), spared) for row in shown)]
    if not any(row["owner"] in limits or is_told(spared.get(row["owner"])) for row in shown):
        for each in cells:  # an empty column would take room from the causes
            del each[_HEAD.index("Limit")]
    lines = table(cells[0], cells[1:])
    return ["", *lines, *_rest(len(rows) - len(shown), "changed", where)]


def _worth_a_row(comparison: Document) -> list[Document]:
    """What moved, and after that what may have, and what changed at no cost, as failed tries do."""
    still = [row for row in comparison["owners"] if ran(row) and not amount(row["change"])]
    return moved(comparison) + [row for row in still if row["at_least"] or row.get("not_known") or row["causes"]]


def _change(row: Document, limits: Sequence[tuple[str, Document]], spared: Mapping[str, Document]) -> list[str]:
    before, after = (amount(row[key]) for key in ("before", "after"))
    unknown = bool(row["at_least"] or row.get("not_known"))
    causes = [] if row.get("not_known") else telling(row)
    most, grown = most_allowed(limits, "max_cost"), most_allowed(limits, "max_increase")
    parts = [amount(cause["amount"]) for cause in causes] if len(causes) > 1 else []
    then, now, change, *amounts = moved_texts(row, *parts, limit=next(iter(most), None), percents=grown)
    return [
        _owner(row),
        NOTHING if row["status"] == "new" else _at_least(then, before) if row.get("before_at_least") else then,
        _at_least(now, after) if unknown and row.get("after_at_least", True) else now,
        _unsure(row) if unknown else _moved_by(row, change, grown),
        "<br>".join(limit_cell(word, breach) for word, breach in limits[:CAUSES])
        or spared_cell(spared.get(row["owner"])),
        _cause(row, causes, amounts),
    ]


def _at_least(shown: str, known: Decimal) -> str:
    """A lower bound; one of $0.00 says nothing."""
    return f"at least {shown}" if known else "not known"


def _unsure(row: Document) -> str:
    before, after = bool(row.get("before_at_least")), bool(row.get("after_at_least", True))
    return unsure(amount(row["change"]), before_at_least=before, after_at_least=after)


def _moved_by(row: Document, shown: str, grown: Sequence[Decimal]) -> str:
    change, before = amount(row["change"]), amount(row["before"])
    if row["status"] == "new":
        return f"{shown} (new)"
    part = "" if row["change_percent"] is None or not before else f" ({share(change, before, *grown)})"
    return f"{shown}{part}" if change else "unchanged"


def most_allowed(limits: Sequence[tuple[str, Document]], measure: str) -> list[Decimal]:
    """The maximum of the first limit of a measure, where there is one."""
    of = (amount_in(str(breach["maximum"]).removesuffix("%")) for _, breach in limits if breach["measure"] == measure)
    first = next(of, None)
    return [] if first is None else [first]


def _owner(row: Document, width: int = _NAME) -> str:
    """Its name, and below it where it is."""
    if row["kind"] == "outside":
        return "outside of tests"
    fixture = " (fixture)" if row["kind"] == "fixture" else ""
    place = row["place"] or row["owner"].partition("::")[0]
    below = f"<br>{code(place, 80 if width == _NAME else width)}" if place and place != row["owner"] else ""
    return f"{short(row['owner'], width)}{fixture}{below}"


def _cause(row: Document, causes: Sequence[Document], amounts: Sequence[str]) -> str:
    """`amounts` are those of the causes, where there are several."""
    if row["noise"]:
        return f"within the measured noise, {counted(row['samples'], 'sample')}"
    said = [sentence(cause["text"], 200) for cause in causes]
    if amounts:
        said = [f"{shown}: {text}" for shown, text in zip(amounts, said, strict=True)]
    if len(causes) < len(row["causes"]):
        said.append(f"and {counted(len(row['causes']) - len(causes), 'smaller cause')}")
    if row["status"] == "renamed" and row["was"] is not None:
        said.append(f"renamed from {code(row['was'])}")
    if row["status"] == "new":
        said = ["new test" if row["kind"] == "test" else "new"]
    judged = amount(row.get("judged", row["change"]))  # reports of earlier versions do not say it
    if judged != amount(row["change"]):
        said.append(f"judged without noise: {signed(judged)}, {counted(row['samples'], 'sample')}")
    elif 0 < row["samples"] < FEWEST_SAMPLES:
        said.append(f"too few live runs to tell noise: {number(row['samples'])}")
    if row.get("not_known") or row["at_least"]:
        said.append(sentence(f"not known: {row.get('not_known') or 'an answer is not priced in full'}", 200))
    return "<br>".join(said) or "not known"


def telling(row: Document) -> list[Document]:
    """The causes that are worth a line."""
    change = amount(row["change"])
    return [cause for cause in row["causes"][:CAUSES] if is_telling(cause["cause"], amount(cause["amount"]), change)]


def _rest(count: int, what: str, where: str) -> list[str]:
    return ["", f"… and {count:,} more {what},{where}."] if count > 0 else []


def dearest(document: Document, most: int | None, where: str) -> list[str]:
    """Lay out what each test costs, the dearest first, in two columns: of three, a telephone would cut the last."""
    rows = [row for row in document["by_owner"] if row["attempts"]]
    rows.sort(key=lambda row: (-amount(row["cost"]), row["owner"]))
    if not rows:
        return []
    failed = frozenset(failed_tests(document))
    lines = table((">Cost", "Test"), [_paid(row, failed) for row in rows[:most]])
    return ["", *lines, *_rest(len(rows[most:]) if most is not None else 0, "tests and fixtures", where)]


def _paid(row: Document, failed: Collection[str]) -> list[str]:
    paid = cost(row, lower=row["owner"] in failed)
    return [f"{paid}<br>{counted(row['calls'], 'call')}", _owner({"place": "", **row}, _NARROW)]


def cost(totals: Document, *, lower: bool = False) -> str:
    """Say what was paid; what is not known is not shown as $0.00. `lower`: it is a lower bound for another reason."""
    paid = amount(totals["cost"])
    if not (totals["at_least"] or lower):
        return dollars(paid)
    return f"at least {dollars(paid)}" if paid else "not known"


def counts(document: Document) -> str:
    """Say how many tests did what: `6 unchanged · 1 new · 0 removed`."""
    comparison = document.get("comparison")
    if comparison is None:
        return ""
    count = {"unchanged": 0, "new": 0, "removed": 0, **comparison["counts"]}
    unknown = [row for row in comparison["owners"] if row.get("not_known")]
    for row in unknown:
        count[row["status"]] = max(0, count.get(row["status"], 0) - 1)
    always = [f"{number(count[name])} {name}" for name in ("unchanged", "new", "removed")]
    others = ("renamed", *(name for name in NOT_RUN if name != "removed"), "without_calls")
    also = [f"{number(count[name])} {name.replace('_', ' ')}" for name in others if count.get(name)]
    changed = [f"{number(count['changed'])} changed"] if count.get("changed") else []
    also += [f"{len(unknown):,} not known"] if unknown else []
    return " · ".join(changed + always + also)


def not_run(document: Document, most: int) -> list[str]:
    """List what the baseline has and this run has not. Never a saving."""
    comparison = document.get("comparison")
    if comparison is None:
        return []
    rows = [row for row in comparison["owners"] if not ran(row)]
    if not rows:
        return []
    rows.sort(key=lambda row: amount(row["before"]), reverse=True)
    names = [
        f"{code(row['owner'])} ({row['status'].replace('_', ' ')}, {dollars(amount(row['before']))})"
        for row in rows[:most]
    ]
    more = [f"{len(rows) - most:,} more"] if len(rows) > most else []
    left_out = dollars(amount(comparison["not_run"]))
    return [
        "",
        f"**Did not run**, which is no saving: {', '.join(names + more)}. {left_out} of the baseline is left out.",
    ]


def renamed(document: Document, most: int) -> list[str]:
    """List tests that have another id and the same requests."""
    comparison = document.get("comparison")
    owners = [] if comparison is None else comparison["owners"]
    rows = [row for row in owners if row["status"] == "renamed" and row["was"] is not None]
    names = [f"{code(row['was'])} → {code(row['owner'])}" for row in rows[:most]]
    more = [f"{len(rows) - most:,} more"] if len(rows) > most else []
    return ["", f"**Renamed**, with the same requests: {', '.join(names + more)}."] if rows else []


def not_judged(document: Document, most: int) -> list[str]:
    """Say which limits a part of the suite tells nothing of."""
    rows = document["verdict"].get("not_judged") or []
    said = [f"{code(row['limit'], 120)}" for row in rows[:most]]
    said += [f"{len(rows) - most:,} more"] if len(rows) > most else []
    return ["", f"**Not judged**, for only a part of the suite ran: {', '.join(said)}."] if rows else []


def unmet(document: Document, most: int) -> list[str]:
    """Say what of the budget covers nothing."""
    rows = document.get("unmet") or []
    more = [f"{len(rows) - most:,} more"] if len(rows) > most else []
    return ["", f"**Covers nothing:** {'; '.join([*map(sentence, rows[:most]), *more])}."] if rows else []


def budget_changes(document: Document, most: int) -> list[str]:
    """Say that the budget is not the one of the base, and what differs."""
    changes = document.get("budget_changes") or []
    more = [f"{len(changes) - most:,} more"] if len(changes) > most else []
    said = "; ".join([*map(sentence, changes[:most]), *more])
    return ["", f"**This change also changes the budget:** {said}."] if changes else []


def _bullets(title: str, texts: Sequence[str], more: int, where: str) -> list[str]:
    if not texts:
        return ["", f"**{title}:** {counted(more, 'reason')},{where}."] if more > 0 else []
    rest = [f"- … and {more:,} more,{where}"] if more > 0 else []
    return ["", f"**{title}:**", *(f"- {text}" for text in texts), *rest]


def exempt(document: Document, most: int) -> list[str]:
    """Say whose answers may be of unknown cost, as somebody wrote."""
    rows: Sequence[Document] = document.get("exempt") or ()
    said = [f"{counted(row['calls'], 'answer')} of {short(row['owner'])}" for row in rows[: max(most, 1)]]
    more = [f"{len(rows) - len(said):,} more"] if len(rows) > len(said) else []
    return ["", f"**Exempt** by `may_be_unknown`: {', '.join([*said, *more])}."] if rows else []


def unknown(document: Document, most: int, where: str) -> list[str]:
    """List why the cost is not known in full."""
    why = reasons(document)
    if not why and not_known(document):
        exempt_ones = {row["owner"] for row in document.get("exempt") or ()}
        asked = [row for row in document["unpriced"] if row["owner"] not in exempt_ones]
        why = [f"{row['reason']} (in {row['owner']})" for row in asked]
    texts = [sentence(reason) for reason in why[:most]]
    return _bullets("Not known", texts, len(why) - most, where)
