"""What would bring the cost down, in a comment: for what is over a limit, and for the causes that are named."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.render.comment_values import Document, failing, moved, ran, short
from pytest_claude_budget.render.groups import NEW
from pytest_claude_budget.render.markdown_text import amount, amount_in, counted, percent_in, sentence
from pytest_claude_budget.render.remedies import (
    ENOUGH,
    NOBODY_KNOWS,
    Above,
    Dearer,
    Step,
    above_increase,
    as_far_as_needed,
    of_step,
    remedies,
)

_NAME, _WORDS = 40, 160
"""Characters of a name, and of a step."""


def down(document: Document) -> list[str]:
    """Say how to mend what fails for its cost, and whether that is enough; nothing of what is let pass."""
    steps, enough = _steps(document)
    if not steps:
        return []
    said = [f"{_words(step)} ({of_step(step, _first_owner(step))})" for step in steps]
    return ["", f"**To bring it down:** {'; '.join(said)}. {enough[0].upper()}{enough[1:]}."]


def in_short(document: Document) -> str:
    """The first step, and how many more there are, or that it is only the first; empty where none is known."""
    steps, enough = _steps(document)
    if not steps:
        return ""
    own = len(steps[0].owners) == 1 and steps[0].words.endswith("were added")
    said = f"{_words(steps[0])}{f' in {_first_owner(steps[0])}' if own else ''}"
    if len(steps) > 1:
        return f"{said}, and {counted(len(steps) - 1, 'more step')}"
    return said if enough == ENOUGH else f"first {said}"


def _words(step: Step) -> str:
    return sentence(step.words, _WORDS)


def _first_owner(step: Step) -> str:
    return short(step.owners[0], _NAME)


def _steps(document: Document) -> tuple[Sequence[Step], str]:
    """What is to be done, as far as it is needed, and whether that is enough."""
    over, comparison = failing(document), document.get("comparison")
    causes = _causes(document)
    steps: Sequence[Step] = remedies(causes)
    if not steps or comparison is None:
        return (), ""
    known = not (comparison.get("at_least") or document["verdict"].get("capped"))  # what was refused is not in the cost
    return as_far_as_needed(steps, causes, [_above(breach, comparison) if known else NOBODY_KNOWS for breach in over])


def _causes(document: Document) -> list[Dearer]:
    over, comparison = failing(document), document.get("comparison")
    return list(_dearer(moved(comparison), over)) if over and comparison is not None else []


def _above(breach: Document, comparison: Document) -> Above:
    """The limit in dollars; of calls, tokens and months nobody knows what a step does to them."""
    scope, name = breach["scope"], breach["name"]
    own = [row for row in comparison["owners"] if scope == "run" or row["owner"] == name]
    rows = [comparison] if scope == "run" else own
    percent, most = percent_in(breach["maximum"]), amount_in(breach["maximum"])
    if breach["measure"] == "max_increase" and rows and percent is not None:
        drawn = ((amount(row.get("judged", row["change"])), amount(row["change"])) for row in own if ran(row))
        return above_increase(scope, name, (amount(rows[0]["before"]), amount(rows[0]["after"])), percent, drawn)
    cost = amount_in(breach["value"])
    if breach["measure"] != "max_cost" or most is None or cost is None:
        return NOBODY_KNOWS
    return Above(scope=scope, name=name, cost=cost, most=most)


def _dearer(rows: Sequence[Document], over: Sequence[Document]) -> Iterator[Dearer]:
    """The causes of what is over a limit: of single tests alone where nothing else is."""
    single = all(each["scope"] in ("test", "fixture") for each in over)
    names = {each["name"] for each in over} if single else None
    for row in rows:
        if row["noise"] or row["at_least"] or row.get("not_known") or (names is not None and row["owner"] not in names):
            continue
        owner = row["owner"]
        if row["status"] == "new":
            yield Dearer(kind=NEW, amount=amount(row["change"]), text=row["kind"], owner=owner)
        for cause in row["causes"]:
            first = str(cause.get("first") or "")
            text = first or str(cause["text"])
            yield Dearer(
                kind=cause["cause"], amount=amount(cause["amount"]), text=text, owner=owner, in_part=bool(first)
            )
